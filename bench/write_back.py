"""10,000 moved scores written back to each sandbox CRM: write calls by the batch, CPU a row, and nothing at all when nothing changed.

Every step is a process of its own. Start-up is measured by a step that has nothing to do (executing an empty plan) and taken off where
milliseconds a person or a row are told.
"""

import argparse
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.bars import judged
from bench.crm.installed import CRMS, calls_of, forget_calls, install, sandbox_with
from bench.crm.seeded import seeded
from bench.measure import Cost, measure
from connector.cli.sandboxes import RunningSandbox

ROWS_A_CALL = {"salesforce": 200, "hubspot": 100}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a step cost, what it told, and the calls that the sandbox counted meanwhile."""

    cost: Cost
    told: Mapping[str, Any]
    calls: Mapping[str, int]

    def rows(self, state: str) -> int:
        """Rows whose fields ended in this state."""
        return sum(count for name, count in self.told["tally"].items() if name.endswith(f"fields {state}"))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rows", type=int, default=10_000, help="rows whose score moves in each CRM")
    parser.add_argument("--crm", choices=CRMS, action="append", help="only this CRM; may be given again")
    parser.add_argument("--folder", type=Path, default=Path("/tmp/hotlead-bench"), help="where the filled sandboxes are kept")


def run(options: argparse.Namespace) -> bool:
    """Whether every bar holds."""
    held = True
    for crm in options.crm or CRMS:
        contacts = options.rows * 3 // 2
        file = seeded(options.folder, crm=crm, contacts=contacts, activities=2 * contacts)
        with tempfile.TemporaryDirectory(prefix="hotlead-bench-") as scratch:
            # Writing changes the sandbox, so it works on a copy.
            copy = Path(scratch) / file.name
            copy.write_bytes(file.read_bytes())
            with sandbox_with(crm, file=copy) as sandbox:
                folder = Path(scratch) / "installation"
                install(folder, sandbox)
                held = _one(crm, sandbox, folder=folder, rows=options.rows) and held
    return held


def _one(crm: str, sandbox: RunningSandbox, *, folder: Path, rows: int) -> bool:
    steps: dict[str, Step] = {}

    def step(label: str, name: str, number: int = 0) -> Step:
        told = folder / "told.json"
        forget_calls(sandbox)
        cost = measure("bench.crm.write_step", str(folder), str(told), name, str(number))
        steps[label] = Step(cost=cost, told=json.loads(told.read_text(encoding="utf-8")), calls=calls_of(sandbox))
        return steps[label]

    step("pull and score", "pulled")
    step("go live, three steps", "live")
    everybody = step("plan for everybody", "planned")
    step("write everybody", "executed", everybody.told["plan"])
    step("whole road again, nothing changed", "run")
    step("(scores moved)", "moved", rows)
    plan = step("plan the moved", "planned")
    step("write the moved", "executed", plan.told["plan"])
    empty = step("plan, nothing changed", "planned")
    step("write, nothing to do", "executed", empty.told["plan"])
    return _report(crm, steps)


def _report(crm: str, steps: Mapping[str, Step]) -> bool:
    idle = steps["write, nothing to do"].cost.cpu_s
    print(f"\n{crm}: {steps['plan for everybody'].told['people']:,} people; start-up {idle:.2f} CPU s is taken off the milliseconds\n")
    print("| step | CPU s | of | ms each | peak MB | calls by purpose |\n|---|---|---|---|---|---|")
    for label, step in steps.items():
        count, of = _counted(step)
        each = f"{(step.cost.cpu_s - idle) / count * 1000:.2f}" if count else ""
        calls = ", ".join(f"{n} {purpose}" for purpose, n in step.told.get("calls", {}).items())
        print(f"| {label} | {step.cost.cpu_s:.2f} | {of} | {each} | {step.cost.peak_mb:.0f} | {calls} |")
    moved, again = steps["write the moved"], steps["whole road again, nothing changed"]
    done, writes = moved.rows("done"), moved.told["calls"].get("write", 0)
    by_call = ROWS_A_CALL[crm]
    print(f"\nmoved: {done:,} rows in {writes} write calls, {moved.told['calls'].get('reread', 0)} re-reads of fields that are not ours")
    print(f"the sandbox counted: {', '.join(f'{n} {call}' for call, n in moved.calls.items())}")
    print(f"nothing changed: {again.told['calls'].get('write', 0)} write calls, {again.told['calls'].get('read', 0)} read calls")
    sources = 2 if crm == "salesforce" else 1
    claims = [
        (f"every moved row is written ({steps['(scores moved)'].told['rows']:,})", done == steps["(scores moved)"].told["rows"]),
        (
            f"{writes} write calls, at most 1 for {by_call} rows, and one for the rest of each kind of row",
            writes <= done // by_call + sources,
        ),
        ("a second run writes nothing", again.told["calls"].get("write", 0) == 0 and not again.told["tally"]),
        ("a plan after the write is empty", not steps["plan, nothing changed"].told["tally"]),
    ]
    return judged(f"write_back, {crm}", claims)


def _counted(step: Step) -> tuple[int, str]:
    """What a step is divided by: rows written, else people looked at."""
    done = step.rows("done") if "tally" in step.told and "calls" in step.told else 0
    if done:
        return done, f"{done:,} rows"
    people = step.told.get("people", 0)
    return people, f"{people:,} people" if people else ""
