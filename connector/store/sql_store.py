"""The store as the product sees it: reads in snapshots, writes through the one writer."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from connector.core.facts import Activities, People
from connector.core.people import PersonId
from connector.ports.errors import StoreError
from connector.ports.store import Tx
from connector.store.backup import back_up
from connector.store.engine import store_error
from connector.store.loader import PeopleLoader
from connector.store.lock import WriterLock
from connector.store.other_writers import OtherWriters
from connector.store.person_rows import refresh
from connector.store.transaction import Memory, Transaction
from connector.store.tx import SqlTx
from connector.store.writer import Wakes, Writer

T = TypeVar("T")
Enqueue = Callable[[Connection, Wakes], None]
OnWake = Callable[[Wakes], None]


class SqlStore:
    """Fulfils `ports.store.Store`. Without a writer it only reads."""

    def __init__(
        self,
        *,
        reader: Engine,
        writer: Engine | None = None,
        lock: WriterLock | None = None,
        enqueue: Enqueue | None = None,
        on_wake: OnWake | None = None,
    ) -> None:
        """Without a lock on the data directory other processes write too, and this one takes turns with them.

        `enqueue` and `on_wake` hear of `Tx.wake`: inside the transaction of the units, and after it.
        """
        self._reader = reader
        self._writer_engine = writer
        self._lock = lock
        begin = OtherWriters().wait if lock is None else None
        self._writer = None if writer is None else Writer(engine=writer, finish=refresh, begin=begin, enqueue=enqueue, on_wake=on_wake)
        self._memory = Memory()
        self._loader = PeopleLoader()
        self._loading = threading.Lock()

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A consistent snapshot, kept until the block ends; read what is needed and leave."""
        with self._snapshot() as t:
            yield SqlTx(t)

    def write(self, unit: Callable[[Tx], T], *, patience_s: float | None = None) -> T:
        """With `patience_s`, StoreUnreachable where the unit was not stored by then; without, it waits as `Writer.write` says."""
        if self._writer is None:
            raise StoreError("The store was opened for reading only.")
        return self._writer.write(lambda t: unit(SqlTx(t)), patience_s=patience_s)

    def backlog(self) -> int:
        """Units that wait for the writer."""
        return 0 if self._writer is None else self._writer.backlog()

    def load_people(self, people: Sequence[PersonId], *, facts: Sequence[str], since: datetime) -> tuple[People, Activities]:
        """Persons with a live row, ascending, whatever the order asked for."""
        with self._loading, self._snapshot() as t:
            return self._loader.load(t, people, facts=facts, since=since)

    def backup(self, to: Path) -> None:
        back_up(self._reader.url.render_as_string(hide_password=False), to)

    def end_soon(self) -> None:
        """The process ends: nothing waits long any more for a database that is away. With one that answers, nothing changes."""
        if self._writer is not None:
            self._writer.end_soon()

    def close(self) -> None:
        """Writes what is waiting, then lets go of the data directory. Repeatable."""
        if self._writer is not None:
            self._writer.close()
        for engine in (self._writer_engine, self._reader):
            if engine is not None:
                engine.dispose()
        if self._lock is not None:
            self._lock.release()

    @contextmanager
    def _snapshot(self) -> Iterator[Transaction]:
        try:
            with self._reader.connect() as connection, connection.begin():
                yield Transaction(connection=connection, memory=self._memory)
        except DBAPIError as error:
            raise store_error(error) from error
