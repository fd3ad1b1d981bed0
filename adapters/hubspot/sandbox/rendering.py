"""A record as the objects API sends it: ids as text, properties as text or null, only those asked for.

Station: HubSpot sandbox, between the store's rows and the views.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from adapters.hubspot.sandbox.errors import invalid_request
from adapters.hubspot.sandbox.kinds import Kind, find_kind
from adapters.hubspot.sandbox.link_types import BY_ID, LinkType
from adapters.hubspot.sandbox.portal import Portal
from adapters.hubspot.sandbox.stamps import iso
from adapters.hubspot.sandbox.store import Past, Row

MOST_ASSOCIATES = 100
"""Associated records a list or get reply names per record and type; the rest is for the associations API."""


class Renderer:
    """Makes replies for one object type and one choice of properties; make one a call."""

    def __init__(self, portal: Portal, kind: Kind, properties: Iterable[str] | None, history: Iterable[str] = ()) -> None:
        self._portal = portal
        self._kind = kind
        wanted = list(properties or ()) or list(kind.defaults)
        stamps = ("hs_object_id", kind.created, kind.modified)
        known = [name for name in dict.fromkeys(wanted) if portal.catalogue.get(kind.name, name)]
        # What HubSpot does not know is left out of the reply, not refused.
        self._names = sorted({*known, *stamps})
        self._history = [name for name in history if portal.catalogue.get(kind.name, name)]

    def body(self, row: Row) -> dict[str, Any]:
        """The record; properties without a value are null."""
        record_id, created, modified = str(row.id), iso(row.created_ms), iso(row.modified_ms)
        properties: dict[str, str | None] = {name: row.props.get(name) for name in self._names}
        properties["hs_object_id"] = record_id
        properties[self._kind.created] = created
        properties[self._kind.modified] = modified
        body: dict[str, Any] = {
            "id": record_id,
            "properties": properties,
            "createdAt": created,
            "updatedAt": modified,
            "archived": bool(row.archived_ms),
        }
        if row.archived_ms:
            body["archivedAt"] = iso(row.archived_ms)
        if self._history:
            body["propertiesWithHistory"] = {name: self._past(row, name) for name in self._history}
        return body

    def _past(self, row: Row, name: str) -> list[dict[str, Any]]:
        found = self._portal.store.history(self._kind, row.id, name)
        if not found and name in row.props:
            seeded = Past(name=name, at_ms=row.created_ms, value=row.props[name], source_type="CRM_UI", source_id="seed", user_id=0)
            found = [seeded]
        return [_past_body(one) for one in found]


def _past_body(past: Past) -> dict[str, Any]:
    body: dict[str, Any] = {
        "value": past.value,
        "timestamp": iso(past.at_ms),
        "sourceType": past.source_type,
        "sourceId": past.source_id,
    }
    if past.user_id:
        body["updatedByUserId"] = past.user_id
    return body


def add_associations(portal: Portal, kind: Kind, bodies: Sequence[dict[str, Any]], wanted: Sequence[str]) -> None:
    """Adds `associations` towards the wanted object types to each record's body."""
    ids = [int(body["id"]) for body in bodies]
    for spelling in wanted:
        other = find_kind(spelling)
        if other is None:
            raise invalid_request(f"Unable to infer object type from: {spelling}")
        links = portal.store.links(kind, other, ids)
        for body in bodies:
            found = links.get(int(body["id"]), [])
            if found:
                results = [{"id": str(one.to_id), "type": type_name(BY_ID[one.type_id])} for one in found]
                body.setdefault("associations", {})[other.name] = {"results": results[:MOST_ASSOCIATES]}


def type_name(link: LinkType) -> str:
    """A type of association as v3 replies name it, e.g. contact_to_company or contact_to_company_unlabeled."""
    from_kind, to_kind = find_kind(link.from_kind), find_kind(link.to_kind)
    assert from_kind is not None and to_kind is not None
    plain = f"{from_kind.singular}_to_{to_kind.singular}"
    has_primary = {from_kind.name, to_kind.name} in ({"contacts", "companies"}, {"deals", "companies"})
    return f"{plain}_unlabeled" if has_primary and not link.is_primary else plain
