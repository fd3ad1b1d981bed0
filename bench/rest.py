"""`hotlead up` on a fresh directory, and at rest beside both sandbox CRMs: memory, wake-ups a minute, CPU, calls a day.

Calls a day are those that each sandbox counts for one poll that finds nothing, as often as the product's own rule polls a connection at
rest: the day is worked out, the poll is real.
"""

import argparse
import sqlite3
import tempfile
import time
from contextlib import AbstractContextManager, ExitStack
from datetime import timedelta
from pathlib import Path

import requests

from bench.bars import judged
from bench.crm.installed import UNLIMITED, calls_of, forget_calls
from bench.live.beside import polled_times
from bench.live.installed import connected, pulled_and_live, settings_of
from bench.live.servers import HOTLEAD, Server, serving
from connector.cli.sandboxes import RunningSandbox, sandbox_beside
from connector.flows.polling import next_poll_in
from tests.support.processes import free_port

MOST_START_S = 60.0
MOST_MB = 300.0
MOST_CALLS_A_DAY = 1500
PATIENCE_S = 300.0
LONG_AGO = timedelta(days=2)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=90, help="how long it is watched at rest")
    parser.add_argument("--people", type=int, default=2000, help="people in the sandboxes")


def run(options: argparse.Namespace) -> bool:
    """Whether every bar holds."""
    start_s = _first_answer_s()
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hotlead-bench-")))
        sandboxes = {crm: stack.enter_context(sandbox_beside(crm, ["--seed", str(options.people)])) for crm in UNLIMITED}
        settings = settings_of(scratch)
        connected(settings, tuple(sandboxes.values()), paced=True)
        people = pulled_and_live(settings)
        server = stack.enter_context(_up(scratch, port=free_port()))
        _until_night_is_over(scratch, connections=len(sandboxes))
        memory_mb, wake_ups, cpu_s = _watched(server, seconds=options.seconds)
        idle = {name: _idle_poll_calls(scratch, name=name, sandbox=sandbox) for name, sandbox in sandboxes.items()}
        memory_mb = max(memory_mb, server.pss_mb())
    days = {name: _calls_a_day(calls) for name, calls in idle.items()}
    print(f"\n`hotlead up` at rest beside both sandboxes, {people:,} people, watched for {options.seconds:.0f} s\n")
    print(f"fresh directory: {start_s:.1f} s from start to the first answer of /health")
    print(f"memory {memory_mb:.0f} MB (PSS of all its processes), {wake_ups:.0f} wake-ups a minute, {cpu_s * 60:.2f} CPU s a minute")
    for name, calls in idle.items():
        print(f"{name}: {calls} calls for a poll that finds nothing, {days[name]:,.0f} calls a day")
    claims = [
        (f"up after {start_s:.1f} s, at most {MOST_START_S:.0f}", start_s <= MOST_START_S),
        (f"{memory_mb:.0f} MB, at most {MOST_MB:.0f}", memory_mb <= MOST_MB),
        *((f"{name}: {day:,.0f} calls a day, at most {MOST_CALLS_A_DAY:,}", day <= MOST_CALLS_A_DAY) for name, day in days.items()),
    ]
    return judged("rest", claims)


def _up(folder: Path, *, port: int) -> AbstractContextManager[Server]:
    words = (HOTLEAD, "--data-dir", str(folder), "--json", "up", "--port", str(port))
    return serving(*words, environment={"HOTLEAD_LOG_LEVEL": "error"}, ready='"ready"')


def _first_answer_s() -> float:
    """From the command on an empty folder to the first 200."""
    with tempfile.TemporaryDirectory(prefix="hotlead-bench-") as scratch:
        port, began = free_port(), time.monotonic()
        with _up(Path(scratch) / "fresh", port=port):
            while not _is_healthy(port):
                time.sleep(0.05)
            return time.monotonic() - began


def _is_healthy(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/health", timeout=5).status_code == 200
    except requests.ConnectionError:
        return False


def _until_night_is_over(folder: Path, *, connections: int) -> None:
    """The first start does the night's work at once; rest begins when each connection was polled and nothing was done for a while."""
    end, quiet_since, before = time.monotonic() + PATIENCE_S, time.monotonic(), -1
    while time.monotonic() < end:
        with sqlite3.connect(folder / "hotlead.db") as db:
            (cursors,) = db.execute("SELECT count(*) FROM cursors").fetchone()
            (running,) = db.execute("SELECT count(*) FROM runs WHERE ended_at IS NULL").fetchone()
        if cursors != before or running:
            quiet_since, before = time.monotonic(), cursors
        if time.monotonic() - quiet_since > 15 and len(polled_times(folder)) == connections:
            return
        time.sleep(1)
    raise TimeoutError("the first night did not end")


def _watched(server: Server, *, seconds: float) -> tuple[float, float, float]:
    """Most memory in MB, wake-ups a minute, CPU seconds a second."""
    woken, cpu_s, began, most = server.wake_ups(), server.cpu_s(), time.monotonic(), 0.0
    while time.monotonic() - began < seconds:
        most = max(most, server.pss_mb())
        time.sleep(5)
    passed = time.monotonic() - began
    return most, (server.wake_ups() - woken) / passed * 60, (server.cpu_s() - cpu_s) / passed


def _idle_poll_calls(folder: Path, *, name: str, sandbox: RunningSandbox) -> int:
    """Calls that the sandbox counts from now until the next poll has ended."""
    forget_calls(sandbox)
    before = polled_times(folder)[name]["at"]
    end = time.monotonic() + PATIENCE_S * 2
    while polled_times(folder)[name]["at"] == before:
        if time.monotonic() > end:
            raise TimeoutError(f"{name} was not polled")
        time.sleep(0.5)
    return sum(calls_of(sandbox).values())


def _calls_a_day(idle_calls: int) -> float:
    """At the pace of a connection in which nothing has changed for long."""
    pause = next_poll_in(since_change=LONG_AGO, idle_calls=idle_calls, day_used=None, day_limit=None, is_receiving=False)
    return idle_calls * (timedelta(days=1) / pause)
