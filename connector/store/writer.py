"""The one writer: a thread that runs units, several waiting ones in one commit.

Each unit has a savepoint of its own, so that one that fails takes nothing of the others with it. Results and errors are handed back only
after the commit: what a caller has been told is durable.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from time import monotonic
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from connector.ports.errors import StoreError, StoreFull
from connector.store.engine import store_error
from connector.store.transaction import Memory, Transaction

T = TypeVar("T")

GROUP_ROWS = 500
GROUP_S = 0.05
"""A commit waits for no further unit after so many rows or so much time."""


@dataclass(frozen=True, slots=True)
class _Order:
    unit: Callable[[Transaction], Any]
    answer: "Future[Any]"


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


class Writer:
    """Takes units from any thread. `finish` runs inside each unit's savepoint after the unit itself."""

    def __init__(self, *, engine: Engine, finish: Callable[[Transaction], None]) -> None:
        self._engine = engine
        self._finish = finish
        self._memory = Memory()
        self._orders: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        self._touched = 0
        self._closed = False
        self._guard = threading.Lock()
        self._thread = threading.Thread(target=self._serve, name="hotlead-writer", daemon=True)
        self._thread.start()

    def write(self, unit: Callable[[Transaction], T]) -> T:
        """What the unit gives back, once it is durable. Raises what the unit raised, or StoreFull, StoreBusy, StoreError."""
        if threading.current_thread() is self._thread:
            raise StoreError("A unit asked for another unit; put both into one.")
        answer: Future[T] = Future()
        with self._guard:
            if self._closed:
                raise StoreError("The store is closed.", hint="Open it again.")
            self._orders.put(_Order(unit, answer))
        return answer.result()

    def close(self) -> None:
        """Runs what is waiting, then ends the thread."""
        with self._guard:
            if self._closed:
                return
            self._closed = True
            self._orders.put(None)
        self._thread.join()

    def _serve(self) -> None:
        order = self._orders.get()
        while order is not None:
            order = self._commit_together(order)

    def _commit_together(self, order: _Order) -> _Order | None:
        """Runs this unit and those that wait, commits, tells; gives the next order (None: closed)."""
        done: list[_Done] = []
        following: _Order | None = order
        self._touched = 0
        until = monotonic() + GROUP_S
        try:
            with self._engine.connect() as connection, connection.begin():
                while following is not None:
                    done.append(_Done(following))
                    done[-1] = self._attempt(connection, following)
                    following = self._waiting() if self._touched < GROUP_ROWS and monotonic() < until else None
        except BaseException as error:  # noqa: BLE001 - whatever broke the transaction belongs to those who wait for it
            self._memory.forget()
            told = store_error(error)
            done = [_Done(d.order, error=told) for d in done or [_Done(order)]]
        self._memory.shed_words()
        for outcome in done:
            outcome.tell()
        return self._orders.get()

    def _waiting(self) -> _Order | None:
        try:
            order = self._orders.get_nowait()
        except queue.Empty:
            return None
        if order is None:
            self._orders.put(None)
        return order

    def _attempt(self, connection: Connection, order: _Order) -> _Done:
        savepoint = connection.begin_nested()
        try:
            transaction = Transaction(connection=connection, memory=self._memory)
            result = order.unit(transaction)
            self._finish(transaction)
            savepoint.commit()
            self._touched += transaction.touched
        except Exception as error:
            self._memory.forget()
            told = store_error(error)
            if isinstance(told, StoreFull):
                raise
            try:
                savepoint.rollback()
            except SQLAlchemyError as lost:
                raise error from lost
            return _Done(order, error=told)
        return _Done(order, result=result)
