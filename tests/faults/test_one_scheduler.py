"""Several workers start at once on PostgreSQL: one runs the clock, one writes back. Both are stopped in the middle of it, for longer than
their leases, and go on: too late (P10)."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise

import psycopg
import pytest

from connector.store.store import open_store
from jobs.daily import RANGES
from jobs.locks import DAILY
from jobs.nights import mark_as_run
from tests.support.beside import beside
from tests.support.fault_tally import as_many, tally
from tests.support.journeys import CRMS, TASKS, Desk, Town, planned_values, town
from tests.support.postgres import empty_database, postgres_server
from tests.support.processes import Command
from tests.support.serving import until

WORKERS = 4
LEASE_S = 20
"""After so long without a sign of its holder, somebody else takes the work over."""
PATIENCE_S = 120.0
ANSWERED_IN_S = 8
"""How long the answer to a call takes, so that its sender is stopped meanwhile."""
POINTS = ("*/contacts/batch/read", "*/contacts/batch/update")
"""Calls of a write-back whose answer its sender waits for: what follows the one is the first write, what follows the other all the rest."""
STOPS = as_many(quick=1, full=10)
ASKERS = 4
"""People who ask at each stop: their rows are what is written just then."""
HUBSPOT = ("--tier", "professional", "--burst", "0", "--search-rate", "0")
KEYS = {"salesforce": "Hotlead_Key__c", "hubspot": "hotlead_key"}


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The portal opens no events, so that what people do shows in their contact."""
    with town(tmp_path_factory.mktemp("town"), people=as_many(quick=40, full=250), more={"hubspot": HUBSPOT}) as made:
        yield made


@pytest.fixture
def desk(people: Town) -> Iterator[Desk]:
    """Live in both CRMs, in PostgreSQL; written once; and last night's work was missed."""
    with postgres_server() as server, people.crms() as sandboxes:
        desk = people.desk(sandboxes, fresh=True)
        desk.environment["HOTLEAD_DATABASE_URL"] = empty_database(server)
        desk.environment["HOTLEAD_LOG_LEVEL"] = "warning"
        desk.set_up()
        assert desk.connect("hubspot", calls_per_10s="off", searches_per_second="off").code == 0
        desk.ok("pull")
        desk.ok("score")
        desk.go_live("tasks")
        desk.ok("write-back")
        yield desk


def _rows(desk: Desk, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(desk.environment["HOTLEAD_DATABASE_URL"].replace("+psycopg", ""), autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


@dataclass(slots=True, kw_only=True)
class Seen:
    """Who held the leases, under which fence, one entry a change."""

    holders: dict[str, list[tuple[str, int]]] = field(default_factory=lambda: {"scheduler": [], "write_back": []})
    ending: threading.Event = field(default_factory=threading.Event)

    def look(self, address: str) -> None:
        with psycopg.connect(address, autocommit=True) as connection:
            while not self.ending.wait(0.02):
                for name, holder, fence in connection.execute("SELECT name, holder, fence FROM leases"):
                    known = self.holders.get(name)
                    if known is not None and holder and (not known or known[-1] != (holder, fence)):
                        known.append((holder, fence))

    def process(self, name: str = "scheduler") -> int:
        """Who held it last; 0: nobody yet."""
        known = self.holders[name]
        return int(known[-1][0].split(":")[1].split()[0]) if known else 0

    def another(self, process: int, name: str = "scheduler") -> int:
        """Who holds it now, unless it is this one."""
        now = self.process(name)
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
            until(partial(_is_ready, one), what=one.err.read_text, seconds=PATIENCE_S)
        yield started
    finally:
        for one in started:
            one.kill()


def _is_ready(one: Command) -> bool:
    return one.out.exists() and '"ready"' in one.out.read_text(encoding="utf-8")


def _miss_the_night(desk: Desk) -> None:
    """The nightly scoring was last done two nights ago."""
    with closing(open_store(url=desk.environment["HOTLEAD_DATABASE_URL"], directory=desk.data, command="test")) as store:
        store.write(lambda tx: mark_as_run(tx, job=DAILY, key="", at=datetime.now(UTC) - timedelta(days=2)))


def _is_at_rest(desk: Desk) -> bool:
    """Whether nobody waits to be scored or written, and no plan is under way."""
    with beside(desk) as tx:
        return not (tx.marks.waiting() or tx.hints.waiting() or tx.plans.unfinished())


def _quiet(desk: Desk) -> list[tuple[int, str, str]]:
    """Cold leads without any reason for a task yet: person, contact in HubSpot, address. Half of them are in Salesforce too."""
    found = [
        (int(str(person)), str(contact), str(email))
        for person, contact, email in _rows(
            desk,
            "SELECT l.person, min(CASE WHEN o.source = 'contacts' THEN m.id END), p.email FROM ladder_states l"
            " JOIN members m ON m.person = l.person JOIN sources o ON o.no = m.source"
            " JOIN persons p ON p.id = l.person JOIN scores s ON s.person = l.person"
            " WHERE l.stage = 'lead' AND s.excluded = '' AND s.temperature = 'cold' AND s.fired = '{}' AND p.email <> ''"
            " GROUP BY l.person, p.email HAVING min(CASE WHEN o.source = 'contacts' THEN m.id END) IS NOT NULL"
            " ORDER BY count(DISTINCT o.connection) DESC, l.person",
        )
    ]
    middle = len(found) // 2
    return [one for pair in zip(found[:middle], reversed(found[middle:]), strict=False) for one in pair]


def _ask(desk: Desk, askers: Sequence[tuple[int, str, str]]) -> None:
    """They send the contact form, and a pull brings that in."""
    for _, contact, _ in askers:
        desk.sandboxes["hubspot"].create("events", {"contact": contact, "eventType": "e_submitted_form", "subject": "contact_sales"})
    desk.ok("pull", "hubspot")


def _written_otherwise(desk: Desk, *, before: int) -> list[str]:
    """Fields written more or less often than plans made after this one say, and follow-ups with another number of tasks than one."""
    planned: Counter[str] = Counter()
    for (number,) in _rows(desk, f"SELECT id FROM plans WHERE id > {before}"):
        planned.update(planned_values(desk.plan(int(str(number)))).keys())
    written, tasks = Counter[str](), Counter[str]()
    made = set[tuple[str, str]]()
    for name, times in desk.writes().items():
        crm, place = name.split(" ", 1)
        if place.startswith(f"{TASKS[crm]}/"):
            made.add((crm, place.split("/")[1]))
        else:
            written[name] = times
    tasks.update(str(desk.value(crm, TASKS[crm], record, KEYS[crm])) for crm, record in made)
    promised = {str(key) for (key,) in _rows(desk, "SELECT key FROM follow_ups")}
    return [
        *(f"{name}: {written[name]} times, planned {planned[name]}" for name in {*written, *planned} if written[name] != planned[name]),
        *(f"{tasks[key]} tasks of {key}" for key in promised | set(tasks) if tasks[key] != 1),
    ]


def _stopped_mid_write(desk: Desk, seen: Seen, askers: Sequence[tuple[int, str, str]], *, point: str) -> tuple[int, int]:
    """Who writes these people back and who runs the clock are stopped, after the effect of this call and before its answer is read."""
    hubspot = desk.sandboxes["hubspot"]
    hubspot.fault(point, "drip", seconds=ANSWERED_IN_S, times=1)
    _ask(desk, askers)
    until(hubspot.bitten, what=lambda: f"a write back of those who ask: {desk.writes()}", seconds=PATIENCE_S)
    writer, clock = seen.process("write_back"), seen.process("scheduler")
    for process in {writer, clock}:
        os.kill(process, signal.SIGSTOP)
    hubspot.heal()
    return writer, clock


def test_who_was_stopped_for_longer_than_a_lease_neither_writes_nor_runs_the_clock_any_more(desk: Desk) -> None:
    broken: list[str] = []
    _miss_the_night(desk)
    evening = _highest(desk, "runs")
    with _watched(desk) as seen, _workers(desk) as workers:
        until(lambda: _portions(desk, since=evening) >= len(RANGES), what="the night's work", seconds=PATIENCE_S)
        until(partial(_is_at_rest, desk), what="rest", seconds=PATIENCE_S)
        desk.forget_counts()
        before = _highest(desk, "plans")
        quiet = _quiet(desk)
        assert len(quiet) >= STOPS * ASKERS
        for stop in range(STOPS):
            askers = quiet[stop * ASKERS : (stop + 1) * ASKERS]
            writer, clock = _stopped_mid_write(desk, seen, askers[:-1], point=POINTS[stop % len(POINTS)])
            time.sleep(as_many(quick=LEASE_S, full=60))
            until(partial(seen.another, clock), what="somebody else who runs the clock", seconds=PATIENCE_S)
            _ask(desk, askers[-1:])  # life goes on, and whoever comes to write finds the plan that was cut off
            until(partial(seen.another, writer, "write_back"), what="somebody else who writes back", seconds=PATIENCE_S)
            until(partial(_is_at_rest, desk), what="everything written by others", seconds=PATIENCE_S)
            done, holder = desk.writes(), seen.process("scheduler")
            for process in {writer, clock}:
                os.kill(process, signal.SIGCONT)
            for process in {writer, clock}:
                until(partial(_knows_that_it_was_late, workers, process), what=partial(_said, workers, process), seconds=PATIENCE_S)
            time.sleep(as_many(quick=2, full=10))  # for what it might do nevertheless
            broken += [f"{name} was written by who was stopped" for name, times in desk.writes().items() if done.get(name) != times]
            if seen.process("scheduler") != holder:
                broken.append(f"{clock} went on, and {holder} lost the clock to {seen.process('scheduler')}")
        broken += _written_otherwise(desk, before=before)
        night = _portions(desk, since=evening)
    fences = [fence for _, fence in seen.holders["scheduler"]]
    broken += [f"fence {b} after {a}" for a, b in pairwise(fences) if b <= a]
    broken += [] if night == len(RANGES) else [f"{night} runs of the {len(RANGES)} portions of one night"]
    served = Counter(str(crm) for (crm,) in _rows(desk, "SELECT connection FROM follow_ups"))
    assert set(served) == set(CRMS)
    assert served.total() == STOPS * ASKERS
    tally("P10", "holder of the clock stopped for longer than its lease", injected=STOPS, violations=broken)
    tally("P10", "writer stopped between two calls of a write-back for longer than its lease", injected=STOPS, violations=broken)
    tally("P10", "scheduled portion of the night, with four schedulers started at once", injected=len(RANGES), violations=broken)


def _said(workers: Sequence[Command], process: int) -> str:
    return next(w.err.read_text(encoding="utf-8") for w in workers if w.pid == process)


def _knows_that_it_was_late(workers: Sequence[Command], process: int) -> bool:
    """By the renewing of a lease, or by work that was refused behind one."""
    said = _said(workers, process)
    return "a lease was lost" in said or "LeaseLost" in said


def _highest(desk: Desk, table: str) -> int:
    """The number of the last run, or plan."""
    ((number,),) = _rows(desk, f"SELECT coalesce(max(id), 0) FROM {table}")
    return int(str(number))


def _portions(desk: Desk, *, since: int) -> int:
    """Portions of everybody that were scored, as the runs after this one say."""
    ((many,),) = _rows(desk, f"SELECT count(*) FROM runs WHERE verb = 'score' AND ended_at IS NOT NULL AND id > {since}")
    return int(str(many))
