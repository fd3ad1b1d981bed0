"""Names in a query to columns: fields of the object, fields through parents, and the joins they need.

Station: Salesforce sandbox. A field the user may not see does not exist here.
"""

from __future__ import annotations

from dataclasses import dataclass

from adapters.salesforce.sandbox.catalogue import Catalogue, Kind
from adapters.salesforce.sandbox.errors import ApiRefusal, no_such_column, pointer
from adapters.salesforce.sandbox.field_kinds import text
from adapters.salesforce.sandbox.fields import Field
from adapters.salesforce.sandbox.soql.tree import Path

_TYPE_OF_NAME = text("Type", 40)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One field to read: its SQL, and where it stands in the record (`parents` then `field.name`)."""

    sql: str
    field: Field
    parents: tuple[ParentRef, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentRef:
    """A parent a query goes through: its name in the record, and SQL for its id and its object's name."""

    name: str
    id_sql: str
    kind: Kind | None
    """None when the parent may be of several objects."""


class Scope:
    """The names of one query over one object, and the joins that were needed so far."""

    def __init__(self, *, catalogue: Catalogue, user_id: str, kind: Kind, query_text: str, alias: str | None, table: str = "t") -> None:
        self.catalogue = catalogue
        self.user_id = user_id
        self.kind = kind
        self.query_text = query_text
        self.alias = alias.lower() if alias else None
        self.table = table
        self.joins: list[str] = []
        self._joined: dict[tuple[str, ...], str] = {}

    def column(self, path: Path) -> Column:
        """The column a path names. Raises INVALID_FIELD as the API does when there is none."""
        parts = path.parts
        if len(parts) > 1 and parts[0].lower() in (self.alias, self.kind.name.lower()):
            parts = parts[1:]
        kind: Kind | None = self.kind
        table = self.table
        parents: list[ParentRef] = []
        polymorphic: tuple[str, ...] = ()
        for depth, part in enumerate(parts[:-1]):
            reference = self._reference(kind, part)
            if kind is None or reference is None:
                raise self._no_relationship(path, part, kind)
            id_sql = _sql(table, reference)
            if len(reference.references) > 1:
                polymorphic, kind = reference.references, None
                parents.append(ParentRef(name=reference.relationship or part, id_sql=id_sql, kind=None))
            else:
                kind = self.catalogue.known(reference.references[0])
                table = self._join(parts[: depth + 1], kind, id_sql)
                parents.append(ParentRef(name=reference.relationship or part, id_sql=id_sql, kind=kind))
        if kind is None:
            return self._of_several(path, parts, polymorphic, parents)
        return self._of_kind(path, parts[-1], kind, table, parents)

    def column_of(self, field: Field) -> Column:
        """The column of a field of the object itself."""
        return Column(sql=_sql(self.table, field), field=field)

    def _of_kind(self, path: Path, name: str, kind: Kind, table: str, parents: list[ParentRef]) -> Column:
        field = kind.field(name)
        if field is None or not self.catalogue.sees(self.user_id, kind, field):
            raise no_such_column(self.query_text, path.position, name, kind.name)
        return Column(sql=_sql(table, field), field=field, parents=tuple(parents))

    def _of_several(self, path: Path, parts: tuple[str, ...], references: tuple[str, ...], parents: list[ParentRef]) -> Column:
        name, parent = parts[-1], parents[-1]
        kinds = [self.catalogue.known(reference) for reference in references]
        if name.lower() == "type":
            cases = " ".join(f"WHEN '{kind.sobject.prefix}' THEN '{kind.name}'" for kind in kinds)
            sql = f"(CASE substr({parent.id_sql}, 1, 3) {cases} END)"
            return Column(sql=sql, field=_TYPE_OF_NAME, parents=tuple(parents))
        if name.lower() not in ("id", "name", "firstname", "lastname", "email", "title", "phone", "username", "alias"):
            raise no_such_column(self.query_text, path.position, name, "Name")
        sources, field = [], None
        for kind in kinds:
            found = kind.field(name)
            if found is not None:
                field = field or found
                table = self._join((*parts[:-1], kind.name), kind, parent.id_sql)
                sources.append(_sql(table, found))
        if field is None:
            raise no_such_column(self.query_text, path.position, name, "Name")
        sql = sources[0] if len(sources) == 1 else f"COALESCE({', '.join(sources)})"
        return Column(sql=sql, field=field, parents=tuple(parents))

    def _reference(self, kind: Kind | None, relationship: str) -> Field | None:
        if kind is None:
            return None
        wanted = relationship.lower()
        for field in kind.fields():
            if field.relationship and field.relationship.lower() == wanted:
                return field if self.catalogue.sees(self.user_id, kind, field) else None
        return None

    def _join(self, parts: tuple[str, ...], kind: Kind, id_sql: str) -> str:
        key = tuple(part.lower() for part in parts)
        if key not in self._joined:
            alias = f"{self.table}_{len(self._joined)}"
            self._joined[key] = alias
            self.joins.append(f"LEFT JOIN {kind.table} AS {alias} ON {alias}.Id = {id_sql}")
        return self._joined[key]

    def _no_relationship(self, path: Path, part: str, kind: Kind | None) -> ApiRefusal:
        entity = kind.name if kind else "Name"
        return ApiRefusal(
            400,
            "INVALID_FIELD",
            f"{pointer(self.query_text, path.position)}\nDidn't understand relationship '{part}' in field path. If you "
            "are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship "
            f"name. Please reference your WSDL or the describe call for the appropriate names. (entity '{entity}')",
        )


def _sql(table: str, field: Field) -> str:
    return f"({field.expression.format(t=table)})" if field.expression else f'{table}."{field.name}"'
