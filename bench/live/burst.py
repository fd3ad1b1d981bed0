"""A burst of events about fewer contacts, and how many calls of the CRM it took, beside the least number that there can be.

The least is what a drain would need that knew everything beforehand: every record in full calls, once. Each burst changes other contacts.
"""

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import requests

from bench.bars import judged
from bench.crm.installed import calls_of, forget_calls
from bench.live.beside import Beside, beside, polled_times, until, until_nothing_waits
from bench.live.leads import HANDS, JUNIOR, SENIOR
from bench.live.servers import REPOSITORY
from connector.cli.sandboxes import RunningSandbox

MOST_CALLS = 1.2
CONTACTS = 2000
BATCH = 100
"""Rows that one call of HubSpot reads or writes."""
EVENTS_EACH = 100


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """What one burst took."""

    contacts: int
    calls: Mapping[str, int]
    written: Written
    taken_s: float
    wall_s: float
    cpu_s: float

    @property
    def total(self) -> int:
        return sum(self.calls.values())

    @property
    def least(self) -> int:
        rows = (self.contacts, self.written.contacts, self.written.shared, self.written.tasks)
        return sum(-(-many // BATCH) for many in rows)


def bursts(*, events: int, rounds: int) -> bool:
    """Whether every burst stays within its bar."""
    with beside(receiving=True, people=CONTACTS * rounds * 3 // 2) as there:
        until(lambda: len(polled_times(there.folder)) == len(there.sandboxes))
        time.sleep(5)
        until_nothing_waits(there)
        chosen = _contacts(there, many=CONTACTS * rounds)
        done = [
            _burst(there, ids=chosen[number * CONTACTS : (number + 1) * CONTACTS], events=events, first=1 + number * events)
            for number in range(rounds)
        ]
    return _report(done, events=events)


def _burst(there: Beside, *, ids: Sequence[int], events: int, first: int) -> Burst:
    _retitle(there, ids)
    until_nothing_waits(there)
    sandbox = there.sandboxes["hubspot"]
    forget_calls(sandbox)
    began, before = time.monotonic(), there.server.cpu_s()
    order = {"port": there.port, "account": there.account, "ids": ids, "count": events // EVENTS_EACH, "events_each": EVENTS_EACH}
    command = [sys.executable, "-m", "bench.live.load", json.dumps({**order, "first": first, "lines": 10, "cores": [0, 1]})]
    told = json.loads(subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE).stdout)
    until_nothing_waits(there)
    return Burst(
        contacts=len(ids),
        calls=calls_of(sandbox),
        written=Written.counted(sandbox),
        taken_s=told["wall_s"],
        wall_s=time.monotonic() - began,
        cpu_s=there.server.cpu_s() - before,
    )


def _contacts(there: Beside, *, many: int) -> list[int]:
    with sqlite3.connect(there.folder / "hotlead.db") as db:
        rows: list[tuple[Any]] = db.execute(
            "SELECT m.id FROM members m JOIN sources o ON o.no = m.source WHERE o.connection = 'hubspot' AND o.source = 'contacts'"
            " ORDER BY m.id LIMIT ?",
            (many,),
        ).fetchall()
    if len(rows) < many:
        raise RuntimeError(f"{len(rows)} contacts, {many} are asked for")
    return [int(row[0]) for row in rows]


def _retitle(there: Beside, ids: Sequence[int]) -> None:
    """Each with another title than before, of which nobody has told hotlead yet."""
    url = f"{there.sandboxes['hubspot'].url}/_sandbox/records/contacts"

    def retitle(contact: int) -> None:
        title = requests.get(f"{url}/{contact}", timeout=60).json()["properties"].get("jobtitle", "")
        other = JUNIOR if title == SENIOR else SENIOR
        requests.patch(f"{url}/{contact}", json={"jobtitle": other, "hs_seniority": ""}, timeout=60).raise_for_status()

    with ThreadPoolExecutor(max_workers=HANDS) as hands:
        list(hands.map(retitle, ids))


def _report(done: Sequence[Burst], *, events: int) -> bool:
    print(f"\nbursts of {events:,} events about {CONTACTS:,} contacts each\n")
    print("| taken s | done s | CPU s | re-read | written | looked at right before | tasks | calls | least | |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for one in done:
        written, ratio = one.written, one.total / one.least
        rows = f"{one.contacts:,} | {written.contacts:,} | {written.shared:,} | {written.tasks:,}"
        print(f"| {one.taken_s:.1f} | {one.wall_s:.1f} | {one.cpu_s:.1f} | {rows} | {one.total} | {one.least} | {ratio:.2f} |")
    for one in done:
        print(f"calls: {', '.join(f'{n} {call}' for call, n in sorted(one.calls.items()))}")
    worst = max(one.total / one.least for one in done)
    claims = [
        (f"bursts take at most {worst:.2f} times the least number of calls, at most {MOST_CALLS}", worst <= MOST_CALLS),
        ("in each burst most contacts had another score to be written", all(one.written.contacts > one.contacts / 2 for one in done)),
    ]
    return judged("push", claims)
