"""A SOQL tree to a plan: the SQL that finds the rows, the SQL that reads them, and what the records look like.

Station: Salesforce sandbox. `answers.py` runs plans.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from datetime import datetime
from typing import Any

from adapters.salesforce.sandbox.catalogue import Catalogue, Kind
from adapters.salesforce.sandbox.errors import ApiRefusal, malformed_query, no_such_column, pointer
from adapters.salesforce.sandbox.field_kinds import number, whole
from adapters.salesforce.sandbox.fields import Field
from adapters.salesforce.sandbox.moments import instant_text
from adapters.salesforce.sandbox.soql.conditions import Conditions
from adapters.salesforce.sandbox.soql.scope import Column, Scope
from adapters.salesforce.sandbox.soql.tree import Call, FieldSet, Path, Query, Sort

MAX_OFFSET = 2000
"""Rows that OFFSET may skip. Source: SOQL and SOSL Reference, OFFSET."""
FIELDS_ALL_LIMIT = 200
"""LIMIT that FIELDS(ALL) and FIELDS(CUSTOM) demand at most. Source: SOQL and SOSL Reference, FIELDS()."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildPlan:
    """A subquery for the children of the rows: `relationship` names it in the record."""

    relationship: str
    parent_field: str
    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How to answer one query. `where` includes what the user and this call may see."""

    kind: Kind
    from_sql: str
    where: str
    params: tuple[Any, ...]
    order: str
    columns: tuple[Column, ...]
    children: tuple[ChildPlan, ...] = ()
    group: str = ""
    having: str = ""
    having_params: tuple[Any, ...] = ()
    aliases: tuple[str, ...] = ()
    """Names of an aggregate query's columns; empty when records come out."""
    is_count: bool = False
    limit: int | None = None
    offset: int = 0

    def tail(self) -> str:
        """LIMIT and OFFSET as SQL."""
        return f" LIMIT {-1 if self.limit is None else self.limit} OFFSET {self.offset}"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """On whose behalf a query runs, when, and whether deleted and archived rows show."""

    user_id: str
    now: datetime
    all_rows: bool = False
    lagged: bool = False
    """True once the sandbox was told to hold rows back."""
    tooling: bool = False


@dataclass(slots=True)
class _Draft:
    columns: list[Column] = dataclass_field(default_factory=list)
    children: list[ChildPlan] = dataclass_field(default_factory=list)
    aliases: list[str] = dataclass_field(default_factory=list)


class Compiler:
    """Makes plans from trees, for one query text."""

    def __init__(self, *, catalogue: Catalogue, view: View, text: str) -> None:
        self._catalogue = catalogue
        self._view = view
        self._text = text

    def plan(self, query: Query, *, table: str = "t") -> Plan:
        """The plan of a whole query; `table` is the SQL name of its rows. Raises the API's own refusals."""
        kind = self._kind(query)
        scope = self._scope(kind, query, table)
        if query.offset is not None and query.offset > MAX_OFFSET:
            raise ApiRefusal(400, "NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MAX_OFFSET}")
        if any(isinstance(part, Call) and part.function != "TOLABEL" for part in query.select) or query.group:
            return self._aggregate_plan(query, kind, scope)
        draft = _Draft()
        for selected in query.select:
            self._select(selected, query, scope, draft)
        return self._finished(query, kind, scope, replace_columns=tuple(draft.columns), children=tuple(draft.children))

    def _kind(self, query: Query) -> Kind:
        kind = self._catalogue.kind(query.source)
        if kind is None or (kind.sobject.tooling and not self._view.tooling):
            where = pointer(self._text, query.source_position)
            raise ApiRefusal(
                400,
                "INVALID_TYPE",
                f"{where}\nsObject type '{query.source}' is not supported. If you are attempting to use a custom object, "
                "be sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for "
                "the appropriate names.",
            )
        return kind

    def _scope(self, kind: Kind, query: Query, table: str) -> Scope:
        return Scope(
            table=table,
            catalogue=self._catalogue,
            user_id=self._view.user_id,
            kind=kind,
            query_text=self._text,
            alias=query.alias,
        )

    def _select(self, selected: Any, query: Query, scope: Scope, draft: _Draft) -> None:
        if isinstance(selected, Query):
            draft.children.append(self._child(selected, scope))
        elif isinstance(selected, FieldSet):
            draft.columns += self._field_set(selected, query, scope)
        elif isinstance(selected, Call):
            if selected.path is None:
                raise malformed_query(f"{pointer(self._text, selected.position)}\nunexpected token: ')'")
            draft.columns.append(scope.column(selected.path))
        else:
            column = scope.column(selected)
            if any(_same(column, other) for other in draft.columns):
                where = pointer(self._text, selected.position)
                raise ApiRefusal(400, "INVALID_FIELD", f"{where}\nduplicate field selected: {column.field.name}")
            draft.columns.append(column)

    def _field_set(self, selected: FieldSet, query: Query, scope: Scope) -> list[Column]:
        if selected.which not in ("ALL", "STANDARD", "CUSTOM"):
            raise malformed_query(f"{pointer(self._text, selected.position)}\nunexpected token: '{selected.which}'")
        if selected.which != "STANDARD" and (query.limit is None or query.limit > FIELDS_ALL_LIMIT):
            raise malformed_query(f"The SOQL FIELDS function must have a LIMIT of at most {FIELDS_ALL_LIMIT}")
        fields = self._catalogue.visible(self._view.user_id, scope.kind)
        wanted = {"ALL": (True, False), "STANDARD": (False,), "CUSTOM": (True,)}[selected.which]
        return [scope.column_of(field) for field in fields if field.custom in wanted]

    def _child(self, query: Query, scope: Scope) -> ChildPlan:
        child = scope.kind.child(query.source)
        if child is None:
            where = pointer(self._text, query.source_position)
            raise ApiRefusal(
                400,
                "INVALID_TYPE",
                f"{where}\nDidn't understand relationship '{query.source}' in FROM part of query call. If you are "
                "attempting to use a custom relationship, be sure to append the '__r' after the custom relationship "
                "name. Please reference your WSDL or the describe call for the appropriate names.",
            )
        inner = self.plan(replace(query, source=child.child))
        return ChildPlan(relationship=child.relationship, parent_field=child.field, plan=inner)

    def _finished(
        self,
        query: Query,
        kind: Kind,
        scope: Scope,
        *,
        replace_columns: tuple[Column, ...],
        children: tuple[ChildPlan, ...] = (),
        **more: Any,
    ) -> Plan:
        where, params = self._where(query, kind, scope)
        order = self._order(query.order, scope)
        joins = " ".join(scope.joins)
        return Plan(
            kind=kind,
            from_sql=f"{kind.table} AS {scope.table} {joins}",
            where=where,
            params=tuple(params),
            order=order,
            columns=replace_columns,
            children=children,
            limit=query.limit,
            offset=query.offset or 0,
            **more,
        )

    def _where(self, query: Query, kind: Kind, scope: Scope) -> tuple[str, list[Any]]:
        conditions = self._conditions(scope, in_where=True)
        parts = [conditions.sql(query.where)] if query.where is not None else []
        params = conditions.params
        if not self._view.all_rows:
            if kind.has("IsDeleted"):
                parts.append(f"{scope.table}.IsDeleted = 0")
            archived = kind.field("IsArchived")
            if archived is not None:
                parts.append(f"NOT {scope.column_of(archived).sql}")
        if self._view.lagged:
            column = "_seen_from" if conditions.reads_stamps else "_born_from"
            parts.append(f"IFNULL({scope.table}.{column}, '') <= ?")
            params.append(instant_text(self._view.now))
        return " AND ".join(parts) or "1", params

    def _conditions(self, scope: Scope, *, in_where: bool = False) -> Conditions:
        return Conditions(
            scope=scope,
            today=self._view.now.date(),
            semi_join=self._semi_join,
            aggregate=self._no_aggregate if in_where else lambda call: self._call(call, scope),
        )

    def _no_aggregate(self, call: Call) -> tuple[str, Field]:
        where = pointer(self._text, call.position)
        raise malformed_query(f"{where}\nAggregate functions are not allowed in WHERE: {call.function}")

    def _semi_join(self, query: Query) -> tuple[str, list[Any]]:
        inner = self.plan(query, table="s")
        if len(inner.columns) != 1 or inner.children or inner.aliases:
            raise malformed_query("The inner select of a semi join must select exactly one field")
        found = inner.columns[0].sql
        return f"SELECT {found} FROM {inner.from_sql} WHERE {inner.where} AND {found} IS NOT NULL", list(inner.params)

    def _order(self, sorts: tuple[Sort, ...], scope: Scope) -> str:
        terms = []
        for sort in sorts:
            if isinstance(sort.by, Call):
                sql = self._call(sort.by, scope)[0]
            else:
                column = scope.column(sort.by)
                if not column.field.sortable:
                    where = pointer(self._text, sort.by.position)
                    raise ApiRefusal(
                        400,
                        "INVALID_FIELD",
                        f"{where}\nfield '{column.field.name}' can not be sorted in a query call",
                    )
                sql = column.sql
            last = sort.nulls_last if sort.nulls_last is not None else sort.descending
            nulls = "" if last == sort.descending else f" NULLS {'LAST' if last else 'FIRST'}"
            terms.append(f"{sql}{' DESC' if sort.descending else ''}{nulls}")
        return ", ".join(terms)

    def _aggregate_plan(self, query: Query, kind: Kind, scope: Scope) -> Plan:
        first = query.select[0]
        if isinstance(first, Call) and first.function == "COUNT" and first.path is None:
            if len(query.select) > 1 or query.group:
                raise malformed_query("Grouped query cannot use COUNT()")
            return self._finished(replace(query, order=()), kind, scope, replace_columns=(), is_count=True)
        groups = [scope.column(path) for path in query.group]
        columns: list[Column] = []
        aliases: list[str] = []
        for selected in query.select:
            if isinstance(selected, Call):
                sql, field = self._call(selected, scope)
                columns.append(Column(sql=sql, field=field))
                aliases.append(selected.alias or f"expr{sum(name.startswith('expr') for name in aliases)}")
            elif isinstance(selected, Path):
                column = scope.column(selected)
                if column.sql not in [group.sql for group in groups]:
                    where = pointer(self._text, selected.position)
                    raise malformed_query(f"{where}\nField must be grouped or aggregated: {column.field.name}")
                columns.append(Column(sql=column.sql, field=column.field))
                aliases.append(selected.alias or column.field.name)
            else:
                raise malformed_query("An aggregate query takes fields and functions only")
        having = self._conditions(scope)
        having_sql = having.sql(query.having) if query.having is not None else ""
        return self._finished(
            query,
            kind,
            scope,
            replace_columns=tuple(columns),
            group=", ".join(group.sql for group in groups),
            having=having_sql,
            having_params=tuple(having.params),
            aliases=tuple(aliases),
        )

    def _call(self, call: Call, scope: Scope) -> tuple[str, Field]:
        if call.path is None:
            if call.function != "COUNT":
                raise malformed_query(f"{pointer(self._text, call.position)}\nunexpected token: ')'")
            return "COUNT(*)", whole("expr0", 9)
        column = scope.column(call.path)
        counts = {"COUNT": f"COUNT({column.sql})", "COUNT_DISTINCT": f"COUNT(DISTINCT {column.sql})"}
        if call.function in counts:
            return counts[call.function], whole("expr0", 9)
        if call.function in ("MIN", "MAX") and column.field.type != "boolean":
            return f"{call.function}({column.sql})", column.field
        if call.function in ("SUM", "AVG") and column.field.is_number:
            return f"{call.function}({column.sql})", number("expr0", 18, 2)
        where = pointer(self._text, call.position)
        if call.function in ("MIN", "MAX", "SUM", "AVG"):
            raise malformed_query(f"{where}\nfield {column.field.name} does not support aggregate operator {call.function}")
        raise no_such_column(self._text, call.position, call.function, scope.kind.name)


def _same(one: Column, other: Column) -> bool:
    return one.sql == other.sql and one.parents == other.parents
