"""The one writer of a process: a thread that runs units, several waiting ones in one commit.

Results and errors are handed back only after the commit: what a caller has been told is durable. Units that wait together share a
transaction; where one of them fails, all are run again, each in a savepoint of its own, so that it takes nothing of the others with it.
While the database is away the transaction is run again too, for a bounded time and only where it surely did not stand.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from math import inf
from time import monotonic, sleep
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import SQLAlchemyError

from connector.ports.errors import StoreError, StoreFull, StoreUnreachable
from connector.store.engine import store_error
from connector.store.transaction import Memory, Transaction

T = TypeVar("T")
Wakes = frozenset[tuple[str, str]]
"""Jobs that should look, each with a key of its."""

GROUP_ROWS = 500
GROUP_S = 0.05
"""A commit waits for no further unit after so many rows or so much time."""

PATIENCE_S = 60.0
"""How long a unit is tried again while the database is away, unless its caller gives another time."""
ENDING_PATIENCE_S = 3.0
"""The same once the process ends: what a unit would have kept is done again by the next process, which looks before it writes to a CRM."""
MOST_REFUSED_WAKES = 2
"""The first may have failed with the connection. A savepoint would spare units their second run, and cost all of them two journeys."""
LONG_S = 0.2
"""A transaction that took longer may have been cut off meanwhile: asking before the commit leaves no doubt whether it stood."""
_STILL_THERE = select(1)
PAUSES_S = (0.0, 0.1, 0.2, 0.5, 1.0)
"""Between tries; the last one repeats."""

_log = structlog.get_logger("hotlead.store")


@dataclass(frozen=True, slots=True)
class _Order:
    unit: Callable[[Transaction], Any]
    answer: "Future[Any]"
    until: float

    def is_claimed(self) -> bool:
        """Whether it is ours to run now: its caller has not given up."""
        return self.answer.set_running_or_notify_cancel()


@dataclass(frozen=True, slots=True)
class _Done:
    order: _Order
    result: Any = None
    error: BaseException | None = None

    def tell(self) -> None:
        if self.error is None:
            self.order.answer.set_result(self.result)
        else:
            self.order.answer.set_exception(self.error)


@dataclass(slots=True)
class _Group:
    """Units of one transaction."""

    orders: list[_Order]
    careful: bool = False
    """Each unit in a savepoint of its own."""
    takes_more: bool = True
    """Units that wait may join; not once the group has been tried."""
    tries: int = 0
    refused_wakes: int = 0
    is_in_doubt: bool = False
    """Whether the commit was asked for."""
    wakes: set[tuple[str, str]] = field(default_factory=set)


class Writer:
    """Takes units from any thread.

    `finish` runs after each unit, `begin` at the start of each transaction; `enqueue` at its end, with the wakes of the units that stand:
    no work hangs on a wake, so where it fails the units are run again, in the end without it. `on_wake` hears of the same once they are
    durable, in the writer's own thread: it only passes them on.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        finish: Callable[[Transaction], None],
        begin: Callable[[Connection, Memory], None] | None = None,
        enqueue: Callable[[Connection, Wakes], None] | None = None,
        on_wake: Callable[[Wakes], None] | None = None,
    ) -> None:
        self._engine = engine
        self._finish = finish
        self._begin = begin
        self._enqueue = enqueue
        self._on_wake = on_wake
        self._memory = Memory()
        self._orders: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        self._closed = False
        self._ends_at = inf
        """No unit waits for a database that is away beyond this, by the monotonic clock."""
        self._guard = threading.Lock()
        self._thread = threading.Thread(target=self._serve, name="hotlead-writer", daemon=True)
        self._thread.start()

    def write(self, unit: Callable[[Transaction], T], *, patience_s: float | None = None) -> T:
        """What the unit gives back, once it is durable. Raises what the unit raised, or StoreFull, StoreBusy, StoreError.

        StoreUnreachable where its turn did not come, or the database did not answer, within `patience_s`. Without it a unit waits for its
        turn as long as that takes, and `PATIENCE_S` for the database.
        """
        if threading.current_thread() is self._thread:
            raise StoreError("A unit asked for another unit; put both into one.")
        answer: Future[T] = Future()
        order = _Order(unit, answer, monotonic() + (PATIENCE_S if patience_s is None else patience_s))
        with self._guard:
            if self._closed:
                raise StoreError("The store is closed.", hint="Open it again.")
            self._orders.put(order)
        if patience_s is None:
            return answer.result()
        try:
            return answer.result(timeout=patience_s)
        except TimeoutError:
            if answer.cancel():
                raise StoreUnreachable("The database has more to write than it can take just now; nothing was stored.") from None
            return answer.result()

    def backlog(self) -> int:
        """Units that wait for their turn."""
        return self._orders.qsize()

    def end_soon(self) -> None:
        """The process ends: from now on units wait for a database that is away for `ENDING_PATIENCE_S` at most. Repeatable."""
        self._ends_at = min(self._ends_at, monotonic() + ENDING_PATIENCE_S)

    def close(self) -> None:
        """Runs what is waiting, then ends the thread."""
        with self._guard:
            if self._closed:
                return
            self._closed = True
            self._orders.put(None)
        self._thread.join()

    def _serve(self) -> None:
        while (order := self._orders.get()) is not None:
            if order.is_claimed():
                self._commit_together(_Group([order]))

    def _commit_together(self, group: _Group) -> None:
        """Runs these units and those that wait, commits, tells."""
        done: list[_Done] | None = None
        while done is None:
            try:
                done = self._attempt(group)
            except BaseException as error:  # noqa: BLE001 - whatever broke the transaction belongs to those who wait for it
                self._memory.forget()
                done = self._after_trouble(group, store_error(error))
        self._memory.shed_words()
        for outcome in done:
            outcome.tell()
        if self._on_wake is not None and group.wakes:
            try:
                self._on_wake(frozenset(group.wakes))
            except Exception:  # noqa: BLE001 - the writer goes on whatever the listener does; no work hangs on it
                _log.exception("Jobs could not be woken; they look by themselves before long.")

    def _attempt(self, group: _Group) -> list[_Done]:
        group.is_in_doubt = False
        group.wakes.clear()
        began = monotonic()
        with self._engine.connect() as connection, connection.begin() as transaction:
            if self._begin is not None:
                self._begin(connection, self._memory)
            done = self._run_all(connection, group)
            if self._enqueue is not None and group.wakes and group.refused_wakes < MOST_REFUSED_WAKES:
                _enqueue(connection, self._enqueue, frozenset(group.wakes))
            if monotonic() - began > LONG_S:
                connection.execute(_STILL_THERE)
            group.is_in_doubt = True
            transaction.commit()
        return done

    def _run_all(self, connection: Connection, group: _Group) -> list[_Done]:
        run = self._run_apart if group.careful else self._run
        until = monotonic() + GROUP_S
        done: list[_Done] = []
        touched = 0
        for order in group.orders:  # which grows meanwhile
            unit = Transaction(connection=connection, memory=self._memory)
            done.append(run(unit, order))
            if done[-1].error is None:
                touched += unit.touched
                group.wakes |= unit.wakes
            if len(done) == len(group.orders) and group.takes_more and touched < GROUP_ROWS and monotonic() < until:
                self._take_more(group)
        group.takes_more = False
        return done

    def _take_more(self, group: _Group) -> None:
        """The next unit that waits joins the group, if there is one."""
        try:
            order = self._orders.get_nowait()
        except queue.Empty:
            return
        if order is None:
            self._orders.put(None)
        elif order.is_claimed():
            group.orders.append(order)

    def _run(self, unit: Transaction, order: _Order) -> _Done:
        result = order.unit(unit)
        self._finish(unit)
        return _Done(order, result=result)

    def _run_apart(self, unit: Transaction, order: _Order) -> _Done:
        savepoint = unit.connection.begin_nested()
        try:
            done = self._run(unit, order)
            savepoint.commit()
        except Exception as error:
            self._memory.forget()
            told = store_error(error)
            if isinstance(told, StoreFull | StoreUnreachable):
                raise
            try:
                savepoint.rollback()
            except SQLAlchemyError as lost:
                raise error from lost
            return _Done(order, error=told)
        return done

    def _after_trouble(self, group: _Group, error: BaseException) -> list[_Done] | None:
        """Who is told what; None where the group is to be tried again."""
        group.wakes.clear()
        group.takes_more = False
        if isinstance(error, _WakesRefused):
            group.refused_wakes += 1
            return None
        if isinstance(error, StoreUnreachable):
            if group.is_in_doubt and not error.is_rolled_back:
                error = StoreUnreachable("The database was lost while it stored something; whether it did is not known.", in_doubt=True)
            else:
                return self._wait_for_it(group, error)
        elif isinstance(error, Exception) and not isinstance(error, StoreFull) and len(group.orders) > 1 and not group.careful:
            group.careful = True
            return None
        return [_Done(order, error=error) for order in group.orders]

    def _wait_for_it(self, group: _Group, error: StoreUnreachable) -> list[_Done] | None:
        """Pauses; units whose time is over are told so and leave the group."""
        pause = PAUSES_S[min(group.tries, len(PAUSES_S) - 1)]
        group.tries += 1
        late = [order for order in group.orders if self._closed or monotonic() + pause > min(order.until, self._ends_at)]
        group.orders = [order for order in group.orders if order not in late]
        if not group.orders:
            return [_Done(order, error=error) for order in late]
        for order in late:
            _Done(order, error=error).tell()
        sleep(pause)
        return None


class _WakesRefused(Exception):
    """The queue did not take the wakes of a transaction, which is lost with them."""


def _enqueue(connection: Connection, enqueue: Callable[[Connection, Wakes], None], wakes: Wakes) -> None:
    try:
        enqueue(connection, wakes)
    except Exception as error:
        if isinstance(store_error(error), StoreUnreachable):
            raise
        _log.exception("Jobs could not be enqueued; they look by themselves before long.")
        raise _WakesRefused from error
