"""What HubSpot's events are about: the tables from its words to our sources and hints, and the hints of one event.

Station: HubSpot adapter, beside `webhooks`; values only. Source: HubSpot "Webhooks" guide, generic and legacy subscription types, and
the changelog "New subscription types for webhooks" for merges and associations, seen 2026-11.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from connector.ports.hooks import Hint, HintKind

Event = Mapping[str, Any]
"""One event of a body, parsed, nothing of it checked."""

SOURCES_BY_TYPE_ID: Mapping[str, str] = {
    "0-1": "contacts", "0-2": "companies", "0-3": "deals", "0-5": "tickets", "0-7": "products", "0-8": "line_items",
    "0-18": "communications", "0-27": "tasks", "0-46": "notes", "0-47": "meetings", "0-48": "calls", "0-49": "emails", "0-136": "leads",
}  # fmt: skip
"""Source by object type id. A type that is not here (a custom object) is its own source: the API takes the id as a name."""
SOURCES_BY_WORD: Mapping[str, str] = {
    "contact": "contacts", "company": "companies", "deal": "deals", "ticket": "tickets", "product": "products",
    "line_item": "line_items", "parent_company": "companies", "child_company": "companies",
}  # fmt: skip
"""Source by the word in a legacy event type (`contact.creation`) or in an association type (`CONTACT_TO_COMPANY`)."""
GENERIC = "object"

KEY_PARTS = (
    "portalId", "subscriptionId", "objectId", "fromObjectId", "toObjectId", "propertyName", "occurredAt", "propertyValue",
    "associationType", "associationTypeId", "associationRemoved", "isPrimaryAssociation",
    "primaryObjectId", "mergedObjectIds", "newObjectId",
)  # fmt: skip
"""What tells one event from another. HubSpot's eventId is "not guaranteed to be unique", and attemptNumber differs by delivery."""

_TYPE_ID = re.compile(r"[0-9]{1,4}-[0-9]{1,12}", re.ASCII)
_RECORD = re.compile(r"[1-9][0-9]{0,19}", re.ASCII)
_LATEST_MS = 253_402_300_799_000
"""The last millisecond-stamped second that a date can hold (year 9999)."""


class UnreadableEvent(ValueError):
    """One event makes no sense. The text may be shown: it holds nothing of the event's own values."""


def event_hints(event: Event) -> Iterator[Hint]:
    """What one event hints at, one hint a record. Raises UnreadableEvent, also after some hints: those stand."""
    prefix, _, deed = _event_type(event).partition(".")
    read = _READERS.get(deed)
    if read is None:
        raise UnreadableEvent("an event type this version does not know")
    key, at = _event_key(event), _moment(event)
    for number, (source, record, kind) in enumerate(read(event, prefix)):
        # Hints are told apart by their event, so that an event about several records gives each its own.
        yield Hint(event=f"{key}:{number}" if number else key, source=source, record=record, kind=kind, at=at)


def portal_of(event: object) -> str | None:
    """The portal an event names, as text; None where it names none."""
    return _number(event.get("portalId")) if isinstance(event, Mapping) else None


Found = Iterator[tuple[str, str, HintKind]]


def _one(kind: HintKind) -> Callable[[Event, str], Found]:
    def read(event: Event, prefix: str) -> Found:
        yield _source(event, prefix), _record(event.get("objectId")), kind

    return read


def _merged(event: Event, prefix: str) -> Found:
    """The records before and the one after; which of them live, the reading will tell."""
    source = _source(event, prefix)
    others = event.get("mergedObjectIds")
    named = [event.get("newObjectId"), event.get("primaryObjectId"), *(others if isinstance(others, list) else ())]
    records = dict.fromkeys(record for one in named if (record := _number(one)))
    if not records:
        raise UnreadableEvent("a merge that names no record")
    yield from ((source, record, HintKind.CHANGED) for record in records)


def _linked(event: Event, _prefix: str) -> Found:
    """Both ends. Where the kind of one cannot be told, the other still counts."""
    words = str(event.get("associationType") or "").lower().partition("_to_")
    ends = {
        "fromObjectId": _type_source(event.get("fromObjectTypeId")) or SOURCES_BY_WORD.get(words[0]),
        "toObjectId": _type_source(event.get("toObjectTypeId")) or SOURCES_BY_WORD.get(words[2]),
    }
    for name, source in ends.items():
        if source:
            yield source, _record(event.get(name)), HintKind.CHANGED
    if None in ends.values():
        raise UnreadableEvent("an association with a kind of record this version does not know")


_READERS: Mapping[str, Callable[[Event, str], Found]] = {
    "creation": _one(HintKind.CHANGED),
    "propertyChange": _one(HintKind.CHANGED),
    "restore": _one(HintKind.CHANGED),
    "deletion": _one(HintKind.DELETED),
    "privacyDeletion": _one(HintKind.ERASED),
    "merge": _merged,
    "associationChange": _linked,
}


def _event_type(event: Event) -> str:
    for name in ("subscriptionType", "eventType"):
        if isinstance(event.get(name), str):
            return str(event[name])
    raise UnreadableEvent("no event type")


def _source(event: Event, prefix: str) -> str:
    source = _type_source(event.get("objectTypeId")) if prefix == GENERIC else SOURCES_BY_WORD.get(prefix)
    if not source:
        raise UnreadableEvent("a kind of record this version does not know")
    return source


def _type_source(type_id: object) -> str | None:
    if not isinstance(type_id, str) or not _TYPE_ID.fullmatch(type_id):
        return None
    return SOURCES_BY_TYPE_ID.get(type_id, type_id)


def _record(told: object) -> str:
    record = _number(told)
    if record is None:
        raise UnreadableEvent("no record id")
    return record


def _number(told: object) -> str | None:
    """An id, which JSON may hold as a number or as text."""
    text = str(told) if isinstance(told, (int, str)) else ""
    return text if _RECORD.fullmatch(text) else None


def _moment(event: Event) -> datetime | None:
    told = event.get("occurredAt")
    if isinstance(told, str):
        # A journal's file writes it as ISO 8601, a webhook in milliseconds.
        return _iso_moment(told)
    if isinstance(told, bool) or not isinstance(told, int) or not 0 <= told <= _LATEST_MS:
        return None
    return datetime.fromtimestamp(told / 1000, UTC)


def _iso_moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):  # also a moment of the year 1 or 9999 that UTC has no year for
        return None


def _event_key(event: Event) -> str:
    """The same for every delivery of one event, and for no other event."""
    parts = [_event_type(event), *(event.get(name) for name in KEY_PARTS)]
    text = json.dumps(parts, separators=(",", ":"), sort_keys=True)
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
