"""SQLite on a file system that writes down every write, truncation and sync, so that power losses can be played back.

The store's own engine, pragmas and writer run on it: only the connection is opened by apsw, through the little of the DB-API that
SQLAlchemy asks of it.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
from sqlalchemy import Engine

VFS = "recording"


@dataclass(frozen=True, slots=True)
class Wrote:
    file: str
    offset: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Truncated:
    file: str
    size: int


@dataclass(frozen=True, slots=True)
class Synced:
    file: str


@dataclass(frozen=True, slots=True)
class Acknowledged:
    number: int


Step = Wrote | Truncated | Synced | Acknowledged


class _File(apsw.VFSFile):
    def __init__(self, name: Any, flags: list[int], tape: "Tape") -> None:
        super().__init__("", name, flags)
        self._file = Path(name.filename() if isinstance(name, apsw.URIFilename) else name).name
        self._tape = tape

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's own name
        self._tape.steps.append(Wrote(self._file, offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - SQLite's own name
        self._tape.steps.append(Truncated(self._file, newsize))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's own name
        super().xSync(flags)
        self._tape.steps.append(Synced(self._file))


class Tape(apsw.VFS):
    """The file system, and what was done to it in order. Registered while it lives."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        super().__init__(VFS, "")

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - SQLite's own name
        return _File(name, flags, self)

    def acknowledge(self, number: int) -> None:
        """The caller was told that this is stored."""
        self.steps.append(Acknowledged(number))


class _Cursor:
    """As much of a DB-API cursor as SQLAlchemy uses."""

    arraysize = 1

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._cursor.exec_trace = self._look
        self.description: tuple[tuple[Any, ...], ...] | None = None
        self.rowcount = -1
        self._rows: deque[Any] = deque()

    def _look(self, cursor: apsw.Cursor, _sql: str, _bindings: object) -> bool:
        # Only here does apsw tell the columns of a result that turns out to have no row.
        columns = cursor.get_description()
        self.description = tuple((name, None, None, None, None, None, None) for name, *_ in columns) or None
        return True

    @property
    def lastrowid(self) -> int:
        return self._connection.last_insert_rowid()

    def execute(self, sql: str, parameters: Any = ()) -> "_Cursor":
        before = self._connection.total_changes()
        # All rows at once: a statement that is still open would stand in the way of the next savepoint.
        self._rows = deque(self._cursor.execute(sql, parameters))
        self.rowcount = -1 if self.description else self._connection.total_changes() - before
        return self

    def executemany(self, sql: str, many: Iterable[Any]) -> "_Cursor":
        before = self._connection.total_changes()
        self._cursor.executemany(sql, many)
        self.rowcount = self._connection.total_changes() - before
        return self

    def fetchall(self) -> list[Any]:
        rows = list(self._rows)
        self._rows.clear()
        return rows

    def fetchone(self) -> Any:
        return self._rows.popleft() if self._rows else None

    def fetchmany(self, size: int = 1) -> list[Any]:
        return [self._rows.popleft() for _ in range(min(size, len(self._rows)))]

    def close(self) -> None:
        self._cursor.close(force=True)


class _Connection:
    """As much of a DB-API connection as SQLAlchemy and the engine's set-up use. Transactions are begun by the engine's own words."""

    isolation_level: str | None = None

    def __init__(self, path: Path, pragmas: Sequence[str]) -> None:
        self._connection = apsw.Connection(str(path), vfs=VFS)
        # A file system written in Python has no shared memory; the one writer is alone here anyway.
        for pragma in ("locking_mode=EXCLUSIVE", *pragmas):
            self._connection.execute(f"PRAGMA {pragma}")

    def cursor(self) -> _Cursor:
        return _Cursor(self._connection)

    def execute(self, sql: str) -> _Cursor:
        return self.cursor().execute(sql)

    def create_function(self, *_args: object, **_options: object) -> None:
        """SQLAlchemy offers functions that the store does not use."""

    def commit(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("COMMIT")

    def rollback(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def close(self) -> None:
        self._connection.close()


def record(engine: Engine, *, path: Path, pragmas: Sequence[str] = ()) -> None:
    """From now on this engine of the store opens its file through the recording file system."""
    engine.dialect.connect = lambda *_args, **_options: _Connection(path, pragmas)  # type: ignore[method-assign,assignment]  # the dialect only hands it on
