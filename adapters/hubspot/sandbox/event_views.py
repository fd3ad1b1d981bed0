"""`/events/v3/events`: event occurrences of contacts, their types, and sending custom events.

Station: HubSpot sandbox, views over `events.py`. Reading needs the Enterprise tier, as HubSpot documents.
"""

from __future__ import annotations

import base64
import itertools
import json
from typing import Any

from flask import request

from adapters.hubspot.sandbox.errors import fault, invalid_request, not_found
from adapters.hubspot.sandbox.events import EventQuery, add_events, event_body, event_number, event_types, find_events
from adapters.hubspot.sandbox.kinds import BY_NAME, find_kind
from adapters.hubspot.sandbox.reading import mapping
from adapters.hubspot.sandbox.records import Records
from adapters.hubspot.sandbox.routing import NO_CONTENT, Answer, Api, Call, scopes
from adapters.hubspot.sandbox.stamps import parse_instant

MAX_PAGE = 1_000
"""Occurrences on one page. Public connectors page by 100 and by 1,000; the documentation names no maximum."""

DEFAULT_PAGE = 100

_DIRECTIONS = {"ASCENDING": True, "OCCURREDAT": True, "DESCENDING": False, "-OCCURREDAT": False, "": False}


class EventViews:
    """The views of event occurrences."""

    def __init__(self, api: Api, records: Records) -> None:
        self._portal = api.portal
        self._records = records
        needs = scopes("business-intelligence", "behavioral_events.event_definitions.read_write")
        api.serve("GET", "events", "", self.browse, needs=needs)
        api.serve("GET", "events", "/event-types", self.types, needs=needs)
        for path in ("/events/v3/send", "/events/<dated:version>/send"):
            api.serve_at("POST", path, self.send, needs=needs)

    def types(self, _call: Call) -> Answer:
        """The full names of all event types."""
        return Answer(body={"eventTypes": event_types(self._portal.settings.portal_id)})

    def browse(self, call: Call) -> Answer:
        """A page of occurrences, newest first unless `sort` says otherwise."""
        if self._portal.settings.tier != "enterprise":
            raise fault(403, "This account does not have access to the events API; it needs an Enterprise subscription.")
        limit = call.number("limit", DEFAULT_PAGE)
        if not 1 <= limit <= MAX_PAGE:
            raise invalid_request(f"Invalid limit {limit}: it must be between 1 and {MAX_PAGE}.")
        wanted = {key.removeprefix("property."): call.one(key) for key in call.query if key.startswith("property.")}
        site = self._portal.settings.site
        found = find_events(self._portal.store.connection, self._query(call))
        bodies = (event_body(row, site) | {"_at": (row[3], row[0])} for row in found)
        fitting = (body for body in bodies if all(body["properties"].get(name) == value for name, value in wanted.items()))
        page = list(itertools.islice(fitting, limit + 1))
        cursors = [body.pop("_at") for body in page]
        body: dict[str, Any] = {"results": page[:limit]}
        if len(page) > limit:
            after = _cursor(cursors[limit - 1])
            body["paging"] = {"next": {"after": after, "link": f"{request.base_url}?after={after}&limit={limit}"}}
        return Answer(body=body)

    def send(self, call: Call) -> Answer:
        """204: a custom event is kept for the contact named by objectId or email."""
        given = call.object_body()
        name = str(given.get("eventName", ""))
        if name not in event_types(self._portal.settings.portal_id) or not name.startswith("pe"):
            raise invalid_request(f"Event definition with name {name} does not exist.")
        contacts = BY_NAME["contacts"]
        key, id_property = str(given.get("objectId") or ""), ""
        if not key:
            key, id_property = str(given.get("email") or ""), "email"
        row = self._records.find(contacts, key, id_property)
        if row is None or row.archived_ms:
            raise not_found("The event could not be linked to a contact.")
        at = _instant(str(given["occurredAt"])) if given.get("occurredAt") else self._portal.now_ms()
        extra = {str(one): str(value) for one, value in mapping(given.get("properties") or {}, "properties").items()}
        add_events(self._portal.store.connection, [(name, row.id, at, "", 0, json.dumps(extra, ensure_ascii=False))])
        return NO_CONTENT

    def _query(self, call: Call) -> EventQuery:
        kind_word, object_id = call.one("objectType"), call.number("objectId", 0)
        kind = find_kind(kind_word) if kind_word else None
        if kind_word and kind is None:
            raise invalid_request(f"Unable to infer object type from: {kind_word}")
        if object_id and kind is None:
            raise invalid_request("objectType is required when objectId is given.")
        email = call.one("objectProperty.email")
        if email:
            holder = self._portal.store.find(BY_NAME["contacts"], "email", email)
            object_id = holder or -1
        elif object_id and kind is not None:
            row = self._portal.store.load(kind, object_id)
            object_id = row.id if row is not None and kind.name == "contacts" else -1
        elif kind is not None and kind.name != "contacts":
            object_id = -1
        sort = call.one("sort").upper()
        if sort not in _DIRECTIONS:
            raise invalid_request("Invalid sort: it is occurredAt or -occurredAt, ASCENDING or DESCENDING.")
        ids = call.listed("id")
        return EventQuery(
            type=call.one("eventType"),
            object_id=object_id,
            ids=tuple(event_number(one) for one in ids),
            from_ms=_instant(call.one("occurredAfter")) if call.one("occurredAfter") else None,
            to_ms=_instant(call.one("occurredBefore")) if call.one("occurredBefore") else None,
            ascending=_DIRECTIONS[sort],
            cursor=_read_cursor(call.one("after")),
        )


def _instant(text: str) -> int:
    try:
        return parse_instant(text.replace(" ", "+"))
    except (ValueError, OverflowError):
        raise invalid_request(f"Invalid instant {text!r}: it must be ISO 8601.") from None


def _cursor(at: tuple[int, int]) -> str:
    return base64.urlsafe_b64encode(f"{at[0]}:{at[1]}".encode()).decode().rstrip("=")


def _read_cursor(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    try:
        at, _, number = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(":")
        return int(at), int(number)
    except ValueError:
        raise invalid_request("Invalid after: it is not a cursor of this API.") from None
