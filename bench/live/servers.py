"""Starts a server that is measured, and reads what its processes have cost so far."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

REPOSITORY = Path(__file__).resolve().parents[2]
STOP_S = 60
HOTLEAD = "hotlead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running process that says a line once it is ready, with all it began."""

    pid: int

    def processes(self) -> list[psutil.Process]:
        main = psutil.Process(self.pid)
        return [main, *main.children(recursive=True)]

    def cpu_s(self) -> float:
        """User and system, of the processes that are there now."""
        return cpu_of(self.processes())

    def pss_mb(self) -> float:
        """Memory of all of them; what several share counts once."""
        return float(sum(one.memory_full_info().pss for one in self.processes())) / 1e6

    def wake_ups(self) -> int:
        """How often one of their threads has begun to wait by itself."""
        return sum(_waits(task) for one in self.processes() for task in Path(f"/proc/{one.pid}/task").iterdir())


def _waits(task: Path) -> int:
    lines = (task / "status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))


def cpu_of(processes: Sequence[psutil.Process]) -> float:
    """User and system seconds of these, as far as they still live."""
    total = 0.0
    for one in processes:
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


@contextmanager
def serving(*words: str, environment: dict[str, str] | None = None, ready: str = "\n") -> Iterator[Server]:
    """`python -m words` (or `hotlead words`), ready once it has printed `ready`, ended by SIGTERM with the block."""
    program = [str(Path(sys.executable).with_name("hotlead"))] if words[0] == HOTLEAD else [sys.executable, "-m"]
    command = [*program, *(words[1:] if words[0] == HOTLEAD else words)]
    with subprocess.Popen(command, cwd=REPOSITORY, env={**os.environ, **(environment or {})}, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            if not any(ready in line for line in iter(running.stdout.readline, "")):
                raise RuntimeError(f"{' '.join(words)} ended before it was ready")
            yield Server(pid=running.pid)
        finally:
            running.terminate()
            running.wait(timeout=STOP_S)
