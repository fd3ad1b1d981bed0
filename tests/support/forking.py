"""A program that has imported the product once and forks a process for each order: real processes, without each paying for imports.

Run by `tests.support.processes` as `python -m tests.support.forking`. An order is one line of JSON on standard input, its answer one line
on standard output: a program to start gives its `pid`, `wait` the exit `code` (minus the signal's number after a kill).
"""

import atexit
import gc
import json
import os
import runpy
import signal
import sys
import traceback
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

import connector.cli

WARM = ("adapters.salesforce.sandbox.app", "adapters.hubspot.sandbox.app", "adapters.salesforce.adapter", "adapters.hubspot.adapter")


def main() -> None:
    """Answers orders until standard input ends; then kills what it started and still runs."""
    for name in WARM:
        __import__(name)
    gc.freeze()
    running: set[int] = set()
    answers = sys.stdout
    for line in iter(sys.stdin.readline, ""):
        order = json.loads(line)
        if "wait" in order:
            _, status = os.waitpid(order["wait"], 0)
            running.discard(order["wait"])
            answer = {"code": os.waitstatus_to_exitcode(status)}
        else:
            pid = os.fork()
            if pid == 0:
                _leave(_become(order))
            running.add(pid)
            answer = {"pid": pid}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
    for pid in running:
        os.kill(pid, signal.SIGKILL)


def _leave(code: int) -> None:
    """Ends this process as Python would, but for taking every imported module apart, which costs more than most commands."""
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _become(order: dict[str, Any]) -> int:
    """Turns this process into the one asked for; its exit code."""
    for number, (name, flags) in enumerate(
        ((os.devnull, os.O_RDONLY), (order["out"], os.O_WRONLY | os.O_CREAT), (order["err"], os.O_WRONLY | os.O_CREAT))
    ):
        opened = os.open(name, flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    if order.get("die_at_commit"):
        _die_at_commit(order["die_at_commit"])
    sys.argv = [order["program"], *order["arguments"]]
    try:
        if order["program"] == "hotlead":
            connector.cli.main()
        else:
            runpy.run_module(order["program"], run_name="__main__", alter_sys=False)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:  # noqa: BLE001 - a fault is shown as Python shows it
        traceback.print_exc()
        return 1
    return 0


def _die_at_commit(nth: int) -> None:
    """This process is killed right before it commits for the n-th time: what it did since the last commit is lost."""
    seen = 0

    @event.listens_for(Engine, "commit")
    def commit(_connection: object) -> None:
        nonlocal seen
        seen += 1
        if seen == nth:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
