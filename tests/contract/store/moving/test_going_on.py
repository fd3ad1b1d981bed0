"""A move that is killed goes on, and what has moved is used in one place only."""

import os
import signal
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import make_url

from connector.ports.errors import StoreBusy, StoreError, StoreVersion
from connector.store.lock import WriterLock
from connector.store.store import create, database_url, open_reader, open_store
from tests.support.rows import TABLES
from tests.support.store_moves import ROWS, held, in_postgres, in_sqlite, mended, move, new_database, silent, under_way


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
