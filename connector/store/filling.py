"""Statements that put many rows into a table at once, in the driver's own words: without a detour over each parameter.

SQLite takes the rows one by one. PostgreSQL takes several in one statement with a list for each column, for there a statement costs
more than a row.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from sqlalchemy import ARRAY, Connection, Dialect, Table, bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

Row = Mapping[str, Any]
Making = Callable[[Table, str], Any]
"""The statement that fills a table, in the dialect of that name."""


@dataclass(frozen=True, slots=True)
class _Filling:
    """A statement and how it takes its rows."""

    sql: str
    names: tuple[str, ...]
    takes_columns: bool
    """A list for each column; else one row after the other."""
    positional: bool

    def parameters(self, rows: Sequence[Row]) -> Any:
        if self.takes_columns:
            return {name: [row[name] for row in rows] for name in self.names}
        if not self.positional:
            return [{name: row[name] for name in self.names} for row in rows]
        if len(self.names) == 1:
            return [(row[self.names[0]],) for row in rows]
        pick = itemgetter(*self.names)
        return [pick(row) for row in rows]


_FILLINGS: dict[tuple[str, Table, Making, frozenset[str], bool], _Filling] = {}


def inserting(table: Table, dialect: str) -> Any:
    """An insert that `on_conflict_…` may follow."""
    make: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return make(table)


def upserting(table: Table, dialect: str) -> Any:
    """An insert that replaces whole, by primary key."""
    statement = inserting(table, dialect)
    keys = [c.name for c in table.primary_key]
    others = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in keys}
    if not others:
        return statement.on_conflict_do_nothing(index_elements=keys)
    return statement.on_conflict_do_update(index_elements=keys, set_=others)


def fill(connection: Connection, table: Table, rows: Sequence[Row], making: Making) -> None:
    """Puts in rows that name the same columns, as if one after the other."""
    filling = _filling(connection.dialect, table, rows, making)
    for some in _without_repeats(table, rows) if filling.takes_columns else (rows,):
        connection.exec_driver_sql(filling.sql, filling.parameters(some))


def change(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Changes stored rows by primary key, each once; all name the same columns."""
    filling = _filling(connection.dialect, table, rows, _changing)
    connection.exec_driver_sql(filling.sql, filling.parameters(rows))


def _filling(dialect: Dialect, table: Table, rows: Sequence[Row], making: Making) -> _Filling:
    by_columns = dialect.name == "postgresql" and len(rows) > 1
    key = (dialect.name, table, making, frozenset(rows[0]), by_columns)
    known = _FILLINGS.get(key)
    if known is None:
        make = _by_columns if by_columns else _by_rows
        known = _FILLINGS[key] = make(dialect, table, tuple(sorted(rows[0])), making)
    return known


def _by_rows(dialect: Dialect, table: Table, names: tuple[str, ...], making: Making) -> _Filling:
    statement = making(table, dialect.name)
    if statement.is_update:
        keys = [column.name for column in table.primary_key]
        statement = statement.where(*(table.c[key] == bindparam(key) for key in keys))
        compiled = statement.compile(dialect=dialect, column_keys=[name for name in names if name not in keys])
    else:
        compiled = statement.compile(dialect=dialect, column_keys=names)
    return _Filling(sql=str(compiled), names=tuple(compiled.positiontup or names), takes_columns=False, positional=compiled.positional)


def _by_columns(dialect: Dialect, table: Table, names: tuple[str, ...], making: Making) -> _Filling:
    lists = func.unnest(*(bindparam(name, type_=ARRAY(table.c[name].type)) for name in names))
    given = lists.table_valued(*names).render_derived(name="given")
    statement = making(table, dialect.name)
    if statement.is_update:
        keys = [column.name for column in table.primary_key]
        statement = statement.values({name: given.c[name] for name in names if name not in keys})
        statement = statement.where(*(table.c[key] == given.c[key] for key in keys))
    else:
        statement = statement.from_select(names, select(given), include_defaults=False)
    sql = str(statement.compile(dialect=dialect))
    for name in names:
        # As bytes: in a list that is told in letters each text has its quotes and backslashes marked, one by one.
        sql = sql.replace(f"%({name})s", f"%({name})b")
    return _Filling(sql=sql, names=names, takes_columns=True, positional=False)


def _changing(table: Table, _dialect: str) -> Any:
    return update(table)


def _without_repeats(table: Table, rows: Sequence[Row]) -> Sequence[Sequence[Row]]:
    """The rows in their order, parted so that no part tells of one key twice: a statement must not touch what it has just put in."""
    keys = [column.name for column in table.primary_key if column.name in rows[0]]
    if not keys:
        return (rows,)
    key_of = itemgetter(*keys)
    if len({key_of(row) for row in rows}) == len(rows):
        return (rows,)
    parts: list[list[Row]] = []
    times: Counter[Any] = Counter()
    for row in rows:
        times[key_of(row)] += 1
        if times[key_of(row)] > len(parts):
            parts.append([])
        parts[times[key_of(row)] - 1].append(row)
    return parts
