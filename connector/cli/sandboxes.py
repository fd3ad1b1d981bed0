"""Sandbox CRMs as processes of their own: one in the foreground, or several beside a demo."""

import json
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from adapters.finder import crm_kinds
from connector.ports.errors import UsageError

STOP_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningSandbox:
    crm: str
    url: str
    credentials: Mapping[str, str]


def run_sandbox(crm: str, arguments: Sequence[str], *, told: Callable[[str], None] | None) -> int:
    """Runs a sandbox in the foreground until it is stopped; its exit code. However this process ends, the sandbox ends with it.

    Its ready line stands on stdout, for programs. With `told`, a person hears how to connect it in place of that line.
    """
    command = [sys.executable, "-m", _module(crm), "--with-parent", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        try:
            for line in running.stdout or ():
                if told is not None and line.startswith("{"):
                    told(_how_to_connect(crm, said=json.loads(line)))
                else:
                    sys.stdout.write(line)
                    sys.stdout.flush()
            return running.wait()
        except KeyboardInterrupt:
            running.wait(timeout=STOP_SECONDS)
            return 0


def _how_to_connect(crm: str, *, said: Mapping[str, Any]) -> str:
    settings = crm_kinds()[crm].sandbox_settings(url=said["url"], credentials=said["credentials"])
    given = " ".join(f"--set {name}={shlex.quote(value)}" for name, value in settings.items())
    return f"\nWhat a rep sees: {said['url']}\nConnect it from another terminal:\n\n  hotlead connect {crm} {given}\n\nCtrl-C ends it."


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
