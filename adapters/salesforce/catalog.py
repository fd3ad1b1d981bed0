"""Which objects and fields the API user can see now, by describe.

Station: read by mapping checks, by `hotlead check`, and by this folder where a field's type matters. Describe hides what field-level
security hides: a field that is not here may exist all the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Lock
from typing import Any

from adapters.kit.budget import Purpose
from adapters.salesforce.client import SalesforceClient
from adapters.salesforce.sources import PARENT_NAME_FIELDS
from connector.ports.crm import Catalog, CatalogField, FieldType
from connector.ports.errors import CrmRefused

KEPT_FOR = timedelta(hours=1)
"""How long a describe is believed; a field granted meanwhile is seen after that, or by a new process."""

DESCRIBED_PARENTS = ("Account", "Campaign")
"""Parents whose fields can be mapped by a dotted name, such as `Account.Industry`, with their own types."""

_TYPES: Mapping[str, FieldType] = {
    "id": FieldType.REFERENCE,
    "reference": FieldType.REFERENCE,
    "string": FieldType.TEXT,
    "email": FieldType.TEXT,
    "phone": FieldType.TEXT,
    "url": FieldType.TEXT,
    "encryptedstring": FieldType.TEXT,
    "combobox": FieldType.TEXT,
    "time": FieldType.TEXT,
    "textarea": FieldType.LONG_TEXT,
    "int": FieldType.INTEGER,
    "long": FieldType.INTEGER,
    "double": FieldType.DECIMAL,
    "percent": FieldType.DECIMAL,
    "currency": FieldType.MONEY,
    "boolean": FieldType.BOOLEAN,
    "date": FieldType.DATE,
    "datetime": FieldType.DATETIME,
    "picklist": FieldType.PICKLIST,
    "multipicklist": FieldType.MULTI_PICKLIST,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """One object as describe tells it."""

    name: str
    queryable: bool
    updateable: bool
    fields: Mapping[str, CatalogField]


class Catalogue:
    """Describes of one connection, kept for an hour. Thread-safe."""

    def __init__(self, *, client: SalesforceClient) -> None:
        self._client = client
        self._kept: dict[str, tuple[float, Described | None]] = {}
        self._lock = Lock()

    def catalog(self, *, sources: Sequence[str]) -> Catalog:
        """The named sources that can be seen, with their parents' fields under dotted names."""
        seen: dict[str, Mapping[str, CatalogField]] = {}
        for name in sources:
            described = self.describe(name)
            if described is not None and described.queryable:
                seen[name] = {**described.fields, **self._parents_fields(described)}
        return Catalog(sources=seen)

    def describe(self, name: str) -> Described | None:
        """One object, or None when there is none of that name for this user."""
        now = self._client.clock.monotonic()
        with self._lock:
            kept = self._kept.get(name)
        if kept is not None and now - kept[0] < KEPT_FOR.total_seconds():
            return kept[1]
        described = self._ask(name)
        with self._lock:
            self._kept[name] = (now, described)
        return described

    def forget(self) -> None:
        """Lets the next look be a fresh one, after something was installed."""
        with self._lock:
            self._kept.clear()

    def field_type(self, source: str, name: str) -> FieldType:
        """The type of one field; OTHER where it cannot be seen."""
        described = self.describe(source)
        field = described.fields.get(name) if described else None
        return field.type if field else FieldType.OTHER

    def _ask(self, name: str) -> Described | None:
        try:
            told = self._client.call("GET", f"sobjects/{name}/describe", purpose=Purpose.CATALOG, essential=True).body
        except CrmRefused as refusal:
            if refusal.code == "NOT_FOUND":
                return None
            raise
        return Described(
            name=told["name"],
            queryable=bool(told.get("queryable", True)),
            updateable=bool(told.get("updateable", True)),
            fields={field["name"]: field_of(field) for field in told["fields"]},
        )

    def _parents_fields(self, described: Described) -> dict[str, CatalogField]:
        fields: dict[str, CatalogField] = {}
        for reference in described.fields.values():
            relation = _relation(reference)
            if not relation:
                continue
            parent = self.describe(reference.refers_to[0]) if reference.refers_to == (relation,) and relation in DESCRIBED_PARENTS else None
            named = parent.fields.values() if parent else map(_name_field, PARENT_NAME_FIELDS)
            for field in named:
                fields[f"{relation}.{field.name}"] = replace(field, name=f"{relation}.{field.name}", writable=False)
        return fields


def _relation(reference: CatalogField) -> str:
    """The relationship's name: a standard reference `WhoId` is `Who`, a custom one `Partner__c` is `Partner__r`."""
    if reference.type is not FieldType.REFERENCE or not reference.refers_to:
        return ""
    if reference.name.endswith("__c"):
        return reference.name[:-1] + "r"
    return reference.name.removesuffix("Id") if reference.name != "Id" else ""


def _name_field(name: str) -> CatalogField:
    return CatalogField(name=name, label=name, type=FieldType.TEXT, writable=False)


def field_of(told: Mapping[str, Any]) -> CatalogField:
    """One field of a describe."""
    kind = _TYPES.get(told["type"], FieldType.OTHER)
    if told["type"] == "double" and told.get("scale") == 0:
        kind = FieldType.INTEGER
    return CatalogField(
        name=told["name"],
        label=told["label"],
        type=kind,
        length=told["length"] or None,
        writable=bool(told["updateable"]),
        options=tuple(value["value"] for value in told.get("picklistValues", ()) if value["active"]),
        open_options=kind in (FieldType.PICKLIST, FieldType.MULTI_PICKLIST) and not told.get("restrictedPicklist", False),
        unique=bool(told.get("unique")),
        refers_to=tuple(told.get("referenceTo", ())),
    )
