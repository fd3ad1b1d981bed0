"""Rows that could not be written are tried again when their time has come: their people wait to be written back once more."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from connector.ports.connections import LiveStep
from connector.ports.inbox import Lane
from connector.ports.runs import Parked
from connector.ports.store import Store, Tx

Clock = Callable[[], datetime]
AT_ONCE = 500
"""Parked rows of one unit."""


def retry_parked(*, store: Store, clock: Clock) -> int:
    """How many parked rows are due in connections that are live. Each is then written, or parked anew for longer, or forgotten because
    nothing is to be written any more. One that none of this happens to stays due, and holds up no other.
    """
    now, marked, last = clock(), 0, None
    with store.read() as tx:
        live = tuple(c.name for c in tx.connections.all() if c.live is not LiveStep.OFF)
    while True:
        with store.read() as tx:
            due = tx.parked.due(at=now, connections=live, limit=AT_ONCE, after=last)
        if not due:
            return marked
        store.write(partial(_mark, due=due, now=now))
        marked, last = marked + len(due), due[-1]


def _mark(tx: Tx, *, due: Sequence[Parked], now: datetime) -> None:
    """People may have been joined since; what nobody plans any more is forgotten by night."""
    people = tx.people.of([one.key for one in due])
    tx.marks.put(sorted(set(people.values())), lane=Lane.WRITE, since=now)
    tx.wake("write_back")
