"""One open transaction, and what the process remembers between transactions: numbers of sources and words.

Every concern of the store is written on top of this file.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import ARRAY, Column, ColumnElement, Connection, Executable, Row, Table, and_, any_, false, literal, or_, select

from connector.core.records import RecordKey
from connector.store.filling import Making, change, fill, inserting, upserting
from connector.store.schema import ledger, sources

T = TypeVar("T")
AnyRow = Row[*tuple[Any, ...]]

AT_ONCE = 500
"""Keys asked for in one statement."""

REMEMBERED_WORDS = 100_000
"""Words kept in memory by the writer; beyond that it begins anew."""


@dataclass(slots=True)
class Memory:
    """What has been read or made before. Only what is committed may outlive a transaction: a rollback calls `forget`."""

    sources: dict[tuple[str, str], int] = field(default_factory=dict)
    names: dict[int, tuple[str, str]] = field(default_factory=dict)
    lists: dict[str, int] = field(default_factory=dict)
    words: dict[int, dict[str, int]] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)
    """Last number given out, by what is numbered."""

    def forget(self) -> None:
        self.sources.clear()
        self.names.clear()
        self.lists.clear()
        self.words.clear()
        self.last.clear()

    def shed_words(self) -> None:
        """Keeps memory bounded whatever the number of distinct values."""
        if sum(map(len, self.words.values())) > REMEMBERED_WORDS:
            self.words.clear()


def chunks(many: Collection[T], *, size: int = AT_ONCE) -> Iterator[list[T]]:
    """The same in lists of at most `size`."""
    rest = list(many)
    for start in range(0, len(rest), size):
        yield rest[start : start + size]


def _turning(table: Table, dialect: str) -> Any:
    statement = inserting(table, dialect)
    return statement.on_conflict_do_update(index_elements=["no"], set_={"turn": statement.excluded.turn})


TURN = "turn"
_LAST_TURN = select(ledger.c.turn)


class Transaction:
    """Statements inside one transaction. Rows come back as lists: nothing stays open."""

    __slots__ = ("connection", "memory", "stale", "touched", "wakes")

    def __init__(self, *, connection: Connection, memory: Memory) -> None:
        self.connection = connection
        self.memory = memory
        self.stale: set[int] = set()
        """Persons whose facts must be resolved again before the unit ends."""
        self.touched = 0
        """Rows written so far."""
        self.wakes: set[tuple[str, str]] = set()
        """Jobs that should look once this is durable, each with a key of its."""

    def rows(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[AnyRow]:
        return self.connection.execute(statement, parameters).fetchall()

    def first(self, statement: Executable) -> AnyRow | None:
        return self.connection.execute(statement).first()

    def value(self, statement: Executable) -> Any:
        """The first column of the first row, or None."""
        return self.connection.execute(statement).scalar()

    def tally(self, statement: Executable) -> dict[Any, int]:
        """First column → second column, ascending."""
        rows: list[Any] = sorted(self.rows(statement))
        return dict(rows)

    def run(self, statement: Executable, rows: Sequence[Mapping[str, Any]] | None = None) -> int:
        """Executes for each of `rows` (or once); how many rows were touched."""
        if rows is not None and not rows:
            return 0
        touched = max(self.connection.execute(statement, rows).rowcount, 0)
        self.touched += touched
        return touched

    def insert(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Each row names the same columns."""
        self.fill(table, rows, inserting)

    def upsert(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Inserts, or replaces whole, by primary key. Each row names every column."""
        self.fill(table, rows, upserting)

    def fill(self, table: Table, rows: Sequence[Mapping[str, Any]], making: Making) -> None:
        """Each row names the same columns. `making` is a module's own function: what it makes is kept by it."""
        if rows:
            fill(self.connection, table, rows, making)
            self.touched += len(rows)

    def change(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Changes stored rows by primary key, each once. All name the same columns; the others stay."""
        if rows:
            change(self.connection, table, rows)
            self.touched += len(rows)

    def next_number(self, what: Column[Any], *, many: int = 1) -> int:
        """The first of `many` new numbers of a column; only the one writer gives them out."""
        name = f"{what.table.name}.{what.name}"
        last = self.memory.last.get(name)
        if last is None:
            last = self.value(select(what).order_by(what.desc()).limit(1)) or 0
        self.memory.last[name] = last + many
        return int(last) + 1

    def next_turn(self, *, many: int = 1) -> int:
        """The first of `many` new turns. Unlike numbers they never come back, whatever is deleted."""
        last = self.memory.last.get(TURN)
        if last is None:
            last = self.last_turn()
        self.memory.last[TURN] = last + many
        self.fill(ledger, [{"no": 1, "turn": last + many, "writer": ""}], _turning)
        return last + 1

    def last_turn(self) -> int:
        """The newest turn given out; 0 before the first."""
        return int(self.value(_LAST_TURN) or 0)

    def source(self, connection: str, source: str) -> int:
        """The number of a kind of row of a connection, made when it is new."""
        known = self.known_source(connection, source)
        if known is not None:
            return known
        no = self.next_number(sources.c.no)
        self.insert(sources, [{"no": no, "connection": connection, "source": source}])
        self.memory.sources[connection, source] = no
        self.memory.names[no] = (connection, source)
        return no

    def known_source(self, connection: str, source: str) -> int | None:
        """The number of a kind of row of a connection, or None where nothing was ever stored of it."""
        no = self.memory.sources.get((connection, source))
        if no is None:
            self._load_sources()
            no = self.memory.sources.get((connection, source))
        return no

    def sources_of(self, connection: str) -> tuple[int, ...]:
        self._load_sources()
        return tuple(no for (name, _), no in self.memory.sources.items() if name == connection)

    def key(self, source: int, id_: str) -> RecordKey:
        """The key of a stored row."""
        if source not in self.memory.names:
            self._load_sources()
        connection, name = self.memory.names[source]
        return RecordKey(connection, name, id_)

    def pair(self, key: RecordKey) -> tuple[int, str]:
        """The key as it is stored: the number of the source, made when it is new, and the id."""
        no = self.memory.sources.get((key.connection, key.source))
        return (self.source(key.connection, key.source) if no is None else no), key.id

    def _load_sources(self) -> None:
        for row in self.rows(select(sources)):
            self.memory.sources[row.connection, row.source] = row.no
            self.memory.names[row.no] = (row.connection, row.source)

    def one_of(self, column: Column[Any], values: Iterable[Any]) -> ColumnElement[bool]:
        """A condition that holds where the column has one of these values, a few hundred at once."""
        if self.connection.dialect.name == "postgresql":
            # One list, not one parameter each: the statement stays the same, and the server reads a short one.
            return column == any_(literal(list(values), ARRAY(column.type)))
        return column.in_(list(values))

    def among(self, source: Column[Any], id_: Column[Any], keys: Iterable[RecordKey]) -> ColumnElement[bool]:
        """A condition that holds for the rows with these keys; false for none. At most a few hundred keys at once."""
        numbers: dict[tuple[str, str], int | None] = {}
        pairs: list[tuple[int, str]] = []
        for key in keys:
            kind = (key.connection, key.source)
            if kind not in numbers:
                numbers[kind] = self.known_source(*kind)
            no = numbers[kind]
            if no is not None:
                pairs.append((no, key.id))
        return self.among_pairs(source, id_, pairs)

    def among_pairs(self, number: Column[Any], text: Column[Any], pairs: Iterable[tuple[int, str]]) -> ColumnElement[bool]:
        """The same for pairs as they are stored, such as (source number, id)."""
        by_number: dict[int, set[str]] = {}
        for no, one in pairs:
            by_number.setdefault(no, set()).add(one)
        if not by_number:
            return false()
        return or_(*(and_(number == no, self.one_of(text, sorted(texts))) for no, texts in sorted(by_number.items())))
