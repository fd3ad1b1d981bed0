"""The webhooks journal: what changed, kept three days in files that an app asks for one after the other.

Station: HubSpot sandbox, state over `adapters.kit.sandbox.changes`. Sources: webhook journal guide (2026-03) and facts §6.5 for
paths, the answer's `url`, `expiresAt`, `currentOffset` and the three days; public samples for a file's `journalEvents`. The
wording of `type` and of the fields of merges and associations in a file is not documented where we could see it: unproven.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from adapters.hubspot.sandbox.kinds import BY_NAME
from adapters.hubspot.sandbox.link_types import BY_ID
from adapters.hubspot.sandbox.portal import Portal
from adapters.hubspot.sandbox.stamps import iso, to_ms
from adapters.kit.sandbox.changes import Change

KEPT = timedelta(days=3)
EVENTS_A_FILE = 1_000
"""Events of one file; HubSpot names no number."""

_TABLE = "CREATE TABLE IF NOT EXISTS journal (number INTEGER PRIMARY KEY AUTOINCREMENT, offset TEXT UNIQUE, at_ms INTEGER, body TEXT)"
_ACTIONS = {"creation": "CREATE", "propertyChange": "UPDATE", "deletion": "DELETE", "restore": "RESTORE", "merge": "MERGE"}

Event = dict[str, Any]


class UnknownOffsetError(LookupError):
    """No file has this offset, or it is older than three days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalSubscription:
    """What an app wants in its journal."""

    number: int
    type: str
    """OBJECT or ASSOCIATION."""
    kind: str
    actions: frozenset[str]
    properties: frozenset[str]
    """Empty: changes of any property."""
    ids: frozenset[int]
    """Empty: any record."""
    associated: frozenset[str]
    created: datetime

    def wants(self, what: str, told: Mapping[str, Any]) -> bool:
        """True when a change belongs into the journal."""
        if told["kind"] != self.kind or what not in self.actions or (self.ids and told["id"] not in self.ids):
            return False
        if self.type == "ASSOCIATION":
            return not self.associated or told["to_kind"] in self.associated
        return what != "UPDATE" or not self.properties or told["name"] in self.properties


class Journal:
    """The subscriptions and the files. Files are written when somebody asks, from the changes up to then."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._subscriptions: dict[int, JournalSubscription] = {}
        self._read_to = 0
        self._added = 0

    def subscribe(self, made: Mapping[str, Any]) -> JournalSubscription:
        """Keeps changes that fit from now on; `made` are the fields of JournalSubscription but number and created."""
        # What happened before is none of the new one's business.
        self._write()
        last = self._portal.changes.listen(_nothing)
        if not self._subscriptions:
            self._read_to = last
        self._added += 1
        one = JournalSubscription(number=self._added, created=self._portal.control.now(), **made)
        self._subscriptions[one.number] = one
        return one

    def unsubscribe(self, number: int) -> bool:
        """Ends a subscription; False when there is none of that number."""
        self._write()
        return self._subscriptions.pop(number, None) is not None

    def subscriptions(self) -> list[JournalSubscription]:
        """Every subscription, by number."""
        return list(self._subscriptions.values())

    def earliest(self) -> str | None:
        """The offset of the oldest file kept, or None."""
        return self._find("number > 0 ORDER BY number LIMIT 1")

    def latest(self) -> str | None:
        """The offset of the newest file, or None."""
        return self._find("number > 0 ORDER BY number DESC LIMIT 1")

    def after(self, offset: str) -> str | None:
        """The offset of the file behind this one, or None when it is the newest. Raises UnknownOffsetError."""
        db = self._ready()
        known = db.execute("SELECT number FROM journal WHERE offset = ?", (offset,)).fetchone()
        if known is None:
            raise UnknownOffsetError(offset)
        return self._find(f"number > {int(known[0])} ORDER BY number LIMIT 1")

    def file(self, offset: str) -> str | None:
        """The text of a file, or None."""
        with self._portal.store.turn():
            found = self._ready().execute("SELECT body FROM journal WHERE offset = ?", (offset,)).fetchone()
        return None if found is None else str(found[0])

    def _find(self, which: str) -> str | None:
        found = self._ready().execute(f"SELECT offset FROM journal WHERE {which}").fetchone()
        return None if found is None else str(found[0])

    def _ready(self) -> sqlite3.Connection:
        """The connection, with everything written that happened and nothing left that is older than three days."""
        self._write()
        db = self._portal.store.connection
        oldest = self._portal.control.now() - KEPT
        db.execute("DELETE FROM journal WHERE at_ms < ?", (to_ms(oldest),))
        if self._subscriptions:
            self._portal.changes.forget(before=oldest)
        return db

    def _write(self) -> None:
        db = self._portal.store.connection
        db.execute(_TABLE)
        if not self._subscriptions:
            return
        changes = self._portal.changes.after(self._read_to)
        if not changes:
            return
        self._read_to = changes[-1].number
        events = list(self._events(changes))
        for start in range(0, len(events), EVENTS_A_FILE):
            offset, at = str(uuid.uuid4()), self._portal.now_ms()
            body = {"offset": offset, "journalEvents": events[start : start + EVENTS_A_FILE], "publishedAt": iso(at)}
            db.execute("INSERT INTO journal (offset, at_ms, body) VALUES (?, ?, ?)", (offset, at, json.dumps(body, ensure_ascii=False)))

    def _events(self, changes: list[Change]) -> Iterator[Event]:
        waiting: Event | None = None
        for change in changes:
            told = change.told
            what = _ACTIONS.get(told["what"]) or ("ASSOCIATION_REMOVED" if told.get("removed") else "ASSOCIATION_ADDED")
            is_wanted = told["what"] != "privacyDeletion" and any(one.wants(what, told) for one in self._subscriptions.values())
            if not is_wanted:
                continue
            event = self._event(what, change)
            if waiting is not None and what == "UPDATE" and _is_same_save(waiting, event):
                waiting["propertyChanges"] |= event["propertyChanges"]
                continue
            if waiting is not None:
                yield waiting
            waiting = event
        if waiting is not None:
            yield waiting

    def _event(self, what: str, change: Change) -> Event:
        told, kind = change.told, BY_NAME[change.told["kind"]]
        event: Event = {
            "type": "object",
            "portalId": self._portal.settings.portal_id,
            "occurredAt": iso(to_ms(change.at)),
            "action": what,
            "objectTypeId": kind.type_id,
            "objectId": told["id"],
        }
        if what == "UPDATE":
            event["propertyChanges"] = {told["name"]: told["value"]}
        elif what == "MERGE":
            event |= {"primaryObjectId": told["primary"], "mergedObjectIds": told["merged"], "newObjectId": told["id"]}
        elif what.startswith("ASSOCIATION"):
            other = BY_NAME[told["to_kind"]]
            event |= {
                "type": "association",
                "fromObjectTypeId": kind.type_id,
                "fromObjectId": told["id"],
                "toObjectTypeId": other.type_id,
                "toObjectId": told["to_id"],
                "associationTypeId": told["type_id"],
                "associationCategory": "HUBSPOT_DEFINED",
                "isPrimary": BY_ID[told["type_id"]].is_primary,
            }
        return event


def _is_same_save(one: Event, other: Event) -> bool:
    names = ("action", "objectTypeId", "objectId", "occurredAt")
    return all(one[name] == other[name] for name in names)


def _nothing() -> None:
    """Files are written when asked for; nobody needs waking."""
