"""What a command costs: CPU seconds of all its processes, and the memory they held together."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

EVERY_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    cpu_s: float
    """User and system, of the process and all it waited for."""
    wall_s: float
    peak_mb: float
    """Most resident memory of the process and its children together, seen every 50 ms; shared pages count in each."""


def measure(module: str, *arguments: str, environment: dict[str, str] | None = None) -> Cost:
    """The cost of `python -m module arguments`. Raises RuntimeError if it fails."""
    began = time.monotonic()
    before = os.times()
    command: Sequence[str] = (sys.executable, "-m", module, *arguments)
    child = subprocess.Popen(command, cwd=Path(__file__).parent.parent, env={**os.environ, **(environment or {})})
    peak = 0
    while child.poll() is None:
        peak = max(peak, _resident(child.pid))
        time.sleep(EVERY_S)
    after = os.times()
    if child.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {child.returncode}")
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    return Cost(cpu_s=cpu_s, wall_s=time.monotonic() - began, peak_mb=peak / 1e6)


def _resident(pid: int) -> int:
    total = 0
    try:
        root = psutil.Process(pid)
        for one in (root, *root.children(recursive=True)):
            total += one.memory_info().rss
    except psutil.NoSuchProcess:
        return total
    return total
