"""A person's edits in the portal, asked for by tests at `/_sandbox/records`: same rules, another author than the API.

Station: HubSpot sandbox; answers `adapters.kit.sandbox.control.CrmState`. Besides the object types it knows the source
`events`: creating one lets a contact visit a page or fill in a form, roll-ups included.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

from adapters.hubspot.sandbox.errors import ApiFault, expired_token
from adapters.hubspot.sandbox.events import SUBMITTED, VISITED, add_events
from adapters.hubspot.sandbox.kinds import BY_NAME, Kind, find_kind
from adapters.hubspot.sandbox.portal import Actor, Portal
from adapters.hubspot.sandbox.records import Records
from adapters.hubspot.sandbox.stamps import iso, parse_instant, to_ms
from adapters.hubspot.sandbox.store import Row
from adapters.hubspot.sandbox.webhook_changes import Author
from adapters.kit.sandbox.control import RefusedEditError, UnknownRecordError
from adapters.kit.sandbox.wire import Reply, json_reply

Outcome = TypeVar("Outcome")


class PeopleEdits:
    """What people, not the API, do to the portal's records."""

    def __init__(self, portal: Portal, records: Records) -> None:
        self._portal = portal
        self._store = portal.store
        self._records = records

    def create(self, *, source: str, values: Mapping[str, Any], by: str) -> str:
        """The id of the new record; `associations` in values maps object types to lists of ids."""
        with self.turn(by):
            if source == "events":
                return self._happened(values)
            kind = kind_of(source)
            properties = {name: value for name, value in values.items() if name != "associations"}
            row = self.refusing(lambda: self._records.create(kind, properties, self._user(by, None)))
            for other, ids in dict(values.get("associations") or {}).items():
                for other_id in ids:
                    self._records.linking.associate(kind, row.id, kind_of(other), int(other_id), [])
            return str(row.id)

    def update(self, *, source: str, record_id: str, values: Mapping[str, Any], by: str) -> None:
        """Changes the named properties."""
        with self._store.turn():
            kind = kind_of(source)
            row = self.found(kind, record_id)
            self.refusing(lambda: self._records.update(kind, row, values, self._user(by, row)))

    def delete(self, *, source: str, record_id: str, by: str) -> None:
        """Archives the record."""
        with self.turn(by):
            kind = kind_of(source)
            self._records.archive(kind, self.found(kind, record_id))

    def get(self, *, source: str, record_id: str) -> Mapping[str, Any]:
        """Everything kept about a record: properties, stamps, history, associations."""
        with self._store.turn():
            kind = kind_of(source)
            row = self.found(kind, record_id)
            links = {other.name: self._records.linking.others(kind, row.id, other) for other in dict.fromkeys(BY_NAME.values())}
            history = {name: self._store.history(kind, row.id, name) for name in row.props}
            return {
                "id": str(row.id),
                "properties": row.props,
                "createdAt": iso(row.created_ms),
                "updatedAt": iso(row.modified_ms),
                "archived": bool(row.archived_ms),
                "associations": {name: [str(one) for one in ids] for name, ids in links.items() if ids},
                "history": {
                    name: [{"value": one.value, "at": iso(one.at_ms), "by": one.source_type} for one in past]
                    for name, past in history.items()
                    if past
                },
            }

    def touch(self, *, source: str, ids: Sequence[str], count: int, at: datetime) -> int:
        """Stamps rows as changed at exactly `at`."""
        with self._store.turn():
            kind, stamp = kind_of(source), to_ms(at)
            run = self._store.connection.execute
            if ids:
                touched = 0
                for one in ids:
                    touched += run(f"UPDATE {kind.name} SET modified_ms=?, visible_ms=? WHERE id=?", (stamp, stamp, int(one))).rowcount
                return touched
            return run(
                f"UPDATE {kind.name} SET modified_ms=?, visible_ms=? WHERE id IN (SELECT id FROM {kind.name} ORDER BY id LIMIT ?)",
                (stamp, stamp, count),
            ).rowcount

    def expired_token_reply(self, *, authorization: str) -> Reply:
        """HubSpot's 401 for a token whose time is over; the token itself stays good."""
        del authorization
        return json_reply(401, expired_token().body)

    def _happened(self, values: Mapping[str, Any]) -> str:
        contact = self.found(BY_NAME["contacts"], str(values.get("contact", "")))
        type_, now = str(values.get("eventType", VISITED)), self._portal.now_ms()
        at = parse_instant(str(values["occurredAt"])) if values.get("occurredAt") else now
        extra = json.dumps(values["properties"], ensure_ascii=False) if values.get("properties") else ""
        subject = str(values.get("subject", ""))
        add_events(self._store.connection, [(type_, contact.id, at, subject, int(values.get("seconds", 0)), extra)])
        props = contact.props
        props["hs_analytics_last_timestamp"] = max(iso(at), props.get("hs_analytics_last_timestamp", ""))
        if type_ == VISITED:
            props["hs_analytics_num_page_views"] = str(int(props.get("hs_analytics_num_page_views", "0")) + 1)
            props["hs_analytics_last_url"] = self._portal.settings.site + subject
        if type_ == SUBMITTED:
            props["num_conversion_events"] = str(int(props.get("num_conversion_events", "0")) + 1)
            props["recent_conversion_date"] = iso(at)
            props["recent_conversion_event_name"] = f"Website: {subject}"
        contact.modified_ms = contact.visible_ms = now
        with self._store.notes.by(Author(source="ANALYTICS", source_id="")):
            self._store.put(BY_NAME["contacts"], contact)
        newest = self._store.connection.execute("SELECT max(id) FROM events").fetchone()
        return str(newest[0])

    @contextmanager
    def turn(self, by: str) -> Iterator[None]:
        """The right to use the store, in the name of the user with that e-mail."""
        with self._store.turn(), self._store.notes.by(self._user(by, None).author):
            yield

    def _user(self, by: str, row: Row | None) -> Actor:
        owners = self._portal.owners()
        chosen = next((one for one in owners if by and one.email == by), None)
        if chosen is None and row is not None:
            chosen = next((one for one in owners if str(one.id) == row.props.get("hubspot_owner_id")), None)
        chosen = chosen or (owners[0] if owners else None)
        user_id = chosen.user_id if chosen is not None else 0
        return Actor(source_type="CRM_UI", source_id=f"userId:{user_id}", user_id=user_id)

    def found(self, kind: Kind, record_id: str) -> Row:
        """The record, archived or not. Raises UnknownRecordError."""
        row = self._records.find(kind, record_id)
        if row is None:
            raise UnknownRecordError(f"no {kind.name} record {record_id}")
        return row

    @staticmethod
    def refusing(act: Callable[[], Outcome]) -> Outcome:
        """What `act` gives. Raises RefusedEditError where the portal refuses it."""
        try:
            return act()
        except ApiFault as refused:
            raise RefusedEditError(str(refused.body.get("message", refused))) from refused


def kind_of(source: str) -> Kind:
    """The object type of that name. Raises UnknownRecordError."""
    found = find_kind(source)
    if found is None:
        raise UnknownRecordError(f"no object type {source!r} in this portal")
    return found
