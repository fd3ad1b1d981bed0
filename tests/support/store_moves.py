"""A SQLite store on its way to PostgreSQL, with pages so small that every table has several. Station: tests, support."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from sqlalchemy import create_engine, make_url, select

from connector.store.move import StoreMove, TableMoved, Told, moving
from connector.store.move_tables import CARRIED
from connector.store.store import database_url
from tests.support.rows import TABLES

ROWS = 60
"""Rows of each table."""
PAGE_ROWS = 25


@contextmanager
def new_database(server: str, *, options: str = "") -> Iterator[str]:
    """The URL of a new database on this server, dropped with the block."""
    name = f"moved_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} {options}".encode())
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def silent(_name: str, _done: int, _of: int | None) -> None:
    """Tells nobody."""


@contextmanager
def under_way(directory: Path, url: str, *, told: Told = silent) -> Iterator[StoreMove]:
    """With pages so small that every table has several."""
    with moving(directory=directory, source_url=database_url(directory), url=url, told=told) as begun:
        yield replace(begun, tables=tuple(replace(table, at_once=PAGE_ROWS, page_rows=PAGE_ROWS) for table in CARRIED))


def move(directory: Path, url: str, *, between: Callable[[], object] = lambda: None) -> Sequence[TableMoved]:
    """A whole move, something done between its copy and its end."""
    with under_way(directory, url) as begun:
        begun.copy()
        between()
        return begun.settle()


def in_sqlite(directory: Path, *statements: str) -> None:
    with closing(sqlite3.connect(directory / "hotlead.db")) as database, database:
        for statement in statements:
            database.execute(statement)


def in_postgres(url: str, *statements: str) -> list[tuple[Any, ...]]:
    """What the last one gives."""
    with psycopg.connect(url, autocommit=True) as database:
        for statement in statements:
            cursor = database.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def held(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, as Python values, in an order that both databases share."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    try:
        with engine.connect() as connection:
            return {t.name: sorted(map(tuple, connection.execute(select(t))), key=repr) for t in TABLES}
    finally:
        engine.dispose()


def mended(tables: Sequence[TableMoved]) -> dict[str, int]:
    """Rows put right after the copy, by table."""
    return {table.name: table.mended for table in tables if table.mended}
