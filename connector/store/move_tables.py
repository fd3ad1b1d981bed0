"""What a move of the store carries: each table's columns and key, and its rows in the order of the key, from either side.

Rows are plain tuples, the key first, the same for both databases: numbers (a yes/no is 1 or 0), texts, bytes, None.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from sqlalchemy import Boolean, LargeBinary, Table, Text

from connector.store.schema import METADATA, made_by

Row = tuple[int | str | bytes | None, ...]

PAGE_ROWS = 5000
"""Rows brought over in one transaction; a page that grows too big ends sooner."""
FETCHED_ROWS = 5000
FETCHED_WIDE_ROWS = 500
FETCHED_BODIES = 16
"""Rows held at once: of numbers, of texts, of bodies up to 1 MB each."""

_NUL = "\0"
_IN_PLACE_OF_NUL = "\N{REPLACEMENT CHARACTER}"
"""PostgreSQL's texts cannot hold the character 0."""
_RING = 2**256


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """One table as it is carried."""

    name: str
    columns: tuple[str, ...]
    """Those of the key first."""
    width: int
    """How many of them are the key."""
    texts: frozenset[str]
    flags: frozenset[str]
    counted: str
    """The column whose numbers the database gives out itself; empty: none."""
    at_once: int
    """Rows of the other side held at once."""
    page_rows: int = PAGE_ROWS

    @property
    def key(self) -> tuple[str, ...]:
        return self.columns[: self.width]

    def page_of_source(self, *, begun: bool) -> str:
        """A page of so many rows as the last parameter says, after the key in the others where it has `begun`."""
        after = f" WHERE ({quoted(self.key)}) > ({', '.join('?' * self.width)})" if begun else ""
        return f"SELECT {quoted(self.columns)} FROM {quoted([self.name])}{after} ORDER BY {quoted(self.key)} LIMIT ?"

    def all_of_source(self) -> str:
        return f"SELECT {quoted(self.columns)} FROM {quoted([self.name])} ORDER BY {quoted(self.key)}"

    def all_of_target(self) -> str:
        """In the order of bytes, as SQLite compares texts, whatever the database's own order is."""
        columns = ", ".join(f'"{name}"::int' if name in self.flags else f'"{name}"' for name in self.columns)
        order = ", ".join(f'"{name}" COLLATE "C"' if name in self.texts else f'"{name}"' for name in self.key)
        return f"SELECT {columns} FROM {quoted([self.name])} ORDER BY {order}"


def quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _carried(table: Table) -> Carried:
    key = tuple(column.name for column in table.primary_key)
    others = tuple(column.name for column in table.columns if column.name not in key)
    kinds = {column.name: column.type for column in table.columns}
    wide = any(isinstance(kinds[name], Text | LargeBinary) for name in others)
    return Carried(
        name=table.name,
        columns=(*key, *others),
        width=len(key),
        texts=frozenset(name for name, kind in kinds.items() if isinstance(kind, Text)),
        flags=frozenset(name for name, kind in kinds.items() if isinstance(kind, Boolean)),
        counted=next((column.name for column in table.columns if column.autoincrement is True), ""),
        at_once=FETCHED_BODIES if "body" in kinds else FETCHED_WIDE_ROWS if wide else FETCHED_ROWS,
    )


CARRIED = tuple(_carried(table) for table in METADATA.sorted_tables if table is not made_by)
"""Every table, those that others refer to first. `made_by` says who made a database: each has its own."""


def told(row: Row) -> tuple[Row, str]:
    """The row as PostgreSQL can hold it, and its canonical text: equal for equal rows, different for different ones."""
    text = repr(row)
    if "\\x00" not in text:
        return row, text
    clean = tuple(value.replace(_NUL, _IN_PLACE_OF_NUL) if isinstance(value, str) else value for value in row)
    return clean, repr(clean)


@dataclass(slots=True)
class Tally:
    """Count and hash of a table's rows. The hash is the sum of the SHA-256 of each row's canonical text: no order changes it."""

    rows: int = 0
    altered: int = 0
    """Rows with a character 0, which has been replaced."""
    _sum: int = field(default=0, repr=False)

    def add(self, text: str) -> None:
        self.rows += 1
        self._sum += int.from_bytes(sha256(text.encode()).digest())

    @property
    def sha256(self) -> str:
        return f"{self._sum % _RING:064x}"

    def over(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The same rows, counted as they go by, as PostgreSQL can hold them."""
        for row in rows:
            clean, text = told(row)
            self.altered += clean is not row and clean != row
            self.add(text)
            yield clean


def paired(source: Iterator[Row], target: Iterator[Row], *, width: int) -> Iterator[tuple[Row | None, Row | None]]:
    """Rows of the same key from two sides in the same order; None where a side has none."""
    ours, theirs = next(source, None), next(target, None)
    while ours is not None or theirs is not None:
        if theirs is None or (ours is not None and ours[:width] < theirs[:width]):
            yield ours, None
            ours = next(source, None)
        elif ours is None or theirs[:width] < ours[:width]:
            yield None, theirs
            theirs = next(target, None)
        else:
            yield ours, theirs
            ours, theirs = next(source, None), next(target, None)
