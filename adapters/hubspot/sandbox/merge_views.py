"""Merging two records and erasing a contact for good.

Station: HubSpot sandbox, views. A merge makes a new record with an id of its own, to which both old ids lead.
Source: facts §6.5.
"""

from __future__ import annotations

from dataclasses import replace

from adapters.hubspot.sandbox.errors import invalid_request, not_found
from adapters.hubspot.sandbox.kinds import BY_NAME, Kind
from adapters.hubspot.sandbox.records import Records
from adapters.hubspot.sandbox.rendering import Renderer
from adapters.hubspot.sandbox.routing import NO_CONTENT, Answer, Api, Call, kind_named, object_scope
from adapters.hubspot.sandbox.store import Row

MERGEABLE = frozenset({"contacts", "companies", "deals"})


class MergeViews:
    """The views of merging and erasing."""

    def __init__(self, api: Api, records: Records) -> None:
        self._portal = api.portal
        self._store = api.portal.store
        self._records = records
        write = object_scope("write")
        api.serve("POST", "objects", "/<kind>/merge", self.merge, needs=write)
        api.serve("POST", "objects", "/<kind>/gdpr-delete", self.erase, needs=write)

    def merge(self, call: Call, kind: str) -> Answer:
        """The record that both became, under a new id; values of the primary one win."""
        found = kind_named(kind)
        if found.name not in MERGEABLE:
            raise invalid_request(f"{found.name} cannot be merged.")
        given = call.object_body()
        primary = self._live(found, str(given.get("primaryObjectId", "")))
        other = self._live(found, str(given.get("objectIdToMerge", "")))
        if primary.id == other.id:
            raise invalid_request("A record cannot be merged with itself.")
        merged = self._merge(found, primary, other)
        self._portal.control.wrote(found.name, str(merged.id), ["hs_merged_object_ids"])
        return Answer(body=Renderer(self._portal, found, [*found.defaults, *merged.props]).body(merged))

    def erase(self, call: Call, kind: str) -> Answer:
        """204: the contact, its history and its events are gone; erasing nobody is no error."""
        found = kind_named(kind)
        if found.name != "contacts":
            raise invalid_request("Only contacts can be erased.")
        given = call.object_body()
        row = self._records.find(found, str(given.get("objectId", "")), str(given.get("idProperty") or ""))
        if row is not None:
            self._records.linking.cut(found, row.id)
            self._store.erase(found, row.id)
        return NO_CONTENT

    def _live(self, kind: Kind, record_id: str) -> Row:
        row = self._records.find(kind, record_id)
        if row is None or row.archived_ms:
            raise not_found(f"{kind.label} with id {record_id} could not be found.")
        return row

    def _merge(self, kind: Kind, primary: Row, other: Row) -> Row:
        now = self._portal.now_ms()
        earlier = {one for row in (primary, other) for one in row.props.get("hs_merged_object_ids", "").split(";") if one}
        old_ids = sorted(earlier | {str(primary.id), str(other.id)}, key=int)
        props = {**other.props, **primary.props, "hs_merged_object_ids": ";".join(old_ids)}
        if kind.name == "contacts":
            props["hs_calculated_merged_vids"] = ";".join(f"{one}:{now}" for one in old_ids)
            addresses = [row.props.get("email", "") for row in (primary, other)]
            further = {one for row in (primary, other) for one in row.props.get("hs_additional_emails", "").split(";")}
            further |= {one for one in addresses if one} - {props.get("email", "")}
            props["hs_additional_emails"] = ";".join(sorted(one for one in further if one))
            if not props["hs_additional_emails"]:
                del props["hs_additional_emails"]
        merged = replace(
            primary,
            id=self._store.next_id(kind),
            created_ms=min(primary.created_ms, other.created_ms),
            modified_ms=now,
            visible_ms=now,
            props=props,
        )
        with self._store.notes.silence():
            self._store.put(kind, merged)
        if self._store.notes.are_wanted:
            moved = sum(name not in primary.props for name in other.props)
            self._store.notes.merged(kind, primary=primary.id, others=[other.id], new=merged.id, moved=moved)
        for old in (primary, other):
            self._hand_over(kind, old, merged)
        return self._store.load(kind, merged.id) or merged

    def _hand_over(self, kind: Kind, old: Row, merged: Row) -> None:
        self._records.linking.move(kind, old.id, merged.id)
        run = self._store.connection.execute
        run("UPDATE uniques SET id=? WHERE kind=? AND id=?", (merged.id, kind.name, old.id))
        run("UPDATE history SET id=? WHERE kind=? AND id=?", (merged.id, kind.name, old.id))
        if kind is BY_NAME["contacts"]:
            run("UPDATE events SET object_id=? WHERE object_id=?", (merged.id, old.id))
        run(f"DELETE FROM {kind.name} WHERE id=?", (old.id,))
        self._store.forward(kind, old.id, merged.id)
