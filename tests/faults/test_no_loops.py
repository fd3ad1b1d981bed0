"""Two CRMs hold the same people, both echo what we write, one rewrites it, and a third party copies between them: still no loops (P5).

Simulated hours pass with few real changes. Between two causes (somebody changes something, or a night in which points fell out of their
window) a field of a record is written once at most; what waits anywhere is done in the same hour. A true loop, in which what we write
changes what we read, is stopped by the breaker, shown, and healed when its cause is gone.
"""

import random
from collections import Counter
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from adapters.kit.sandbox.connector_between import Connector, open_side
from connector.flows.health import health
from connector.flows.retries import retry_parked
from connector.flows.row_changes import FLIPPING
from connector.ports.runs import Parked
from tests.support.fault_tally import as_many, tally
from tests.support.journeys import TASKS, Desk, Town, scored_town
from tests.support.simulated import Simulated, publish_unfading, simulated

HOUR = 3600
TITLES = ("Chief Executive Officer", "Intern", "IT Manager", "Director of Production", "Clerk")
PAIRS = (("Title", "jobtitle"), ("Phone", "phone"))
REWRITTEN = {"hotlead_next_action": "Ask Bob first"}
"""What the portal's workflow puts in place of ours whenever we write a score."""


@pytest.fixture(scope="module")
def live_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    def go_live(desk: Desk) -> None:
        assert desk.connect("hubspot", calls_per_10s="off", searches_per_second="off").code == 0
        publish_unfading(desk)
        desk.go_live("tasks")
        desk.ok("write-back", "--allow", "100000")

    more = {"hubspot": ("--tier", "professional", "--burst", "0", "--search-rate", "0")}
    with scored_town(tmp_path_factory.mktemp("town"), people=80, more=more) as town:
        yield town.after(go_live)


@dataclass(slots=True, kw_only=True)
class Days:
    """Hours that pass in a world with a third party between its CRMs."""

    world: Simulated
    third_party: Connector
    loops: list[str] = field(default_factory=list)
    """Writes that no cause explains: more than one of a field since the last cause, or of somebody about whom nothing was new."""
    written: int = 0
    """Records written since the beginning."""
    until_then: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    """What ends with its time, as it was at the last look; whatever is scored or planned next finds out."""
    waited: Counter[str] = field(default_factory=Counter)
    """What waited after a beat, at most, by lane."""

    def beat(self, seconds: float) -> None:
        """Time passes, the third party copies, the CRMs tell, and everything told goes its way."""
        world = self.world
        world.advance(seconds)
        self.third_party.turn()
        world.deliver(world.pushed())
        retry_parked(store=world.beside.here.store, clock=world.clock)
        world.beside.settle()
        for lane, many in world.beside.waiting().items():
            self.waited[lane] = max(self.waited[lane], many)

    def explain(self, *, about: Container[int]) -> None:
        """Looks at what was written since the last time, when there was news about these people only."""
        desk, writes = self.world.desk, self.world.desk.writes()
        before, self.until_then = self.until_then, _ends_with_time(desk)
        ended = {person for person, it in self.until_then.items() if before.get(person, it) != it}
        person = dict(
            desk.rows("SELECT o.connection || ' ' || o.source || '/' || m.id, m.person FROM members m JOIN sources o ON o.no = m.source")
        )
        fields = {name: many for name, many in writes.items() if name.split(" ")[1].split("/")[0] not in TASKS.values()}
        self.loops.extend(f"{name}: {many} times" for name, many in fields.items() if many > 1)
        known = {name: person.get(name.rpartition("/")[0]) for name in fields}
        self.loops.extend(f"{name}: nothing was new" for name, who in known.items() if who not in about and who not in ended)
        self.written += len({name.rpartition("/")[0] for name in fields})
        desk.forget_counts()

    def night(self) -> None:
        """Polls, then scores and plans everybody, and what that sets off settles; news is whose score came out otherwise."""
        before = _scores(self.world.desk)
        self.world.pull()
        self.world.night()
        after = _scores(self.world.desk)
        self.beat(60)
        self.beat(60)
        self.explain(about={person for person, score in after.items() if before.get(person) != score})


def _ends_with_time(desk: Desk) -> dict[int, tuple[Any, ...]]:
    """Hand-offs that count, and since when somebody who is still shown as warmer has been cooler, by person."""
    rows = desk.rows(
        "SELECT s.person, s.fired, json_extract(l.state, '$.cooler_since') FROM scores s LEFT JOIN ladder_states l ON l.person = s.person"
    )
    return {row[0]: row[1:] for row in rows}


def _scores(desk: Desk) -> dict[int, tuple[Any, ...]]:
    """What is written of a score, by person."""
    rows = desk.rows(
        "SELECT s.person, s.fit, s.engagement, s.grade, s.temperature, s.excluded, l.stage FROM scores s"
        " LEFT JOIN ladder_states l ON l.person = s.person"
    )
    return {row[0]: row[1:] for row in rows}


def _days(world: Simulated) -> Days:
    sides = []
    for crm, place in (("salesforce", 0), ("hubspot", 1)):
        sandbox = world.desk.sandboxes[crm]
        ready = {"crm": crm, "url": sandbox.url, "credentials": sandbox.credentials}
        sides.append(open_side(ready, fields=[pair[place] for pair in PAIRS]))
    return Days(world=world, third_party=Connector(*sides, pairs=PAIRS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Twice:
    """A person whom both CRMs hold."""

    person: int
    email: str
    source: str
    """In Salesforce: Lead or Contact."""
    record: str
    contact: str
    """In HubSpot."""


def _in_both(desk: Desk) -> list[Twice]:
    return [
        Twice(person=person, email=email, source=source, record=record, contact=contact)
        for person, email, source, record, contact in desk.rows(
            "SELECT p.id, p.email, o.source, m.id, h.id FROM persons p JOIN members m ON m.person = p.id JOIN sources o ON o.no = m.source"
            " JOIN members h ON h.person = p.id JOIN sources q ON q.no = h.source AND q.source = 'contacts'"
            " JOIN contacts c ON c.no = m.no JOIN scores s ON s.person = p.id"
            " WHERE o.source IN ('Lead', 'Contact') AND c.deleted = 0 AND c.survivor IS NULL AND s.excluded = ''"
            " AND p.email <> ''"
            " GROUP BY p.id HAVING count(*) = 1 ORDER BY p.id"
        )
    ]


def _change(desk: Desk, one: Twice, *, number: int) -> None:
    """A person gets another title, in one CRM or the other, or sends a form."""
    title = TITLES[number % len(TITLES)]
    match number % 3:
        case 0:
            desk.sandboxes["hubspot"].edit("contacts", one.contact, {"jobtitle": title})
        case 1:
            desk.sandboxes["salesforce"].edit(one.source, one.record, {"Title": title})
        case _:
            desk.inquires(one.email)


def test_a_thousand_hours_of_echoes_write_once_for_each_real_change(live_town: Town) -> None:
    hours, every = as_many(quick=150, full=1000), 5
    chance, changes = random.Random(5), 0
    with live_town.fresh() as desk, simulated(desk) as world:
        desk.sandboxes["hubspot"].automate("contacts", when_field="hotlead_score", values=REWRITTEN)
        days, people = _days(world), _in_both(desk)
        world.subscribe()
        days.beat(60)
        days.beat(60)
        desk.forget_counts()
        about: set[int] = set()
        for hour in range(1, hours + 1):
            if hour % every == 0:
                days.explain(about=about)
                one = chance.choice(people)
                about = {one.person}
                _change(desk, one, number=changes)
                changes += 1
                days.beat(60)
                days.beat(60)
            days.beat(HOUR)
            if hour % 24 == 0:
                days.explain(about=about)
                days.night()
                about = set()
        days.explain(about=about)
        runs = Counter(run.verb for run in world.beside.runs())
        fired = requests.get(f"{desk.sandboxes['hubspot'].url}/_sandbox/workflows", timeout=10).json()["fired"]

    assert fired >= changes // 3
    assert days.third_party.written > changes
    assert days.written > changes
    assert days.waited == Counter()
    assert runs["real time"] <= 2 * changes, "what says nothing new begins no run"
    tally("P5", "real changes among echoes, a rewriting workflow and a third party", injected=changes, violations=days.loops)
    tally("P5", "simulated hours of two CRMs that echo each other", injected=hours, violations=days.loops)


@dataclass(slots=True, kw_only=True)
class Contrarian:
    """An automation that a rule of ours reads: whenever our score changes, the contact becomes a chief, or an intern again."""

    desk: Desk
    contact: str
    seen: str = ""
    turns: int = 0

    def look(self) -> None:
        score = str(self.desk.value("hubspot", "contacts", self.contact, "hotlead_score"))
        if score != self.seen:
            self.seen = score
            self.turns += 1
            self.desk.sandboxes["hubspot"].edit("contacts", self.contact, {"jobtitle": TITLES[self.turns % 2]})


def _only_in_hubspot(desk: Desk) -> str:
    """A contact whom nobody else knows."""
    ((contact,),) = desk.rows(
        "SELECT min(m.id) FROM persons p JOIN members m ON m.person = p.id JOIN sources o ON o.no = m.source"
        " JOIN scores s ON s.person = p.id WHERE s.excluded = '' AND p.email <> ''"
        " GROUP BY p.id HAVING count(*) = 1 AND min(o.source) = 'contacts' ORDER BY p.id LIMIT 1"
    )
    return str(contact)


def _flipping(world: Simulated) -> list[Parked]:
    with world.beside.here.store.read() as tx:
        return [one for one in tx.parked.all(limit=99) if one.refusal.code == FLIPPING]


def _seen_by_admins(world: Simulated) -> int:
    """Rows that the health page says are left alone."""
    told = health(store=world.beside.here.store, now=world.clock(), version="", jobs=(), calls={}, receives=lambda _: True)
    return told.flipping


def test_a_true_loop_is_stopped_shown_and_healed(live_town: Town) -> None:
    """What we write changes what we read, thirty times an hour."""
    hours, beats, limit = as_many(quick=4, full=48), 30, 6
    with live_town.fresh() as desk, simulated(desk, breaker_writes=limit) as world:
        days, contrarian = _days(world), Contrarian(desk=desk, contact=_only_in_hubspot(desk))
        name = f"contacts/{contrarian.contact}/hotlead_score"
        world.subscribe()
        days.beat(60)
        desk.forget_counts()
        writes, shown, said, others = list[int](), list[int](), set[str](), set[str]()
        for _ in range(hours):
            for _ in range(beats):
                contrarian.look()
                days.beat(HOUR / beats)
                shown.append(_seen_by_admins(world))
                said |= {one.refusal.mended_by for one in _flipping(world)}
            written = desk.writes()
            writes.append(written.get(f"hubspot {name}", 0))
            others |= {one for one in written if contrarian.contact not in one}
            desk.forget_counts()
        for _ in range(3):
            days.beat(HOUR)
        left, healed = _flipping(world), desk.writes()
        waiting = world.beside.waiting()

    assert contrarian.turns > hours * (limit - 1), "the loop went on as long as it was there"
    assert shown.count(1) > len(shown) // 2
    assert said == {"admin of the CRM"}
    assert others == set()
    assert (left, waiting) == ([], {})
    assert healed.get(f"hubspot {name}", 0) <= 1
    tally("P5", "true loop, thirty flips an hour", injected=contrarian.turns, violations=[many for many in writes if many > limit + 1])
