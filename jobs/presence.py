"""How a process shows that it is alive, and tells the others what only it can measure."""

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import structlog

from connector.flows.stopping import Stopping
from connector.ports.errors import HotleadError
from connector.ports.inbox import Worker
from connector.ports.store import Store, Tx
from jobs.work import Clock

BEAT_EVERY_S = 30.0
FORGOTTEN_AFTER = timedelta(minutes=15)
"""Until then the health page shows a worker that died."""

log = structlog.get_logger()


class Measured(Protocol):
    """What a process measures of itself right now, by name."""

    def __call__(self) -> Mapping[str, float]: ...


class Presence:
    """A thread that beats. The first beat is in the store when `start` returns."""

    def __init__(self, *, store: Store, clock: Clock, worker: str, role: str, measured: Measured) -> None:
        self._store = store
        self._clock = clock
        self._worker = worker
        self._role = role
        self._measured = measured
        self._started_at: datetime = clock()
        self._stopping = Stopping()
        self._thread = threading.Thread(target=self._serve, name="hotlead-presence", daemon=True)

    def start(self) -> None:
        self._beat()
        self._thread.start()

    def stop(self) -> None:
        """Takes leave in order. Repeatable; a store that cannot be written to any more finds out by the missing beats."""
        self._stopping.ask("the process ends")
        if self._thread.ident is None:
            return
        self._thread.join()
        try:
            self._store.write(partial(_gone, name=self._worker))
        except HotleadError as error:
            log.warning("could not take leave", error=type(error).__name__)

    def _serve(self) -> None:
        while not self._stopping.wait(BEAT_EVERY_S):
            try:
                self._beat()
            except HotleadError as error:
                log.warning("could not show that this process is alive", error=type(error).__name__)

    def _beat(self) -> None:
        worker = Worker(
            name=self._worker, role=self._role, started_at=self._started_at, beat_at=self._clock(), facts=dict(self._measured())
        )
        self._store.write(lambda tx: tx.workers.beat(worker))


def _gone(tx: Tx, *, name: str) -> None:
    tx.workers.gone(name)


def forget_the_dead(*, store: Store, now: datetime) -> None:
    """Takes workers off the list that have not shown themselves for long; who only was away puts itself on it again."""

    def unit(tx: Tx) -> None:
        for worker in tx.workers.all():
            if now - worker.beat_at > FORGOTTEN_AFTER:
                tx.workers.gone(worker.name)

    store.write(unit)


def clear_the_dead(store: Store) -> None:
    """Takes every worker off the list: only for who holds the data directory alone, where any that is left is dead."""

    def unit(tx: Tx) -> None:
        for worker in tx.workers.all():
            tx.workers.gone(worker.name)

    store.write(unit)
