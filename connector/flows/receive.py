"""Keeps raw bodies as they arrived and asks the drain to look. The station between a receiver and everything that is decided later."""

from collections.abc import Sequence

from connector.ports.inbox import Arrived
from connector.ports.store import Store, Tx

DRAIN = "drain"
"""The job that looks at a lane."""


def receive(*, store: Store, bodies: Sequence[Arrived]) -> None:
    """Returns once all of them are durable. Raises StoreError with none of them stored; keeping one twice does nothing more later on."""

    def unit(tx: Tx) -> None:
        tx.inbox.put(bodies)
        for lane in sorted({b.lane for b in bodies}):
            tx.wake(DRAIN, key=lane)

    store.write(unit)
