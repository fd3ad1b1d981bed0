"""What is old enough goes: plans and runs, the memory of events seen, events whose person never showed.

What was written to a CRM stays in the journal, and scores that were written stay in the history.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from connector.flows.reread import Going
from connector.ports.store import Store, Tx

Clock = Callable[[], datetime]
UNIT_ROWS = 500
EVENTS_KEPT = timedelta(days=14)
"""How long a CRM may take to tell the same event again: HubSpot tries for a day, a proxy or a restored queue for some more."""
SLOWLY = timedelta(days=2)
"""Of the events that go, those of the last days go hour by hour, so that no unit is large."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """Rows that went: of plans with everything in them, of runs, of the memory of events and of held events."""

    plans: int = 0
    runs: int = 0
    events: int = 0
    held: int = 0


def prune(*, store: Store, keep_runs: timedelta, keep_held: timedelta, clock: Clock, going: Going) -> Pruned:
    """Takes away what is older than that, in small units. Repeating is safe; what is left over goes the next time."""
    now = clock()
    return Pruned(
        plans=_all(store, partial(_plans, before=now - keep_runs), going=going),
        runs=_all(store, partial(_runs, before=now - keep_runs), going=going),
        events=sum(store.write(partial(_events, before=before)) for before in _hours(now - EVENTS_KEPT) if going()),
        held=sum(store.write(partial(_held, before=before)) for before in _hours(now - keep_held) if going()),
    )


def _all(store: Store, forget: Callable[[Tx], int], *, going: Going) -> int:
    gone = 0
    while going() and (some := store.write(forget)):
        gone += some
    return gone


def _hours(until: datetime) -> Iterator[datetime]:
    hours = int(SLOWLY / timedelta(hours=1))
    return (until - timedelta(hours=n) for n in range(hours, -1, -1))


def _plans(tx: Tx, *, before: datetime) -> int:
    return tx.plans.forget(before=before, limit=UNIT_ROWS)


def _runs(tx: Tx, *, before: datetime) -> int:
    return tx.runs.forget(before=before, limit=UNIT_ROWS)


def _events(tx: Tx, *, before: datetime) -> int:
    return tx.hints.forget_events(before=before)


def _held(tx: Tx, *, before: datetime) -> int:
    return tx.held_events.forget(before=before)
