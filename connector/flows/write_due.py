"""Writes back for the people who wait for it: planned and carried out in slices, under the limits of every connection.

Station: the last arrow of real time, after the score lane. `road_back` writes for everybody; this for whoever's score was looked at anew.

What stays in the lane, and why: people of a connection that does not answer wait until its cut-off plan is finished; where more records
of a connection would change within a day than its limit, all who wait now stay until a person decides (`asking`). Whoever comes anew is
written as far as the limit goes, and whoever just asked to be called a little beyond it. None is looked at again before that.

The lane of the night is taken one slice a call, and only while nobody waits here, so that a hot lead waits for one slice at the most.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from connector.flows.asking import Question, Standing, ask, standing
from connector.flows.published import Published
from connector.flows.road import Road
from connector.flows.road_back import at_work, finish_cut_off, undone
from connector.flows.write_lane import LaneMemory, Pass, leave, open_again, write_slice
from connector.ports.connections import LiveStep
from connector.ports.errors import CrmError, HotleadError
from connector.ports.inbox import Lane, Mark

Going = Callable[[], bool]
SLICE_PEOPLE = 2_000
"""People of one plan."""
MOST_WAITING = 100_000
"""People looked at in one go; more wait for the next."""
FIRST_RETRY = timedelta(seconds=30)
LONGEST_RETRY = timedelta(minutes=15)


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


def write_due(road: Road, *, memory: LaneMemory, going: Going, worker: str = "") -> WrittenDue:
    """What is to be written for the people who wait, in all live connections. Nothing is recorded where nothing is.

    A kill leaves people in the lane, or a plan that the next call finishes. Where no connection is live, people just leave the lane.
    """
    with ExitStack() as closing:
        with road.store.read() as tx:
            live = tuple(c for c in tx.connections.all() if c.live is not LiveStep.OFF)
        one = Pass(road=road, connections=live, closing=closing, worker=worker, memory=memory)
        _finish(one)
        if not one.aside and memory.held_until:
            memory.held_until, memory.asked = 0, None
        looked = _real_time(one, going=going)
        if not looked and one.running is None and going():
            _night(one)
        if not one.is_answered:
            _put_off(one)
    return WrittenDue(
        people=one.people,
        waiting=one.waiting,
        tally=dict(one.tally),
        lags_s=tuple(one.lags_s),
        failures=tuple(one.failures),
        rewritten=one.rewritten,
        again_at=road.clock() if _is_night_left(road, memory=memory) else memory.again_at,
    )


def _real_time(one: Pass, *, going: Going) -> bool:
    """Everybody who waits for more than an answer; whether anybody does."""
    memory = one.memory
    with one.road.store.read() as tx:
        before = standing(tx, lane=Lane.WRITE, connections=one.connections, now=one.road.clock())
        # With an answer, or where nobody remembers, those who waited for one are looked at: where no question stands they go on.
        anew = before.until if memory.asked is not None and not memory.asked - set(before.questions) else 0
        one.high = tx.marks.high()
        marks = tx.marks.next(lane=Lane.WRITE, limit=MOST_WAITING, above=max(memory.held_until, anew))
    one.begin(Lane.WRITE, before)
    documents = at_work(one.road) if marks and one.connections else None
    is_through = _slices(one, [m for m in marks if m.turn <= before.until], documents=documents, going=going, without=before)
    is_through &= _slices(one, [m for m in marks if m.turn > before.until], documents=documents, going=going)
    _keep_questions(one, before=before, until=one.high if is_through else before.until)
    if is_through:
        memory.asked = frozenset(one.questions)
        if one.aside and len(marks) < MOST_WAITING:
            memory.held_until = max(memory.held_until, one.high)
    return bool(marks)


def _slices(one: Pass, marks: Sequence[Mark], *, documents: Published | None, going: Going, without: Standing | None = None) -> bool:
    """Slice by slice, with nothing but the urgent where a question stands of `without`; whether it came to the end."""
    held = one.held
    if without is not None:
        one.held = held | set(without.questions)
    for some in _cut(marks):
        if not going():
            return False
        if documents is None:
            leave(one, some)
        else:
            write_slice(one, marks=some, documents=documents)
    if without is not None:
        one.held = held | (one.held - set(without.questions))
    return True


def _cut(marks: Sequence[Mark]) -> Iterator[Sequence[Mark]]:
    return (marks[start : start + SLICE_PEOPLE] for start in range(0, len(marks), SLICE_PEOPLE))


def _keep_questions(one: Pass, *, before: Standing, until: int) -> None:
    """New questions stand from now on, and whoever came to wait for the answer to one waits for it."""
    now = one.questions
    waits = one.waiting > 0 and bool(one.held)
    kept = [replace(q, until=until if waits or name not in before.questions else q.until) for name, q in now.items()]
    fresh: list[Question] = [q for q in kept if q != before.questions.get(q.connection)]
    if fresh:
        one.road.store.write(partial(ask, questions=fresh))


def _night(one: Pass) -> None:
    """One slice of the night's people, where nobody else waits. Its limit is one for the whole night."""
    memory = one.memory
    with one.road.store.read() as tx:
        now = one.road.clock()
        asked = {*one.questions}
        before = standing(tx, lane=Lane.NIGHT, connections=one.connections, now=now)
        one.begin(Lane.NIGHT, before)
        one.held = {*asked, *before.questions}
        if memory.night_aside - one.aside - one.held:
            memory.night_until = 0
        one.high = tx.marks.high()
        marks = tx.marks.in_turn(lane=Lane.NIGHT, limit=SLICE_PEOPLE, above=memory.night_until)
    if marks and one.connections:
        write_slice(one, marks=marks, documents=at_work(one.road))
        _keep_questions(one, before=before, until=0)
    elif marks:
        leave(one, marks)
    memory.night_until = max([memory.night_until, *(m.turn for m in marks)])
    memory.night_aside = frozenset(one.aside | one.held)


def _is_night_left(road: Road, *, memory: LaneMemory) -> bool:
    with road.store.read() as tx:
        return bool(tx.marks.in_turn(lane=Lane.NIGHT, limit=1, above=memory.night_until))


def _finish(one: Pass) -> None:
    """Finishes plans that were cut off; connections whose plans cannot be finished, or that are shut, are left aside."""
    memory = one.memory
    with one.road.store.read() as tx:
        cut_off = tx.plans.unfinished()
    is_time = memory.is_time(one.road.clock())
    if cut_off and is_time:
        for written in finish_cut_off(one.road, running=one.run()):
            one.count(written)
    if is_time and one.is_answered and memory.shut:
        open_again(one, documents=at_work(one.road))
    if (is_time and one.is_answered) or not (cut_off or memory.shut):
        memory.tries, memory.again_at = 0, None
    with one.road.store.read() as tx:
        one.aside |= {name for plan in tx.plans.unfinished() for name in undone(tx.plans.tally(plan.id))}
    one.aside |= memory.shut


def _put_off(one: Pass) -> None:
    """30 s, 1 min, 2 min … at most a quarter of an hour; or until the CRM says."""
    memory = one.memory
    memory.tries += 1
    wait = min(FIRST_RETRY * 2 ** min(memory.tries - 1, 10), LONGEST_RETRY)
    said = [f.until for f in one.failures if isinstance(f, CrmError) and f.until is not None]
    memory.put_off_at = now = one.road.clock()
    memory.again_at = max([now + wait, *said])
