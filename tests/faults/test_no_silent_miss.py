"""What no push and no poll told is planted in both CRMs by the hundred; one reconcile finds every one of them (promise P9)."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from itertools import count

import pytest

from connector.core.records import RecordKey
from connector.flows.progress import silent
from connector.flows.readings import readings_of
from connector.flows.reconcile import reconcile
from connector.ports.crm import RawRecord
from connector.ports.rows import StoredRaw
from tests.support.fault_tally import as_many, tally
from tests.support.journeys import CRMS, Desk, Town, scored_town
from tests.support.real_time import always
from tests.support.simulated import Simulated, simulated

PEOPLE = {"salesforce": "Lead", "hubspot": "contacts"}
TITLE = {"salesforce": "Title", "hubspot": "jobtitle"}
NO_LIMITS = {"hubspot": ("--burst", "0", "--search-rate", "0")}
NO_PACE = {"salesforce": {}, "hubspot": {"calls_per_10s": "off", "searches_per_second": "off"}}
HOUR = 3600
_numbers = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """One row that is otherwise in the CRM than here, and why nobody told."""

    why: str
    key: RecordKey


@pytest.fixture(scope="module")
def pulled_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    people = as_many(quick=160, full=1200)
    with scored_town(tmp_path_factory.mktemp("town"), people=people, more=NO_LIMITS) as town:
        yield town


@pytest.fixture
def world(pulled_town: Town) -> Iterator[Simulated]:
    def unhurried(desk: Desk) -> None:
        assert desk.connect("hubspot", **NO_PACE["hubspot"]).code == 0

    with ExitStack() as stack:
        desk = stack.enter_context(pulled_town.fresh())
        yield stack.enter_context(simulated(desk, prepare=unhurried))


@dataclass(slots=True, kw_only=True)
class Planter:
    """Plants misses in rows that no other miss has touched."""

    world: Simulated
    each: int
    rows: dict[str, Iterator[str]]
    planted: list[Miss]

    def next(self, crm: str) -> str:
        return next(self.rows[crm])

    def add(self, why: str, crm: str, record: str, *, source: str | None = None) -> None:
        self.planted.append(Miss(why=why, key=RecordKey(crm, source or PEOPLE[crm], record)))

    def edit(self, crm: str, record: str) -> None:
        self.world.desk.sandboxes[crm].edit(PEOPLE[crm], record, {TITLE[crm]: f"Chief of {next(_numbers)}"})

    def make(self, crm: str) -> str:
        number = next(_numbers)
        person = {"email": f"missed{number}@missed.test", "lastname": f"Missed {number}"}
        lead = {"Email": person["email"], "LastName": person["lastname"], "Company": f"Missed {number} Ltd"}
        return self.world.desk.sandboxes[crm].create(PEOPLE[crm], person if crm == "hubspot" else lead)


def _planter(world: Simulated, *, each: int) -> Planter:
    rows: dict[str, Iterator[str]] = {}
    for crm in CRMS:
        found = world.desk.rows(
            "SELECT r.id FROM raw r JOIN sources o ON o.no = r.source WHERE o.source = ? AND NOT r.deleted AND r.survivor IS NULL"
            " AND r.fields NOT LIKE '%\"IsConverted\": true%' AND r.fields NOT LIKE '%\"IsConverted\":true%' ORDER BY r.id",
            PEOPLE[crm],
        )
        rows[crm] = iter([one for (one,) in found])
    return Planter(world=world, each=each, rows=rows, planted=[])


def _behind_the_cursor(plant: Planter) -> None:
    """Rows that queries show long after their stamp, and rows whose stamp lies behind what was read already; a poll comes after each."""
    world = plant.world
    for sandbox in world.desk.sandboxes.values():
        sandbox.lag(seconds=2 * HOUR)
    for crm in CRMS:
        for _ in range(plant.each):
            plant.add("seen late by queries", crm, plant.make(crm))
            record = plant.next(crm)
            plant.edit(crm, record)
            plant.add("seen late by queries", crm, record)
    for sandbox in world.desk.sandboxes.values():
        sandbox.lag(seconds=0)
    _read_past(world)
    for crm in CRMS:
        for _ in range(plant.each):
            record = plant.next(crm)
            plant.edit(crm, record)
            world.desk.sandboxes[crm].touch(PEOPLE[crm], ids=[record], at=world.clock() - timedelta(minutes=30 + next(_numbers) % 20))
            plant.add("stamped behind the cursor", crm, record)
        alike = [plant.next(crm) for _ in range(plant.each)]
        for record in alike:
            plant.edit(crm, record)
            plant.add("equal stamps behind the cursor", crm, record)
        world.desk.sandboxes[crm].touch(PEOPLE[crm], ids=alike, at=world.clock() - timedelta(minutes=25))
    for _ in range(plant.each):
        at = world.clock() - timedelta(hours=5, minutes=next(_numbers) % 50)
        visitor = {"contact": plant.next("hubspot"), "eventType": "e_visited_page", "subject": "/pricing", "seconds": 40}
        world.desk.sandboxes["hubspot"].create("events", {**visitor, "occurredAt": at.isoformat()})
    world.pull()


def _read_past(world: Simulated) -> None:
    """Both cursors go on by what somebody else changes, beyond every overlap."""
    for _ in range(4):
        world.advance(HOUR)
        for crm, source in (("salesforce", "Account"), ("hubspot", "companies")):
            ((one,),) = world.desk.rows(
                "SELECT min(r.id) FROM raw r JOIN sources o ON o.no = r.source WHERE o.source = ? AND NOT r.deleted", source
            )
            world.desk.sandboxes[crm].edit(source, one, {"name" if crm == "hubspot" else "Name": f"Renamed {next(_numbers)}"})
        for crm in CRMS:
            # Made and read at once, so that the cursor of the source itself goes on.
            plain = {"lastname": "Bystander"} if crm == "hubspot" else {"LastName": "Bystander", "Company": "By"}
            world.desk.sandboxes[crm].create(PEOPLE[crm], plain)
        world.pull()


def _never_told(plant: Planter) -> None:
    """What happened since the last poll, without a push."""
    world = plant.world
    for crm in CRMS:
        sandbox = world.desk.sandboxes[crm]
        for _ in range(plant.each):
            world.advance(1)
            plant.add("made, not told", crm, plant.make(crm))
            edited, deleted, erased = (plant.next(crm) for _ in range(3))
            plant.edit(crm, edited)
            plant.add("changed, not told", crm, edited)
            sandbox.delete(PEOPLE[crm], deleted)
            plant.add("deleted, not told", crm, deleted)
            sandbox.act("erase", source=PEOPLE[crm], record=erased)
            plant.add("erased, not told", crm, erased)
            _merge(plant, crm)
    for _ in range(plant.each):
        converted = plant.next("salesforce")
        world.desk.sandboxes["salesforce"].act("convert", source="Lead", record=converted, opportunity="Quiet")
        plant.add("converted, not told", "salesforce", converted)


def _merge(plant: Planter, crm: str) -> None:
    winner, loser = plant.next(crm), plant.next(crm)
    told = plant.world.desk.sandboxes[crm].act("merge", source=PEOPLE[crm], winner=winner, losers=[loser])
    plant.add("merged, not told", crm, loser)
    if crm == "hubspot":
        plant.add("merged, not told", crm, winner)
        plant.add("made by a merge, not told", crm, str(told["id"]))


def _undeleted(plant: Planter) -> None:
    """Rows that the store learned were deleted come back."""
    world, gone = plant.world, [(crm, plant.next(crm)) for crm in CRMS for _ in range(plant.each)]
    for crm, record in gone:
        world.desk.sandboxes[crm].delete(PEOPLE[crm], record)
        world.beside.hint(crm, PEOPLE[crm], record)
    world.beside.drain()
    for crm, record in gone:
        world.desk.sandboxes[crm].act("undelete", source=PEOPLE[crm], record=record)
        plant.add("undeleted, not told", crm, record)


def _around_people(plant: Planter) -> None:
    """Companies and deals: changed, made, tied to somebody else."""
    world = plant.world
    salesforce, hubspot = world.desk.sandboxes["salesforce"], world.desk.sandboxes["hubspot"]
    companies = {source: _ids(world, source) for source in ("Account", "companies", "Opportunity", "deals", "Contact")}
    for number in range(plant.each):
        world.advance(1)
        salesforce.edit("Account", companies["Account"][number], {"Industry": "Banking"})
        plant.add("company changed, not told", "salesforce", companies["Account"][number], source="Account")
        hubspot.edit("companies", companies["companies"][number], {"industry": "BANKING"})
        plant.add("company changed, not told", "hubspot", companies["companies"][number], source="companies")
        deal, contact = companies["Opportunity"][number], companies["Contact"][-1 - number]
        salesforce.create("OpportunityContactRole", {"OpportunityId": deal, "ContactId": contact, "Role": "Evaluator"})
        plant.add("deal tied to a person, not told", "salesforce", deal, source="Opportunity")
        deal, contact = companies["deals"][number], plant.next("hubspot")
        hubspot.act("associate", source="deals", record=deal, to_source="contacts", to=contact, types=[3])
        plant.add("deal tied to a person, not told", "hubspot", deal, source="deals")


def _ids(world: Simulated, source: str) -> list[str]:
    found = world.desk.rows(
        "SELECT r.id FROM raw r JOIN sources o ON o.no = r.source WHERE o.source = ? AND NOT r.deleted ORDER BY r.id", source
    )
    return [one for (one,) in found]


def _wrong_here(world: Simulated, planted: Sequence[Miss]) -> list[Miss]:
    """Those whose row here says something else than the CRM does now."""
    wrong: list[Miss] = []
    for crm, source in sorted({(m.key.connection, m.key.source) for m in planted}):
        connection = world.beside.connection(crm)
        read = readings_of(world.beside.here.store, connection=connection, ladder=world.beside.road.documents().ladder)[source].read
        some = [m for m in planted if (m.key.connection, m.key.source) == (crm, source)]
        there = world.beside.road.crm(connection).reread(
            source=source, ids=[m.key.id for m in some], fields=read.fields, related=read.related
        )
        with world.beside.here.store.read() as tx:
            here = tx.raw.get([m.key for m in some])
        wrong.extend(m for m, row in zip(some, there, strict=True) if _said(row) != _said(here.get(m.key)))
    return wrong


def _said(row: RawRecord | StoredRaw | None) -> object:
    """What a row says; of one that is gone, only that."""
    return None if row is None else ({} if row.deleted else row.fields, row.deleted, row.survivor)


def _views(world: Simulated) -> int:
    """Page views that are known here."""
    ((views,),) = world.desk.rows(
        "SELECT count(*) FROM activities a JOIN words w ON w.id = a.kind JOIN lists l ON l.no = w.list"
        " WHERE l.name = 'activity.kind' AND w.word = 'page_view'"
    )
    return int(views)


def test_one_reconcile_finds_every_planted_miss(world: Simulated) -> None:
    plant = _planter(world, each=as_many(quick=3, full=24))
    views = _views(world)
    _behind_the_cursor(plant)
    missed_views = plant.each - (_views(world) - views)
    _never_told(plant)
    _undeleted(plant)
    _around_people(plant)
    misses = _wrong_here(world, plant.planted)

    for crm in CRMS:
        told = reconcile(world.beside.road, connection=world.beside.connection(crm), going=always, progress=silent)
        assert told.failures == ()
    world.beside.drain()

    left = _wrong_here(world, misses)
    kinds, unfound = Counter(m.why for m in misses), Counter(m.why for m in left)
    assert _views(world) - views == plant.each
    assert len(kinds) == 13, f"some kinds of miss were told after all: {kinds}"
    for why, many in sorted(kinds.items()):
        tally("P9", why, injected=many, violations=[m for m in left if m.why == why])
    tally("P9", "page view of hours ago, not told", injected=missed_views)
    assert unfound == Counter()
    for crm in CRMS:
        again = reconcile(world.beside.road, connection=world.beside.connection(crm), going=always, progress=silent)
        assert again.found == 0
