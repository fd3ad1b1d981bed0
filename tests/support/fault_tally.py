"""How many faults a test injects, and what came of them: few in `make test`, many in `make faults`, which prints them as a table.

A violation fails its test at once; the table is for those who want to see how hard was tried. A test that injected nothing fails too.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

MANY = "HOTLEAD_FAULTS"
TALLY = "HOTLEAD_FAULT_TALLY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Injected:
    """So many faults of one kind, injected for one promise of the product."""

    promise: str
    fault: str
    injected: int
    violations: int


def as_many(*, quick: int, full: int) -> int:
    """How many faults to inject now."""
    return full if os.environ.get(MANY) == "full" else quick


def tally(promise: str, fault: str, *, injected: int, violations: Sequence[object] = ()) -> None:
    """Notes the faults for the table, and fails where one of them broke the promise or none was injected."""
    note = os.environ.get(TALLY)
    if note:
        row = Injected(promise=promise, fault=fault, injected=injected, violations=len(violations))
        with Path(note).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(row)) + "\n")
    assert injected > 0, f"{promise}: no fault was injected: {fault}"
    assert not violations, f"{promise} broken by {fault}: {len(violations)} of {injected}, first {violations[0]}"


def main() -> int:
    """Runs every fault test with many faults, one test at a time, and prints the table."""
    with TemporaryDirectory() as folder:
        note = Path(folder) / "faults.jsonl"
        note.touch()
        command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-o", "timeout=0", "tests/faults", *sys.argv[1:]]
        code = subprocess.run(command, env={**os.environ, MANY: "full", TALLY: str(note)}, check=False).returncode
        rows = [Injected(**json.loads(line)) for line in note.read_text(encoding="utf-8").splitlines()]
    Console(width=110).print(_table(rows))
    return code


def _table(rows: Sequence[Injected]) -> Table:
    table = Table("Promise", "Fault", title="Faults injected")
    table.add_column("How many", justify="right")
    table.add_column("Violations", justify="right")
    sums: dict[tuple[int, str], list[int]] = {}
    for row in rows:  # a fault that several tests inject is one line
        counts = sums.setdefault((int(row.promise.removeprefix("P")), row.fault), [0, 0])
        counts[0] += row.injected
        counts[1] += row.violations
    for (promise, fault), (injected, violations) in sorted(sums.items()):
        table.add_row(f"P{promise}", fault, f"{injected:,}", f"{violations:,}")
    return table


if __name__ == "__main__":
    sys.exit(main())
