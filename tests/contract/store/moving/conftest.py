"""A filled SQLite store, and an empty PostgreSQL database for it."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import pytest

from connector.store.store import create
from tests.support.rows import fill
from tests.support.store_moves import ROWS, new_database


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
    return Path(copytree(filled, tmp_path / "data"))


@pytest.fixture
def empty(postgres: str) -> Iterator[str]:
    """The URL of a new database."""
    with new_database(postgres) as url:
        yield url
