"""Runs plans: rows from SQLite to records as the API sends them.

Station: Salesforce sandbox. Pages are cut by row numbers taken when the query was made, as a server-side cursor does.
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.salesforce.sandbox.soql.compile import ChildPlan, Plan
from adapters.salesforce.sandbox.soql.scope import Column, ParentRef
from adapters.salesforce.sandbox.standard import PREFIXES

Record = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstPage:
    """The first rows of an answer. `rest` holds the row numbers still to come (empty when all are here)."""

    total: int
    records: list[Record]
    rest: array[int]


def first_page(db: sqlite3.Connection, plan: Plan, *, batch: int, base: str) -> FirstPage:
    """Runs a query up to its first `batch` rows. `base` is the path records' URLs begin with (`/services/data/v66.0`)."""
    nothing: array[int] = array("q")
    if plan.is_count:
        return FirstPage(total=count(db, plan), records=[], rest=nothing)
    if plan.aliases:
        records = _aggregates(db, plan)
        return FirstPage(total=len(records), records=records, rest=nothing)
    order = f" ORDER BY {plan.order}" if plan.order else ""
    core = f"FROM {plan.from_sql} WHERE {plan.where}{order}"
    limit = batch + 1 if plan.limit is None else min(plan.limit, batch + 1)
    shaped = Shape(plan, base=base)
    rows = db.execute(f"SELECT {shaped.sql} {core} LIMIT {limit} OFFSET {plan.offset}", plan.params).fetchall()
    if len(rows) <= batch:
        return FirstPage(total=len(rows), records=shaped.records(db, rows), rest=nothing)
    numbers = row_numbers(db, plan)
    rest = numbers[batch:]
    return FirstPage(total=len(numbers), records=shaped.records(db, rows[:batch]), rest=rest)


def row_numbers(db: sqlite3.Connection, plan: Plan) -> array[int]:
    """The numbers of all rows a plan finds, in its order."""
    order = f" ORDER BY {plan.order}" if plan.order else ""
    sql = f"SELECT t.rowid FROM {plan.from_sql} WHERE {plan.where}{order}{plan.tail()}"
    return array("q", (row[0] for row in db.execute(sql, plan.params)))


def page_of(db: sqlite3.Connection, plan: Plan, numbers: Sequence[int], *, base: str) -> list[Record]:
    """The records of these row numbers, in their order; rows deleted for good since are left out."""
    shaped = Shape(plan, base=base)
    sql = f"SELECT {shaped.sql} FROM {plan.from_sql} WHERE t.rowid IN (SELECT value FROM json_each(?))"
    found = {row[0]: row for row in db.execute(sql, (json.dumps(list(numbers)),))}
    return shaped.records(db, [found[row] for row in numbers if row in found])


def count(db: sqlite3.Connection, plan: Plan) -> int:
    """How many rows a query finds, LIMIT and OFFSET counted in."""
    sql = f"SELECT COUNT(*) FROM (SELECT 1 FROM {plan.from_sql} WHERE {plan.where}{plan.tail()})"
    return int(db.execute(sql, plan.params).fetchone()[0])


def _aggregates(db: sqlite3.Connection, plan: Plan) -> list[Record]:
    sql = f"SELECT {', '.join(column.sql for column in plan.columns)} FROM {plan.from_sql} WHERE {plan.where}"
    sql += f" GROUP BY {plan.group}" if plan.group else ""
    sql += f" HAVING {plan.having}" if plan.having else ""
    sql += f" ORDER BY {plan.order}" if plan.order else ""
    rows = db.execute(sql + plan.tail(), (*plan.params, *plan.having_params)).fetchall()
    booleans = [index for index, column in enumerate(plan.columns) if column.field.type == "boolean"]
    records = []
    for row in rows:
        values = list(row)
        for index in booleans:
            values[index] = bool(values[index])
        records.append({"attributes": {"type": "AggregateResult"}, **dict(zip(plan.aliases, values, strict=True))})
    return records


class Shape:
    """What the records of one plan look like, worked out once and then applied to every row.

    The row read begins with the row number and the id; the columns follow, then one id a parent.
    """

    def __init__(self, plan: Plan, *, base: str) -> None:
        self._plan = plan
        self._base = base
        self._parents: dict[str, _ParentShape] = {}
        self._layout: list[tuple[str, int | _ParentShape]] = []
        self._booleans: list[str] = []
        expressions = ["t.rowid", "t.Id"]
        for column in plan.columns:
            expressions.append(column.sql)
            self._place(column, len(expressions) - 1, expressions)
        self.sql = ", ".join(expressions)
        self._flat = all(isinstance(place, int) for _, place in self._layout)

    def _place(self, column: Column, index: int, expressions: list[str]) -> None:
        if not column.parents:
            self._layout.append((column.field.name, index))
            if column.field.type == "boolean":
                self._booleans.append(column.field.name)
            return
        first = column.parents[0]
        shape = self._parents.get(first.name)
        if shape is None:
            shape = self._parents[first.name] = _ParentShape(first, self._base)
            self._layout.append((first.name, shape))
        shape.place(column, 0, index, expressions)

    def records(self, db: sqlite3.Connection, rows: Iterable[Sequence[Any]]) -> list[Record]:
        """The records of these rows, children included."""
        prefix = f"{self._base}/sobjects/{self._plan.kind.name}/"
        name = self._plan.kind.name
        rows = list(rows)
        names = tuple(key for key, _ in self._layout)
        made: list[Record] = []
        for row in rows:
            record: Record = {"attributes": {"type": name, "url": prefix + row[1]}}
            if self._flat:
                record.update(zip(names, row[2:], strict=True))
            else:
                for key, place in self._layout:
                    record[key] = row[place] if isinstance(place, int) else place.record(row)
            for key in self._booleans:
                record[key] = bool(record[key])
            made.append(record)
        for child in self._plan.children:
            self._add_children(db, child, rows, made)
        return made

    def _add_children(self, db: sqlite3.Connection, child: ChildPlan, rows: list[Sequence[Any]], made: list[Record]) -> None:
        plan = child.plan
        shape = Shape(plan, base=self._base)
        order = f" ORDER BY {plan.order}" if plan.order else ""
        parent = f't."{child.parent_field}"'
        sql = (
            f"SELECT {shape.sql}, {parent} FROM {plan.from_sql} WHERE {parent} IN (SELECT value FROM json_each(?)) AND {plan.where}{order}"
        )
        ids = json.dumps([row[1] for row in rows])
        grouped: dict[str, list[Sequence[Any]]] = {}
        for row in db.execute(sql, (ids, *plan.params)):
            grouped.setdefault(row[-1], []).append(row[:-1])
        end = None if plan.limit is None else plan.offset + plan.limit
        for row, record in zip(rows, made, strict=True):
            mine = shape.records(db, grouped.get(row[1], [])[plan.offset : end])
            record[child.relationship] = {"totalSize": len(mine), "done": True, "records": mine} if mine else None


class _ParentShape:
    """A parent's part of a record: null when the reference is empty."""

    def __init__(self, parent: ParentRef, base: str) -> None:
        self._parent = parent
        self._base = base
        self._id_index = -1
        self._layout: list[tuple[str, int | _ParentShape, Callable[[Any], Any] | None]] = []

    def place(self, column: Column, depth: int, index: int, expressions: list[str]) -> None:
        """Takes in a column that lies `depth` parents below this one."""
        if self._id_index < 0:
            expressions.append(self._parent.id_sql)
            self._id_index = len(expressions) - 1
        if depth == len(column.parents) - 1:
            self._layout.append((column.field.name, index, bool if column.field.type == "boolean" else None))
            return
        below = column.parents[depth + 1]
        shape = next((part for name, part, _ in self._layout if name == below.name), None)
        if not isinstance(shape, _ParentShape):
            shape = _ParentShape(below, self._base)
            self._layout.append((below.name, shape, None))
        shape.place(column, depth + 1, index, expressions)

    def record(self, row: Sequence[Any]) -> Record | None:
        """The parent's record as seen from this row."""
        record_id = row[self._id_index]
        if record_id is None:
            return None
        kind = self._parent.kind
        actual = kind.name if kind is not None else PREFIXES.get(record_id[:3], "Name")
        record: Record = {
            "attributes": {
                "type": kind.name if kind is not None else "Name",
                "url": f"{self._base}/sobjects/{actual}/{record_id}",
            }
        }
        for name, place, convert in self._layout:
            if isinstance(place, _ParentShape):
                record[name] = place.record(row)
            else:
                record[name] = convert(row[place]) if convert else row[place]
        return record
