"""One look at a lane of people to be written, and what a slice of them calls for: planned, held against the limits, carried out.

Station: `write_due` says which slices; this plans and writes one. What is asked of a person stands in `asking`.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from connector.core.people import PersonId
from connector.flows.asking import SPARE, Question, Standing, refusal, spend
from connector.flows.plan import SomePlanned, plan_people
from connector.flows.planning import Intent
from connector.flows.published import Published
from connector.flows.road import Road
from connector.flows.road_back import NO_LIMIT, execute_stretch, reach, undone
from connector.flows.runs import NIGHTLY, REAL_TIME, Running, recorded
from connector.flows.write_back import Written
from connector.ports.connections import Connection
from connector.ports.errors import HotleadError
from connector.ports.inbox import Lane, Mark
from connector.ports.runs import SET_BACK
from connector.ports.store import Tx

JUST_NOW = timedelta(days=1)
"""Whoever asked to be called within this time goes on above a limit."""


@dataclass(slots=True, kw_only=True)
class LaneMemory:
    """What one process remembers from one look at the lane to the next; a new process merely looks once more."""

    held_until: int = 0
    """Turns up to this one have been looked at while a connection did not answer."""
    asked: frozenset[str] | None = None
    """Connections with an open question at the last look; with fewer of them, whoever waits for an answer is looked at once more."""
    night_until: int = 0
    """As `held_until`, in the lane of the night, as far as it was gone through."""
    night_aside: frozenset[str] = frozenset()
    """Connections that took no part when it was gone through; with fewer of them it is gone through once more."""
    tries: int = 0
    shut: set[str] = field(default_factory=set)
    """Connections that could not be opened or asked; not tried before `again_at`."""
    owed: set[PersonId] = field(default_factory=set)
    """People in a plan that was cut off: once they leave the lane, they count among those written."""
    again_at: datetime | None = None
    """When a plan that was cut off, or a connection that is shut, is tried again."""
    put_off_at: datetime | None = None
    """When that was said."""

    def is_time(self, now: datetime) -> bool:
        """Whether what was put off may be tried, also because the clock was set back since."""
        return self.again_at is None or now >= self.again_at or (self.put_off_at is not None and self.put_off_at - now > SET_BACK)


@dataclass(slots=True, kw_only=True)
class Pass:
    """One look at the lane."""

    road: Road
    connections: tuple[Connection, ...]
    closing: ExitStack
    worker: str
    memory: LaneMemory
    high: int = 0
    aside: set[str] = field(default_factory=set)
    """Connections that do not answer."""
    held: set[str] = field(default_factory=set)
    """Connections whose limit is reached: only whoever just asked to be called is written there."""
    drained: set[str] = field(default_factory=set)
    """Connections where not even those are."""
    lane: Lane = Lane.WRITE
    running: Running | None = None
    rows: Counter[str] = field(default_factory=Counter)
    """Records that count against the limit so far, by connection."""
    questions: dict[str, Question] = field(default_factory=dict)
    """What stands or was just asked, by connection."""
    tally: Counter[str] = field(default_factory=Counter)
    failures: list[HotleadError] = field(default_factory=list)
    is_answered: bool = True
    """Whether every connection did what was asked of it."""
    lags_s: list[float] = field(default_factory=list)
    people: int = 0
    waiting: int = 0
    rewritten: int = 0

    def begin(self, lane: Lane, standing: Standing) -> None:
        """Turns to a lane as it stands."""
        self.lane, self.rows, self.questions = lane, Counter(standing.spent), dict(standing.questions)
        self.held = {name for name in self.questions if self.rows[name] >= self.limit_of(name)}
        self.drained = {name for name in self.held if self.rows[name] >= self.limit_of(name, spare=True)}

    def run(self) -> Running:
        """The run of this pass, begun when there is something to do."""
        if self.running is None:
            road, verb = self.road, NIGHTLY if self.lane is Lane.NIGHT else REAL_TIME
            self.running = self.closing.enter_context(recorded(store=road.store, verb=verb, clock=road.clock, worker=road.worker))
        return self.running

    def limit_of(self, name: str, *, spare: bool = False) -> int:
        limit = next(c.write_limit for c in self.connections if c.name == name)
        return limit + limit // SPARE if spare else limit

    def fail(self, failure: HotleadError) -> None:
        self.run().failures.append(failure)
        self.failures.append(failure)

    def does_not_answer(self, failure: HotleadError) -> None:
        self.fail(failure)
        self.is_answered = False

    def count(self, written: Written) -> None:
        self.tally.update(written.tally)
        for failure in written.failures:
            self.does_not_answer(failure)


def write_slice(one: Pass, *, marks: Sequence[Mark], documents: Published) -> None:
    """Plans and carries out what these people call for; who is live in a connection that took no part stays in the lane."""
    if one.held and one.lane is Lane.WRITE:
        urgent = _urgent(one, marks=marks, documents=documents)
        _write(one, marks=[m for m in marks if m.person in urgent], documents=documents, spare=True)
        marks = [m for m in marks if m.person not in urgent]
    _write(one, marks=marks, documents=documents, spare=False)


def leave(one: Pass, marks: Sequence[Mark]) -> None:
    """People leave the lane, unless something new about them came since."""
    people: list[PersonId] = [m.person for m in marks]
    one.road.store.write(partial(_done, people=people, lane=one.lane, until=one.high))
    one.people += len(people)


def _done(tx: Tx, *, people: Sequence[PersonId], lane: Lane, until: int) -> None:
    tx.marks.done(people, lane=lane, until=until)


def _urgent(one: Pass, *, marks: Sequence[Mark], documents: Published) -> frozenset[PersonId]:
    """Whom a hand-off rule took lately: they asked for something, and somebody is to call them at once."""
    with one.road.store.read() as tx:
        scores = tx.scores.current([m.person for m in marks], model=documents.model.name)
    since = (one.road.clock() - JUST_NOW).timestamp()
    return frozenset(p for p, row in scores.items() if any(at >= since for at in json.loads(row.fired).values()))


def _write(one: Pass, *, marks: Sequence[Mark], documents: Published, spare: bool) -> None:
    if not marks:
        return
    planned = _plan(one, marks=marks, documents=documents, aside=one.aside | (one.drained if spare else one.held))
    over = [name for name, rows in planned.rows.items() if one.rows[name] + rows > one.limit_of(name, spare=spare)]
    if not over:
        _carry_out(one, planned=planned, marks=marks)
        return
    for name in over:
        _ask(one, name=name, rows=planned.rows[name])
    one.held.update(over)
    if spare:
        one.drained.update(over)
        _write(one, marks=marks, documents=documents, spare=True)
    else:
        write_slice(one, marks=marks, documents=documents)


def _carry_out(one: Pass, *, planned: SomePlanned, marks: Sequence[Mark]) -> None:
    one.rewritten += planned.rewritten
    failed: set[str] = set()
    now = one.road.clock()
    if planned.plan is not None:
        one.road.store.write(partial(spend, lane=one.lane, rows=planned.rows, now=now))
        one.rows.update(planned.rows)
        written = execute_stretch(one.road, plan=planned.plan, running=one.run(), look_again=False, allow=NO_LIMIT)
        one.count(written)
        failed = set(undone(written.tally)) if written.failures else set()
    staying = planned.aside | (planned.acted_on if failed else frozenset())
    done = [m for m in marks if m.person not in staying]
    if one.lane is Lane.WRITE:
        _observe(one, done=done, acted_on=planned.acted_on, staying=staying)
    one.waiting += len(marks) - len(done)
    one.aside |= failed
    leave(one, done)


def _observe(one: Pass, *, done: Sequence[Mark], acted_on: frozenset[PersonId], staying: frozenset[PersonId]) -> None:
    """How long whoever is written now waited for it."""
    now, owed = one.road.clock(), one.memory.owed
    written_now = acted_on | owed
    one.lags_s.extend((now - m.since).total_seconds() for m in done if m.person in written_now)
    owed.update(acted_on & staying)
    owed.difference_update(m.person for m in done)


def _plan(one: Pass, *, marks: Sequence[Mark], documents: Published, aside: set[str]) -> SomePlanned:
    reached = reach(one.road, connections=[c for c in one.connections if c.name not in aside], documents=documents)
    for name, failure in reached.failures.items():
        one.memory.shut.add(name)
        one.aside.add(name)
        one.does_not_answer(failure)
    taking_part = {p.connection.name for p in reached.places}
    return plan_people(
        store=one.road.store,
        run=lambda: one.run().id,
        people=[m.person for m in marks],
        intent=Intent(
            places=reached.places,
            others=[c for c in one.connections if c.name not in taking_part],
            breaker_writes=one.road.breaker_writes,
        ),
        documents=documents,
        clock=one.road.clock,
    )


def _ask(one: Pass, *, name: str, rows: int) -> None:
    """Once: a question that stands already is not told again, whoever else comes to wait for its answer."""
    if name in one.questions:
        return
    question = Question(
        connection=name,
        lane=one.lane,
        asked_at=one.road.clock(),
        limit=one.limit_of(name),
        records=one.rows[name] + rows,
        until=0,
    )
    one.questions[name] = question
    one.fail(refusal(question))


def open_again(one: Pass, *, documents: Published) -> None:
    """Asks the connections that were shut once more."""
    tried = [c for c in one.connections if c.name in one.memory.shut]
    failures: Mapping[str, HotleadError] = reach(one.road, connections=tried, documents=documents).failures
    one.memory.shut = set(failures)
    for failure in failures.values():
        one.does_not_answer(failure)
