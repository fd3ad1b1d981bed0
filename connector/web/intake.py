"""The narrow door between requests and the store: bodies wait here for one thread that makes those that wait together durable in one unit.

Requests wait in threads of their own (`put`) or on an event loop (`take`), which hears of a whole unit at once. Either waits for at most
`PATIENCE_S`, and so few bodies may wait that memory stays bounded; beyond either the sender is told to come back. A body whose request gave
up may still be stored: it was not acknowledged, comes again, and acts once.
"""

import asyncio
import queue
import threading
from _thread import LockType, allocate_lock
from collections.abc import Callable, Sequence
from contextlib import suppress
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
ENOUGH_BODIES = 16
QUIET_S = 0.0005
"""After a unit of so many bodies the next one waits until enough have come, or nobody else has for so long: a unit costs as much as
answering several requests.
"""


class Overloaded(Exception):
    """Nothing was stored for sure; the sender comes again."""


@dataclass(slots=True)
class _Waiting:
    """A body and the request that waits for it, woken by `ended`; for a thread a bare lock, because a future for threads costs far more."""

    body: Arrived
    ended: LockType | asyncio.Future[None]
    error: Exception | None = None


class Intake:
    """Takes bodies from any thread. The thread that keeps them starts with the first body, so that a server may fork before that."""

    def __init__(self, keep: Callable[[Sequence[Arrived]], None], *, patience_s: float = PATIENCE_S, quiet_s: float = QUIET_S) -> None:
        self._keep = keep
        self._patience_s = patience_s
        self._quiet_s = quiet_s
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
        ended = allocate_lock()
        ended.acquire()
        waiting = self._let_in(body, ended)
        if not ended.acquire(timeout=self._patience_s):
            raise Overloaded
        if waiting.error is not None:
            raise waiting.error

    async def take(self, body: Arrived) -> None:
        """The same for a request on an event loop."""
        loop = asyncio.get_running_loop()
        ended = loop.create_future()
        waiting = self._let_in(body, ended)
        # Not `asyncio.timeout`: it works only in a task that can be cancelled, which not every server gives.
        too_late = loop.call_later(self._patience_s, _give_up, ended)
        try:
            await ended
        finally:
            too_late.cancel()
        if waiting.error is not None:
            raise waiting.error

    def _let_in(self, body: Arrived, ended: "LockType | asyncio.Future[None]") -> _Waiting:
        waiting = _Waiting(body, ended)
        with self._guard:
            if self._bodies >= MOST_WAITING or self._bytes + len(body.body) > MOST_BYTES:
                raise Overloaded
            self._bodies += 1
            self._bytes += len(body.body)
            self._waiting.put(waiting)
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="hotlead-intake", daemon=True)
                self._thread.start()
        return waiting

    def _serve(self) -> None:
        busy = False
        while True:
            together = [self._waiting.get()]
            if busy:
                self._let_others_come()
            while len(together) < UNIT_BODIES:
                try:
                    together.append(self._waiting.get_nowait())
                except queue.Empty:
                    break
            busy = len(together) >= BUSY_BODIES
            self._keep_together(together)

    def _let_others_come(self) -> None:
        seen, come = -1, self._waiting.qsize()
        while seen < come < ENOUGH_BODIES:
            sleep(self._quiet_s)
            seen, come = come, self._waiting.qsize()

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
        told = error if error is None or isinstance(error, StoreError) else Overloaded()
        on_loops: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
        for waiting in together:
            waiting.error = told
            if isinstance(waiting.ended, LockType):
                waiting.ended.release()
            else:
                on_loops.setdefault(waiting.ended.get_loop(), []).append(waiting.ended)
        for loop, ended in on_loops.items():
            with suppress(RuntimeError):  # the loop has ended, and nobody waits any more
                loop.call_soon_threadsafe(_end, ended)


def _end(waiting: "Sequence[asyncio.Future[None]]") -> None:
    for one in waiting:
        if not one.done():
            one.set_result(None)


def _give_up(waiting: "asyncio.Future[None]") -> None:
    if not waiting.done():
        waiting.set_exception(Overloaded())


def _for_people(error: Exception) -> str:
    """What is wrong with the store and what to do; of anything else only its kind, since a text of it may quote what came in."""
    if isinstance(error, StoreFull | StoreBusy | StoreUnreachable):
        return " ".join(filter(None, (str(error), error.hint)))
    return type(error).__name__
