"""Several workers start at once on PostgreSQL: one runs the clock. It is stopped for longer than its lease, and goes on: too late (P10)."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

import psycopg
import pytest

from tests.support.fault_tally import as_many, tally
from tests.support.gone_crm import beside_a_gone_hubspot
from tests.support.journeys import Desk, Town, town
from tests.support.postgres import empty_database, postgres_server
from tests.support.processes import Command
from tests.support.serving import until

WORKERS = 4
LEASE_S = 20
"""After so long without a sign of its holder, somebody else runs the clock."""


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(tmp_path_factory.mktemp("five"), people=5) as made:
        yield made


@pytest.fixture
def desk(five: Town) -> Iterator[Desk]:
    with postgres_server() as server:
        desk = beside_a_gone_hubspot(five, database_url=empty_database(server))
        desk.environment["HOTLEAD_LOG_LEVEL"] = "warning"
        yield desk


@dataclass(slots=True, kw_only=True)
class Seen:
    """Who held the lease of the clock, under which fence, one entry a change."""

    holders: list[tuple[str, int]] = field(default_factory=list)
    ending: threading.Event = field(default_factory=threading.Event)

    def look(self, address: str) -> None:
        with psycopg.connect(address, autocommit=True) as connection:
            while not self.ending.wait(0.1):
                for holder, fence in connection.execute("SELECT holder, fence FROM leases WHERE name = 'scheduler'"):
                    if holder and (not self.holders or self.holders[-1] != (holder, fence)):
                        self.holders.append((holder, fence))

    def process(self) -> int:
        """Who holds it now; 0: nobody yet."""
        return int(self.holders[-1][0].split(":")[1]) if self.holders else 0

    def another(self, process: int) -> int:
        """Who holds it now, unless it is this one."""
        now = self.process()
        return 0 if now == process else now


@contextmanager
def _watched(desk: Desk) -> Iterator[Seen]:
    seen = Seen()
    address = desk.environment["HOTLEAD_DATABASE_URL"].replace("+psycopg", "")
    looking = threading.Thread(target=seen.look, args=(address,), daemon=True)
    looking.start()
    try:
        yield seen
    finally:
        seen.ending.set()
        looking.join(10)


@contextmanager
def _workers(desk: Desk) -> Iterator[list[Command]]:
    """So many, started at once and ready."""
    started = [desk.start("--json", "work") for _ in range(WORKERS)]
    try:
        for one in started:
            until(partial(_is_ready, one), what=one.err.read_text)
        yield started
    finally:
        for one in started:
            one.kill()


def _is_ready(one: Command) -> bool:
    return one.out.exists() and '"ready"' in one.out.read_text(encoding="utf-8")


def test_who_was_stopped_for_longer_than_the_lease_runs_the_clock_no_more(desk: Desk) -> None:
    broken: list[str] = []
    stops = as_many(quick=1, full=10)
    with _watched(desk) as seen, _workers(desk) as workers:
        for _ in range(stops):
            first = until(seen.process, what="somebody who runs the clock")
            os.kill(first, signal.SIGSTOP)
            time.sleep(as_many(quick=LEASE_S, full=60))
            second = until(partial(seen.another, first), what="somebody else who runs the clock")
            os.kill(first, signal.SIGCONT)
            time.sleep(LEASE_S / 4)
            if seen.process() != second:
                broken.append(f"{first} went on, and {second} lost the clock to {seen.process()}")
            told = next(w.err.read_text(encoding="utf-8") for w in workers if w.pid == first)
            if "a lease was lost" not in told:
                broken.append(f"{first} does not know that it lost the clock: {told[-300:]}")
    fences = [fence for _, fence in seen.holders]
    broken += [f"fence {b} after {a}" for a, b in pairwise(fences) if b <= a]
    assert len(fences) == stops + 1, seen.holders
    tally("P10", "holder of the clock stopped for longer than its lease", injected=stops, violations=broken)
