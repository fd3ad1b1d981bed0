"""A SQLite store moved to PostgreSQL: everything arrives, whatever changes meanwhile, and nothing else does."""

from pathlib import Path

import psycopg
import pytest

from connector.ports.errors import StoreError, StoreVersion
from connector.ports.inbox import Arrived
from connector.store.store import create, database_url, open_reader, open_store
from tests.support.rows import TABLES
from tests.support.store_moves import PAGE_ROWS, ROWS, held, in_postgres, in_sqlite, mended, move, under_way
from tests.support.stores import at


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
