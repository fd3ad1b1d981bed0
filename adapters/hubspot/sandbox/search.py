"""A CRM search body made into SQL: limits, operators and types as HubSpot's search guide states them.

Station: HubSpot sandbox, pure translation; `object_views.py` runs the result. Record id and the two stamps are columns,
every other property is read out of the row's JSON, with the comparison its type calls for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from adapters.hubspot.sandbox.catalogue import Property
from adapters.hubspot.sandbox.errors import ApiFault, invalid_request
from adapters.hubspot.sandbox.kinds import Kind, find_kind
from adapters.hubspot.sandbox.reading import mappings, names, record_number, whole_number
from adapters.hubspot.sandbox.stamps import iso, parse_instant

MAX_GROUPS = 5
MAX_FILTERS_IN_GROUP = 6
MAX_FILTERS = 18
MAX_LIMIT = 200
DEFAULT_LIMIT = 10
MAX_RESULTS = 10_000
MAX_BODY_CHARS = 3_000
MAX_LIST = 100
"""Limits of one search. Source: HubSpot "CRM search" guide, limits section, as quoted in facts §6.2; MAX_LIST from memory."""

_COMPARES = {"EQ": "=", "NEQ": "!=", "LT": "<", "LTE": "<=", "GT": ">", "GTE": ">="}
_OPERATORS = (*_COMPARES, "BETWEEN", "IN", "NOT_IN", "HAS_PROPERTY", "NOT_HAS_PROPERTY", "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN")


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A search ready to run. `where` and `order` are SQL over one object type's table with `args` in order."""

    where: str
    args: tuple[Any, ...]
    order: str
    limit: int
    after: int
    properties: tuple[str, ...] | None
    reads_rows: bool
    """False when every condition is on the id and stamp columns, so that an index alone answers it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Operand:
    """Where a property's value stands in SQL, and how a given value is made comparable with it."""

    sql: str
    convert: Callable[[str], Any]
    reads_row: bool
    many: bool = False
    unique: bool = False


def translate(body: Mapping[str, Any], kind: Kind, find: Callable[[str], Property | None]) -> Search:
    """The SQL of a search body. Raises ApiFault (400) with HubSpot's category for what the guide forbids."""
    groups = _groups(body)
    parts: list[str] = []
    args: list[Any] = []
    reads = False
    for group in groups:
        conditions = []
        for condition in group:
            sql, values, reads_row = _condition(condition, kind, find)
            conditions.append(sql)
            args.extend(values)
            reads = reads or reads_row
        if conditions:
            parts.append("(" + " AND ".join(conditions) + ")")
    where = "(" + " OR ".join(parts) + ")" if parts else "1"
    query = str(body.get("query") or "").strip()
    if query:
        columns = " OR ".join(f"has_token({_json(name)}, ?)" for name in kind.searched)
        where, reads = f"{where} AND ({columns})", True
        args.extend([query + "*"] * len(kind.searched))
    order, sort_reads = _order(body.get("sorts"), kind, find)
    limit, after = _page(body)
    wanted = names(body.get("properties"), "properties")
    return Search(
        where=where,
        args=tuple(args),
        order=order,
        limit=limit,
        after=after,
        properties=tuple(wanted) or None,
        reads_rows=reads or sort_reads,
    )


def _groups(body: Mapping[str, Any]) -> list[list[dict[str, Any]]]:
    groups = mappings(body.get("filterGroups"), "filterGroups")
    if not groups and body.get("filters"):
        groups = [{"filters": body["filters"]}]
    listed = [mappings(group.get("filters"), "filters") for group in groups]
    if len(listed) > MAX_GROUPS:
        raise invalid_request(f"The number of filterGroups exceeds the maximum of {MAX_GROUPS}.")
    if any(len(group) > MAX_FILTERS_IN_GROUP for group in listed):
        raise invalid_request(f"The number of filters in a filterGroup exceeds the maximum of {MAX_FILTERS_IN_GROUP}.")
    if sum(map(len, listed)) > MAX_FILTERS:
        raise invalid_request(f"The total number of filters exceeds the maximum of {MAX_FILTERS}.")
    return listed


def _page(body: Mapping[str, Any]) -> tuple[int, int]:
    limit = whole_number(body.get("limit", DEFAULT_LIMIT), "limit")
    after = whole_number(body.get("after") or 0, "after")
    if not 0 <= limit <= MAX_LIMIT:
        raise invalid_request(f"Invalid limit {limit}: the maximum number of objects a search page holds is {MAX_LIMIT}.")
    if after < 0 or after + limit > MAX_RESULTS:
        message = f"Search results are limited to {MAX_RESULTS:,} in all; a query that pages beyond them is refused."
        raise invalid_request(message)
    return limit, after


def _order(sorts: Any, kind: Kind, find: Callable[[str], Property | None]) -> tuple[str, bool]:
    if not sorts:
        return "created_ms, id", False
    if not isinstance(sorts, list) or len(sorts) > 1:
        raise invalid_request("Only one sort may be given.")
    first = sorts[0]
    if isinstance(first, dict):
        name, way = str(first.get("propertyName", "")), str(first.get("direction", "ASCENDING")).upper()
    else:
        name = str(first).lstrip("-")
        way = "DESCENDING" if str(first).startswith("-") else "ASCENDING"
    if way not in ("ASCENDING", "DESCENDING"):
        raise invalid_request(f"Invalid sort direction {way}; it is ASCENDING or DESCENDING.")
    operand = _operand(name, kind, find)
    direction = "DESC" if way == "DESCENDING" else "ASC"
    tail = "" if operand.sql == "id" else f", id {direction}"
    return f"{operand.sql} {direction}{tail}", operand.reads_row


def _condition(given: Mapping[str, Any], kind: Kind, find: Callable[[str], Property | None]) -> tuple[str, list[Any], bool]:
    name, operator = str(given.get("propertyName") or ""), str(given.get("operator") or "")
    if operator not in _OPERATORS:
        raise invalid_request(f"Invalid operator {operator!r}; it is one of {', '.join(_OPERATORS)}.")
    if name.startswith("associations."):
        return _association_condition(name, operator, given, kind)
    operand = _operand(name, kind, find)
    if operator in ("HAS_PROPERTY", "NOT_HAS_PROPERTY"):
        return f"{operand.sql} IS {'NOT ' if operator == 'HAS_PROPERTY' else ''}NULL", [], operand.reads_row
    if operator in ("IN", "NOT_IN"):
        values = [_convert(operand, name, value) for value in _values(given, name)]
        if operand.unique and operator == "IN":
            return _unique_lookup(operand, name, kind, values)
        return _membership(operand, operator, values)
    if operator == "BETWEEN":
        low, high = _convert(operand, name, given.get("value")), _convert(operand, name, given.get("highValue"))
        return f"{operand.sql} BETWEEN ? AND ?", [low, high], operand.reads_row
    if operator in ("CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"):
        sign = "" if operator == "CONTAINS_TOKEN" else "NOT "
        return f"{sign}has_token({operand.sql}, ?)", [str(given.get("value") or "")], operand.reads_row
    value = _convert(operand, name, given.get("value"))
    if operand.unique and operator == "EQ":
        return _unique_lookup(operand, name, kind, [value])
    if operand.many and operator in ("EQ", "NEQ"):
        return _membership(operand, "IN" if operator == "EQ" else "NOT_IN", [value])
    return f"{operand.sql} {_COMPARES[operator]} ?", [value], operand.reads_row


def _unique_lookup(operand: _Operand, name: str, kind: Kind, values: Sequence[Any]) -> tuple[str, list[Any], bool]:
    # The index of unique values finds the few candidates; without it every row would be read.
    sql, same, _ = _membership(operand, "IN", values)
    marks = ",".join("?" * len(values))
    found = f"id IN (SELECT id FROM uniques WHERE kind=? AND name=? AND value IN ({marks}))"
    return f"({found} AND {sql})", [kind.name, name, *values, *same], True


def _membership(operand: _Operand, operator: str, values: Sequence[Any]) -> tuple[str, list[Any], bool]:
    if operand.many:
        one = " OR ".join(f"instr(';' || {operand.sql} || ';', ';' || ? || ';') > 0" for _ in values)
        sql = f"({one})" if operator == "IN" else f"({operand.sql} IS NOT NULL AND NOT ({one}))"
        return sql, list(values), operand.reads_row
    marks = ",".join("?" * len(values))
    return f"{operand.sql} {'NOT IN' if operator == 'NOT_IN' else 'IN'} ({marks})", list(values), operand.reads_row


def _association_condition(name: str, operator: str, given: Mapping[str, Any], kind: Kind) -> tuple[str, list[Any], bool]:
    other = find_kind(name.removeprefix("associations."))
    if other is None or operator not in ("EQ", "IN"):
        raise invalid_request(f"{name} can be searched with EQ and IN only, and must name an object type.")
    ids = _values(given, name) if operator == "IN" else [str(given.get("value") or "")]
    if any(record_number(one) is None for one in ids):
        raise invalid_request(f"{name} takes record ids.")
    marks = ",".join("?" * len(ids))
    sql = f"id IN (SELECT to_id FROM links WHERE from_kind=? AND to_kind=? AND from_id IN ({marks}))"
    return sql, [other.name, kind.name, *(int(one) for one in ids)], False


def _values(given: Mapping[str, Any], name: str) -> list[str]:
    values = given.get("values")
    if not isinstance(values, list) or not values:
        raise invalid_request(f"The filter on {name} needs a list of values.")
    if len(values) > MAX_LIST:
        raise invalid_request(f"The filter on {name} has {len(values)} values; it may have {MAX_LIST}.")
    return [str(value) for value in values]


def _convert(operand: _Operand, name: str, value: Any) -> Any:
    if value is None or value == "":
        raise invalid_request(f"The filter on {name} needs a value.")
    try:
        return operand.convert(str(value))
    except (ValueError, OverflowError):
        raise _bad_value(name, value) from None


def _record_id(text: str) -> int:
    found = record_number(text)
    if found is None:
        raise ValueError(f"{text} is no record id")
    return found


def _bad_value(name: str, value: Any) -> ApiFault:
    return invalid_request(f"There was a problem with the request: {value!r} is no value for the property {name}.")


def _json(name: str) -> str:
    return f"json_extract(props, '$.\"{name}\"')"


def _operand(name: str, kind: Kind, find: Callable[[str], Property | None]) -> _Operand:
    if name == "hs_object_id":
        return _Operand(sql="id", convert=_record_id, reads_row=False)
    if name == kind.modified:
        return _Operand(sql="modified_ms", convert=parse_instant, reads_row=False)
    if name == kind.created:
        return _Operand(sql="created_ms", convert=parse_instant, reads_row=False)
    found = find(name) if re.fullmatch(r"\w+", name, re.ASCII) else None
    if found is None:
        raise invalid_request(
            f"There was a problem with the request: the property {name!r} does not exist on {kind.name}.",
            errors=[{"message": f"Property {name} does not exist", "context": {"propertyName": [name]}}],
        )
    sql = _json(name)
    if found.type == "number":
        return _Operand(sql=f"CAST({sql} AS REAL)", convert=float, reads_row=True)
    if found.type == "datetime":
        return _Operand(sql=sql, convert=lambda text: iso(parse_instant(text)), reads_row=True)
    if found.type == "date":
        return _Operand(sql=sql, convert=lambda text: iso(parse_instant(text))[:10], reads_row=True)
    # Text is compared without regard to case, as HubSpot does.
    return _Operand(sql=f"folded({sql})", convert=str.casefold, reads_row=True, many=found.takes_many, unique=found.unique)


def has_token(text: str | None, pattern: str) -> int | None:
    """1 if every word of `pattern` (with * as wildcard) is a word of `text`, else 0; null of null, as SQL compares.

    The SQL function of that name.
    """
    if text is None:
        return None
    value, wanted = str(text).casefold(), pattern.casefold().strip()
    if fnmatchcase(value, wanted.replace("[", "[[]")):
        return 1
    words = re.split(r"[^\w]+", value)
    tokens = [token for token in re.split(r"[^\w*]+", wanted) if token.strip("*")]
    return int(bool(tokens) and all(any(fnmatchcase(word, token) for word in words) for token in tokens))


def folded(text: str | None) -> str | None:
    """`text` without regard to case; the SQL function of that name."""
    return None if text is None else str(text).casefold()
