"""A SOQL query as a tree.

Station: Salesforce sandbox, values only. `position` is the 0-based offset in the query text, for error messages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A field, through parents where it has several parts: `Account.Owner.Name`."""

    parts: tuple[str, ...]
    position: int
    alias: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A function over a field, or COUNT() over rows when `path` is None."""

    function: str
    path: Path | None
    position: int
    alias: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSet:
    """FIELDS(ALL), FIELDS(STANDARD) or FIELDS(CUSTOM)."""

    which: str
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """A value in a condition: `kind` is string, number, boolean, null, date, datetime or span.

    A span is a named stretch of days: `value` is (name, n or None).
    """

    kind: str
    value: Any
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """`left operator value`; the operator is one of = != < <= > >= like."""

    left: Path | Call
    operator: str
    value: Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Among:
    """`path IN (…)` or `NOT IN`; `values` is a tuple of literals, or a query for a semi-join."""

    path: Path
    negated: bool
    values: tuple[Literal, ...] | Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """A multi-select condition: INCLUDES or EXCLUDES."""

    path: Path
    negated: bool
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """The opposite of a condition."""

    condition: Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """All conditions hold."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Either:
    """At least one condition holds."""

    conditions: tuple[Condition, ...]


Condition = Comparison | Among | Picked | Not | Every | Either


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """One term of ORDER BY."""

    by: Path | Call
    descending: bool = False
    nulls_last: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A whole query; also the one in parentheses for children or a semi-join."""

    select: tuple[Path | Call | FieldSet | Query, ...]
    source: str
    source_position: int
    alias: str | None = None
    where: Condition | None = None
    group: tuple[Path, ...] = ()
    having: Condition | None = None
    order: tuple[Sort, ...] = ()
    limit: int | None = None
    offset: int | None = None
