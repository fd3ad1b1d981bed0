"""Which properties exist: definitions, options and groups per object type, kept in the portal's database.

Station: HubSpot sandbox. `property_views.py` shows and edits it, `values.py` and `search.py` judge by it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from adapters.hubspot.sandbox.property_options import GROUPS, OPTIONS
from adapters.hubspot.sandbox.property_tables import TABLES
from adapters.hubspot.sandbox.stamps import iso

MAX_UNIQUE = 10
"""Properties with unique values an object type may have besides HubSpot's own. Source: facts §6.4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One allowed value of an enumeration."""

    value: str
    label: str
    order: int
    hidden: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """A property definition. `external` options live elsewhere (owners, pipelines) and are not listed here."""

    name: str
    label: str
    type: str
    field_type: str
    group: str
    description: str = ""
    options: tuple[Option, ...] = ()
    read_only: bool = False
    calculated: bool = False
    unique: bool = False
    external: bool = False
    ours: bool = True
    """True for HubSpot's own properties; False for those a portal made."""
    form_field: bool = False
    hidden: bool = False
    display_order: int = -1
    created_ms: int = 0
    updated_ms: int = 0
    archived_ms: int = 0

    @property
    def takes_many(self) -> bool:
        """True for check boxes, whose value is several options joined by semicolons."""
        return self.type == "enumeration" and self.field_type == "checkbox"

    def body(self) -> dict[str, Any]:
        """The definition as the properties API sends it."""
        found: dict[str, Any] = {
            "updatedAt": iso(self.updated_ms),
            "createdAt": iso(self.created_ms),
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "fieldType": self.field_type,
            "description": self.description,
            "groupName": self.group,
            "options": [
                {
                    "label": option.label,
                    "value": option.value,
                    "description": option.description,
                    "displayOrder": option.order,
                    "hidden": option.hidden,
                }
                for option in self.options
            ],
            "displayOrder": self.display_order,
            "calculated": self.calculated,
            "externalOptions": self.external,
            "hasUniqueValue": self.unique,
            "hidden": self.hidden,
            "hubspotDefined": self.ours,
            "modificationMetadata": {
                "archivable": not self.ours,
                "readOnlyDefinition": self.ours,
                "readOnlyOptions": self.ours and self.name not in ("lifecyclestage", "hs_lead_status"),
                "readOnlyValue": self.read_only,
            },
            "formField": self.form_field,
            "dataSensitivity": "non_sensitive",
            "archived": bool(self.archived_ms),
        }
        if self.archived_ms:
            found["archivedAt"] = iso(self.archived_ms)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A heading under which HubSpot shows properties."""

    name: str
    label: str
    display_order: int = -1

    def body(self) -> dict[str, Any]:
        """The group as the API sends it."""
        return {"name": self.name, "label": self.label, "displayOrder": self.display_order, "archived": False}


class Catalogue:
    """All definitions of a portal, held in memory and written through to the database."""

    def __init__(self, connection: sqlite3.Connection, *, now_ms: int) -> None:
        self._connection = connection
        connection.execute(
            "CREATE TABLE IF NOT EXISTS definitions (kind TEXT, sort TEXT, name TEXT, body TEXT, PRIMARY KEY(kind, sort, name))"
        )
        self._properties: dict[str, dict[str, Property]] = {kind: {} for kind in TABLES}
        self._groups: dict[str, dict[str, Group]] = {kind: {} for kind in TABLES}
        rows = connection.execute("SELECT kind, sort, name, body FROM definitions").fetchall()
        if rows:
            self._load(rows)
        else:
            self._fill(now_ms)

    def _load(self, rows: Iterable[tuple[str, str, str, str]]) -> None:
        for kind, sort, name, body in rows:
            values = json.loads(body)
            if sort == "group":
                self._groups[kind][name] = Group(**values)
            else:
                options = tuple(Option(**option) for option in values.pop("options"))
                self._properties[kind][name] = Property(**values, options=options)

    def _fill(self, now_ms: int) -> None:
        for kind, rows in TABLES.items():
            for order, (name, label) in enumerate(GROUPS[kind]):
                self.put_group(kind, Group(name=name, label=label, display_order=order))
            for name, label, type_, field_type, group, flags in rows:
                listed = OPTIONS.get((kind, name), ())
                options = tuple(Option(value=value, label=text, order=n) for n, (value, text) in enumerate(listed))
                self.put(
                    kind,
                    Property(
                        name=name,
                        label=label,
                        type=type_,
                        field_type=field_type,
                        group=group,
                        options=options,
                        read_only="r" in flags,
                        calculated="c" in flags,
                        unique="u" in flags,
                        external="o" in flags,
                        form_field="r" not in flags,
                        created_ms=now_ms,
                        updated_ms=now_ms,
                    ),
                )

    def put(self, kind: str, made: Property) -> None:
        """Adds or replaces a definition."""
        self._properties[kind][made.name] = made
        self._write(kind, "property", made.name, asdict(made))

    def put_group(self, kind: str, made: Group) -> None:
        """Adds or replaces a group."""
        self._groups[kind][made.name] = made
        self._write(kind, "group", made.name, asdict(made))

    def _write(self, kind: str, sort: str, name: str, values: dict[str, Any]) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO definitions VALUES (?,?,?,?)", (kind, sort, name, json.dumps(values, ensure_ascii=False))
        )

    def drop_group(self, kind: str, name: str) -> None:
        """Forgets a group."""
        self._groups[kind].pop(name, None)
        self._connection.execute("DELETE FROM definitions WHERE kind=? AND sort='group' AND name=?", (kind, name))

    def archive(self, kind: str, name: str, now_ms: int) -> None:
        """Archives a property; its name can be used again afterwards only by putting it back."""
        self.put(kind, replace(self._properties[kind][name], archived_ms=now_ms))

    def get(self, kind: str, name: str) -> Property | None:
        """The live definition of that name, or None."""
        found = self._properties[kind].get(name)
        return found if found is not None and not found.archived_ms else None

    def any(self, kind: str, name: str) -> Property | None:
        """The definition of that name, archived or not."""
        return self._properties[kind].get(name)

    def listed(self, kind: str, *, archived: bool = False) -> list[Property]:
        """All live (or all archived) definitions of an object type."""
        return [found for found in self._properties[kind].values() if bool(found.archived_ms) == archived]

    def groups(self, kind: str) -> list[Group]:
        """All groups of an object type."""
        return list(self._groups[kind].values())

    def group(self, kind: str, name: str) -> Group | None:
        """The group of that name, or None."""
        return self._groups[kind].get(name)

    def unique_names(self, kind: str) -> tuple[str, ...]:
        """Names of the properties whose values are unique, HubSpot's record id left out."""
        return tuple(
            found.name
            for found in self._properties[kind].values()
            if found.unique and found.name != "hs_object_id" and not found.archived_ms
        )
