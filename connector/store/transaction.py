"""One open transaction, and what the process remembers between transactions: numbers of sources and words.

Every concern of the store is written on top of this file.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Dialect, Executable, Row, Table, and_, false, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from connector.core.records import RecordKey
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


@dataclass(frozen=True, slots=True)
class _Filling:
    """A statement that puts rows into a table, in the driver's own words: many rows go in without a detour over each parameter."""

    sql: str
    names: tuple[str, ...]
    positional: bool

    def parameters(self, rows: Sequence[Mapping[str, Any]]) -> Any:
        if not self.positional:
            return [{name: row[name] for name in self.names} for row in rows]
        if len(self.names) == 1:
            return [(row[self.names[0]],) for row in rows]
        pick = itemgetter(*self.names)
        return [pick(row) for row in rows]


def inserting(table: Table, dialect: str) -> Any:
    """An insert that `on_conflict_…` may follow."""
    make: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return make(table)


def _upserting(table: Table, dialect: str) -> Any:
    statement = inserting(table, dialect)
    keys = [c.name for c in table.primary_key]
    others = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in keys}
    if not others:
        return statement.on_conflict_do_nothing(index_elements=keys)
    return statement.on_conflict_do_update(index_elements=keys, set_=others)


def _turning(table: Table, dialect: str) -> Any:
    statement = inserting(table, dialect)
    return statement.on_conflict_do_update(index_elements=["no"], set_={"turn": statement.excluded.turn})


TURN = "turn"
_LAST_TURN = select(ledger.c.turn)

Making = Callable[[Table, str], Any]
"""The statement that fills a table, in the dialect of that name."""

_FILLINGS: dict[tuple[str, Table, Making, frozenset[str]], _Filling] = {}


def _filling(dialect: Dialect, table: Table, names: frozenset[str], making: Making) -> _Filling:
    known = _FILLINGS.get((dialect.name, table, making, names))
    if known is None:
        compiled = making(table, dialect.name).compile(dialect=dialect, column_keys=sorted(names))
        ordered = tuple(compiled.positiontup or sorted(names))
        known = _Filling(sql=str(compiled), names=ordered, positional=compiled.positional)
        _FILLINGS[dialect.name, table, making, names] = known
    return known


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
        self.fill(table, rows, _upserting)

    def fill(self, table: Table, rows: Sequence[Mapping[str, Any]], making: Making) -> None:
        """Each row names the same columns. `making` is a module's own function: what it makes is kept by it."""
        if rows:
            filling = _filling(self.connection.dialect, table, frozenset(rows[0]), making)
            self.connection.exec_driver_sql(filling.sql, filling.parameters(rows))
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
        return among(source, id_, pairs)


def among(source: Column[Any], id_: Column[Any], pairs: Iterable[tuple[int, str]]) -> ColumnElement[bool]:
    """A condition that holds for these (source number, id) pairs; false for none."""
    by_source: dict[int, set[str]] = {}
    for no, id_text in pairs:
        by_source.setdefault(no, set()).add(id_text)
    if not by_source:
        return false()
    return or_(*(and_(source == no, id_.in_(sorted(ids))) for no, ids in sorted(by_source.items())))
