"""One empty store after another: SQLite in a folder, PostgreSQL in a database of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.ports.store import Tx
from connector.store.sql_store import SqlStore
from connector.store.store import create
from tests.support.postgres import postgres_server
from tests.support.stores import connection, postgres_database, postgres_store, sqlite_store


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server that ends with the session."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def database(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a PostgreSQL database, used by one test after another."""
    return postgres_database(postgres, tmp_path_factory.mktemp("database") / "hotlead")


@pytest.fixture(scope="session")
def fresh_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory as `create` leaves it, to be copied."""
    directory = tmp_path_factory.mktemp("fresh") / "hotlead"
    create(directory)
    return directory


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    """An empty store with two production connections, `crm` and `hub`, and a test connection, `play`."""
    if request.param == "sqlite":
        opening = sqlite_store(tmp_path / "hotlead", template=request.getfixturevalue("fresh_directory"))
    else:
        opening = postgres_store(tmp_path / "hotlead", url=request.getfixturevalue("database"))
    with opening as made:
        made.write(_connect)
        yield made


def _connect(tx: Tx) -> None:
    for name, production in (("crm", True), ("hub", True), ("play", False)):
        tx.connections.put(connection(name, production=production))
