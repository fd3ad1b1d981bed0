"""`/merge` and `/gdpr-delete`: merging two records and erasing a contact for good.

Station: HubSpot sandbox, views over `merging.py`.
"""

from __future__ import annotations

from adapters.hubspot.sandbox.errors import invalid_request, not_found
from adapters.hubspot.sandbox.kinds import Kind
from adapters.hubspot.sandbox.merging import MERGEABLE, Merging
from adapters.hubspot.sandbox.records import Records
from adapters.hubspot.sandbox.rendering import Renderer
from adapters.hubspot.sandbox.routing import NO_CONTENT, Answer, Api, Call, kind_named, object_scope
from adapters.hubspot.sandbox.store import Row


class MergeViews:
    """The views of merging and erasing."""

    def __init__(self, api: Api, records: Records, merging: Merging) -> None:
        self._portal = api.portal
        self._records = records
        self._merging = merging
        write = object_scope("write")
        api.serve("POST", "objects", "/<kind>/merge", self.merge, needs=write)
        api.serve("POST", "objects", "/<kind>/gdpr-delete", self.erase, needs=write)

    def merge(self, call: Call, kind: str) -> Answer:
        """The record that both became, under a new id."""
        found = kind_named(kind)
        if found.name not in MERGEABLE:
            raise invalid_request(f"{found.name} cannot be merged.")
        given = call.object_body()
        primary = self._live(found, str(given.get("primaryObjectId", "")))
        other = self._live(found, str(given.get("objectIdToMerge", "")))
        merged = self._merging.merge(found, primary, other)
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
            self._merging.erase(found, row)
        return NO_CONTENT

    def _live(self, kind: Kind, record_id: str) -> Row:
        row = self._records.find(kind, record_id)
        if row is None or row.archived_ms:
            raise not_found(f"{kind.label} with id {record_id} could not be found.")
        return row
