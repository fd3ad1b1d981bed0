"""People and CRMs do anything in any order, pushes come, come twice, get lost or come late, polls and nights fall anywhere: one reconcile
and one pull later the store says what a pull into an empty one says.

What is compared, of the rows that live in a CRM:

- people, companies and deals, as stored and as mapped: equal;
- persons: who is one afresh is one here. Who is one here alone was tied by a row that is gone by now, as the older store saw: it was merged
  away, or shared an address;
- what people did within the last 80 days, as far as the CRMs tell it by itself (a counter tells only how far it rose while somebody
  looked): all that is told afresh is known here, and of persons who lost no row nothing else is;
- the fit of persons who lost no row.

History, times of learning, and what went away are the older store's own.
"""

import json
import random
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from connector.flows.progress import silent
from connector.flows.reconcile import reconcile
from connector.flows.road import score_stretch
from connector.flows.runs import recorded
from tests.support.fault_tally import as_many, tally
from tests.support.journeys import CRMS, Desk, Town, town
from tests.support.real_time import always, lanes
from tests.support.simulated import Event, Simulated, simulated

HOUR = 3600
PEOPLE = {"salesforce": "Lead", "hubspot": "contacts"}
TITLE = {"salesforce": "Title", "hubspot": "jobtitle"}
TITLES = ("Chief Executive Officer", "Intern", "IT Manager")
ONLY_LIVE = "NOT r.deleted AND r.survivor IS NULL"
BY_COUNTERS = ("email_open", "email_click", "unsubscribe")
TO_COMPANY, TO_DEAL = 279, 4
"""HubSpot's own types of association, from a contact."""
TOLD_WHOLE = ("Lead", "Contact", "Account", "Opportunity", "contacts", "companies", "deals")


@dataclass(frozen=True, slots=True, kw_only=True)
class Towns:
    """One pair of CRMs to begin with, and desks beside it: one that never read them, one that has written its scores."""

    unread: Town
    live: Town


@pytest.fixture(scope="module")
def towns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Towns]:
    def set_up(desk: Desk) -> None:
        desk.set_up()
        assert desk.connect("hubspot", calls_per_10s="off", searches_per_second="off").code == 0

    def go_live(desk: Desk) -> None:
        desk.ok("pull")
        desk.ok("score")
        desk.go_live("fields")
        desk.ok("write-back")

    with town(tmp_path_factory.mktemp("town"), people=14, activities=4.0, more={"hubspot": ("--burst", "0", "--search-rate", "0")}) as made:
        unread = made.after(set_up)
        yield Towns(unread=unread, live=unread.after(go_live))


@dataclass(slots=True, kw_only=True)
class Ties:
    """Rows that something tied together at some time: an address, a merge, a conversion."""

    above: dict[str, str] = field(default_factory=dict)

    def top(self, one: str) -> str:
        while (higher := self.above.get(one, one)) != one:
            one = higher
        return one

    def tie(self, one: str, other: str) -> None:
        self.above.setdefault(one, one)
        self.above.setdefault(other, other)
        self.above[self.top(other)] = self.top(one)

    def names(self) -> dict[str, str]:
        """For each row, one name for all that it is tied to."""
        return {one: self.top(one) for one in self.above}


class AnyOrder(RuleBasedStateMachine):
    """What may happen. Rows are named by a number, which stands for one of those that are left."""

    towns: ClassVar[Towns]

    def __init__(self) -> None:
        super().__init__()
        self.closing = ExitStack()
        self.desk = self.closing.enter_context(self.towns.live.fresh())
        self.world: Simulated = self.closing.enter_context(simulated(self.desk))
        self.world.subscribe()
        self.rows = {crm: _ids(self.desk, crm, source) for crm, source in PEOPLE.items()}
        self.binned: list[tuple[str, str]] = []
        self.under_way: list[Event] = []
        self.made = 0
        self.ties = Ties()
        for person, record in self.desk.rows("SELECT person, id FROM members"):
            self.ties.tie(f"person {person}", record)

    def one(self, crm: str, nth: int, *, taken: bool = False) -> str | None:
        rows = self.rows[crm]
        if not rows:
            return None
        return rows.pop(nth % len(rows)) if taken else rows[nth % len(rows)]

    def act(self, crm: str, act: str, **asked: object) -> dict[str, object]:
        self.world.advance(2)
        return self.desk.sandboxes[crm].act(act, **asked)

    @rule(crm=st.sampled_from(CRMS))
    def somebody_comes(self, crm: str) -> None:
        self.made += 1
        name, email = f"New {self.made}", f"new{self.made // 2}@newcomers.test"
        person = {"email": email, "lastname": name} if crm == "hubspot" else {"Email": email, "LastName": name, "Company": "New Ltd"}
        self.world.advance(2)
        try:
            record = self.desk.sandboxes[crm].create(PEOPLE[crm], person)
            self.rows[crm].append(record)
            self.ties.tie(email, record)
        except AssertionError:
            assert crm == "hubspot", "an address may stand in HubSpot once"

    @rule(crm=st.sampled_from(CRMS), nth=st.integers(0, 99), title=st.sampled_from(TITLES))
    def somebody_is_edited(self, crm: str, nth: int, title: str) -> None:
        record = self.one(crm, nth)
        self.world.advance(2)
        if record is not None:
            self.desk.sandboxes[crm].edit(PEOPLE[crm], record, {TITLE[crm]: title})

    @rule(crm=st.sampled_from(CRMS), nth=st.integers(0, 99))
    def somebody_is_deleted(self, crm: str, nth: int) -> None:
        record = self.one(crm, nth, taken=True)
        if record is not None:
            self.act(crm, "delete", source=PEOPLE[crm], record=record)
            self.binned.append((crm, record))

    @rule(nth=st.integers(0, 99))
    def somebody_comes_back(self, nth: int) -> None:
        if self.binned:
            crm, record = self.binned.pop(nth % len(self.binned))
            self.act(crm, "undelete", source=PEOPLE[crm], record=record)
            self.rows[crm].append(record)

    @rule(crm=st.sampled_from(CRMS), nth=st.integers(0, 99))
    def somebody_is_erased(self, crm: str, nth: int) -> None:
        record = self.one(crm, nth, taken=True)
        if record is not None:
            self.act(crm, "erase", source=PEOPLE[crm], record=record)

    @rule(crm=st.sampled_from(CRMS), nth=st.integers(0, 99), other=st.integers(0, 99))
    def two_are_merged(self, crm: str, nth: int, other: int) -> None:
        if len(self.rows[crm]) < 2:
            return
        loser, winner = self.one(crm, nth, taken=True), self.one(crm, other, taken=True)
        told = self.act(crm, "merge", source=PEOPLE[crm], winner=winner, losers=[loser])
        survivor = str(told["id"]) if crm == "hubspot" else str(winner)
        self.rows[crm].append(survivor)
        self.ties.tie(survivor, str(winner))
        self.ties.tie(survivor, str(loser))

    @rule(nth=st.integers(0, 99))
    def a_lead_is_converted(self, nth: int) -> None:
        record = self.one("salesforce", nth, taken=True)
        if record is not None:
            told = self.act("salesforce", "convert", source="Lead", record=record, opportunity="Won over")
            for made in told.values():
                self.ties.tie(record, str(made))

    @rule(nth=st.integers(0, 99), to=st.sampled_from([("companies", TO_COMPANY), ("deals", TO_DEAL)]), ends=st.booleans())
    def a_tie_is_made_or_ends(self, nth: int, to: tuple[str, int], *, ends: bool) -> None:
        record, others = self.one("hubspot", nth), _ids(self.desk, "hubspot", to[0])
        if record is not None and others:
            deed = "separate" if ends else "associate"
            self.act("hubspot", deed, source="contacts", record=record, to_source=to[0], to=others[nth % len(others)], types=[to[1]])

    @rule(nth=st.integers(0, 99))
    def somebody_does_something(self, nth: int) -> None:
        contact, lead = self.one("hubspot", nth), self.one("salesforce", nth)
        self.world.advance(2)
        if contact is not None:
            form = {"contact": contact, "eventType": "e_submitted_form", "subject": "contact_sales"}
            self.desk.sandboxes["hubspot"].create("events", form)
        if lead is not None:
            done = {"WhoId": lead, "Subject": "Re: hello", "Status": "Completed", "TaskSubtype": "Email"}
            self.desk.sandboxes["salesforce"].create("Task", done)

    @rule(fate=st.sampled_from(["in order", "shuffled", "twice", "half", "lost"]), seed=st.integers(0, 9))
    def pushes_come(self, fate: str, seed: int) -> None:
        events, chance = [*self.under_way, *self.world.pushed()], random.Random(seed)
        self.under_way = []
        if fate == "lost":
            return
        if fate != "in order":
            chance.shuffle(events)
        if fate == "half":
            events, self.under_way = events[::2], events[1::2]
        self.world.deliver(events * 2 if fate == "twice" else events)

    @rule(crm=st.sampled_from(CRMS))
    def it_is_drained(self, crm: str) -> None:
        self.world.beside.drain(crm)

    @rule(crm=st.sampled_from(CRMS))
    def it_is_polled(self, crm: str) -> None:
        self.world.pull(crm)

    @rule(crm=st.sampled_from(CRMS))
    def it_is_reconciled(self, crm: str) -> None:
        _reconcile(self.world, crm)

    @rule()
    def it_is_scored_and_written(self) -> None:
        self.world.beside.score()
        self.world.beside.write()

    @rule(minutes=st.sampled_from([1, 20, 300]))
    def time_passes(self, minutes: int) -> None:
        self.world.advance(60 * minutes)

    def teardown(self) -> None:
        with self.closing:
            self.world.advance(HOUR)
            for crm in CRMS:
                _reconcile(self.world, crm)
            self.world.beside.drain()
            self.world.pull()
            self.world.beside.drain()
            here = _picture(self.world)
            self.world.beside.here.store.close()
            anew = self.towns.unread.desk(self.desk.sandboxes)
            with lanes(anew, clock=self.world.clock) as beside:
                afresh = Simulated(desk=anew, beside=beside, clock=self.world.clock, receiver=self.world.receiver, began=self.world.began)
                afresh.pull()
                there = _picture(afresh)
            found = _differences(here, there, ties=self.ties.names())
            assert not found, "\n".join(map(str, found))


def _reconcile(world: Simulated, crm: str) -> None:
    told = reconcile(world.beside.road, connection=world.beside.connection(crm), going=always, progress=silent)
    assert told.failures == ()


def _ids(desk: Desk, crm: str, source: str) -> list[str]:
    rows = desk.rows(
        f"SELECT r.id, r.fields FROM raw r JOIN sources o ON o.no = r.source WHERE o.connection = ? AND o.source = ? AND {ONLY_LIVE}"
        " ORDER BY r.id",
        crm,
        source,
    )
    return [record for record, fields in rows if not json.loads(fields).get("IsConverted")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What a store says after everybody was scored. Persons are sets of the ids of their live rows."""

    rows: Mapping[tuple[str, str], tuple[object, ...]]
    """By source and id: as stored, as mapped."""
    persons: frozenset[frozenset[str]]
    whole: frozenset[frozenset[str]]
    """Persons of whom no row is gone."""
    deeds: frozenset[tuple[frozenset[str], str, int]]
    fit: Mapping[frozenset[str], tuple[object, ...]]


def _picture(world: Simulated) -> Picture:
    with recorded(store=world.beside.here.store, verb="score", clock=world.clock) as running:
        score_stretch(world.beside.road, running=running)
    desk = world.desk
    members: dict[int, list[tuple[str, bool]]] = {}
    for person, record, gone in desk.rows(
        "SELECT m.person, m.id, r.id IS NULL OR r.deleted OR r.survivor IS NOT NULL FROM members m"
        " LEFT JOIN raw r ON r.source = m.source AND r.id = m.id"
    ):
        members.setdefault(person, []).append((record, bool(gone)))
    who = {person: frozenset(record for record, gone in rows if not gone) for person, rows in members.items()}
    since = int((world.clock() - timedelta(days=80)).timestamp() * 1_000_000)
    deeds = desk.rows(
        "SELECT a.person, w.word, a.at FROM activities a JOIN words w ON w.id = a.kind JOIN lists l ON l.no = w.list"
        f" WHERE l.name = 'activity.kind' AND a.at >= ? AND w.word NOT IN {BY_COUNTERS}",
        since,
    )
    scores = desk.rows("SELECT person, fit, excluded FROM scores")
    return Picture(
        rows=_rows(desk),
        persons=frozenset(one for one in who.values() if one),
        whole=frozenset(who[person] for person, rows in members.items() if not any(gone for _, gone in rows)),
        deeds=frozenset((who[person], kind, at) for person, kind, at in deeds if who.get(person)),
        fit={who[person]: tuple(score) for person, *score in scores if who.get(person)},
    )


def _rows(desk: Desk) -> dict[tuple[str, str], tuple[object, ...]]:
    found: dict[tuple[str, str], tuple[object, ...]] = {}
    for source, record, fields in desk.rows(
        f"SELECT o.source, r.id, r.fields FROM raw r JOIN sources o ON o.no = r.source WHERE {ONLY_LIVE} AND o.source IN {TOLD_WHOLE}"
    ):
        found[source, record] = (_settled(fields),)
    for query in (
        "SELECT o.source, m.id, c.mapped FROM contacts c JOIN members m ON m.no = c.no JOIN sources o ON o.no = m.source",
        "SELECT o.source, c.id, c.mapped FROM companies c JOIN sources o ON o.no = c.source",
        "SELECT o.source, d.id, d.mapped, d.state, d.contacts FROM deals d JOIN sources o ON o.no = d.source",
    ):
        for source, record, *mapped in desk.rows(query):
            if (source, record) in found:
                found[source, record] += tuple(mapped)
    return found


def _settled(fields: str) -> str:
    """Without our own fields, which a CRM spells its own way."""
    return json.dumps({n: v for n, v in json.loads(fields).items() if not n.lower().startswith("hotlead_")}, sort_keys=True)


def _differences(here: Picture, there: Picture, *, ties: Mapping[str, str]) -> list[object]:
    """What breaks the rules of this file. `ties` give each row the name of all that was ever tied to it."""
    keys = here.rows.keys() | there.rows.keys()
    found: list[object] = [(k, here.rows.get(k), there.rows.get(k)) for k in keys if here.rows.get(k) != there.rows.get(k)]
    holder = {record: person for person in here.persons for record in person}
    found += [("apart here", sorted(one)) for one in there.persons if len({holder.get(record) for record in one}) != 1]
    afresh = {record: "|".join(sorted(one)) for one in there.persons for record in one}
    for person in here.persons - there.persons:
        tied = {ties.get(record, afresh.get(record, record)) for record in person}
        if len(tied) > 1:
            found.append(("one here without a reason", sorted(person), tied))
    told = {(holder[next(iter(person))], kind, at) for person, kind, at in there.deeds if next(iter(person)) in holder}
    found += [("not known here", sorted(person), kind, at) for person, kind, at in told - here.deeds]
    found += [("known here alone", sorted(person), kind, at) for person, kind, at in here.deeds - told if person in here.whole]
    same = here.whole & there.whole
    found += [("fit", sorted(one), here.fit.get(one), there.fit.get(one)) for one in same if here.fit.get(one) != there.fit.get(one)]
    return found


def test_whatever_happened_in_whatever_order_a_reconcile_and_a_pull_say_what_is(towns: Towns) -> None:
    examples, steps = as_many(quick=7, full=60), as_many(quick=12, full=20)
    asked = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(type("AnyOrderHere", (AnyOrder,), {"towns": towns}), settings=asked)
    tally("P9", "orders of what people, CRMs and pushes do, compared with a pull into an empty store", injected=examples)
