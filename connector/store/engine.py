"""Opens the database: URL, pragmas, how a transaction begins, and database errors in our own words.

SQLite: WAL, `synchronous=FULL`, foreign keys; the writer begins IMMEDIATE, because a transaction that reads first and writes later fails at
once beside another writer, whatever the time-out.
"""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from connector.ports.errors import HotleadError, StoreBusy, StoreError, StoreFull, StoreUnreachable

BUSY_TIMEOUT_MS = 10_000
WRITER_CACHE_KIB = 32 * 1024
READER_CACHE_KIB = 8 * 1024
CHECKPOINT_PAGES = 4000

_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_SPOILT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_POSTGRES_FULL = {"53100", "25006", "58030"}
"""disk_full, read_only_sql_transaction, io_error."""
_POSTGRES_ROLLED_BACK = {"40001", "40P01"}
"""serialization_failure, deadlock_detected: sent instead of storing anything."""
_POSTGRES_AWAY = {*_POSTGRES_ROLLED_BACK, "25P03", "53200", "53300", "55P03", "57P01", "57P02", "57P03"}
"""Also idle too long, out of memory, too many connections, lock not to be had in time, server going down, crashed, coming up."""
_POSTGRES_LOST = "08"
"""The class of lost connections."""

PATIENCE_MS = 15_000
"""A writer that stops in the middle of a transaction is cut off by the server after so long, so that the others can go on.

`options` in the URL replace this and the next one.
"""
LOCK_MS = 5_000
CONNECT_S = 5
_ALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 15_000}


def sqlite_path(url: str) -> Path | None:
    """The file of a SQLite URL, or None for another database."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return None
    if not parsed.database or parsed.database == ":memory:":
        raise StoreError(f"The database must be a file: {url}", hint="Give a URL such as sqlite:////var/lib/hotlead/hotlead.db.")
    return Path(parsed.database)


def open_engine(url: str, *, writable: bool) -> Engine:
    """An engine whose transactions begin as the store needs them. Opens no connection yet."""
    if sqlite_path(url) is None:
        return _postgres_engine(url, writable=writable)
    engine = create_engine(url, pool_size=1 if writable else 8, max_overflow=0 if writable else 24)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        for pragma in _pragmas(writable=writable):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writable else "BEGIN")

    return engine


def _pragmas(*, writable: bool) -> tuple[str, ...]:
    always = (f"busy_timeout={BUSY_TIMEOUT_MS}", "foreign_keys=ON", "synchronous=FULL", "temp_store=MEMORY")
    if writable:
        return (
            *always,
            "secure_delete=ON",
            "journal_mode=WAL",
            f"wal_autocheckpoint={CHECKPOINT_PAGES}",
            f"cache_size=-{WRITER_CACHE_KIB}",
        )
    return (*always, f"cache_size=-{READER_CACHE_KIB}", "query_only=ON")


def _postgres_engine(url: str, *, writable: bool) -> Engine:
    parsed = make_url(url)
    if parsed.drivername in {"postgresql", "postgres"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    bounds: dict[str, str] = {}
    if writable and "options" not in parsed.query:
        bounds["options"] = f"-c idle_in_transaction_session_timeout={PATIENCE_MS} -c lock_timeout={LOCK_MS}"
    engine = create_engine(
        parsed,
        isolation_level="READ COMMITTED" if writable else "REPEATABLE READ",
        pool_size=1 if writable else 4,
        max_overflow=0 if writable else 12,
        pool_pre_ping=not writable,
        connect_args={"connect_timeout": CONNECT_S, **bounds, **_ALIVE},
    )

    @event.listens_for(engine, "do_execute")
    def plan_anew(cursor: Any, statement: str, parameters: Any, _context: object) -> bool:
        """For many keys or rows: a plan that is kept from when a table was empty would read it whole ever after."""
        tells_many = isinstance(parameters, dict) and any(type(one) is list for one in parameters.values())
        if tells_many:
            cursor.execute(statement, parameters, prepare=False)
        return tells_many

    if not writable:

        @event.listens_for(engine, "begin")
        def begin(connection: Any) -> None:
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")

    return engine


def store_error(error: BaseException) -> BaseException:
    """The error in our own words, caused by it, where it came from the database; any other error as it is."""
    if isinstance(error, HotleadError) or not isinstance(error, DBAPIError):
        return error
    told = _away(error) or _told(error.orig)
    told.__cause__ = error
    return told


def _away(error: DBAPIError) -> StoreError | None:
    """Where the database cannot be reached, or asks for another try."""
    state = getattr(error.orig, "sqlstate", None)
    is_from_sqlite = isinstance(error.orig, sqlite3.Error)
    is_lost = error.connection_invalidated or (isinstance(error, OperationalError) and state is None and not is_from_sqlite)
    if not is_lost and state not in _POSTGRES_AWAY and not str(state).startswith(_POSTGRES_LOST):
        return None
    return StoreUnreachable(
        f"The database does not answer, or asks for another try ({type(error.orig).__name__}).",
        hint="Start it, or see why it is down; work goes on by itself from the last committed row.",
        is_rolled_back=state in _POSTGRES_ROLLED_BACK,
    )


def _told(original: BaseException | None) -> StoreError:
    code = getattr(original, "sqlite_errorcode", None)
    kind = None if code is None else code & 0xFF
    if kind in _FULL or getattr(original, "sqlstate", None) in _POSTGRES_FULL:
        return StoreFull(
            f"The disk under the database is full, read-only or failing ({original}); nothing was half-written.",
            hint="Free space or mend the disk: `hotlead up` then goes on by itself, a command is given again.",
        )
    if kind in _BUSY:
        return StoreBusy(
            f"Another program holds the database ({original}).", hint="Close whatever else has it open for writing, then start again."
        )
    if kind in _SPOILT:
        return StoreError(
            f"The database file is damaged ({original}).", hint="Keep a copy of the data directory, then put back a backup of hotlead.db."
        )
    return StoreError(f"The database refused: {type(original).__name__}: {original}", hint="Run `hotlead doctor`.")
