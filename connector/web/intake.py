"""The narrow door between requests and the store: bodies wait here for one thread that makes those that wait together durable in one unit.

A request waits for at most `PATIENCE_S`, and so few bodies may wait that memory stays bounded; beyond either the sender is told to come
back. A body whose request gave up may still be stored: it was not acknowledged, comes again, and acts once.
"""

import queue
import threading
from _thread import LockType, allocate_lock
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import sleep

from connector.ports.errors import StoreBusy, StoreError, StoreFull, StoreUnreachable
from connector.ports.inbox import Arrived

PATIENCE_S = 0.7
"""How long a request waits for its body to be durable; the answer is out within a second."""
MOST_WAITING = 512
MOST_BYTES = 32 * 1024 * 1024
"""What may wait at once, in bodies and in bytes."""
UNIT_BODIES = 100
"""Bodies in one unit."""
BUSY_BODIES = 4
LINGER_S = 0.003
"""After a unit of so many bodies the next one waits so long for company: a unit costs as much as answering several requests."""


class Overloaded(Exception):
    """Nothing was stored for sure; the sender comes again."""


@dataclass(slots=True)
class _Waiting:
    """A body and the request that waits for it, woken by `ended`: a bare lock, because a future costs more than verifying a signature."""

    body: Arrived
    ended: LockType
    error: Exception | None = None


class Intake:
    """Takes bodies from any thread. The thread that keeps them starts with the first body, so that a server may fork before that."""

    def __init__(self, keep: Callable[[Sequence[Arrived]], None], *, patience_s: float = PATIENCE_S, linger_s: float = LINGER_S) -> None:
        self._keep = keep
        self._patience_s = patience_s
        self._linger_s = linger_s
        self._waiting: queue.SimpleQueue[_Waiting] = queue.SimpleQueue()
        self._guard = threading.Lock()
        self._bodies = 0
        self._bytes = 0
        self._thread: threading.Thread | None = None
        self.trouble = ""
        """What kept the last bodies out, for people; empty once others got in."""

    @property
    def waiting(self) -> int:
        """Bodies that wait, those under way among them."""
        return self._bodies

    def put(self, body: Arrived) -> None:
        """Returns once the body is durable. Raises Overloaded, or the StoreError that kept it out."""
        waiting = _Waiting(body, allocate_lock())
        waiting.ended.acquire()
        with self._guard:
            if self._bodies >= MOST_WAITING or self._bytes + len(body.body) > MOST_BYTES:
                raise Overloaded
            self._bodies += 1
            self._bytes += len(body.body)
            self._waiting.put(waiting)
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="hotlead-intake", daemon=True)
                self._thread.start()
        if not waiting.ended.acquire(timeout=self._patience_s):
            raise Overloaded
        if waiting.error is not None:
            raise waiting.error

    def _serve(self) -> None:
        busy = False
        while True:
            together = [self._waiting.get()]
            if busy:
                sleep(self._linger_s)
            while len(together) < UNIT_BODIES:
                try:
                    together.append(self._waiting.get_nowait())
                except queue.Empty:
                    break
            busy = len(together) >= BUSY_BODIES
            self._keep_together(together)

    def _keep_together(self, together: Sequence[_Waiting]) -> None:
        error: Exception | None = None
        try:
            self._keep([w.body for w in together])
        except Exception as err:  # noqa: BLE001 - whatever it was belongs to the requests that wait, and the thread must go on
            error = err
        self.trouble = "" if error is None else _for_people(error)
        with self._guard:
            self._bodies -= len(together)
            self._bytes -= sum(len(w.body.body) for w in together)
        for waiting in together:
            if error is not None:
                waiting.error = error if isinstance(error, StoreError) else Overloaded()
            waiting.ended.release()


def _for_people(error: Exception) -> str:
    """What is wrong with the store and what to do; of anything else only its kind, since a text of it may quote what came in."""
    if isinstance(error, StoreFull | StoreBusy | StoreUnreachable):
        return " ".join(filter(None, (str(error), error.hint)))
    return type(error).__name__
