"""Sandbox CRMs as processes of their own: one in the foreground, or several beside a demo."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from adapters.finder import crm_kinds
from connector.ports.errors import UsageError

STOP_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningSandbox:
    crm: str
    url: str
    credentials: Mapping[str, str]


def run_sandbox(crm: str, arguments: Sequence[str]) -> int:
    """Runs a sandbox in the foreground until it is stopped; its exit code."""
    module = _module(crm)
    try:
        return subprocess.run([sys.executable, "-m", module, *arguments], check=False).returncode
    except KeyboardInterrupt:
        return 0


@contextmanager
def sandbox_beside(crm: str, arguments: Sequence[str]) -> Iterator[RunningSandbox]:
    """A sandbox process that is ready, ended with the block (or with this process). A Ctrl-C does not reach it."""
    command = [sys.executable, "-m", _module(crm), "--port", "0", "--with-parent", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, process_group=0) as running:
        try:
            ready = running.stdout.readline() if running.stdout is not None else ""
            if not ready:
                raise UsageError(f"The {crm} sandbox did not start.", hint=f"See what it says: hotlead sandbox {crm}")
            said = json.loads(ready)
            yield RunningSandbox(crm=crm, url=said["url"], credentials=said["credentials"])
        finally:
            running.terminate()
            try:
                running.wait(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:
                running.kill()


def _module(crm: str) -> str:
    kinds = crm_kinds()
    if crm not in kinds:
        raise UsageError(f"'{crm}' is no CRM that hotlead knows.", hint=f"It knows: {', '.join(kinds)}.")
    return kinds[crm].sandbox_module
