"""A SQLite store moved to PostgreSQL: everything arrives, nothing else does, and nobody uses half of it."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import create_engine, make_url, select

from connector.store.move import TableMoved, moving
from connector.store.store import create, database_url
from tests.support.rows import TABLES, fill

ROWS = 60


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with rows in every table."""
    directory = tmp_path_factory.mktemp("filled") / "data"
    create(directory)
    fill(directory / "hotlead.db", rows=ROWS)
    return directory


@pytest.fixture
def directory(filled: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    copied = tmp_path / "data"
    copied.mkdir()
    for file in filled.iterdir():
        (copied / file.name).write_bytes(file.read_bytes())
        (copied / file.name).chmod(0o600)
    return copied


@pytest.fixture
def empty(postgres: str) -> Iterator[str]:
    """The URL of a new database."""
    name = f"moved_{uuid4().hex}"
    with psycopg.connect(postgres, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
    yield make_url(postgres).set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(postgres, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def silent(_name: str, _done: int, _of: int | None) -> None:
    pass


def move(directory: Path, url: str, *, between: Callable[[], None] = lambda: None) -> Sequence[TableMoved]:
    with moving(directory=directory, source_url=database_url(directory), url=url, told=silent) as under_way:
        under_way.copy()
        between()
        return under_way.settle()


def held(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, as Python values, in an order that both databases share."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    try:
        with engine.connect() as connection:
            return {t.name: sorted(map(tuple, connection.execute(select(t))), key=repr) for t in TABLES}
    finally:
        engine.dispose()


def test_every_row_of_every_table_arrives(directory: Path, empty: str) -> None:
    moved = move(directory, empty)

    assert held(empty) == held(database_url(directory))
    assert {table.name: table.rows for table in moved} == {table.name: ROWS for table in TABLES}
    assert sum(table.mended for table in moved) == 0
