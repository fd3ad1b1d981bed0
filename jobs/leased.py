"""The leases that this process holds: taken, renewed while their work lasts, given back."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import count

import structlog

from connector.flows.fenced import FencedStore, Proof
from connector.ports.errors import HotleadError
from connector.ports.inbox import Lease, LeaseLost
from connector.ports.permits import behind
from connector.ports.store import Store, Tx
from jobs.work import Clock

LEASE = timedelta(seconds=20)
"""Somebody else may take over so long after the holder was last seen."""
RENEWED_EVERY_S = 6.0
SENT_WITHIN_S = 3.0
"""What is sent to a CRM arrives within this; so long before the lease may run out nothing is sent any more."""
PROVEN_S = LEASE.total_seconds() - SENT_WITHIN_S

log = structlog.get_logger()


class LeaseBusy(Exception):
    """Somebody else has what the work needs; it looks again in a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A lease of ours, and the store whose units stand only while it is."""

    lease: Lease
    store: FencedStore
    proof: Proof
    """Asked before each write to a CRM."""
    lost: threading.Event
    """Set once it is known that somebody else took over."""


class LeaseKeeper:
    """Takes leases in the name of one process. A thread renews them; it sleeps while none is held."""

    def __init__(self, *, store: Store, clock: Clock, worker: str) -> None:
        self._store = store
        self._clock = clock
        self._worker = worker
        self._numbers = count(1)
        self._held: dict[str, Held] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None

    @contextmanager
    def under(self, name: str) -> Iterator[Held]:
        """Ours until the block ends, unless it is lost. Raises LeaseBusy where somebody else holds it."""
        held = self._take(name)
        try:
            with behind(partial(held.proof.require, held.lease)):
                yield held
        finally:
            self._give_back(held.lease)

    def close(self) -> None:
        """Renews nothing any more. Repeatable."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _take(self, name: str) -> Held:
        holder = f"{self._worker} #{next(self._numbers)}"
        asked_s = time.monotonic()
        lease = self._store.write(partial(self._take_unit, name=name, holder=holder))
        if lease is None:
            raise LeaseBusy(name)
        held = Held(
            lease=lease, store=FencedStore(store=self._store, lease=lease), proof=Proof(until_s=asked_s + PROVEN_S), lost=threading.Event()
        )
        with self._changed:
            self._held[lease.holder] = held
            if self._thread is None:
                self._thread = threading.Thread(target=self._renew_again_and_again, name="hotlead-leases", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        return held

    def _take_unit(self, tx: Tx, *, name: str, holder: str) -> Lease | None:
        now = self._clock()
        return tx.leases.take(name, holder=holder, at=now, until=now + LEASE)

    def _renew_unit(self, tx: Tx, *, lease: Lease) -> Lease:
        now = self._clock()
        return tx.leases.renew(lease, at=now, until=now + LEASE)

    def _give_back(self, lease: Lease) -> None:
        with self._changed:
            self._held.pop(lease.holder, None)
        try:
            self._store.write(partial(_release, lease=lease))
        except HotleadError as error:  # it runs out by itself
            log.warning("a lease could not be given back", lease=lease.name, error=type(error).__name__)

    def _renew_again_and_again(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or bool(self._held))
                if self._closed:
                    return
                self._changed.wait_for(lambda: self._closed, timeout=RENEWED_EVERY_S)
                all_held = tuple(self._held.values())
            for held in all_held:
                self._renew(held)

    def _renew(self, held: Held) -> None:
        lease, asked_s = held.lease, time.monotonic()
        try:
            self._store.write(partial(self._renew_unit, lease=lease))
            held.proof.until_s = asked_s + PROVEN_S
        except LeaseLost:
            with self._changed:
                if self._held.pop(lease.holder, None) is None:  # it was given back while this waited for its turn
                    return
            log.warning("a lease was lost", lease=lease.name)
            held.lost.set()
        except HotleadError as error:  # tried again in a moment; a unit of its work finds out by itself whether it was lost
            log.warning("a lease could not be renewed", lease=lease.name, error=type(error).__name__)


def _release(tx: Tx, *, lease: Lease) -> None:
    tx.leases.release(lease)


def release_all(store: Store) -> None:
    """Gives back every lease there is: only for who holds the data directory alone, where any that is left belongs to the dead."""

    def unit(tx: Tx) -> None:
        for lease in tx.leases.all():
            tx.leases.release(lease)

    store.write(unit)
