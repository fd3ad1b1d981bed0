"""Event occurrences of contacts: page views, form submissions and the portal's own custom events.

Station: HubSpot sandbox, state and shape. Seconds on page stand in `time_on_page_seconds`, a property of this sandbox:
HubSpot's documentation of `e_visited_page` names none (README.md).
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from adapters.hubspot.sandbox.stamps import iso

VISITED = "e_visited_page"
SUBMITTED = "e_submitted_form"
STANDARD_TYPES = (VISITED, SUBMITTED)
CUSTOM = ("asset_downloaded", "trial_started", "feature_used", "event_attended")
"""Names of the custom events this portal defines; their full names are `pe{portalId}_{name}`."""

_ID_SPACE = uuid.UUID("6f1f7b0e-54a2-4c6b-9c7e-1d2b3c4d5e6f")
_BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventQuery:
    """Which occurrences are wanted; empty fields do not narrow. `at` bounds are epoch milliseconds, start included."""

    type: str = ""
    object_id: int = 0
    ids: tuple[int, ...] = ()
    from_ms: int | None = None
    to_ms: int | None = None
    ascending: bool = False
    cursor: tuple[int, int] | None = None


def event_types(portal_id: int) -> list[str]:
    """The full names of every type of event."""
    return [*STANDARD_TYPES, *(f"pe{portal_id}_{name}" for name in CUSTOM)]


def event_id(number: int, at_ms: int) -> str:
    """The id of an occurrence as the API shows it."""
    return f"leviathan-{_uuid_like(number)}-{at_ms}-{number}"


def _uuid_like(number: int) -> str:
    # Cheaper than uuid5, of which a page would need two thousand; a large odd factor spreads neighbours apart.
    digits = f"{number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"


def event_number(text: str) -> int:
    """The number behind an id made by `event_id`; 0 for anything else."""
    tail = text.rpartition("-")[2]
    return int(tail) if text.startswith("leviathan-") and tail.isdigit() else 0


def add_events(connection: sqlite3.Connection, rows: Iterable[tuple[str, int, int, str, int, str]]) -> None:
    """Keeps occurrences: (type, contact id, at_ms, path or form or asset or feature, seconds, other properties as JSON)."""
    connection.executemany("INSERT INTO events (type, object_id, at_ms, subject, seconds, extra) VALUES (?,?,?,?,?,?)", rows)


def find_events(connection: sqlite3.Connection, query: EventQuery) -> Iterator[tuple[int, str, int, int, str, int, str]]:
    """Rows (id, type, object id, at_ms, subject, seconds, extra) in time order, read as they are asked for."""
    where: list[str] = ["1"]
    args: list[str | int] = []
    if query.type:
        where.append("type=?")
        args.append(query.type)
    if query.object_id:
        where.append("object_id=?")
        args.append(query.object_id)
    if query.ids:
        where.append(f"id IN ({','.join('?' * len(query.ids))})")
        args.extend(query.ids)
    if query.from_ms is not None:
        where.append("at_ms>=?")
        args.append(query.from_ms)
    if query.to_ms is not None:
        where.append("at_ms<?")
        args.append(query.to_ms)
    if query.cursor:
        where.append(f"(at_ms, id) {'>' if query.ascending else '<'} (?, ?)")
        args.extend(query.cursor)
    way = "ASC" if query.ascending else "DESC"
    return connection.execute(
        "SELECT id, type, object_id, at_ms, subject, seconds, extra FROM events "
        f"WHERE {' AND '.join(where)} ORDER BY at_ms {way}, id {way}",
        args,
    )


def event_body(row: tuple[int, str, int, int, str, int, str], site: str) -> dict[str, Any]:
    """An occurrence as the API sends it."""
    number, type_, object_id, at_ms, subject, seconds, extra = row
    return {
        "objectType": "CONTACT",
        "objectId": str(object_id),
        "eventType": type_,
        "occurredAt": iso(at_ms),
        "id": event_id(number, at_ms),
        "properties": _properties(type_, subject, seconds, object_id, at_ms, site) | (json.loads(extra) if extra else {}),
    }


def _properties(type_: str, subject: str, seconds: int, object_id: int, at_ms: int, site: str) -> dict[str, str]:
    if type_ == VISITED:
        visit = _uuid_like(object_id * 1_000_003 + at_ms // 1_800_000)
        found = {
            "hs_url": site + quote(subject),
            "hs_title": page_title(subject),
            "hs_userAgent": _BROWSER,
            "hs_session_id": f"leviathan-{visit}",
            "hs_session_source": "DIRECT",
        }
        return found | ({"time_on_page_seconds": str(seconds)} if seconds else {})
    if type_ == SUBMITTED:
        return {"hs_form_id": form_guid(subject), "hs_form_name": subject, "hs_url": f"{site}/forms/{quote(subject)}"}
    name = _CUSTOM_SUBJECT.get(type_.partition("_")[2])
    return {name: subject} if name and subject else {}


_CUSTOM_SUBJECT: Mapping[str, str] = {
    "asset_downloaded": "asset_name",
    "feature_used": "feature",
    "event_attended": "event_name",
    "trial_started": "plan",
}


def form_guid(name: str) -> str:
    """The id of the form of that name."""
    return str(uuid.uuid5(_ID_SPACE, f"form/{name}"))


def page_title(path: str) -> str:
    """A title for a path."""
    tail = path.strip("/").rpartition("/")[2]
    return tail.replace("-", " ").capitalize() or "Home"
