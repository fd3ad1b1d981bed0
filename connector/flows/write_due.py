"""Writes back for the people who wait for it: planned and carried out in slices, under the limits of every connection.

Station: the last arrow of real time, after the score lane. `road_back` writes for everybody; this for whoever's score was looked at anew.

What stays in the lane, and why: people of a connection that does not answer wait until its cut-off plan is finished; when a run would
change more records of a connection than its limit, all who wait now stay until a person decides (a manual write-back that ends well,
another limit, or another document). Whoever comes anew meanwhile is written all the same. Neither is looked at again before that.

The lane of the night is taken one slice a call, and only while nobody waits here, so that a hot lead waits for one slice at the most.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from connector.core.people import PersonId
from connector.flows.asking import Asked, ask, standing
from connector.flows.plan import SomePlanned, plan_people
from connector.flows.planning import Intent
from connector.flows.published import Published
from connector.flows.road import Road
from connector.flows.road_back import NO_LIMIT, at_work, execute_stretch, finish_cut_off, reach
from connector.flows.runs import NIGHTLY, REAL_TIME, Running, recorded
from connector.flows.write_back import UNDECIDED, Written
from connector.ports.connections import Connection, LiveStep
from connector.ports.errors import CrmError, HotleadError
from connector.ports.inbox import Lane, Mark
from connector.ports.plans import PlanState
from connector.ports.store import Tx

Going = Callable[[], bool]
SLICE_PEOPLE = 2_000
"""People of one plan."""
MOST_WAITING = 100_000
"""People looked at in one go; more wait for the next."""
FIRST_RETRY = timedelta(seconds=30)
LONGEST_RETRY = timedelta(minutes=15)


@dataclass(slots=True, kw_only=True)
class LaneMemory:
    """What one process remembers from one look at the lane to the next; a new process merely looks once more."""

    held_until: int = 0
    """Turns up to this one have been looked at while a connection did not answer."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenDue:
    """`people` left the lane, `waiting` stay in it for a connection that does not answer, or for somebody's decision."""

    people: int = 0
    waiting: int = 0
    tally: Mapping[str, int] = field(default_factory=dict)
    """Rows by `<connection> <fields|tasks> <state>`."""
    lags_s: tuple[float, ...] = ()
    """Of everybody whose rows were written: how long it took since the reason reached us, in seconds."""
    failures: tuple[HotleadError, ...] = ()
    rewritten: int = 0
    """Rows in which something in the CRM changed our last write at once: that stands until we have another value."""
    again_at: datetime | None = None
    """When to look again although nobody new waits."""


@dataclass(slots=True, kw_only=True)
class _Pass:
    """One look at the lane."""

    road: Road
    connections: tuple[Connection, ...]
    high: int
    closing: ExitStack
    worker: str
    aside: set[str]
    """Connections that take no part: they do not answer, or their limit is reached."""
    lane: Lane = Lane.WRITE
    running: Running | None = None
    rows: Counter[str] = field(default_factory=Counter)
    """Records written so far, by connection."""
    tally: Counter[str] = field(default_factory=Counter)
    failures: list[HotleadError] = field(default_factory=list)
    is_answered: bool = True
    """Whether every connection did what was asked of it."""
    lags_s: list[float] = field(default_factory=list)
    people: int = 0
    waiting: int = 0
    rewritten: int = 0

    def run(self) -> Running:
        """The run of this pass, begun when there is something to do."""
        if self.running is None:
            road, verb = self.road, NIGHTLY if self.lane is Lane.NIGHT else REAL_TIME
            self.running = self.closing.enter_context(recorded(store=road.store, verb=verb, clock=road.clock, worker=road.worker))
        return self.running

    def fail(self, failure: HotleadError) -> None:
        self.run().failures.append(failure)
        self.failures.append(failure)

    def does_not_answer(self, failure: HotleadError) -> None:
        self.fail(failure)
        self.is_answered = False


def write_due(road: Road, *, memory: LaneMemory, going: Going, worker: str = "") -> WrittenDue:
    """What is to be written for the people who wait, in all live connections. Nothing is recorded where nothing is.

    A kill leaves people in the lane, or a plan that the next call finishes. Where no connection is live, people just leave the lane.
    """
    with ExitStack() as closing:
        with road.store.read() as tx:
            live = tuple(c for c in tx.connections.all() if c.live is not LiveStep.OFF)
        one = _Pass(road=road, connections=live, high=0, closing=closing, worker=worker, aside=set())
        _finish(one, memory=memory)
        if not one.aside:
            memory.held_until = 0
        with road.store.read() as tx:
            asked = standing(tx, connections=live, now=road.clock())
            above = max(memory.held_until, asked.until)
            one.high = tx.marks.high()
            marks = tx.marks.next(lane=Lane.WRITE, limit=MOST_WAITING, above=above)
        documents = at_work(road) if marks and live else None
        slices = list(_slices(marks))
        while slices and going():
            if documents is None:
                _leave(one, slices.pop(0))
            else:
                _slice(one, marks=slices.pop(0), documents=documents, memory=memory)
        if one.aside and not slices and len(marks) < MOST_WAITING:
            memory.held_until = max(memory.held_until, one.high)
        if not marks and one.running is None and going():
            _night(one, asked=asked, memory=memory)
        if not one.is_answered:
            _put_off(one, memory=memory)
    return WrittenDue(
        people=one.people,
        waiting=one.waiting,
        tally=dict(one.tally),
        lags_s=tuple(one.lags_s),
        failures=tuple(one.failures),
        rewritten=one.rewritten,
        again_at=road.clock() if _is_night_left(road, memory=memory) else memory.again_at,
    )


def _night(one: _Pass, *, asked: Asked, memory: LaneMemory) -> None:
    """One slice of the night's people, where nobody else waits. Its limit is one for the whole night."""
    one.lane = Lane.NIGHT
    one.aside |= asked.names
    one.rows.update(asked.nightly)
    if memory.night_aside - one.aside:
        memory.night_until = 0
    with one.road.store.read() as tx:
        one.high = tx.marks.high()
        marks = tx.marks.in_turn(lane=Lane.NIGHT, limit=SLICE_PEOPLE, above=memory.night_until)
    if marks and one.connections:
        _slice(one, marks=marks, documents=at_work(one.road), memory=memory)
    elif marks:
        _leave(one, marks)
    memory.night_until = max([memory.night_until, *(m.turn for m in marks)])
    memory.night_aside = frozenset(one.aside)


def _is_night_left(road: Road, *, memory: LaneMemory) -> bool:
    with road.store.read() as tx:
        return bool(tx.marks.in_turn(lane=Lane.NIGHT, limit=1, above=memory.night_until))


def _finish(one: _Pass, *, memory: LaneMemory) -> None:
    """Finishes plans that were cut off; connections whose plans cannot be finished, or that are shut, are left aside."""
    with one.road.store.read() as tx:
        cut_off = tx.plans.unfinished()
    is_time = memory.again_at is None or one.road.clock() >= memory.again_at
    if cut_off and is_time:
        for written in finish_cut_off(one.road, running=one.run()):
            _count(one, written)
    if is_time and one.is_answered:
        _open_again(one, memory=memory)
    if (is_time and one.is_answered) or not (cut_off or memory.shut):
        memory.tries, memory.again_at = 0, None
    with one.road.store.read() as tx:
        one.aside |= {name for plan in tx.plans.unfinished() for name in _undone(tx.plans.tally(plan.id))}
    one.aside |= memory.shut


def _open_again(one: _Pass, *, memory: LaneMemory) -> None:
    """Asks the connections that were shut once more."""
    if not memory.shut:
        return
    tried = [c for c in one.connections if c.name in memory.shut]
    failures = reach(one.road, connections=tried, documents=at_work(one.road)).failures
    memory.shut = set(failures)
    for failure in failures.values():
        one.does_not_answer(failure)


def _undone(tally: Mapping[str, int]) -> Iterator[str]:
    """Connections with rows whose fate is open."""
    for key, rows in tally.items():
        name, _, state = key.rsplit(" ", 2)
        if rows and PlanState(state) in UNDECIDED:
            yield name


def _slices(marks: Sequence[Mark]) -> Iterator[Sequence[Mark]]:
    return (marks[start : start + SLICE_PEOPLE] for start in range(0, len(marks), SLICE_PEOPLE))


def _slice(one: _Pass, *, marks: Sequence[Mark], documents: Published, memory: LaneMemory) -> None:
    """Plans and carries out what these people call for; who is live in a connection that took no part stays in the lane."""
    planned = _plan(one, marks=marks, documents=documents, memory=memory)
    over = [name for name, rows in planned.rows.items() if one.rows[name] + rows > _limit_of(one, name)]
    if over:
        for name in over:
            _ask(one, planned=planned, name=name)
        one.aside.update(over)
        planned = _plan(one, marks=marks, documents=documents, memory=memory)
    one.rewritten += planned.rewritten
    failed: set[str] = set()
    if planned.plan is not None:
        written = execute_stretch(one.road, plan=planned.plan, running=one.run(), look_again=False, allow=NO_LIMIT)
        _count(one, written)
        one.rows.update(planned.rows)
        failed = set(_undone(written.tally)) if written.failures else set()
    staying = planned.aside | (planned.acted_on if failed else frozenset())
    done = [m for m in marks if m.person not in staying]
    now = one.road.clock()
    if one.lane is Lane.WRITE:
        written_now = planned.acted_on | memory.owed
        one.lags_s.extend((now - m.since).total_seconds() for m in done if m.person in written_now)
        memory.owed.update(planned.acted_on & staying)
        memory.owed.difference_update(m.person for m in done)
    one.waiting += len(marks) - len(done)
    one.aside |= failed
    _leave(one, done)


def _plan(one: _Pass, *, marks: Sequence[Mark], documents: Published, memory: LaneMemory) -> SomePlanned:
    reached = reach(one.road, connections=[c for c in one.connections if c.name not in one.aside], documents=documents)
    for name, failure in reached.failures.items():
        memory.shut.add(name)
        one.aside.add(name)
        one.does_not_answer(failure)
    return plan_people(
        store=one.road.store,
        run=lambda: one.run().id,
        people=[m.person for m in marks],
        intent=Intent(
            places=reached.places,
            others=[c for c in one.connections if c.name in one.aside],
            breaker_writes=one.road.breaker_writes,
        ),
        documents=documents,
        clock=one.road.clock,
    )


def _limit_of(one: _Pass, name: str) -> int:
    return next(c.write_limit for c in one.connections if c.name == name)


def _ask(one: _Pass, *, planned: SomePlanned, name: str) -> None:
    rows = one.rows[name] + planned.rows[name]
    one.fail(ask(one.run(), name=name, limit=_limit_of(one, name), rows=rows, high=one.high, by_night=one.lane is Lane.NIGHT))


def _count(one: _Pass, written: Written) -> None:
    one.tally.update(written.tally)
    for failure in written.failures:
        one.does_not_answer(failure)


def _leave(one: _Pass, marks: Sequence[Mark]) -> None:
    """People leave the lane, unless something new about them came since."""
    people: list[PersonId] = [m.person for m in marks]
    one.road.store.write(partial(_done, people=people, lane=one.lane, until=one.high))
    one.people += len(people)


def _done(tx: Tx, *, people: Sequence[PersonId], lane: Lane, until: int) -> None:
    tx.marks.done(people, lane=lane, until=until)


def _put_off(one: _Pass, *, memory: LaneMemory) -> None:
    """30 s, 1 min, 2 min … at most a quarter of an hour; or until the CRM says."""
    memory.tries += 1
    wait = min(FIRST_RETRY * 2 ** min(memory.tries - 1, 10), LONGEST_RETRY)
    said = [f.until for f in one.failures if isinstance(f, CrmError) and f.until is not None]
    memory.again_at = max([one.road.clock() + wait, *said])
