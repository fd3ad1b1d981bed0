"""The portal's records on disk or in memory: one SQLite table per object type, links, unique values, history, events.

Station: HubSpot sandbox, state. It knows no rule of HubSpot's; `records.py` does. One connection, one caller at a time:
every call of the API runs inside `turn()`, which commits when the view returns and rolls back when it raises.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from adapters.hubspot.sandbox.kinds import KINDS, Kind
from adapters.hubspot.sandbox.search import Search, folded, has_token
from adapters.hubspot.sandbox.webhook_changes import SOMEBODY, Author, RecordNotes
from adapters.kit.sandbox.storage import SandboxDatabase

_TABLES = """
CREATE TABLE IF NOT EXISTS links (
    from_kind TEXT, to_kind TEXT, from_id INTEGER, to_id INTEGER, type_id INTEGER,
    PRIMARY KEY (from_kind, from_id, to_kind, to_id, type_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS uniques (
    kind TEXT, name TEXT, value TEXT, id INTEGER, PRIMARY KEY (kind, name, value)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS erased (kind TEXT, id INTEGER);
CREATE TABLE IF NOT EXISTS forwards (kind TEXT, old_id INTEGER, new_id INTEGER, PRIMARY KEY (kind, old_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS history (
    kind TEXT, id INTEGER, name TEXT, at_ms INTEGER, value TEXT, source_type TEXT, source_id TEXT, user_id INTEGER);
CREATE INDEX IF NOT EXISTS history_of ON history (kind, id, name);
CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY, type TEXT, object_id INTEGER, at_ms INTEGER, subject TEXT, seconds INTEGER, extra TEXT);
CREATE INDEX IF NOT EXISTS events_in_time ON events (at_ms, id);
CREATE INDEX IF NOT EXISTS events_of_type ON events (type, at_ms, id);
CREATE INDEX IF NOT EXISTS events_of_object ON events (object_id, at_ms, id);
CREATE TABLE IF NOT EXISTS owners (
    id INTEGER PRIMARY KEY, user_id INTEGER, email TEXT, first_name TEXT, last_name TEXT, team TEXT, at_ms INTEGER);
"""

_KIND_TABLE = """
CREATE TABLE IF NOT EXISTS {name} (
    id INTEGER PRIMARY KEY, created_ms INTEGER, modified_ms INTEGER, visible_ms INTEGER, archived_ms INTEGER, props TEXT);
CREATE INDEX IF NOT EXISTS {name}_stamped ON {name} (archived_ms, modified_ms, id, visible_ms, created_ms);
"""


_WORTH_SORTING = 5_000
"""Matches of a search ordered by id above which the table is walked instead of sorted."""


@dataclass(slots=True, kw_only=True)
class Row:
    """A record as it is kept; `archived_ms` 0 means live. `props` has no empty values."""

    id: int
    created_ms: int
    modified_ms: int
    archived_ms: int = 0
    visible_ms: int = 0
    props: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One association of one type, seen from one side."""

    from_id: int
    to_id: int
    type_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A value a property had from `at_ms` on, and who set it."""

    name: str
    at_ms: int
    value: str
    source_type: str
    source_id: str
    user_id: int


class Store:
    """All state of one portal."""

    def __init__(self, database: SandboxDatabase, notes: RecordNotes) -> None:
        self._database = database
        self.notes = notes
        with database.reading() as connection:
            self.connection = connection
        self.connection.create_function("has_token", 2, has_token, deterministic=True)
        self.connection.create_function("folded", 1, folded, deterministic=True)
        self.connection.executescript(_TABLES + "".join(_KIND_TABLE.format(name=kind.name) for kind in KINDS))

    @contextmanager
    def turn(self, author: Author = SOMEBODY) -> Iterator[None]:
        """The right to use the store; a transaction that commits at the end and rolls back on an exception.

        Changes that nobody else is named for are `author`'s.
        """
        with self._database.writing(), self.notes.by(author):
            yield

    @contextmanager
    def row(self) -> Iterator[None]:
        """Inside a turn: undoes what the block wrote when it raises, and lets the turn go on."""
        self.connection.execute("SAVEPOINT one_row")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK TO one_row")
            raise
        finally:
            self.connection.execute("RELEASE one_row")

    def is_empty(self) -> bool:
        """True while the portal has no owner, so nothing was seeded."""
        return not self.connection.execute("SELECT 1 FROM owners LIMIT 1").fetchone()

    def next_id(self, kind: Kind) -> int:
        """An id no record of that type has had."""
        newest = self.connection.execute(f"SELECT max(id) FROM {kind.name}").fetchone()[0] or 0
        merged = self.connection.execute("SELECT max(old_id) FROM forwards WHERE kind=?", (kind.name,)).fetchone()[0]
        erased = self.connection.execute("SELECT max(id) FROM erased WHERE kind=?", (kind.name,)).fetchone()[0]
        return max(newest + 1, (merged or 0) + 1, (erased or 0) + 1, kind.first_id)

    def put(self, kind: Kind, row: Row) -> None:
        """Adds or replaces a record."""
        if self.notes.are_wanted:
            self._note_put(kind, row)
        self.connection.execute(
            f"INSERT OR REPLACE INTO {kind.name} VALUES (?,?,?,?,?,?)",
            (row.id, row.created_ms, row.modified_ms, row.visible_ms, row.archived_ms, pack(row.props)),
        )

    def put_many(self, kind: Kind, rows: Iterable[tuple[int, int, int, int, int, str]]) -> None:
        """Adds many records at once: (id, created_ms, modified_ms, visible_ms, archived_ms, packed properties)."""
        self.connection.executemany(f"INSERT INTO {kind.name} VALUES (?,?,?,?,?,?)", rows)

    def _note_put(self, kind: Kind, row: Row) -> None:
        found = self.connection.execute(f"SELECT archived_ms, props FROM {kind.name} WHERE id=?", (row.id,)).fetchone()
        was_binned = bool(found and found[0])
        if row.archived_ms and not was_binned:
            self.notes.binned(kind, row.id)
        elif was_binned and not row.archived_ms:
            self.notes.restored(kind, row.id)
        else:
            self.notes.put(kind, row.id, old=json.loads(found[1]) if found else None, new=row.props)

    def erase(self, kind: Kind, record_id: int) -> None:
        """Removes every trace of a record but its associations, which `Linking.cut` takes care of."""
        if self.notes.are_wanted:
            self.notes.erased(kind, record_id)
        self.connection.execute(f"DELETE FROM {kind.name} WHERE id=?", (record_id,))
        self.connection.execute("INSERT INTO erased VALUES (?,?)", (kind.name, record_id))
        self.connection.execute("DELETE FROM history WHERE kind=? AND id=?", (kind.name, record_id))
        self.release_all(kind, record_id)
        if kind.name == "contacts":
            self.connection.execute("DELETE FROM events WHERE object_id=?", (record_id,))

    def load(self, kind: Kind, record_id: int) -> Row | None:
        """The record, or the one it was merged into; None when there is none. Archived records are found too."""
        return self.load_many(kind, [record_id]).get(record_id)

    def load_many(self, kind: Kind, ids: Sequence[int]) -> dict[int, Row]:
        """The records by the id asked for; a merged id finds the survivor."""
        survivors = {one: self._survivor(kind, one) for one in ids} if self._has_merges(kind) else {one: one for one in ids}
        marks = ",".join("?" * len(survivors))
        found = self.connection.execute(
            f"SELECT id, created_ms, modified_ms, archived_ms, visible_ms, props FROM {kind.name} WHERE id IN ({marks})",
            list(survivors.values()),
        )
        rows = {row[0]: _row(row) for row in found}
        return {asked: rows[kept] for asked, kept in survivors.items() if kept in rows}

    def _has_merges(self, kind: Kind) -> bool:
        return bool(self.connection.execute("SELECT 1 FROM forwards WHERE kind=? LIMIT 1", (kind.name,)).fetchone())

    def _survivor(self, kind: Kind, record_id: int) -> int:
        while True:
            found = self.connection.execute("SELECT new_id FROM forwards WHERE kind=? AND old_id=?", (kind.name, record_id)).fetchone()
            if found is None:
                return record_id
            record_id = int(found[0])

    def forward(self, kind: Kind, old_id: int, new_id: int) -> None:
        """Makes `old_id` find `new_id` from now on."""
        self.connection.execute("INSERT OR REPLACE INTO forwards VALUES (?,?,?)", (kind.name, old_id, new_id))

    def find(self, kind: Kind, name: str, value: str) -> int | None:
        """The id of the record that has this value of a unique property, whatever its case."""
        found = self.connection.execute(
            "SELECT id FROM uniques WHERE kind=? AND name=? AND value=?", (kind.name, name, value.casefold())
        ).fetchone()
        return None if found is None else int(found[0])

    def claim(self, kind: Kind, name: str, value: str, record_id: int) -> None:
        """Gives a unique value to a record."""
        self.connection.execute("INSERT OR REPLACE INTO uniques VALUES (?,?,?,?)", (kind.name, name, value.casefold(), record_id))

    def release(self, kind: Kind, name: str, value: str) -> None:
        """Frees a unique value."""
        self.connection.execute("DELETE FROM uniques WHERE kind=? AND name=? AND value=?", (kind.name, name, value.casefold()))

    def release_all(self, kind: Kind, record_id: int) -> None:
        """Frees every unique value a record holds."""
        self.connection.execute("DELETE FROM uniques WHERE kind=? AND id=?", (kind.name, record_id))

    def page(self, kind: Kind, *, after: int, limit: int, archived: bool) -> list[Row]:
        """Records with id > `after`, in id order: live ones, or archived ones."""
        # The plus keeps SQLite off the stamp index, which would have it sort the whole table for every page.
        live = "archived_ms > 0" if archived else "+archived_ms = 0"
        found = self.connection.execute(
            "SELECT id, created_ms, modified_ms, archived_ms, visible_ms, props "
            f"FROM {kind.name} WHERE id > ? AND {live} ORDER BY id LIMIT ?",
            (after, limit),
        )
        return [_row(row) for row in found]

    def run(self, kind: Kind, search: Search, *, now_ms: int) -> tuple[int, list[Row]]:
        """How many live records a search finds in all, and the page of them it asks for. Rows still lagging are unseen."""
        table = kind.name if search.reads_rows else f"{kind.name} INDEXED BY {kind.name}_stamped"
        where = f"archived_ms=0 AND visible_ms<=? AND {search.where}"
        total = self.connection.execute(f"SELECT count(*) FROM {table} WHERE {where}", (now_ms, *search.args)).fetchone()[0]
        if total > _WORTH_SORTING and search.order.startswith("id ") and not search.reads_rows:
            # Most rows fit: walking the table by id finds a page sooner than sorting all of them.
            table = f"{kind.name} NOT INDEXED"
        ids = self.connection.execute(
            f"SELECT id FROM {table} WHERE {where} ORDER BY {search.order} LIMIT ? OFFSET ?",
            (now_ms, *search.args, search.limit, search.after),
        ).fetchall()
        rows = self.load_many(kind, [row[0] for row in ids])
        return int(total), [rows[row[0]] for row in ids]

    def count(self, kind: Kind) -> int:
        """How many live records of a type there are."""
        return int(self.connection.execute(f"SELECT count(*) FROM {kind.name} WHERE archived_ms=0").fetchone()[0])

    def link(self, from_kind: Kind, to_kind: Kind, link: Link) -> None:
        """Adds one association, one side of it."""
        added = self.connection.execute(
            "INSERT OR IGNORE INTO links VALUES (?,?,?,?,?)",
            (from_kind.name, to_kind.name, link.from_id, link.to_id, link.type_id),
        )
        if added.rowcount and self.notes.are_wanted:
            self.notes.linked(from_kind, to_kind, (link.from_id, link.to_id), link.type_id, removed=False)

    def link_many(self, rows: Iterable[tuple[str, str, int, int, int]]) -> None:
        """Adds many: (from kind, to kind, from id, to id, type id)."""
        self.connection.executemany("INSERT OR IGNORE INTO links VALUES (?,?,?,?,?)", rows)

    def unlink(self, from_kind: Kind, to_kind: Kind, from_id: int, to_id: int, type_id: int | None = None) -> None:
        """Removes one side of an association, or of one type of it."""
        sql = "FROM links WHERE from_kind=? AND to_kind=? AND from_id=? AND to_id=?" + (" AND type_id=?" if type_id else "")
        args: list[Any] = [from_kind.name, to_kind.name, from_id, to_id, *([type_id] if type_id else [])]
        if self.notes.are_wanted:
            for (broken,) in self.connection.execute(f"SELECT type_id {sql}", args).fetchall():
                self.notes.linked(from_kind, to_kind, (from_id, to_id), broken, removed=True)
        self.connection.execute(f"DELETE {sql}", args)

    def links(self, from_kind: Kind, to_kind: Kind, ids: Sequence[int]) -> dict[int, list[Link]]:
        """The associations of many records towards one object type, by record, in the order of the other ids."""
        marks = ",".join("?" * len(ids))
        found = self.connection.execute(
            "SELECT from_id, to_id, type_id FROM links "
            f"WHERE from_kind=? AND from_id IN ({marks}) AND to_kind=? ORDER BY from_id, to_id, type_id",
            (from_kind.name, *ids, to_kind.name),
        )
        grouped: dict[int, list[Link]] = {}
        for from_id, to_id, type_id in found:
            grouped.setdefault(from_id, []).append(Link(from_id=from_id, to_id=to_id, type_id=type_id))
        return grouped

    def remember(self, kind: Kind, record_id: int, past: Iterable[Past]) -> None:
        """Keeps who set which value when."""
        self.connection.executemany(
            "INSERT INTO history VALUES (?,?,?,?,?,?,?,?)",
            [(kind.name, record_id, one.name, one.at_ms, one.value, one.source_type, one.source_id, one.user_id) for one in past],
        )

    def history(self, kind: Kind, record_id: int, name: str) -> list[Past]:
        """The values a property had, newest first, as far as they were changed since the seed."""
        found = self.connection.execute(
            "SELECT name, at_ms, value, source_type, source_id, user_id FROM history "
            "WHERE kind=? AND id=? AND name=? ORDER BY at_ms DESC, rowid DESC",
            (kind.name, record_id, name),
        )
        return [Past(name=row[0], at_ms=row[1], value=row[2], source_type=row[3], source_id=row[4], user_id=row[5]) for row in found]


def pack(props: Mapping[str, str]) -> str:
    """Properties as they are kept in a row."""
    return json.dumps(props, ensure_ascii=False, separators=(",", ":"))


def _row(found: tuple[int, int, int, int, int, str]) -> Row:
    return Row(
        id=found[0],
        created_ms=found[1],
        modified_ms=found[2],
        archived_ms=found[3],
        visible_ms=found[4],
        props=json.loads(found[5]),
    )
