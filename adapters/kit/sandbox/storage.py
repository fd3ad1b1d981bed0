"""SQLite for a sandbox's state: one connection, one lock, quick bulk loading.

Station: sandbox ground. Each CRM writes its own tables and SQL; this opens the file and keeps threads apart.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

_PRAGMAS = (
    "PRAGMA journal_mode = MEMORY",
    "PRAGMA synchronous = OFF",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -200000",
)
"""A sandbox that dies is seeded again, so nothing is spent on surviving a power cut."""


class SandboxDatabase:
    """The state of one sandbox. Every use of the connection goes through `reading` or `writing`."""

    def __init__(self, *, file: str = ":memory:") -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(file, check_same_thread=False, isolation_level=None, cached_statements=512)
        for pragma in _PRAGMAS:
            self._connection.execute(pragma)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection, with no other thread on it meanwhile."""
        with self._lock:
            yield self._connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The connection inside a transaction: committed at the end, rolled back on an error. May be nested."""
        with self._lock:
            if self._connection.in_transaction:
                yield self._connection
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.rollback()
                raise
            self._connection.commit()

    def is_empty(self) -> bool:
        """True when the file holds no table yet, so that it wants seeding."""
        with self.reading() as connection:
            return connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None

    def load(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Inserts many rows; `rows` may be a generator and is never held whole. Make indexes after it, not before."""
        marks = ", ".join("?" * len(columns))
        with self.writing() as connection:
            connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)

    def close(self) -> None:
        """Closes the connection; an in-memory state is gone then."""
        with self._lock:
            self._connection.close()
