"""WHERE to SQL, with SOQL's own types: a text field does not compare with a number, nor a date-time with a date.

Station: Salesforce sandbox. Null is a value here, as in SOQL: `!=` finds empty fields, `<` does not.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from adapters.salesforce.sandbox.errors import ApiRefusal, malformed_query, pointer
from adapters.salesforce.sandbox.fields import Field
from adapters.salesforce.sandbox.ids import full_id
from adapters.salesforce.sandbox.moments import parse_instant
from adapters.salesforce.sandbox.soql.scope import Scope
from adapters.salesforce.sandbox.soql.spans import span_of
from adapters.salesforce.sandbox.soql.tree import (
    Among,
    Call,
    Comparison,
    Condition,
    Either,
    Every,
    Literal,
    Not,
    Path,
    Picked,
    Query,
)

_TYPE_NAMES = {"int": "int", "double": "double", "currency": "currency", "percent": "percent", "datetime": "dateTime"}
_STAMPS = frozenset({"systemmodstamp", "lastmodifieddate", "createddate"})

SubQuery = Callable[[Query], tuple[str, list[Any]]]
AggregateSql = Callable[[Call], tuple[str, Field]]


class Conditions:
    """Compiles conditions of one scope. `params` grows with the values, in the order of the SQL."""

    def __init__(self, *, scope: Scope, today: date, semi_join: SubQuery, aggregate: AggregateSql) -> None:
        self._scope = scope
        self._today = today
        self._semi_join = semi_join
        self._aggregate = aggregate
        self.params: list[Any] = []
        self.reads_stamps = False
        """True when a time stamp takes part: rows that are not committed yet then stay out of sight."""

    def sql(self, condition: Condition) -> str:
        """The condition as SQL."""
        if isinstance(condition, Comparison):
            return self._comparison(condition)
        if isinstance(condition, Among):
            return self._among(condition)
        if isinstance(condition, Picked):
            return self._picked(condition)
        if isinstance(condition, Not):
            return f"NOT IFNULL({self.sql(condition.condition)}, 0)"
        word = " AND " if isinstance(condition, Every) else " OR "
        lower = _common_lower_bound(condition) if isinstance(condition, Either) else None
        # The bound that every branch implies lets SQLite begin in the index instead of at its start.
        front = f"{self.sql(lower)} AND " if lower is not None else ""
        return f"({front}({word.join(self.sql(part) for part in condition.conditions)}))"

    def _field(self, left: Path | Call) -> tuple[str, Field]:
        if isinstance(left, Call):
            return self._aggregate(left)
        column = self._scope.column(left)
        if not column.field.filterable:
            where = pointer(self._scope.query_text, left.position)
            raise ApiRefusal(400, "INVALID_FIELD", f"{where}\nfield '{column.field.name}' can not be filtered in a query call")
        self.reads_stamps = self.reads_stamps or column.field.name.lower() in _STAMPS
        return column.sql, column.field

    def _comparison(self, node: Comparison) -> str:
        sql, field = self._field(node.left)
        operator, literal = node.operator, node.value
        if operator == "like":
            return self._like(sql, field, literal)
        # Empty text is null to this platform, in records and in conditions alike.
        is_null = literal.kind == "null" or (literal.value == "" and field.is_text and operator in ("=", "!="))
        if is_null:
            if operator not in ("=", "!="):
                raise self._bad_operator(field, operator, literal)
            return f"{sql} IS NULL" if operator == "=" else f"{sql} IS NOT NULL"
        if field.type == "boolean" and operator not in ("=", "!="):
            raise self._bad_operator(field, operator, literal)
        if literal.kind == "span":
            return self._span(sql, field, operator, literal)
        self.params.append(self._value(field, literal))
        return f"{sql} IS NOT ?" if operator == "!=" else f"{sql} {operator} ?"

    def _like(self, sql: str, field: Field, literal: Literal) -> str:
        if not field.is_text or field.type in ("id", "reference") or literal.kind != "string":
            raise self._bad_operator(field, "like", literal)
        self.params.append(literal.value)
        return f"{sql} LIKE ? ESCAPE '\\'"

    def _span(self, sql: str, field: Field, operator: str, literal: Literal) -> str:
        name, count = literal.value
        if field.type not in ("date", "datetime"):
            raise self._mismatch(field, literal)
        span = span_of(name, count, self._today)
        if span is None:
            raise malformed_query(f"{pointer(self._scope.query_text, literal.position)}\nunexpected token: '{name}'")
        tail = "" if field.type == "date" else "T00:00:00.000+0000"
        first, after = span[0].isoformat() + tail, span[1].isoformat() + tail
        if operator in ("=", "!="):
            self.params += [first, after]
            inside = f"({sql} >= ? AND {sql} < ?)"
            return inside if operator == "=" else f"NOT IFNULL({inside}, 0)"
        self.params.append(first if operator in (">=", "<") else after)
        return f"{sql} {'>=' if operator in ('>=', '>') else '<'} ?"

    def _among(self, node: Among) -> str:
        sql, field = self._field(node.path)
        if isinstance(node.values, Query):
            inner, params = self._semi_join(node.values)
            self.params += params
            return f"{sql} NOT IN ({inner})" if node.negated else f"{sql} IN ({inner})"
        named = [literal for literal in node.values if literal.kind != "null"]
        has_null = len(named) < len(node.values)
        self.params += [self._value(field, literal) for literal in named]
        marks = ", ".join("?" * len(named))
        if node.negated:
            return f"({sql} NOT IN ({marks}) AND {sql} IS NOT NULL)" if has_null else f"IFNULL({sql} NOT IN ({marks}), 1)"
        return f"({sql} IN ({marks}) OR {sql} IS NULL)" if has_null else f"{sql} IN ({marks})"

    def _picked(self, node: Picked) -> str:
        sql, field = self._field(node.path)
        if field.type != "multipicklist":
            raise self._bad_operator(field, "includes", node.values[0])
        parts = []
        for literal in node.values:
            wanted = str(self._value(field, literal)).split(";")
            self.params += wanted
            parts.append("(" + " AND ".join([f"instr(';' || {sql} || ';', ';' || ? || ';') > 0"] * len(wanted)) + ")")
        found = f"({' OR '.join(parts)})"
        return f"NOT IFNULL({found}, 0)" if node.negated else found

    def _value(self, field: Field, literal: Literal) -> Any:
        value = literal.value
        if field.type in ("id", "reference") and literal.kind == "string":
            found = full_id(value)
            if found is None:
                where = pointer(self._scope.query_text, literal.position)
                raise ApiRefusal(400, "INVALID_QUERY_FILTER_OPERATOR", f"{where}\ninvalid ID field: {value}")
            return found
        if field.is_text and literal.kind == "string":
            return value
        if field.is_number and literal.kind == "number":
            return value
        if field.type == "boolean" and literal.kind == "boolean":
            return int(value)
        if field.type == literal.kind == "date":
            return value
        if field.type == literal.kind == "datetime" and (moment := parse_instant(value)) is not None:
            return moment
        raise self._mismatch(field, literal)

    def _mismatch(self, field: Field, literal: Literal) -> ApiRefusal:
        where = pointer(self._scope.query_text, literal.position)
        if field.is_text:
            wanted = "string and should be enclosed in quotes"
        else:
            wanted = f"{_TYPE_NAMES.get(field.type, field.type)} and should not be enclosed in quotes"
        return ApiRefusal(400, "INVALID_FIELD", f"{where}\nvalue of filter criterion for field '{field.name}' must be of type {wanted}")

    def _bad_operator(self, field: Field, operator: str, literal: Literal) -> ApiRefusal:
        where = pointer(self._scope.query_text, literal.position)
        return ApiRefusal(400, "INVALID_QUERY_FILTER_OPERATOR", f"{where}\ninvalid operator on {field.type} field: {operator}")


def _common_lower_bound(either: Either) -> Comparison | None:
    """`field >= v` when each branch demands at least `v` of one date-time field; None otherwise."""
    bounds: dict[tuple[str, ...], list[Comparison]] = {}
    for branch in either.conditions:
        parts = branch.conditions if isinstance(branch, Every) else (branch,)
        for part in parts:
            if (
                isinstance(part, Comparison)
                and isinstance(part.left, Path)
                and part.operator in ("=", ">", ">=")
                and part.value.kind == "datetime"
            ):
                bounds.setdefault(tuple(name.lower() for name in part.left.parts), []).append(part)
                break
    for found in bounds.values():
        if len(found) == len(either.conditions):
            lowest = min(found, key=lambda part: parse_instant(part.value.value) or "")
            return Comparison(left=lowest.left, operator=">=", value=lowest.value)
    return None
