"""A store whose every write first asks whether the work may still go on: behind a lease, with its fence.

Station: between a job and the store. Whoever was stopped for a while and lost the lease meanwhile changes nothing when they go on.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import TypeVar

from connector.core.facts import Activities, People
from connector.core.people import PersonId
from connector.ports.inbox import Lease, LeaseLost
from connector.ports.store import Store, Tx

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class Proof:
    """Until when a lease is proven to be ours, by this process's monotonic clock in seconds: reckoned from when it was last asked for."""

    until_s: float
    tick: Callable[[], float] = monotonic

    def require(self, lease: Lease) -> None:
        """Raises LeaseLost where somebody else may have taken over by now: nothing may be sent any more."""
        if self.tick() >= self.until_s:
            raise LeaseLost(f"The lease '{lease.name}' has not been renewed in time; somebody else may have taken over.")


@dataclass(frozen=True, slots=True, kw_only=True)
class FencedStore:
    """Fulfils `ports.store.Store` for as long as the lease stands; after that each write raises LeaseLost and nothing of it is stored."""

    store: Store
    lease: Lease

    def read(self) -> AbstractContextManager[Tx]:
        return self.store.read()

    def write(self, unit: Callable[[Tx], T]) -> T:
        def fenced(tx: Tx) -> T:
            tx.leases.require(self.lease)
            return unit(tx)

        return self.store.write(fenced)

    def load_people(self, people: Sequence[PersonId], *, facts: Sequence[str], since: datetime) -> tuple[People, Activities]:
        return self.store.load_people(people, facts=facts, since=since)

    def backup(self, to: Path) -> None:
        self.store.backup(to)

    def close(self) -> None:
        """The store belongs to whoever opened it; it stays open."""
