"""From an event in a CRM to hotlead's answer in that CRM: by push, by polling, and how few calls a burst of 10,000 events takes.

`hotlead up` on SQLite beside both sandboxes, live at every step; each is a process of its own. Times are the sandboxes' own.
"""

import argparse
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median, quantiles

import requests

from bench.crm.installed import UNLIMITED, calls_of, forget_calls
from bench.live.installed import connected, pulled_and_live, settings_of
from bench.live.leads import HANDS, JUNIOR, SENIOR, Office, let_push
from bench.live.letters import CONNECTION
from bench.live.servers import REPOSITORY, Server, serving
from connector.cli.sandboxes import RunningSandbox, sandbox_beside
from tests.support.processes import free_port

MOST_PUSH_S = 5.0
MOST_AFTER_INTERVAL_S = 60.0
MOST_CALLS = 1.2
A_SECOND, POLLED_A_SECOND = 20.0, 2.0
BURST_CONTACTS = 2000
BATCH = 100
"""Rows that one call of HubSpot reads or writes."""
PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A `hotlead up` at work beside both sandboxes."""

    folder: Path
    port: int
    account: int
    sandboxes: Mapping[str, RunningSandbox]
    addresses: Mapping[str, str]
    server: Server

    def waiting(self) -> int:
        """Bodies, hints and people who wait anywhere."""
        tables = ("inbox", "hints", "marks")
        with sqlite3.connect(self.folder / "hotlead.db") as db:
            return sum(int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]) for table in tables)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=300, help=f"how long {A_SECOND:.0f} events a second come in by push")
    parser.add_argument("--polled-seconds", type=float, default=240, help=f"how long {POLLED_A_SECOND:.0f} a second come in by polling")
    parser.add_argument("--burst", type=int, default=10_000, help="events that come at once")
    parser.add_argument("--part", choices=tuple(PARTS), action="append", help="only this part; may be given again")


def run(options: argparse.Namespace) -> bool:
    """Whether every bar holds."""
    held = [PARTS[name](options) for name in options.part or PARTS]
    return all(held)


@contextmanager
def beside(*, receiving: bool, people: int = 500) -> Iterator[Beside]:
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hotlead-bench-")))
        port = free_port()
        sandboxes = {crm: stack.enter_context(sandbox_beside(crm, ["--seed", str(people), *UNLIMITED[crm]])) for crm in UNLIMITED}
        settings = settings_of(scratch)
        made = connected(settings, tuple(sandboxes.values()), public_url=f"http://127.0.0.1:{port}" if receiving else "")
        pulled_and_live(settings)
        server = stack.enter_context(serving("bench.live.serve", "up", str(scratch), str(port), "0,1", environment=QUIET))
        yield Beside(
            folder=scratch,
            port=port,
            account=int(made.accounts[CONNECTION]),
            sandboxes=sandboxes,
            addresses=made.addresses,
            server=server,
        )


QUIET = {"HOTLEAD_LOG_LEVEL": "error", "HOTLEAD_WRITE_LIMIT": "10000000"}


def by_push(options: argparse.Namespace) -> bool:
    """Events at a steady pace, pushed."""
    with beside(receiving=True) as there:
        let_push(there.sandboxes, there.addresses)
        office = Office(there.sandboxes)
        time.sleep(5)
        before = there.server.cpu_s()
        office.work(a_second=A_SECOND, seconds=options.seconds)
        _until_nothing_waits(there)
        cpu_s = there.server.cpu_s() - before
        lags, left = office.answered()
    p50, p99 = median(lags), quantiles(lags, n=100)[98]
    print(f"\npush: {len(office.deeds):,} events at {A_SECOND:.0f} a second, {left} without an answer; hotlead took {cpu_s:.1f} CPU s")
    print(f"event to write-back: p50 {p50:.2f} s, p99 {p99:.2f} s, longest {max(lags):.2f} s")
    return _judged([(f"p99 {p99:.2f} s, at most {MOST_PUSH_S}", p99 <= MOST_PUSH_S), ("every event is answered", left == 0)])


def by_polling(options: argparse.Namespace) -> bool:
    """Events at a steady pace that nobody pushes."""
    with beside(receiving=False) as there:
        office = Office(there.sandboxes)
        intervals: list[float] = []
        _until(lambda: len(polled_times(there.folder)) == len(there.sandboxes))
        office.work(a_second=POLLED_A_SECOND, seconds=options.polled_seconds)
        intervals.extend((p["next_at"] - p["at"]).total_seconds() for p in polled_times(there.folder).values())
        time.sleep(max(intervals) + 25)
        _until_nothing_waits(there)
        lags, left = office.answered()
    interval = max(intervals)
    print(f"\npolling: {len(office.deeds):,} events at {POLLED_A_SECOND:.0f} a second, {left} without an answer")
    print(f"one interval was {interval:.0f} s")
    print(f"event to write-back: p50 {median(lags):.1f} s, p99 {quantiles(lags, n=100)[98]:.1f} s, longest {max(lags):.1f} s")
    most = interval + MOST_AFTER_INTERVAL_S
    in_time = (f"the longest took at most an interval and a minute ({most:.0f} s)", max(lags) <= most)
    return _judged([in_time, ("every event is answered", left == 0)])


def polled_times(folder: Path) -> dict[str, dict[str, datetime]]:
    """Connection → when it was polled last and is to be next; nothing of one that never was."""
    with sqlite3.connect(folder / "hotlead.db") as db:
        rows = db.execute(
            "SELECT s.connection, c.cursor FROM cursors c JOIN sources s ON s.no = c.source WHERE s.source = '@poll'"
        ).fetchall()
    return {name: {key: datetime.fromisoformat(json.loads(text)[key]) for key in ("at", "next_at")} for name, text in rows}


def burst(options: argparse.Namespace) -> bool:
    """Many events at once about fewer contacts, whose titles have all changed."""
    with beside(receiving=True, people=BURST_CONTACTS * 3) as there:
        _until(lambda: len(polled_times(there.folder)) == len(there.sandboxes))
        time.sleep(5)
        _until_nothing_waits(there)
        ids = _retitled(there, many=BURST_CONTACTS)
        sandbox = there.sandboxes["hubspot"]
        forget_calls(sandbox)
        began, before = time.monotonic(), there.server.cpu_s()
        order = {"port": there.port, "account": there.account, "ids": ids, "count": options.burst // 100, "events_each": 100, "first": 1}
        command = [sys.executable, "-m", "bench.live.load", json.dumps({**order, "lines": 10, "cores": [0, 1]})]
        told = json.loads(subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE).stdout)
        _until_nothing_waits(there)
        wall_s, cpu_s = time.monotonic() - began, there.server.cpu_s() - before
        calls = calls_of(sandbox)
        written = Written.counted(sandbox)
    times = {"taken_s": told["wall_s"], "wall_s": wall_s, "cpu_s": cpu_s}
    return _burst_report(calls, events=options.burst, contacts=len(ids), written=written, **times)


def _retitled(there: Beside, *, many: int) -> list[int]:
    """So many of HubSpot's contacts, each with another title than before, of which nobody has told hotlead yet."""
    from concurrent.futures import ThreadPoolExecutor

    with sqlite3.connect(there.folder / "hotlead.db") as db:
        rows = db.execute(
            "SELECT m.id FROM members m JOIN sources o ON o.no = m.source WHERE o.connection = 'hubspot' AND o.source = 'contacts'"
            " ORDER BY m.id LIMIT ?",
            (many,),
        ).fetchall()
    ids = [int(row[0]) for row in rows]
    url = f"{there.sandboxes['hubspot'].url}/_sandbox/records/contacts"

    def retitle(contact: int) -> None:
        title = requests.get(f"{url}/{contact}", timeout=60).json()["properties"].get("jobtitle", "")
        other = JUNIOR if title == SENIOR else SENIOR
        requests.patch(f"{url}/{contact}", json={"jobtitle": other, "hs_seniority": ""}, timeout=60).raise_for_status()

    with ThreadPoolExecutor(max_workers=HANDS) as hands:
        list(hands.map(retitle, ids))
    return ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Rows that the sandbox counted as written, by what they cost at least."""

    contacts: int
    shared: int
    """Contacts whose fields a person or the CRM may fill too: these are read again right before, so that nothing is overwritten."""
    tasks: int

    @classmethod
    def counted(cls, sandbox: RunningSandbox) -> "Written":
        names = [name.split("/") for name in requests.get(f"{sandbox.url}/_sandbox/counters", timeout=60).json()["writes"]]
        return cls(
            contacts=len({row for source, row, _ in names if source == "contacts"}),
            shared=len({row for source, row, field in names if source == "contacts" and not field.startswith("hotlead_")}),
            tasks=len({row for source, row, _ in names if source == "tasks"}),
        )

    def least_calls(self) -> int:
        return sum(_full(rows, BATCH) for rows in (self.contacts, self.shared, self.tasks))


def _burst_report(
    calls: Mapping[str, int], *, events: int, contacts: int, written: Written, taken_s: float, wall_s: float, cpu_s: float
) -> bool:
    least = _full(contacts, BATCH) + written.least_calls()
    total = sum(calls.values())
    print(f"\nburst: {events:,} events about {contacts:,} contacts taken in {taken_s:.1f} s, drained and written back after {wall_s:.1f} s")
    print(f"{written.contacts:,} contacts and {written.tasks:,} tasks were written; hotlead took {cpu_s:.1f} CPU s")
    print(f"the sandbox counted {total} calls: {', '.join(f'{n} {call}' for call, n in sorted(calls.items()))}")
    parts = f"{contacts:,} re-read + {written.contacts:,} written + {written.shared:,} looked at right before + {written.tasks:,} tasks"
    print(f"least, by {BATCH} rows a call: {parts} = {least}")
    ratio = total / least
    return _judged(
        [
            (f"{ratio:.2f} times the least number of calls, at most {MOST_CALLS}", ratio <= MOST_CALLS),
            ("most contacts had another score to be written", written.contacts > contacts / 2),
        ]
    )


def _full(rows: int, size: int) -> int:
    return -(-rows // size)


def _until_nothing_waits(there: Beside) -> None:
    """Also not for a moment: twice in a row."""
    _until(lambda: there.waiting() == 0)
    time.sleep(1.0)
    _until(lambda: there.waiting() == 0)


def _until(claim: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not claim():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {PATIENCE_S} s")
        time.sleep(0.2)


def _judged(claims: list[tuple[str, bool]]) -> bool:
    for claim, holds in claims:
        print(f"{'holds' if holds else 'FAILS'}: {claim}")
    return all(holds for _, holds in claims)


PARTS: Mapping[str, Callable[[argparse.Namespace], bool]] = {"push": by_push, "polling": by_polling, "burst": burst}
