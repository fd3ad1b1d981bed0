"""Event occurrences, such as page views, as a source of their own: `events:<event type>`.

Station: HubSpot adapter, CRM page -> RawRecord, beside read. HubSpot gives them by time only, never changes or deletes one, and gives
them to portals with an Enterprise subscription alone; marketing e-mail events are not among them ("Events API" guide, 2026-11).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.hubspot.client import Hub
from adapters.hubspot.position import Phase, Position, pack, unpack
from adapters.kit.budget import Purpose
from connector.core.records import RecordKey
from connector.ports.crm import Ask, Json, Page, RawRecord
from connector.ports.errors import CrmField, CrmRefused

PREFIX = "events:"
PAGE_ROWS = (1000, 100)
"""Occurrences of a page: what is asked for first, and instead when HubSpot refuses that. Its documentation names no largest page; public
connectors ask for either."""
SAMPLE_ROWS = 100
EVENTS_OVERLAP = timedelta(hours=1)
"""How far a later read looks back: HubSpot works out page views some time after they happen, and its filter is by when they happened."""
ENVELOPE = ("id", "eventType", "objectId", "objectType", "occurredAt")
"""What each occurrence has beside its properties; a mapping may name these too."""
OBJECT_SOURCES: Mapping[str, str] = {
    "contact": "contacts", "0-1": "contacts", "company": "companies", "0-2": "companies", "deal": "deals", "0-3": "deals",
}  # fmt: skip


def is_event_source(source: str) -> bool:
    """True for `events:<event type>`."""
    return source.startswith(PREFIX)


def event_type(source: str) -> str:
    """The event type of `events:<event type>`."""
    return source.removeprefix(PREFIX)


def read_events(hub: Hub, ask: Ask) -> Iterator[Page]:
    """Pages of occurrences: first from `ask.since` on, later with an hour's overlap. Raises CrmError; CrmAuth below Enterprise."""
    position = _beginning(ask)
    began = replace(position, after="", started_ms=0)
    rows_a_page, fewer = PAGE_ROWS
    has_begun_anew = False
    while position.phase is not Phase.REST:
        try:
            rows, position = _page(hub, ask, position, rows_a_page)
        except (CrmField, CrmRefused):
            if rows_a_page == fewer and (has_begun_anew or not position.after):
                raise
            if rows_a_page == fewer:
                # Not the page's size, then: a paging token that HubSpot no longer knows. The run begins anew, once.
                position, has_begun_anew = began, True
            rows_a_page = fewer
            continue
        records = tuple(_record(hub, ask, row) for row in rows if _is_asked_for(row, ask.where))
        yield Page(records=records, cursor=pack(position))


def sample_fields(hub: Hub, source: str) -> Sequence[str]:
    """Property names of recent occurrences; empty when there are none. Raises CrmAuth where the portal may not read events."""
    query = [("eventType", event_type(source)), ("limit", str(SAMPLE_ROWS))]
    reply = hub.call("GET", hub.paths.events, purpose=Purpose.CATALOG, query=query)
    found = dict.fromkeys(name for row in reply.body["results"] for name in row.get("properties") or {})
    return tuple(found)


def _page(hub: Hub, ask: Ask, position: Position, rows_a_page: int) -> tuple[Sequence[Mapping[str, Any]], Position]:
    query = [("eventType", event_type(ask.source)), ("limit", str(rows_a_page))]
    if position.lower_ms:
        query.append(("occurredAfter", _iso(position.lower_ms)))
    if position.after:
        query.append(("after", position.after))
    reply = hub.call("GET", hub.paths.events, purpose=Purpose.READ, query=query)
    after = str(((reply.body.get("paging") or {}).get("next") or {}).get("after") or "")
    position = replace(position, after=after).at(int(reply.at.timestamp() * 1000))
    return reply.body["results"], position if after else position.resting()


def _record(hub: Hub, ask: Ask, row: Mapping[str, Any]) -> RawRecord:
    properties = row.get("properties") or {}
    fields: dict[str, Json] = {name: _value(row, properties, name) for name in ask.fields}
    about = OBJECT_SOURCES.get(str(row.get("objectType") or "").lower())
    for other in ask.related:
        fields[f"@{other}"] = [{"id": str(row["objectId"]), "role": ""}] if other == about else []
    key = RecordKey(hub.connection, ask.source, str(row["id"]))
    return RawRecord(key=key, modified_at=datetime.fromisoformat(row["occurredAt"]), fields=fields)


def _value(row: Mapping[str, Any], properties: Mapping[str, Any], name: str) -> Json:
    value: Json = properties.get(name)
    if value is None and name in ENVELOPE:
        value = str(row.get(name) or "")
    return value or None


def _is_asked_for(row: Mapping[str, Any], where: Mapping[str, tuple[str, ...]]) -> bool:
    properties = row.get("properties") or {}
    return all(_value(row, properties, name) in values for name, values in where.items())


def _beginning(ask: Ask) -> Position:
    position = unpack(ask.cursor)
    if position is None or position.phase not in (Phase.EVENTS, Phase.REST):
        since_ms = int(ask.since.timestamp() * 1000) if ask.since else 0
        return Position(phase=Phase.EVENTS, first=True, lower_ms=since_ms)
    if position.phase is Phase.EVENTS:
        return position
    lower_ms = max(1, position.started_ms - int(EVENTS_OVERLAP.total_seconds() * 1000))
    return Position(phase=Phase.EVENTS, lower_ms=lower_ms)


def _iso(moment_ms: int) -> str:
    return datetime.fromtimestamp(moment_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
