"""Moves a SQLite store to PostgreSQL: copies while others write, then, with nobody writing, makes both equal, proves it, and switches.

Copying goes table by table in pages by primary key, each page and how far it is in one transaction, so it may be killed anywhere. Its
pages are of different moments; what changed behind it is found when both sides are read in step, and only that is written again. Foreign
keys are taken off meanwhile and put back, and so checked, at the end.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import ForeignKeyConstraint
from sqlalchemy.schema import AddConstraint

from connector.ports.errors import StoreError, StoreVersion
from connector.store.engine import open_engine
from connector.store.lock import WriterLock
from connector.store.migrate import require_current
from connector.store.move_rows import (
    PAGE_BYTES,
    Heap,
    begin_fresh,
    begin_gone,
    copy_into_fresh,
    copy_into_gone,
    delete_gone,
    insert_fresh,
    rows_over_there,
)
from connector.store.move_tables import CARRIED, Carried, Tally, paired, quoted, told
from connector.store.move_target import Progressed, Target, checked, in_our_words, target_opened
from connector.store.moved import Note, hidden, note_begun, note_moved
from connector.store.schema import METADATA

TOLD_EVERY = 1000
"""Rows compared."""

Told = Callable[[str, int, int | None], None]
"""Hears of a piece of work: its name, rows done, rows in all where that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMoved:
    """One table, the same on both sides."""

    name: str
    rows: int
    sha256: str
    mended: int
    """Rows that had changed while copying and were written again."""
    altered: int
    """Rows with a character 0 in a text, which PostgreSQL cannot hold: it stands as U+FFFD there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreMove:
    """A move under way. Made by `moving`; `copy`, then `settle`."""

    directory: Path
    source: sqlite3.Connection
    target: Target
    url: str
    told: Told
    tables: Sequence[Carried] = CARRIED

    @property
    def shown(self) -> str:
        """The address of the database without its password."""
        return hidden(self.url)

    @property
    def is_done(self) -> bool:
        """Whether the store is over there already, and only the setting may be missing."""
        return self.target.is_complete

    def copy(self) -> int:
        """Rows copied so far, by this and earlier tries, once every table has been gone through. Others may write meanwhile."""
        if self.target.is_complete:
            return 0
        with in_our_words(self.url):
            self._take_references_off()
            known = self.target.progressed()
            begin = Progressed(last=(), rows=0, done=False)
            return sum(self._copy_table(carried, known.get(carried.name, begin)) for carried in self.tables)

    def settle(self) -> Sequence[TableMoved]:
        """Both sides made equal and proven so, and the SQLite file closed for good; empty where that was done before.

        Raises StoreBusy where somebody writes to the SQLite store, StoreError where a table differs.
        """
        lock = WriterLock(directory=self.directory, command="hotlead migrate-store")
        try:
            with in_our_words(self.url):
                return self._settle()
        finally:
            lock.release()

    def _settle(self) -> Sequence[TableMoved]:
        _require_goes_on(note_begun(self.directory), self.target, self.url)
        if self.target.is_complete:
            return ()
        with _snapshot(self.source):
            moved = tuple(self._equalled(carried) for carried in self.tables)
            with self.target.session.transaction():
                self._count_on()
                self._put_references_back()
        self.target.session.execute(b"ANALYZE")
        note_moved(self.directory, source=self.target.source, url=self.url)
        self.target.complete()
        return moved

    def _copy_table(self, carried: Carried, so_far: Progressed) -> int:
        """Rows of this table that are over there now."""
        total = _first(self.source, f"SELECT count(*) FROM {quoted([carried.name])}")
        while not so_far.done:
            with self.target.session.transaction():
                so_far = self._copy_page(carried, so_far)
                self.target.progress(carried.name, so_far)
            self.told(f"copy {carried.name}", so_far.rows, total)
        return so_far.rows

    def _copy_page(self, carried: Carried, so_far: Progressed) -> Progressed:
        last, many, size = so_far.last, 0, 0
        begin_fresh(self.target.session, carried)
        query = carried.page_of_source(begun=bool(last))
        with (
            closing(self.source.cursor()) as cursor,
            self.target.session.cursor() as writing,
            writing.copy(copy_into_fresh(carried)) as copying,
        ):
            for row in cursor.execute(query, (*last, carried.page_rows)):
                clean, text = told(row)
                copying.write_row(clean)
                last, many, size = row[: carried.width], many + 1, size + len(text)
                if size > PAGE_BYTES:
                    break
        # A row may stand in the way that was made anew under another key since it was copied: it is put right when both sides are compared.
        insert_fresh(self.target.session, carried, otherwise=" ON CONFLICT DO NOTHING")
        return Progressed(last=last, rows=so_far.rows + many, done=many < carried.page_rows and size <= PAGE_BYTES)

    def _equalled(self, carried: Carried) -> TableMoved:
        """The table once both sides hold the same; what differs is written again, in one transaction."""
        session = self.target.session
        ours, theirs = Tally(), Tally()
        with session.transaction():
            differences = self._differences(carried, ours, theirs)
            if differences:
                delete_gone(session, carried)
                insert_fresh(session, carried, otherwise="")
                theirs = Tally()
                for _ in theirs.over(rows_over_there(session, carried)):
                    pass
        if (ours.rows, ours.sha256) != (theirs.rows, theirs.sha256):
            raise StoreError(
                f"The table {carried.name} differs after copying: {ours.rows} rows ({ours.sha256[:12]}…) here,"
                f" {theirs.rows} ({theirs.sha256[:12]}…) there. Nothing was switched; the SQLite store stands.",
                hint="See whether something else changes rows in that database (a trigger, another program), then give the command again.",
            )
        return TableMoved(name=carried.name, rows=ours.rows, sha256=ours.sha256, mended=differences, altered=ours.altered)

    def _differences(self, carried: Carried, ours: Tally, theirs: Tally) -> int:
        """Rows that differ. Those here lie in the table of fresh rows then, the keys of those there among the gone."""
        session = self.target.session
        begin_fresh(session, carried)
        begin_gone(session, carried)
        differences = 0
        fresh, gone = Heap(session, copy_into_fresh(carried)), Heap(session, copy_into_gone(carried))
        with closing(self.source.cursor()) as cursor:
            here = ours.over(cursor.execute(carried.all_of_source()))
            there = theirs.over(rows_over_there(session, carried))
            for mine, other in paired(here, there, width=carried.width):
                if mine != other:
                    differences += 1
                    fresh.add(mine)
                    gone.add(None if other is None else other[: carried.width])
                if not ours.rows % TOLD_EVERY:
                    self.told(f"compare {carried.name}", ours.rows, None)
        fresh.empty()
        gone.empty()
        self.told(f"compare {carried.name}", ours.rows, ours.rows)
        return differences

    def _count_on(self) -> None:
        """The database gives out numbers after those that were ever given out here."""
        for carried in self.tables:
            if carried.counted:
                column = carried.counted
                highest = _first(self.source, f'SELECT coalesce(max("{column}"), 0) FROM {quoted([carried.name])}')
                ever = self.source.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (carried.name,)).fetchone()
                highest = max(highest, ever[0] if ever else 0)
                self.target.session.execute(
                    "SELECT setval(pg_get_serial_sequence(%s, %s), %s, %s)", (carried.name, column, max(highest, 1), highest > 0)
                )

    def _take_references_off(self) -> None:
        with self.target.session.transaction():
            for reference in _references():
                self.target.session.execute(f'ALTER TABLE "{reference.table.name}" DROP CONSTRAINT IF EXISTS "{reference.name!s}"'.encode())

    def _put_references_back(self) -> None:
        self._take_references_off()
        for reference in _references():
            self.target.session.execute(str(AddConstraint(reference)).encode())


@contextmanager
def moving(*, directory: Path, source_url: str, url: str, told: Told) -> Iterator[StoreMove]:
    """A move of the SQLite store of a data directory to the database of `url`, begun or gone on with.

    Raises UsageError for a URL of no PostgreSQL database, StoreVersion where either side is another version's or this store has moved
    elsewhere, and what `target_opened` raises.
    """
    url = checked(url)
    engine = open_engine(source_url, writable=False)
    try:
        require_current(engine)
        note = note_begun(directory)
        with target_opened(url, source=note.source) as target, closing(engine.raw_connection()) as opened:
            _require_goes_on(note, target, url)
            connection = opened.driver_connection
            if not isinstance(connection, sqlite3.Connection):
                raise StoreError("Only a SQLite store can be moved.")
            yield StoreMove(directory=directory, source=connection, target=target, url=url, told=told)
    except sqlite3.Error as err:
        raise StoreError(f"The SQLite store could not be read: {err}", hint="Run `hotlead doctor`; nothing was switched.") from err
    finally:
        engine.dispose()


def _require_goes_on(note: Note, target: Target, url: str) -> None:
    """Raises StoreVersion where this store has moved elsewhere, StoreError where it was moved there once and came back since."""
    if note.to and note.to != hidden(url):
        raise StoreVersion(f"The store has moved to {note.to} already.", hint="Give that address, and the move is brought to its end.")
    if target.is_complete and not note.to:
        raise StoreError(
            "That database holds what was moved from here before, and may have been written to since.",
            hint="Name an empty one to move again, or set database_url to go on with what it holds.",
        )


@contextmanager
def _snapshot(source: sqlite3.Connection) -> Iterator[None]:
    source.execute("BEGIN")
    try:
        yield
    finally:
        source.rollback()


def _first(source: sqlite3.Connection, query: str) -> int:
    (found,) = source.execute(query).fetchone()
    return int(found)


def _references() -> Iterator[ForeignKeyConstraint]:
    for table in METADATA.sorted_tables:
        yield from sorted(table.foreign_key_constraints, key=lambda reference: str(reference.name))
