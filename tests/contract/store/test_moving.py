"""A SQLite store moved to PostgreSQL: everything arrives, nothing else does, and nobody uses half of it."""

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from shutil import copytree
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import create_engine, make_url, select

from connector.ports.errors import HotleadError, StoreBusy, StoreError, StoreUnreachable, StoreVersion, UsageError
from connector.ports.inbox import Arrived
from connector.store.lock import WriterLock
from connector.store.move import StoreMove, TableMoved, Told, moving
from connector.store.move_tables import CARRIED
from connector.store.store import create, database_url, open_reader, open_store
from tests.support.rows import TABLES, fill
from tests.support.stores import at

ROWS = 60
PAGE_ROWS = 25


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


@contextmanager
def new_database(server: str, *, options: str = "") -> Iterator[str]:
    name = f"moved_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} {options}".encode())
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def silent(_name: str, _done: int, _of: int | None) -> None:
    pass


@contextmanager
def under_way(directory: Path, url: str, *, told: Told = silent) -> Iterator[StoreMove]:
    """With pages so small that every table has several."""
    with moving(directory=directory, source_url=database_url(directory), url=url, told=told) as begun:
        yield replace(begun, tables=tuple(replace(table, at_once=PAGE_ROWS, page_rows=PAGE_ROWS) for table in CARRIED))


def move(directory: Path, url: str, *, between: Callable[[], object] = lambda: None) -> Sequence[TableMoved]:
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
    return {table.name: table.mended for table in tables if table.mended}


def test_every_row_of_every_table_arrives(directory: Path, empty: str) -> None:
    moved = move(directory, empty)

    assert held(empty) == held(database_url(directory))
    assert {table.name: table.rows for table in moved} == {table.name: ROWS for table in TABLES}
    assert mended(moved) == {}


def test_an_empty_store_moves_too(tmp_path: Path, empty: str) -> None:
    create(tmp_path / "data")

    moved = move(tmp_path / "data", empty)

    assert sum(table.rows for table in moved) == 0
    assert {table.sha256 for table in moved} == {"0" * 64}


def test_long_texts_and_bodies_arrive(directory: Path, empty: str) -> None:
    in_sqlite(
        directory, "UPDATE raw SET fields = printf('%.*c', 9000000, 'u') WHERE source < 3", "UPDATE inbox SET body = randomblob(1000000)"
    )

    moved = move(directory, empty)

    assert mended(moved) == {}
    assert in_postgres(empty, "SELECT length(fields) FROM raw ORDER BY 1 DESC LIMIT 2") == [(9_000_000,)] * 2
    assert held(empty)["inbox"] == held(database_url(directory))["inbox"]


def test_a_character_0_in_a_text_becomes_a_mark_and_is_told(directory: Path, empty: str) -> None:
    in_sqlite(
        directory, "UPDATE persons SET name = 'a' || char(0) || 'b' WHERE id = 7", "UPDATE raw SET id = 'k' || char(0) WHERE source = 3"
    )

    moved = move(directory, empty)

    assert {table.name: table.altered for table in moved if table.altered} == {"persons": 1, "raw": 1}
    assert in_postgres(empty, "SELECT name FROM persons WHERE id = 7") == [("a\ufffdb",)]
    assert in_postgres(empty, "SELECT id FROM raw WHERE source = 3") == [("k\ufffd",)]


def test_what_changes_while_it_copies_arrives(directory: Path, empty: str) -> None:
    changes = (
        "UPDATE persons SET name = 'Changed' WHERE id IN (3, 4)",
        "DELETE FROM activities WHERE id = 9",
        "INSERT INTO ladder_states VALUES (1000, 'mql', '{}')",
        "DELETE FROM inbox WHERE no >= 50",
        "INSERT INTO inbox (lane, at, body) VALUES ('crm', 1, x'00ff')",
    )

    moved = move(directory, empty, between=lambda: in_sqlite(directory, *changes))

    assert held(empty) == held(database_url(directory))
    assert mended(moved) == {"persons": 2, "activities": 1, "ladder_states": 1, "inbox": 12}


def test_rows_that_changed_places_under_a_unique_key_arrive(directory: Path, empty: str) -> None:
    in_sqlite(directory, "UPDATE lists SET name = 'one' WHERE no = 1", "UPDATE lists SET name = 'two' WHERE no = 2")
    places = (
        "UPDATE lists SET name = '' WHERE no = 1",
        *(f"UPDATE lists SET name = '{n}' WHERE no = {no}" for n, no in (("one", 2), ("two", 1))),
    )

    moved = move(directory, empty, between=lambda: in_sqlite(directory, *places))

    assert held(empty)["lists"] == held(database_url(directory))["lists"]
    assert mended(moved) == {"lists": 2}


def test_a_row_made_anew_under_another_key_while_it_copies_arrives(directory: Path, empty: str) -> None:
    in_sqlite(directory, "UPDATE lists SET name = 'moving' WHERE no = 1")

    def change(name: str, done: int, _of: int | None) -> None:
        if (name, done) == ("copy lists", PAGE_ROWS):
            in_sqlite(directory, "UPDATE lists SET name = '' WHERE no = 1", "UPDATE lists SET name = 'moving' WHERE no = 50")

    with under_way(directory, empty, told=change) as begun:
        begun.copy()
        moved = begun.settle()

    assert held(empty)["lists"] == held(database_url(directory))["lists"]
    assert mended(moved) == {"lists": 2}


def test_numbers_go_on_after_those_ever_given_out(directory: Path, empty: str) -> None:
    in_sqlite(directory, "INSERT INTO inbox (no, lane, at, body) VALUES (900, 'crm', 1, x'00')", "DELETE FROM inbox WHERE no = 900")
    move(directory, empty)

    store = open_store(url=empty, directory=directory, command="test")
    try:
        store.write(lambda tx: tx.inbox.put([Arrived(lane="crm", at=at(), body=b"new")]))
    finally:
        store.close()

    assert in_postgres(empty, "SELECT max(no) FROM inbox") == [(901,)]
    assert in_postgres(empty, "INSERT INTO plan_ladder (plan, what, body) VALUES (1, 'x', 'y') RETURNING no") == [(ROWS + 1,)]


def test_references_are_checked_by_the_new_database(directory: Path, empty: str) -> None:
    move(directory, empty)

    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        in_postgres(empty, "UPDATE members SET person = 12345 WHERE no = 1")


def test_a_row_changed_in_the_copy_is_found_and_put_right(directory: Path, empty: str) -> None:
    moved = move(directory, empty, between=lambda: in_postgres(empty, "UPDATE scores SET total = 99 WHERE person = 5"))

    assert mended(moved) == {"scores": 1}
    assert held(empty)["scores"] == held(database_url(directory))["scores"]


def test_a_copy_that_does_not_become_equal_is_not_switched_to(directory: Path, empty: str) -> None:
    meddle = (
        "CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.total := NEW.total + 1; RETURN NEW; END'",
        "CREATE TRIGGER meddle BEFORE INSERT OR UPDATE ON scores FOR EACH ROW EXECUTE FUNCTION meddle()",
    )

    def between() -> None:
        in_postgres(empty, *meddle)
        in_sqlite(directory, "UPDATE scores SET total = 5000 WHERE person = 5")

    with pytest.raises(StoreError, match="The table scores differs after copying"):
        move(directory, empty, between=between)

    open_store(directory=directory, command="test").close()
    with pytest.raises(StoreVersion, match="moved there in part"):
        open_reader(url=empty, directory=directory)


def test_one_more_row_over_there_is_taken_away(directory: Path, empty: str) -> None:
    moved = move(directory, empty, between=lambda: in_postgres(empty, "INSERT INTO ladder_states VALUES (-5, 'lead', '{}')"))

    assert mended(moved) == {"ladder_states": 1}
    assert held(empty)["ladder_states"] == held(database_url(directory))["ladder_states"]


def killed_after(directory: Path, url: str, *, told: int = 0, steps: int = 0) -> None:
    """A process moves the store and is killed when it has been told something so often, or SQLite has taken so many steps for it."""
    child = os.fork()
    if child == 0:
        heard = count(1)

        def kill(*_: object) -> None:
            if next(heard) == (told or steps):
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            with under_way(directory, url, told=kill if told else silent) as begun:
                if steps:
                    begun.source.set_progress_handler(kill, 100)
                begun.copy()
                begun.settle()
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def test_killed_again_and_again_it_goes_on_and_loses_nothing(directory: Path, empty: str) -> None:
    for told in (1, 2, 7, 20):
        killed_after(directory, empty, told=told)
    for steps in (1, 15, 40, 100):
        killed_after(directory, empty, steps=steps)
    assert 0 < len(in_postgres(empty, "SELECT name FROM store_move_tables")) < len(TABLES), "it was killed half-way"

    moved = move(directory, empty)

    assert held(empty) == held(database_url(directory))
    assert mended(moved) == {}
    assert sum(rows == ROWS for _, rows in in_postgres(empty, "SELECT name, rows FROM store_move_tables")) == len(TABLES), (
        "none copied twice"
    )


@pytest.mark.parametrize("told", [1, 20, len(TABLES)])
def test_killed_while_it_compares_it_begins_that_again(directory: Path, empty: str, told: int) -> None:
    with under_way(directory, empty) as begun:
        begun.copy()
    in_sqlite(directory, "UPDATE persons SET name = 'Changed'")
    in_sqlite(directory, *(f'DELETE FROM "{name}"' for name in ("ladder_states", "scores", "addresses")))
    killed_after(directory, empty, told=told)

    open_store(directory=directory, command="test").close()
    move(directory, empty)

    assert held(empty) == held(database_url(directory))


def test_afterwards_the_sqlite_file_is_opened_no_more(directory: Path, empty: str) -> None:
    before = (directory / "hotlead.db").read_bytes()
    secret = make_url(empty).set(password="S3cret").render_as_string(hide_password=False)
    move(directory, secret)

    for opening in (
        lambda: open_store(directory=directory, command="test"),
        lambda: open_reader(directory=directory),
        lambda: create(directory),
    ):
        with pytest.raises(StoreVersion, match="has moved to postgresql:") as refused:
            opening()
        assert "***" in str(refused.value) and "S3cret" not in str(refused.value) + refused.value.hint
        assert "move.json" in refused.value.hint and "database_url" in refused.value.hint
    assert "S3cret" not in (directory / "move.json").read_text()
    assert (directory / "hotlead.db").read_bytes() == before


def test_somebody_who_writes_is_waited_for(directory: Path, empty: str) -> None:
    writer = WriterLock(directory=directory, command="hotlead up")
    with under_way(directory, empty) as begun:
        begun.copy()
        with pytest.raises(StoreBusy, match="`hotlead up`"):
            begun.settle()
        writer.release()

        assert len(begun.settle()) == len(TABLES)


def test_moved_and_killed_before_it_was_told_so_it_is_only_told(directory: Path, empty: str) -> None:
    move(directory, empty)
    in_postgres(empty, "UPDATE persons SET name = 'Since then'")

    assert move(directory, empty) == ()
    assert in_postgres(empty, "SELECT DISTINCT name FROM persons") == [("Since then",)]


def test_killed_between_the_note_and_the_end_it_is_brought_to_its_end(directory: Path, empty: str) -> None:
    move(directory, empty)
    in_postgres(empty, "UPDATE store_moves SET completed_at = NULL")

    assert len(move(directory, empty)) == len(TABLES)
    open_reader(url=empty, directory=directory).close()


def test_back_to_sqlite_it_does_not_overwrite_what_was_moved(directory: Path, empty: str) -> None:
    move(directory, empty)
    note = directory / "move.json"
    note.write_text(note.read_text().replace(note.read_text().split('"to": ')[1], '""}'))
    open_store(directory=directory, command="test").close()

    with pytest.raises(StoreError, match="may have been written to since"):
        move(directory, empty)


def test_a_store_that_has_moved_moves_nowhere_else(directory: Path, empty: str, postgres: str) -> None:
    move(directory, empty)

    with new_database(postgres) as other, pytest.raises(StoreVersion, match="has moved to"):
        move(directory, other)


def refused(directory: Path, url: str, *, error: type[HotleadError] = StoreError) -> str:
    """What is said; the store stays where it is and usable."""
    with pytest.raises(error) as told:
        move(directory, url)
    open_store(directory=directory, command="test").close()
    assert told.value.hint
    return str(told.value)


def test_a_database_with_tables_of_somebody_else_is_left_alone(directory: Path, empty: str) -> None:
    in_postgres(empty, "CREATE TABLE theirs (x int)")

    assert "is not empty" in refused(directory, empty)
    assert in_postgres(empty, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == [("theirs",)]


def test_a_hotlead_database_in_use_is_left_alone(directory: Path, empty: str, tmp_path: Path) -> None:
    create(tmp_path / "other", url=empty)
    in_postgres(empty, "INSERT INTO lists VALUES (1, 'theirs')")

    assert "is not empty" in refused(directory, empty)
    assert in_postgres(empty, "SELECT name FROM lists") == [("theirs",)]


def test_a_hotlead_database_without_a_row_will_do(directory: Path, empty: str, tmp_path: Path) -> None:
    create(tmp_path / "other", url=empty)

    assert len(move(directory, empty)) == len(TABLES)


def test_half_a_store_of_another_installation_is_left_alone(directory: Path, empty: str, tmp_path: Path) -> None:
    create(tmp_path / "other")
    with under_way(tmp_path / "other", empty) as begun:
        begun.copy()

    assert "a half-done copy of another installation" in refused(directory, empty)


def test_the_store_of_another_installation_is_left_alone(directory: Path, empty: str, tmp_path: Path) -> None:
    create(tmp_path / "other")
    move(tmp_path / "other", empty)

    assert "holds the store of another installation" in refused(directory, empty)


def test_two_moves_into_one_database_exclude_each_other(directory: Path, empty: str) -> None:
    with under_way(directory, empty):
        assert "Another `hotlead migrate-store`" in refused(directory, empty, error=StoreBusy)


def test_a_copy_begun_by_another_version_is_not_gone_on_with(directory: Path, empty: str) -> None:
    with under_way(directory, empty) as begun:
        begun.copy()
    in_postgres(empty, "UPDATE store_moves SET schema = '0000'")

    assert "begun by another version" in refused(directory, empty, error=StoreVersion)


def test_a_user_who_may_not_make_tables_is_told_so(directory: Path, empty: str) -> None:
    role = f"poor_{uuid4().hex[:8]}"
    in_postgres(empty, f"CREATE ROLE {role} LOGIN", "REVOKE CREATE ON SCHEMA public FROM PUBLIC")

    said = refused(directory, make_url(empty).set(username=role).render_as_string(hide_password=False))

    assert f"The user '{role}' may not make tables" in said


def test_an_encoding_that_cannot_hold_every_text_is_refused(directory: Path, postgres: str) -> None:
    with new_database(postgres, options="ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0") as url:
        assert "hotlead needs UTF8" in refused(directory, url)


@pytest.mark.parametrize(
    ("url", "error", "said"),
    [
        ("postgresql://me:S3cret@127.0.0.1:1/hotlead", StoreUnreachable, "cannot be reached"),
        ("mysql://me:S3cret@127.0.0.1/hotlead", UsageError, "is not the address of a PostgreSQL database"),
        ("sqlite:////tmp/other.db", UsageError, "is not the address of a PostgreSQL database"),
        ("postgresql://me:S3cret@127.0.0.1", UsageError, "is not the address of a PostgreSQL database"),
        ("S3cret", UsageError, "cannot be understood"),
    ],
)
def test_addresses_that_lead_nowhere_are_refused_without_their_password(
    directory: Path, url: str, error: type[HotleadError], said: str
) -> None:
    told = refused(directory, url, error=error)

    assert said in told and "S3cret" not in told


def test_a_server_that_does_not_know_the_database_says_so(directory: Path, postgres: str) -> None:
    url = make_url(postgres).set(database="nowhere").render_as_string(hide_password=False)

    assert 'database "nowhere" does not exist' in refused(directory, url, error=StoreUnreachable)
