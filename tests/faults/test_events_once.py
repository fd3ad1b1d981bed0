"""Events told one to five times, in any order, up to 72 hours late, leave what they leave when told once and in order (promise P2).

Two worlds live through the same hours. In one every event is drained in the hour of its change. In the other it comes late, shuffled, and
again and again. The rule that holds whatever comes when:

- In the end both stores know the same, everybody has the same score and stage, and both CRMs hold the same values.
- A person about whom there was one piece of news is written once in both, field by field by the CRM's own counters. Of several pieces the
  late world may skip what was over before it was told, and may learn them in another order: no record is written more often than there was
  news about its person.
- Exactly one task follows a trigger, in both. Hand-offs are the same in both. Who had several pieces of news may pass a band in one world
  only (a title that was over before it was told): stage, follow-up and fields of such a person are not compared, facts and score are.
  The last of several may also have moved the score by less than five points since the last write, so numbers in the CRM may lie that near
  to each other, with the reasons of their moment.
- Everything told once more at the very end writes nothing at all.
"""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.fault_tally import as_many, tally
from tests.support.journeys import CRMS, TASKS, Desk, Town, scored_town
from tests.support.simulated import Event, Simulated, publish_unfading, simulated
from tests.support.told import ACTED_ON, RECORDS, Everything, told

HOUR = 3600
LATEST_H = 72
MOST_COPIES = 5
CHANGING_H = 24
STEP_H = 8
"""Between two looks at the lanes once nothing changes any more."""
COOLING_H = 7 * 24
"""A lead cools so long after its news was learnt: both worlds go on until the last has, and what is written then has been told."""
TITLES = ("Chief Executive Officer", "Intern", "IT Manager", "Director of Production", "Clerk")
OF_THEIR_TIME = tuple(
    name for short in ("scored_at", "stage_since", "breakdown") for name in (f"hotlead_{short}", f"Hotlead_{short.title()}__c")
)
"""Our fields that say when, or hold what says when."""
REASONS = ("hotlead_reasons", "hotlead_reasons__c")
"""Written along with a score that moved, so they are of the same moment as the score beside them."""
TEMPERATURE = ("hotlead_temperature", "hotlead_temperature__c")
BREATH = 5
"""Points by which a score may move without being written."""
DECIDED = ("stages", "follow-ups", "raw", "contacts")
"""Of what a store knows: what the ladder remembers, and the CRM's own stage field that was written along."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One change in a CRM in some hour; `about` is the record whose person it is news about."""

    hour: int
    about: str
    do: Callable[[Desk], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a world ended."""

    events: int
    deliveries: int
    writes: Mapping[str, int]
    """By record and field, as the CRMs counted them."""
    rewritten: Mapping[str, int]
    """Writes after everything was told once more."""
    knows: Everything
    values: Mapping[str, object]
    """What both CRMs hold in our fields, by record and field; those that say when are left out."""
    journal: Mapping[str, object]
    """What was last written, by record and field."""
    triggers: Counter[str]
    """Follow-ups by person and rule."""
    tasks: Mapping[str, int]
    """Tasks that each CRM counted as made."""


@pytest.fixture(scope="module")
def live_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Everything live in both CRMs and written once. Points do not fade, so that a score says the same whenever it is looked at."""

    def go_live(desk: Desk) -> None:
        desk.environment["HOTLEAD_WRITE_LIMIT"] = "1000000"
        assert desk.connect("hubspot", calls_per_10s="off", searches_per_second="off").code == 0
        assert desk.connect("salesforce").code == 0
        publish_unfading(desk)
        desk.go_live("tasks")
        desk.ok("write-back", "--allow", "100000")

    people = as_many(quick=150, full=1500)
    more = {"hubspot": ("--tier", "professional", "--burst", "0", "--search-rate", "0")}
    with scored_town(tmp_path_factory.mktemp("town"), people=people, more=more) as town:
        yield town.after(go_live)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deeds:
    """What happens in both worlds. `once` are the records of people about whom there is one piece of news."""

    all: tuple[Deed, ...]
    once: frozenset[str]
    news: Counter[int]
    """Pieces of news by person."""
    person: Mapping[str, int]
    """By `crm Source/ID`, of those who were here at the beginning."""

    def most_writes(self, name: str) -> int:
        """How often a field (`crm Source/ID/field`) may be written: once for each piece of news; newcomers are one."""
        person = self.person.get(name.rpartition("/")[0])
        return 1 if person is None else self.news[person]


def _deeds(desk: Desk, *, chance: random.Random, again: int) -> Deeds:
    """A third of the people get one piece of news each, a third up to `again` of them; the others none."""
    made: list[Deed] = []
    person = {
        f"{crm} {source}/{record}": who
        for crm, source, record, who in desk.rows(
            "SELECT o.connection, o.source, m.id, m.person FROM members m JOIN sources o ON o.no = m.source"
        )
    }
    rows = desk.rows(
        "SELECT o.source, m.id, m.person FROM members m JOIN sources o ON o.no = m.source JOIN contacts c ON c.no = m.no"
        " JOIN raw r ON r.source = m.source AND r.id = m.id JOIN persons p ON p.id = m.person"
        " WHERE c.deleted = 0 AND c.survivor IS NULL AND r.survivor IS NULL AND p.email <> ''"
        " AND o.source IN ('Lead', 'Contact', 'contacts')"
        " ORDER BY m.person, o.source, m.id"
    )
    rows_of: dict[int, list[tuple[str, str]]] = {}
    for source, record, who in rows:
        rows_of.setdefault(who, []).append((source, record))
    people = sorted(rows_of)
    chance.shuffle(people)
    third = len(people) // 3
    news: Counter[int] = Counter()
    for number, who in enumerate(people[: 2 * third]):
        source, record = chance.choice(rows_of[who])
        hours = [chance.randrange(CHANGING_H)] if number < third else sorted(chance.choices(range(CHANGING_H), k=chance.randint(2, again)))
        for turn, hour in enumerate(hours):
            inquires = source == "contacts" and turn == 0 and number % 2 == 0
            made.append(_inquiry(hour, record) if inquires else _titled(hour, source, record, TITLES[(number + turn) % len(TITLES)]))
            news[who] += 1
    made.extend(_newcomer(hour=chance.randrange(CHANGING_H), number=n) for n in range(third // 2))
    once = frozenset(name for name, who in person.items() if news[who] == 1)
    return Deeds(all=tuple(sorted(made, key=lambda d: d.hour)), once=once, news=news, person=person)


def _titled(hour: int, source: str, record: str, title: str) -> Deed:
    crm, name = ("hubspot", "jobtitle") if source == "contacts" else ("salesforce", "Title")
    return Deed(hour=hour, about=f"{crm} {source}/{record}", do=lambda desk: desk.sandboxes[crm].edit(source, record, {name: title}))


def _inquiry(hour: int, contact: str) -> Deed:
    asked = {"contact": contact, "eventType": "e_submitted_form", "subject": "contact_sales"}
    return Deed(hour=hour, about=f"hubspot contacts/{contact}", do=lambda desk: desk.sandboxes["hubspot"].create("events", asked))


def _newcomer(*, hour: int, number: int) -> Deed:
    """Somebody whom nobody knew, in one of the CRMs."""
    name, email = f"New {number}", f"new{number}@newcomers.test"
    if number % 2:
        return Deed(
            hour=hour,
            about=email,
            do=lambda desk: desk.sandboxes["hubspot"].create("contacts", {"email": email, "lastname": name, "jobtitle": TITLES[0]}),
        )
    lead = {"Email": email, "LastName": name, "Company": f"{name} Ltd", "Title": TITLES[2]}
    return Deed(hour=hour, about=email, do=lambda desk: desk.sandboxes["salesforce"].create("Lead", lead))


@dataclass(slots=True, kw_only=True)
class Post:
    """Brings events: each at once and in order, or each some times, whenever."""

    world: Simulated
    chance: random.Random | None
    """None brings everything once, in order, at once."""
    under_way: list[tuple[float, Event]] = field(default_factory=list)
    """When each is due, in seconds of the clock."""
    told: list[Event] = field(default_factory=list)
    delivered: int = 0

    def bring(self) -> None:
        """Takes what the CRMs told since the last time, and delivers what is due."""
        now, told = self.world.clock().timestamp(), self.world.pushed()
        self.told.extend(told)
        for event in told:
            copies = self.chance.randint(1, MOST_COPIES) if self.chance else 1
            self.under_way.extend((now + (self.chance.uniform(0, LATEST_H * HOUR) if self.chance else 0), event) for _ in range(copies))
        due = [event for at, event in self.under_way if at <= now]
        self.under_way = [(at, event) for at, event in self.under_way if at > now]
        if self.chance:
            self.chance.shuffle(due)
        self.deliver(due)

    def deliver(self, events: list[Event]) -> None:
        self.world.deliver(events)
        self.delivered += len(events)
        self.world.beside.settle()


def _live_through(world: Simulated, deeds: Deeds, *, chance: random.Random | None) -> End:
    post = Post(world=world, chance=chance)
    world.subscribe()
    world.beside.settle()
    world.desk.forget_counts()
    for hour in range(CHANGING_H):
        for deed in (d for d in deeds.all if d.hour == hour):
            world.advance(1)
            deed.do(world.desk)
        world.clock_to(hours=hour + 1)
        post.bring()
    for hour in range(CHANGING_H + STEP_H, CHANGING_H + 2 * LATEST_H + COOLING_H + STEP_H + 1, STEP_H):
        world.clock_to(hours=hour)
        post.bring()
    assert post.under_way == []
    assert world.beside.waiting() == {}
    writes = world.desk.writes()
    world.desk.forget_counts()
    post.deliver(list(post.told))
    rewritten = world.desk.writes()
    world.night()
    return End(
        events=len(post.told),
        deliveries=post.delivered,
        writes=writes,
        rewritten=rewritten,
        knows=_known(world.desk),
        values=_values(world.desk),
        journal=_journal(world.desk),
        triggers=_triggers(world.desk),
        tasks={crm: len({name.split("/")[1] for name in writes if name.startswith(f"{crm} {TASKS[crm]}/")}) for crm in CRMS},
    )


def _known(desk: Desk) -> Everything:
    """What the store knows, but for what the night found to write: nothing waited before it. Of raw rows not our own fields: a CRM spells
    what we wrote its own way, and `_values` has them. Tasks that we made ourselves are numbered and dated by when we made them."""
    knows = told(desk, kinds={kind: how for kind, how in (RECORDS | ACTED_ON).items() if kind != "waiting"})
    knows["raw"] = [(*row[:3], _without_ours(row[3]), *row[4:]) for row in knows["raw"] if row[1] not in TASKS.values()]
    return knows


def _without_ours(fields: str) -> str:
    kept = {name: value for name, value in json.loads(fields).items() if not name.lower().startswith("hotlead_")}
    return json.dumps(kept, sort_keys=True)


def _values(desk: Desk) -> dict[str, object]:
    held: dict[str, object] = {}
    for crm, source, record in desk.rows(
        "SELECT o.connection, o.source, r.id FROM raw r JOIN sources o ON o.no = r.source"
        " WHERE o.source IN ('Lead', 'Contact', 'contacts') AND NOT r.deleted"
    ):
        state = desk.sandboxes[crm].record(source, record)
        fields = state["properties"] if crm == "hubspot" else state
        for name, value in fields.items():
            if name.lower().startswith("hotlead_") and name not in OF_THEIR_TIME:
                held[f"{crm} {source}/{record}/{name}"] = value
    return held


def _journal(desk: Desk) -> dict[str, object]:
    """The newest line of each field, but for those that say when."""
    lines = desk.rows(
        "SELECT o.connection || ' ' || o.source || '/' || j.id || '/' || j.field, j.field, j.after FROM journal j"
        " JOIN sources o ON o.no = j.source ORDER BY j.no"
    )
    newest = {name: after for name, field, after in lines if field not in OF_THEIR_TIME}
    # What was written and cleared again is as if it had never been written.
    return {name: after for name, after in newest.items() if after != "null"}


def _triggers(desk: Desk) -> Counter[str]:
    return Counter(f"{person} {rule}" for person, rule in desk.rows("SELECT f.person, f.rule FROM follow_ups f"))


def _hand_offs(triggers: Counter[str]) -> set[str]:
    """Those of inquiries: they are answered whatever the score."""
    return {one for one in triggers if one.endswith("_inquiry")}


def _apart(once: End, late: End, *, person: Mapping[str, int]) -> frozenset[int]:
    """Who passed a band in one world only: a follow-up came of it, or a temperature that lasts longer than its score."""
    followed = {int(one.split()[0]) for one in (once.triggers - late.triggers) + (late.triggers - once.triggers)}
    shown = (name.rpartition("/") for name in _differing(once.values, late.values))
    return frozenset(followed | {person[record] for record, _, ours in shown if ours.lower() in TEMPERATURE and record in person})


def _is_breath(one: object, other: object) -> bool:
    """Two numbers so near that the later was no cause to write."""
    try:
        return abs(float(str(one)) - float(str(other))) < BREATH
    except ValueError:
        return False


def _of_others(rows: list[tuple[Any, ...]], records: set[str]) -> list[tuple[Any, ...]]:
    """Rows whose person holds none of these records."""
    return [row for row in rows if not records.intersection(word for cell in row[:3] for word in str(cell).split())]


def _both(live_town: Town) -> tuple[End, End, Deeds]:
    """The same hours lived through twice: told once and in order, and told anyhow."""
    ends: list[End] = []
    now = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=5)
    for chance in (None, random.Random(7)):
        with live_town.fresh() as desk:
            deeds = _deeds(desk, chance=random.Random(11), again=as_many(quick=12, full=25))
            with simulated(desk, now=now) as world:
                ends.append(_live_through(world, deeds, chance=chance))
    return ends[0], ends[1], deeds


def test_events_once_or_many_times_in_order_or_not_now_or_late_end_the_same(live_town: Town) -> None:
    once, late, deeds = _both(live_town)

    assert late.events >= as_many(quick=600, full=10_000)
    assert late.deliveries > 2 * late.events
    apart = _apart(once, late, person=deeds.person)
    wrong: list[object] = [f"person {who}: a band passed in one world only" for who in apart if deeds.news[who] < 2]
    records = {name.rpartition("/")[2] for name, who in deeds.person.items() if who in apart}
    for name, known in once.knows.items():
        left_out = records if name in DECIDED else set()
        unlike = set(_of_others(known, left_out)) ^ set(_of_others(late.knows[name], left_out))
        wrong += [f"{name}: {row}" for row in sorted(unlike, key=str)]
    several = {name for name, who in deeds.person.items() if deeds.news[who] > 1}
    for one, other in ((once.values, late.values), (once.journal, late.journal)):
        for name in _differing(one, other):
            record, _, ours = name.rpartition("/")
            breath = record in several and (ours.lower() in REASONS or _is_breath(one.get(name), other.get(name)))
            wrong += [] if breath or deeds.person.get(record) in apart else [f"{name}: {one.get(name)!r}, {other.get(name)!r}"]
    wrong += [f"{name}: written unlike once" for name in _differing(once.writes, late.writes) if name.rpartition("/")[0] in deeds.once]
    wrong += [f"{name}: {many} writes" for name, many in late.writes.items() if many > deeds.most_writes(name)]
    wrong += [*once.rewritten, *late.rewritten]
    wrong += [one for end in (once, late) for one, many in end.triggers.items() if many != 1]
    assert _hand_offs(once.triggers) == _hand_offs(late.triggers)
    assert len(apart) <= len(deeds.news) / 20, apart
    assert all(sum(end.tasks.values()) == sum(end.triggers.values()) > 10 for end in (once, late))
    tally("P2", "events told 1-5 times, shuffled, up to 72 h late", injected=late.events, violations=wrong)


def _differing(one: Mapping[str, object], other: Mapping[str, object]) -> list[str]:
    return [name for name in sorted({*one, *other}) if one.get(name) != other.get(name)]
