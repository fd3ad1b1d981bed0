"""Follows what a CRM would push, pulled: for a machine that nobody reaches from outside. What it tells waits as hints, as if pushed.

Station: beside the receiver. The cursor is stored in the unit that keeps its hints, so a kill repeats at most one page, and an event that
comes twice adds nothing. What the feed no longer tells, a pull finds.
"""

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from connector.flows import polling
from connector.flows.polling import CALLS_A_DAY_AT_REST, SLOW_FROM, poll_soon, polled_of
from connector.flows.published import mapping_of
from connector.flows.receive import DRAIN
from connector.flows.road import Road
from connector.ports.connections import Connection
from connector.ports.crm import Crm, Usage
from connector.ports.errors import Action, CrmError, CursorExpired, HotleadError
from connector.ports.hooks import BadEvent, Hint, HintFeed, HintKind, HintPage
from connector.ports.runs import SET_BACK
from connector.ports.store import Store, Tx

SOURCE = "@feed"
"""Where it stands among the cursors of a connection; no CRM has a source of that name."""
PULL = "pull"
"""The job that finds what a feed no longer tells."""
UNIT_EVENTS = 500
"""Events whose hints are kept in one unit (DESIGN §9)."""
TURN_EVENTS = 20_000
"""After so many, or so many pages, others get their turn; the rest follows at once."""
TURN_PAGES = 200
SOONEST = timedelta(seconds=10)
LIVELY = timedelta(seconds=30)
LATEST = timedelta(minutes=15)
BUSY_FOR = timedelta(minutes=10)
"""So long after the last event the next one is likely."""
LIVELY_FOR = timedelta(hours=1)
AFTER_TROUBLE = timedelta(minutes=1)
FRESH = 2 * LATEST
"""A feed that was not heard to its end for so long does not work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """How far a connection's feed was followed. Instants are aware."""

    cursor: str | None = None
    looked_at: datetime | None = None
    """When it was last heard to its end, or as far as one turn goes."""
    heard_at: datetime | None = None
    """When it last told something, or was set up."""
    idle_calls: int | None = None
    """API calls of a look that hears nothing, the fewest that were seen."""
    next_at: datetime
    kept_at: datetime | None = None
    """When `next_at` was said."""

    def text(self) -> str:
        return json.dumps({name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(self).items()})


def followed_from(text: str) -> Followed:
    """The value that `Followed.text` wrote."""
    parts = json.loads(text)
    instants = {name: datetime.fromisoformat(parts[name]) if parts.get(name) else None for name in ("looked_at", "heard_at", "kept_at")}
    return Followed(**{**parts, **instants, "next_at": datetime.fromisoformat(parts["next_at"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What one turn gave. `hinted` counts events that were new."""

    events: int = 0
    hinted: int = 0
    bad: tuple[BadEvent, ...] = ()
    """Events that could not be read; the others went on."""
    lost: int = 0
    """How often the CRM no longer told all, so that a pull was asked for."""
    failure: CrmError | None = None
    again_at: datetime


def is_due(tx: Tx, *, connection: str, now: datetime) -> bool:
    """Whether the feed of the connection is to be looked at; one that never was is, and one last looked at ahead of now: the clock was set
    back.
    """
    text = tx.cursors.get(connection=connection, source=SOURCE)
    at = followed_from(text) if text else None
    return at is None or now >= at.next_at or (at.kept_at is not None and at.kept_at - now > SET_BACK)


def has_feed(road: Road, *, connection: Connection) -> bool:
    """Whether the connection can be asked for what it would push; not where it cannot be opened, which others tell of. Makes no call."""
    try:
        return road.crm(connection).feed() is not None
    except HotleadError:
        return False


def is_fed(tx: Tx, *, connection: str, now: datetime) -> bool:
    """Whether a feed tells what changes there, so that polling is only for what it may have missed."""
    text = tx.cursors.get(connection=connection, source=SOURCE)
    looked_at = followed_from(text).looked_at if text else None
    return looked_at is not None and now - looked_at <= FRESH


def next_look_in(
    *, since_heard: timedelta | None, calls: int, polls_a_day: float, poll_calls: int, day_used: int | None, day_limit: int | None
) -> timedelta:
    """How long to wait: seconds while something comes; at rest so that polls and looks together stay within a day's calls at rest.

    `calls` is what a look costs that hears nothing, `poll_calls` a poll that finds nothing; of these there are so many a day at rest.
    """
    day = timedelta(days=1)
    if since_heard is not None and since_heard < BUSY_FOR:
        pause = SOONEST
    elif since_heard is not None and since_heard < LIVELY_FOR:
        pause = LIVELY
    else:
        left = max(CALLS_A_DAY_AT_REST - polls_a_day * poll_calls, day / LATEST)
        pause = min(max(LIVELY, day * calls / left), LATEST)
    share = day_used / day_limit if day_limit and day_used is not None else 0.0
    return min(pause * 4, LATEST) if share >= SLOW_FROM else pause


@dataclass(slots=True, kw_only=True)
class _Turn:
    """One turn at the feed of one connection: what it stands at, and what it has heard."""

    store: Store
    connection: str
    feed: HintFeed
    reads: Collection[str]
    going: Callable[[], bool]
    clock: Callable[[], datetime]
    at: Followed
    events: int = 0
    pages: int = 0
    hinted: int = 0
    lost: int = 0
    bad: list[BadEvent] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        return self.events >= TURN_EVENTS or self.pages >= TURN_PAGES


def follow(road: Road, *, connection: Connection, going: Callable[[], bool]) -> Heard | None:
    """Everything new in the feed, up to what fits into one turn; None where the connection has no feed. Repeating is safe."""
    crm = road.crm(connection)
    feed = crm.feed()
    if feed is None:
        return None
    before = _calls(crm.usage())
    ladder = road.documents().ladder
    with road.store.read() as tx:
        reads = {r.source for r in mapping_of(tx, connection=connection, ladder=ladder).reads}
        text = tx.cursors.get(connection=connection.name, source=SOURCE)
    now = road.clock()
    # Where a feed was just set up, somebody is about to try it.
    at = followed_from(text) if text else Followed(heard_at=now, next_at=now)
    turn = _Turn(store=road.store, connection=connection.name, feed=feed, reads=reads, going=going, clock=road.clock, at=at)
    failure: CrmError | None = None
    try:
        _hear(turn)
    except CrmError as err:
        failure = err
    _end(turn, crm=crm, calls=_calls(crm.usage()) - before, failure=failure)
    return Heard(events=turn.events, hinted=turn.hinted, bad=tuple(turn.bad), lost=turn.lost, failure=failure, again_at=turn.at.next_at)


def _hear(turn: _Turn) -> None:
    """To the end, and from the oldest event kept where the CRM no longer knows the cursor."""
    try:
        _hear_from(turn)
    except CursorExpired:
        if turn.at.cursor is None:
            raise
        turn.lost += 1
        turn.at = replace(turn.at, cursor=None)
        turn.store.write(partial(_keep, connection=turn.connection, hints=(), at=turn.at, now=turn.clock(), pull_wanted=True))
        _hear_from(turn)


def _hear_from(turn: _Turn) -> None:
    pages = turn.feed.hints(turn.at.cursor)
    while turn.going() and not turn.is_full:
        page = next(pages, None)
        if page is None:
            return
        _take(turn, page)


def _take(turn: _Turn, page: HintPage) -> None:
    """The hints of a page in units; the last one moves the cursor."""
    now = turn.clock()
    told = [one for one in page.told if isinstance(one, Hint)]
    # Whoever asked to be forgotten is forgotten, whatever the mapping reads today.
    hints = [one for one in told if one.source in turn.reads or one.kind is HintKind.ERASED]
    pieces = list(_pieces(hints)) or [()]
    for piece in pieces[:-1]:
        turn.hinted += turn.store.write(partial(_keep, connection=turn.connection, hints=piece, at=turn.at, now=now, pull_wanted=False))
    turn.at = replace(turn.at, cursor=page.cursor, heard_at=now if page.told else turn.at.heard_at)
    last = partial(_keep, connection=turn.connection, hints=pieces[-1], at=turn.at, now=now, pull_wanted=page.pull_wanted)
    turn.hinted += turn.store.write(last)
    turn.events += len(page.told)
    turn.pages += 1
    turn.lost += page.pull_wanted
    turn.bad.extend(one for one in page.told if isinstance(one, BadEvent))


def _pieces(hints: Sequence[Hint]) -> Iterator[Sequence[Hint]]:
    return (hints[start : start + UNIT_EVENTS] for start in range(0, len(hints), UNIT_EVENTS))


def _keep(tx: Tx, *, connection: str, hints: Sequence[Hint], at: Followed, now: datetime, pull_wanted: bool) -> int:
    hinted = tx.hints.put(hints, connection=connection, arrived_at=now) if hints else 0
    tx.cursors.put(connection=connection, source=SOURCE, cursor=at.text(), at=now)
    if hinted:
        tx.wake(DRAIN, key=connection)
    if pull_wanted:
        poll_soon(tx, connection=connection, now=now)
        tx.wake(PULL, key=connection)
    return hinted


def _end(turn: _Turn, *, crm: Crm, calls: int, failure: CrmError | None) -> None:
    """Keeps when to look again."""
    now = turn.clock()
    at = turn.at
    if failure is not None:
        turn.at = replace(at, next_at=max(failure.until or now, now + (AFTER_TROUBLE if failure.action in _HEALS else LATEST)))
    elif turn.is_full or not turn.going():
        turn.at = replace(at, looked_at=now, next_at=now)
    else:
        # Other jobs call the same CRM meanwhile, so the fewest calls that were seen are the look's own.
        idle = calls if at.idle_calls is None else min(calls, at.idle_calls)
        turn.at = replace(at, looked_at=now, idle_calls=at.idle_calls if turn.events else idle)
        pause = _pause(turn, crm=crm, calls=idle, now=now)
        turn.at = replace(turn.at, next_at=now + pause)
    turn.at = replace(turn.at, kept_at=now)
    turn.store.write(lambda tx: tx.cursors.put(connection=turn.connection, source=SOURCE, cursor=turn.at.text(), at=now))


def _pause(turn: _Turn, *, crm: Crm, calls: int, now: datetime) -> timedelta:
    with turn.store.read() as tx:
        polled = polled_of(tx, connection=turn.connection)
    usage = crm.usage()
    polled_every = polling.LATEST if all(crm.abilities.rereads(source) for source in turn.reads) else polling.SELDOM
    return next_look_in(
        since_heard=None if turn.at.heard_at is None else now - turn.at.heard_at,
        calls=calls,
        polls_a_day=timedelta(days=1) / polled_every,
        poll_calls=0 if polled is None else polled.idle_calls,
        day_used=usage.day_used,
        day_limit=usage.day_limit,
    )


def _calls(usage: Usage) -> int:
    return sum(usage.calls.values())


_HEALS = frozenset({Action.RETRY, Action.WAIT})
"""What goes by without anybody's help."""
