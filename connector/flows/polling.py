"""How soon a connection is polled again: soon while things change, seldom while nothing does, and within the CRM's quota.

Station: around the pull of one connection. Pure but for `poll`, which pulls and keeps with the cursors when to look again.
"""

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from connector.flows.pull import Pulled
from connector.flows.road import Road, pull_stretch
from connector.flows.runs import Running
from connector.ports.connections import Connection
from connector.ports.crm import Usage
from connector.ports.runs import SET_BACK
from connector.ports.store import Tx

ORDINARY = timedelta(minutes=5)
SOONEST = timedelta(seconds=60)
SELDOM = timedelta(minutes=30)
"""A connection that pushes is polled no sooner, for what a push may have missed."""
LATEST = timedelta(hours=1)
BUSY_FOR = timedelta(minutes=10)
"""So long after the last change the next one is likely."""
LIVELY_FOR = timedelta(hours=1)
"""So long after the last change the ordinary pace is kept."""
CALLS_A_DAY_AT_REST = 1_400
"""For polls while nothing changes, all sources together; a hundred more are left to what is asked about the CRM now and then."""
BUSY_SHARE = 0.2
"""Share of the day's quota that polling at the soonest pace, kept up for a day, may take."""
SLOW_FROM = 0.7
"""From this share of the day's quota on, polls are four times as far apart."""
STOP_FROM = 0.9
"""From this share on only what a rep waits for goes on: polls come at the latest pace, and the budget lets one call look."""
SOURCE = "@poll"
"""Where it stands among the cursors of a connection; no CRM has a source of that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """How the last poll went. Instants are aware."""

    at: datetime
    changed_at: datetime
    """Of the last poll that touched people."""
    idle_calls: int
    """API calls of the last poll that touched nobody; of the last one where there was none yet."""
    next_at: datetime

    def text(self) -> str:
        return json.dumps({name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(self).items()})


def polled_from(text: str) -> Polled:
    """The value that `Polled.text` wrote."""
    parts = json.loads(text)
    at, changed_at, next_at = (datetime.fromisoformat(parts[name]) for name in ("at", "changed_at", "next_at"))
    return Polled(at=at, changed_at=changed_at, idle_calls=parts["idle_calls"], next_at=next_at)


def next_poll_in(
    *,
    since_change: timedelta,
    idle_calls: int,
    day_used: int | None,
    day_limit: int | None,
    is_receiving: bool,
    is_fed: bool = False,
    is_all_told: bool = True,
) -> timedelta:
    """How long to wait: a minute just after a change where the quota bears it, then five minutes, then as seldom as a day at rest allows.

    `idle_calls` is what a poll costs that finds nothing; a CRM that tells no quota is polled every two minutes at most. `is_fed`: a feed
    of it is followed. Polls are rare only where pushes or the feed speak of every source (`is_all_told`); else they leave some to the feed.
    """
    share = day_used / day_limit if day_limit and day_used is not None else 0.0
    if share >= STOP_FROM:
        return LATEST
    pause = _pause(since_change=since_change, idle_calls=idle_calls, day_limit=day_limit)
    if is_all_told and (is_receiving or is_fed):
        # A feed keeps what it told for days and says when it no longer does; a push that was missed is never spoken of.
        pause = max(pause, LATEST if is_fed else SELDOM)
    elif is_fed and since_change >= LIVELY_FOR:
        pause = max(pause, SELDOM)
    return min(pause * 4 if share >= SLOW_FROM else pause, LATEST)


def _pause(*, since_change: timedelta, idle_calls: int, day_limit: int | None) -> timedelta:
    day = timedelta(days=1)
    if since_change < BUSY_FOR:
        bearable = day * idle_calls / (BUSY_SHARE * day_limit) if day_limit else 2 * SOONEST
        return min(max(SOONEST, bearable), ORDINARY)
    if since_change < LIVELY_FOR:
        return ORDINARY
    return min(max(ORDINARY, day * idle_calls / CALLS_A_DAY_AT_REST), LATEST)


def is_due(tx: Tx, *, connection: str, now: datetime) -> bool:
    """Whether the connection is to be polled; one that never was is, and one whose last poll lies ahead: the clock was set back."""
    polled = polled_of(tx, connection=connection)
    return polled is None or now >= polled.next_at or polled.at - now > SET_BACK


def polled_of(tx: Tx, *, connection: str) -> Polled | None:
    """How the connection's last poll went; None before the first."""
    text = tx.cursors.get(connection=connection, source=SOURCE)
    return polled_from(text) if text else None


def poll_soon(tx: Tx, *, connection: str, now: datetime) -> None:
    """Something was missed: the connection is due, also where a poll is under way that began before it was known."""
    polled = polled_of(tx, connection=connection)
    if polled is not None:
        _store(tx, connection=connection, polled=replace(polled, next_at=now))


def poll(road: Road, *, connection: Connection, is_receiving: bool, running: Running, is_fed: bool = False) -> tuple[Pulled, ...]:
    """Pulls the connection and keeps when it is to be polled next. What fails stands in `running.failures`.

    `is_receiving` and `is_fed` make polls rare only where every source can be hinted at: what a CRM tells by time alone comes by no push.
    """
    crm = road.crm(connection)
    before = _calls(crm.usage())
    with road.store.read() as tx:
        last = polled_of(tx, connection=connection.name)
    pulled = pull_stretch(road, connections=[connection], running=running)
    usage, now = crm.usage(), road.clock()
    touched = any(p.people for p in pulled)
    calls = _calls(usage) - before
    changed_at = now if touched or last is None else last.changed_at
    idle_calls = calls if last is None or not touched else last.idle_calls
    pause = next_poll_in(
        since_change=now - changed_at,
        idle_calls=idle_calls,
        day_used=usage.day_used,
        day_limit=usage.day_limit,
        is_receiving=is_receiving,
        is_fed=is_fed,
        is_all_told=all(crm.abilities.rereads(p.source) for p in pulled),
    )
    polled = Polled(at=now, changed_at=changed_at, idle_calls=idle_calls, next_at=now + pause)
    road.store.write(partial(_put, connection=connection.name, last=last, polled=polled))
    return pulled


def _calls(usage: Usage) -> int:
    return sum(usage.calls.values())


def _put(tx: Tx, *, connection: str, last: Polled | None, polled: Polled) -> None:
    """Unless somebody asked for a further poll meanwhile (`poll_soon`)."""
    is_asked = polled_of(tx, connection=connection) != last
    _store(tx, connection=connection, polled=replace(polled, next_at=polled.at) if is_asked else polled)


def _store(tx: Tx, *, connection: str, polled: Polled) -> None:
    tx.cursors.put(connection=connection, source=SOURCE, cursor=polled.text(), at=polled.at)
