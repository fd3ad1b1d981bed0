"""The PostgreSQL database that a store is moved to: let in, found empty or half-filled by the same store, and how far the move is.

How far it is stands in two tables of that database, written in the transactions that bring the rows, so a kill loses nothing.
"""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import errors
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from connector.ports.errors import StoreBusy, StoreError, StoreFull, StoreUnreachable, StoreVersion, UsageError
from connector.store.engine import CONNECT_S, open_engine
from connector.store.migrate import HEAD, MOVES, bring_up
from connector.store.move_tables import CARRIED, Row
from connector.store.moved import hidden

Session = psycopg.Connection[tuple[Any, ...]]

MOVING = 0x686F746C656D76
"""The advisory lock of whoever fills the database."""
WAITS_S = 5.0
"""The server may take a moment to see that whoever filled the database before was killed."""
ASKED_EVERY_S = 0.2
_TABLES = "store_move_tables"
_MAKE_STATE = f"""
    CREATE TABLE {MOVES} (source text PRIMARY KEY, schema text NOT NULL, begun_at timestamptz NOT NULL, completed_at timestamptz);
    CREATE TABLE {_TABLES} (name text PRIMARY KEY, last_key text NOT NULL, rows bigint NOT NULL, done boolean NOT NULL);
""".encode()
_EMPTY_HINT = "Make an empty one (CREATE DATABASE hotlead ENCODING 'UTF8' TEMPLATE template0) and name that."


@dataclass(frozen=True, slots=True, kw_only=True)
class Progressed:
    """How far the copying of one table is."""

    last: Row
    """The key of the last row; empty before the first."""
    rows: int
    done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The database, with nobody else moving into it. Made by `target_opened`."""

    session: Session
    source: str

    @property
    def is_complete(self) -> bool:
        """Whether this move came to its end."""
        return bool(_value(self.session, f"SELECT completed_at IS NOT NULL FROM {MOVES}"))

    def progressed(self) -> Mapping[str, Progressed]:
        """By table; tables not begun are not in it."""
        rows = self.session.execute(f"SELECT name, last_key, rows, done FROM {_TABLES}".encode()).fetchall()
        return {name: Progressed(last=_key(last), rows=many, done=done) for name, last, many, done in rows}

    def progress(self, table: str, made: Progressed) -> None:
        """Notes it, in the transaction under way."""
        self.session.execute(
            f"INSERT INTO {_TABLES} VALUES (%s, %s, %s, %s) ON CONFLICT (name) DO UPDATE SET last_key = excluded.last_key,"
            " rows = excluded.rows, done = excluded.done".encode(),
            (table, _key_text(made.last), made.rows, made.done),
        )

    def complete(self) -> None:
        """Whatever opens the database from here on may use it."""
        self.session.execute(f"UPDATE {MOVES} SET completed_at = now()".encode())


def checked(url: str) -> str:
    """The URL. Raises UsageError where it does not name a PostgreSQL database."""
    hint = "Give one such as postgresql://hotlead:PASSWORD@db.example.com/hotlead, or @FILE with it."
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as err:
        raise UsageError("The address of the database cannot be understood.", hint=hint) from err
    if parsed.drivername not in {"postgresql", "postgres", "postgresql+psycopg"} or not parsed.database:
        raise UsageError(f"'{hidden(url)}' is not the address of a PostgreSQL database.", hint=hint)
    return parsed.set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def target_opened(url: str, *, source: str) -> Iterator[Target]:
    """The database with its tables, for the store of this name alone.

    Raises StoreUnreachable, StoreBusy where another one moves into it, StoreVersion for another version's, StoreError where it is not
    empty or its user may not make tables.
    """
    with in_our_words(url), ExitStack() as stack:
        session = stack.enter_context(_connected(url))
        if not _is_alone(session):
            raise StoreBusy(f"Another `hotlead migrate-store` fills {hidden(url)}.", hint="Wait until it is done, or stop it.")
        _require_unicode(session, url)
        tables = _tables(session)
        if MOVES not in tables:
            _begin(session, url, source=source, tables=tables)
        _require_ours(session, url, source=source)
        yield Target(session=session, source=source)


def _is_alone(session: Session) -> bool:
    """Whether nobody else fills the database, until the session ends."""
    until = time.monotonic() + WAITS_S
    while not _value(session, f"SELECT pg_try_advisory_lock({MOVING})"):
        if time.monotonic() > until:
            return False
        time.sleep(ASKED_EVERY_S)
    return True


@contextmanager
def in_our_words(url: str) -> Iterator[None]:
    """Raises what the driver raises as errors of ours."""
    try:
        yield
    except psycopg.Error as err:
        raise _told(err, url) from err


def _told(err: psycopg.Error, url: str) -> StoreError:
    said = str(err).strip().splitlines()[0] if str(err).strip() else type(err).__name__
    parsed = make_url(url)
    match err:
        case errors.InsufficientPrivilege():
            return StoreError(
                f"The user '{parsed.username or ''}' may not make tables in {hidden(url)}: {said}.",
                hint="Make the user the owner of the database, or: GRANT CREATE, TEMPORARY ON DATABASE …; GRANT CREATE ON SCHEMA public ….",
            )
        case errors.DiskFull() | errors.ReadOnlySqlTransaction():
            return StoreFull(f"The database takes no more: {said}.", hint="Mend that and give the command again: it goes on.")
        case errors.ProgramLimitExceeded():
            return StoreError(
                f"A value is too long for an index of PostgreSQL: {said}.", hint="Nothing was switched; the SQLite store goes on as it was."
            )
        case psycopg.OperationalError() | errors.AdminShutdown() | errors.CrashShutdown():
            return StoreUnreachable(
                f"The database {hidden(url)} cannot be reached: {said}",
                hint="See that the server runs, lets this machine in and knows the user and the database; then give the command again.",
            )
        case _:
            return StoreError(f"The database refused: {type(err).__name__}: {said}", hint="Nothing was switched; the SQLite store stands.")


@contextmanager
def _connected(url: str) -> Iterator[Session]:
    words, named = make_url(url).set(drivername="postgresql+psycopg").get_dialect()().create_connect_args(make_url(url))
    session: Session = psycopg.connect(
        *words, autocommit=True, **{"connect_timeout": CONNECT_S, "application_name": "hotlead move", **named}
    )
    try:
        yield session
    finally:
        session.close()


def _begin(session: Session, url: str, *, source: str, tables: frozenset[str]) -> None:
    """Makes the tables of an empty database, and the note that this store moves in."""
    if tables and not _is_untouched(session, tables):
        raise StoreError(f"The database {hidden(url)} is not empty.", hint=_EMPTY_HINT)
    engines = open_engine(url, writable=False), open_engine(url, writable=True)
    try:
        bring_up(reader=engines[0], writer=engines[1])
    except StoreError as err:
        refused = getattr(err.__cause__, "orig", None)
        if isinstance(refused, psycopg.Error):
            raise _told(refused, url) from err
        raise
    finally:
        for engine in engines:
            engine.dispose()
    with session.transaction():
        session.execute(_MAKE_STATE)
        session.execute(f"INSERT INTO {MOVES} VALUES (%s, %s, now())".encode(), (source, HEAD))


def _is_untouched(session: Session, tables: frozenset[str]) -> bool:
    """Whether all it holds are hotlead's own tables, without a row."""
    names = {carried.name for carried in CARRIED}
    if not names <= tables:
        return False
    return not any(_value(session, f'SELECT EXISTS (SELECT 1 FROM "{name}")') for name in names)


def _require_ours(session: Session, url: str, *, source: str) -> None:
    found = session.execute(f"SELECT source, schema, completed_at FROM {MOVES}".encode()).fetchone()
    if found is None or found[0] != source:
        what = "holds the store" if found is not None and found[2] is not None else "holds a half-done copy"
        raise StoreError(f"The database {hidden(url)} {what} of another installation.", hint=_EMPTY_HINT)
    if found[1] != HEAD and found[2] is None:
        raise StoreVersion(
            f"The copy in {hidden(url)} was begun by another version of hotlead (schema {found[1]}, ours is {HEAD}).", hint=_EMPTY_HINT
        )


def _require_unicode(session: Session, url: str) -> None:
    encoding = _value(session, "SHOW server_encoding")
    if encoding != "UTF8":
        raise StoreError(f"The database {hidden(url)} keeps texts as {encoding}; hotlead needs UTF8.", hint=_EMPTY_HINT)


def _tables(session: Session) -> frozenset[str]:
    """In the schema that tables are made in."""
    return frozenset(row[0] for row in session.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"))


def _value(session: Session, query: str) -> Any:
    row = session.execute(query.encode()).fetchone()
    return None if row is None else row[0]


def _key_text(key: Row) -> str:
    return json.dumps([{"hex": part.hex()} if isinstance(part, bytes) else part for part in key])


def _key(text: str) -> Row:
    return tuple(bytes.fromhex(part["hex"]) if isinstance(part, dict) else part for part in json.loads(text))
