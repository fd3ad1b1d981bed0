"""The state's database: committed or not at all."""

from __future__ import annotations

import pytest

from adapters.kit.sandbox.storage import SandboxDatabase


@pytest.fixture
def database() -> SandboxDatabase:
    made = SandboxDatabase()
    with made.writing() as connection:
        connection.execute("CREATE TABLE thing (id TEXT PRIMARY KEY, size INTEGER)")
    return made


def count(database: SandboxDatabase) -> int:
    with database.reading() as connection:
        return int(connection.execute("SELECT count(*) FROM thing").fetchone()[0])


def test_a_file_is_empty_until_it_has_a_table() -> None:
    database = SandboxDatabase()
    assert database.is_empty()

    with database.writing() as connection:
        connection.execute("CREATE TABLE thing (id TEXT)")

    assert not database.is_empty()


def test_rows_are_loaded_from_a_generator(database: SandboxDatabase) -> None:
    database.load("thing", ("id", "size"), ((str(number), number) for number in range(1000)))

    assert count(database) == 1000


def test_an_error_takes_back_nested_writes_too(database: SandboxDatabase) -> None:
    def write_and_fail() -> None:
        with database.writing() as outer:
            outer.execute("INSERT INTO thing VALUES ('a', 1)")
            with database.writing() as inner:
                inner.execute("INSERT INTO thing VALUES ('b', 2)")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        write_and_fail()

    assert count(database) == 0
