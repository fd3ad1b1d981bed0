"""Child processes that read whole shards: begun when a job needs them, ended when none has for a while."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from connector.ports.store import ShardPool
from jobs.leased import LeaseBusy

IDLE_S = 60.0


class PoolShelf:
    """One pool a process, lent to one job at a time."""

    def __init__(self, make: Callable[[], ShardPool], *, idle_s: float = IDLE_S) -> None:
        self._make = make
        self._idle_s = idle_s
        self._lent = threading.Lock()
        self._pool: ShardPool | None = None
        self._timer: threading.Timer | None = None

    @contextmanager
    def lend(self) -> Iterator[ShardPool]:
        """The pool, for this block alone. Raises LeaseBusy where another job has it: who waited would keep a thread from urgent work."""
        if not self._lent.acquire(blocking=False):
            raise LeaseBusy("the pool of this process")
        try:
            if self._timer is not None:
                self._timer.cancel()
            if self._pool is None:
                self._pool = self._make()
            yield self._pool
        finally:
            self._timer = threading.Timer(self._idle_s, self._close_if_idle)
            self._timer.daemon = True
            self._timer.start()
            self._lent.release()

    def close(self) -> None:
        """Ends the children, once nobody uses them. Repeatable."""
        with self._lent:
            if self._timer is not None:
                self._timer.cancel()
            self._close()

    def _close_if_idle(self) -> None:
        if self._lent.acquire(blocking=False):
            try:
                self._close()
            finally:
                self._lent.release()

    def _close(self) -> None:
        if self._pool is not None:
            self._pool.close()
            self._pool = None
