"""What is asked of one source, and how its rows become raw records.

Station: between `soql.py` and `read.py`. The select list holds the asked fields and what keyset, deletion, merge and conversion need,
nothing else.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from adapters.salesforce.soql import all_of, is_name, words
from adapters.salesforce.sources import Link, Source, source_named
from connector.core.records import RecordKey
from connector.ports.crm import Json, RawRecord
from connector.ports.errors import CrmField


class SourceRows:
    """The query text for one source and the making of its rows. Raises CrmField for names that are none."""

    def __init__(
        self, *, connection: str, source: str, fields: Sequence[str], related: Sequence[str] = (), conditions_on: Sequence[str] = ()
    ) -> None:
        self.connection = connection
        self.source: Source = source_named(source)
        for name in (source, *fields, *conditions_on):
            if not is_name(name):
                raise CrmField(f'Salesforce "{connection}": {name!r} is no field or object name.', connection=connection, field=name)
        self.links = {name: self._link(name) for name in related}
        self._plain = tuple(name for name in fields if "." not in name)
        self._dotted = tuple((name, tuple(name.split("."))) for name in fields if "." in name)
        self._select = ",".join(dict.fromkeys((*self._own_needs(), *fields, *self._link_needs())))

    def text(self, conditions: Sequence[str], *, order: str = "", limit: int = 0) -> str:
        """The whole query."""
        tail = (f" ORDER BY {order}" if order else "") + (f" LIMIT {limit}" if limit else "")
        return f"SELECT {self._select} FROM {self.source.name}{all_of(conditions)}{tail}"

    def record(self, row: Mapping[str, Any]) -> RawRecord:
        """One row as a raw record; parents' fields stand under their dotted names."""
        try:
            fields: dict[str, Json] = {name: row[name] for name in self._plain}
        except KeyError as missing:
            raise self._misspelt(str(missing.args[0]), row) from missing
        for name, path in self._dotted:
            fields[name] = _walk(row, path)
        for name, link in self.links.items():
            fields[f"@{name}"] = _linked(row, link)
        return RawRecord(
            key=RecordKey(self.connection, self.source.name, row["Id"]),
            modified_at=stamp(row),
            fields=fields,
            deleted=bool(row.get("IsDeleted")),
            survivor=self.survivor(row),
        )

    def gone(self, record_id: str, *, at: datetime) -> RawRecord:
        """The record of a row of which nothing is left."""
        return RawRecord(key=RecordKey(self.connection, self.source.name, record_id), modified_at=at, fields={}, deleted=True)

    def survivor(self, row: Mapping[str, Any]) -> RecordKey | None:
        """Who lives on after a merge (the winner) or a conversion (the contact)."""
        if self.source.master and row.get("MasterRecordId"):
            return RecordKey(self.connection, self.source.name, row["MasterRecordId"])
        if self.source.converts and row.get("ConvertedContactId"):
            return RecordKey(self.connection, "Contact", row["ConvertedContactId"])
        return None

    def _misspelt(self, name: str, row: Mapping[str, Any]) -> CrmField:
        # Queries do not mind capitals, answers do: they come back in the field's own spelling.
        right = next((known for known in row if known.lower() == name.lower()), "")
        return CrmField(
            f'Salesforce "{self.connection}": {self.source.name}.{name} is not in the answer'
            + (f"; it is spelt {right}." if right else "."),
            connection=self.connection,
            field=name,
        )

    @property
    def child_links(self) -> tuple[Link, ...]:
        """The links that are rows of their own; a change of one does not stamp the row that shows it."""
        return tuple(link for link in self.links.values() if link.children)

    def _own_needs(self) -> tuple[str, ...]:
        source = self.source
        return (
            "Id",
            "SystemModstamp",
            *(("IsDeleted",) if source.deletable else ()),
            *(("MasterRecordId",) if source.master else ()),
            *(("ConvertedContactId",) if source.converts else ()),
        )

    def _link_needs(self) -> tuple[str, ...]:
        needs: list[str] = []
        for link in self.links.values():
            needs += link.fields
            if link.children:
                # A query for every row brings the deleted children of a living row too.
                needs.append(f"(SELECT {link.child_id},{link.child_role} FROM {link.children} WHERE IsDeleted = false)")
        return tuple(needs)

    def _link(self, name: str) -> Link:
        link = self.source.links.get(name)
        if link is None:
            known = ", ".join(sorted(self.source.links)) or "none"
            raise CrmField(
                f'Salesforce "{self.connection}": {self.source.name} brings no {name} along (known: {known}).',
                connection=self.connection,
                field=f"@{name}",
            )
        return link


def stamp(row: Mapping[str, Any]) -> datetime:
    """SystemModstamp of a row."""
    return datetime.fromisoformat(row["SystemModstamp"])


def id_condition(ids: Sequence[str]) -> str:
    """A condition that holds for the rows with these ids."""
    return f"Id IN {words(ids)}"


def _walk(row: Mapping[str, Any], path: tuple[str, ...]) -> Json:
    first, *rest = path
    here: Json = row.get(first)
    for name in rest:
        here = here.get(name) if isinstance(here, dict) else None
    return here


def _linked(row: Mapping[str, Any], link: Link) -> list[Json]:
    if link.children:
        children = row.get(link.children) or {}
        return [{"id": child[link.child_id], "role": child.get(link.child_role) or ""} for child in children.get("records", ())]
    ids = (row.get(name) for name in link.fields)
    return [{"id": found, "role": ""} for found in ids if found and found.startswith(link.prefix)]
