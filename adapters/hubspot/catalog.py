"""Which object types, properties and users a portal has, as the port's catalogue.

Station: HubSpot adapter, read by mapping validation and `hotlead check`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.hubspot.client import Hub
from adapters.hubspot.events import ENVELOPE, is_event_source, sample_fields
from adapters.kit.budget import Purpose
from connector.ports.crm import Catalog, CatalogField, FieldType, User
from connector.ports.errors import CrmAuth, CrmField, CrmRefused

LONGEST_TEXT = 65_536
"""Characters of a text property. Source: HubSpot knowledge base "Property field types", 2026-11."""
OWNERS_A_PAGE = 100
NAMES_HELD_S = 600.0
"""How long the names of an object type's properties are believed."""

TYPES: Mapping[str, FieldType] = {
    "number": FieldType.DECIMAL,
    "bool": FieldType.BOOLEAN,
    "date": FieldType.DATE,
    "datetime": FieldType.DATETIME,
    "string": FieldType.TEXT,
    "phone_number": FieldType.TEXT,
    "enumeration": FieldType.PICKLIST,
}
FIELD_TYPES: Mapping[tuple[str, str], FieldType] = {
    ("string", "textarea"): FieldType.LONG_TEXT,
    ("string", "html"): FieldType.LONG_TEXT,
    ("enumeration", "checkbox"): FieldType.MULTI_PICKLIST,
    ("enumeration", "booleancheckbox"): FieldType.BOOLEAN,
}
EVENT_PROPERTIES: Mapping[str, tuple[str, ...]] = {
    "events:e_visited_page": (
        "hs_url", "hs_title", "hs_page_id", "hs_canonical_url", "hs_referrer", "hs_session_id", "hs_session_source", "hs_visit_source",
        "hs_device_type", "hs_country", "hs_city", "hs_utm_source", "hs_utm_medium", "hs_utm_campaign", "hs_utm_term", "hs_utm_content",
    ),
    "events:e_submitted_form": ("hs_form_id", "hs_form_guid", "hs_form_name", "hs_form_type", "hs_url", "hs_title", "hs_page_id"),
}  # fmt: skip
"""Properties of HubSpot's own events as seen in public use of the API (2026-11), beside those that a sample of occurrences shows."""


def read_catalog(hub: Hub, *, sources: Sequence[str]) -> Catalog:
    """The named sources with their fields; one that does not exist, or that the key or the portal's tier does not open, is left out."""
    found: dict[str, Mapping[str, CatalogField]] = {}
    for source in dict.fromkeys(sources):
        try:
            fields = _event_fields(hub, source) if is_event_source(source) else read_fields(hub, source)
        except CrmAuth as refused:
            if refused.code in TOKEN_CODES:
                raise
            continue
        except (CrmField, CrmRefused):
            continue
        if fields:
            found[source] = fields
    return Catalog(sources=found)


TOKEN_CODES = frozenset({"INVALID_AUTHENTICATION", "EXPIRED_AUTHENTICATION", "HTTP_401"})
"""Refusals that are about the key itself, not about what it opens."""


def read_fields(hub: Hub, source: str, *, purpose: Purpose = Purpose.CATALOG) -> Mapping[str, CatalogField]:
    """Properties of one object type by name. Raises CrmError."""
    return {str(one["name"]): to_field(one) for one in read_definitions(hub, source, purpose=purpose)}


def require_properties(hub: Hub, *, source: str, names: Sequence[str]) -> None:
    """Nothing when the object type has all these properties. Raises CrmField naming the first that it has not.

    HubSpot leaves unknown properties out of what it gives without a word, so that one deleted by an admin would read as empty on
    every record. Asks once in `NAMES_HELD_S`, and again before it says that something is missing: it may have been made since.
    """
    held = hub.property_names.get(source)
    if held is None or hub.clock.monotonic() - held[0] > NAMES_HELD_S or not held[1].issuperset(names):
        read_definitions(hub, source, purpose=Purpose.CATALOG)
        held = hub.property_names[source]
    unknown = next((name for name in names if name not in held[1]), None)
    if unknown is not None:
        raise CrmField(
            f'HubSpot "{hub.connection}": there is no property {source}.{unknown}, or this key does not see it; nothing was read.',
            connection=hub.connection,
            code="PROPERTY_DOESNT_EXIST",
            hint="Map another property, or make it in HubSpot (hotlead install makes hotlead's own).",
            field=unknown,
        )


def read_definitions(hub: Hub, source: str, *, purpose: Purpose) -> Sequence[Mapping[str, Any]]:
    """Property definitions of one object type as HubSpot gives them."""
    reply = hub.call("GET", hub.paths.properties(source), purpose=purpose)
    found = tuple(one for one in reply.body["results"] if not one.get("archived"))
    hub.property_names[source] = (hub.clock.monotonic(), frozenset(str(one["name"]) for one in found))
    return found


def to_field(definition: Mapping[str, Any]) -> CatalogField:
    """One property as the port's catalogue has it. HubSpot's numbers do not say whether they are whole."""
    kind, shown_as = str(definition.get("type") or ""), str(definition.get("fieldType") or "")
    type_ = FIELD_TYPES.get((kind, shown_as)) or TYPES.get(kind, FieldType.OTHER)
    refers_to = str(definition.get("referencedObjectType") or "")
    if kind == "number" and definition.get("showCurrencySymbol"):
        type_ = FieldType.MONEY
    if refers_to:
        type_ = FieldType.REFERENCE
    limits = definition.get("modificationMetadata") or {}
    return CatalogField(
        name=str(definition["name"]),
        label=str(definition.get("label") or definition["name"]),
        type=type_,
        length=LONGEST_TEXT if type_ in (FieldType.TEXT, FieldType.LONG_TEXT) else None,
        writable=not (limits.get("readOnlyValue") or definition.get("calculated")),
        options=tuple(str(option["value"]) for option in definition.get("options") or ()),
        open_options=bool(definition.get("externalOptions")),
        unique=bool(definition.get("hasUniqueValue")),
        refers_to=(_source_of(refers_to),) if refers_to else (),
    )


def read_users(hub: Hub) -> tuple[User, ...]:
    """Everybody who owns or can own records, those who left included."""
    return (*_owners(hub, archived=False), *_owners(hub, archived=True))


def _owners(hub: Hub, *, archived: bool) -> tuple[User, ...]:
    found: list[User] = []
    after = ""
    while True:
        query = [("limit", str(OWNERS_A_PAGE)), ("archived", "true" if archived else "false")]
        reply = hub.call(
            "GET", hub.paths.owners, purpose=Purpose.CATALOG, essential=True, query=query + ([("after", after)] if after else [])
        )
        found += [_user(one, active=not archived) for one in reply.body["results"]]
        after = str(((reply.body.get("paging") or {}).get("next") or {}).get("after") or "")
        if not after:
            return tuple(found)


def _user(owner: Mapping[str, Any], *, active: bool) -> User:
    name = " ".join(part for part in (owner.get("firstName"), owner.get("lastName")) if part)
    email = str(owner.get("email") or "")
    return User(id=str(owner["id"]), name=name or email, email=email, active=active)


def _event_fields(hub: Hub, source: str) -> Mapping[str, CatalogField]:
    """Fields of an event type; none where nothing has happened yet, for HubSpot lists types that the portal can never have."""
    sample = sample_fields(hub, source)
    names = dict.fromkeys((*ENVELOPE, *EVENT_PROPERTIES.get(source, ()), *sample)) if sample else {}
    return {name: _event_field(name) for name in names}


def _event_field(name: str) -> CatalogField:
    kind = FieldType.DATETIME if name == "occurredAt" else FieldType.TEXT
    return CatalogField(name=name, label=name, type=kind, writable=False)


def _source_of(referenced: str) -> str:
    """Our word for what a property refers to: HubSpot's OWNER are the port's users."""
    return "users" if referenced == "OWNER" else referenced.lower()
