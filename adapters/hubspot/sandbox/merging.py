"""What becomes of records beyond their values: two made one, erased for good, put into the bin and taken out again.

Station: HubSpot sandbox, rules over the store; the API's views and `/_sandbox/acts` both come here. A merge makes a new
record with an id of its own, to which both old ids lead. Source: facts §6.5.
"""

from __future__ import annotations

from dataclasses import replace

from adapters.hubspot.sandbox.binned import take_links
from adapters.hubspot.sandbox.errors import fault, invalid_request
from adapters.hubspot.sandbox.kinds import BY_NAME, Kind
from adapters.hubspot.sandbox.link_types import BY_ID
from adapters.hubspot.sandbox.portal import Portal
from adapters.hubspot.sandbox.records import Records
from adapters.hubspot.sandbox.store import Row

MERGEABLE = frozenset({"contacts", "companies", "deals"})


class Merging:
    """Merges, erases and restores records."""

    def __init__(self, portal: Portal, records: Records) -> None:
        self._portal = portal
        self._store = portal.store
        self._records = records

    def merge(self, kind: Kind, primary: Row, other: Row) -> Row:
        """The record that both became, under a new id; values of the primary one win. Raises ApiFault (400)."""
        if kind.name not in MERGEABLE:
            raise invalid_request(f"{kind.name} cannot be merged.")
        if primary.id == other.id:
            raise invalid_request("A record cannot be merged with itself.")
        now = self._portal.now_ms()
        merged = replace(
            primary,
            id=self._store.next_id(kind),
            created_ms=min(primary.created_ms, other.created_ms),
            modified_ms=now,
            visible_ms=now,
            props=_merged_values(kind, primary, other, now),
        )
        with self._store.notes.silence():
            self._store.put(kind, merged)
        if self._store.notes.are_wanted:
            moved = sum(name not in primary.props for name in other.props)
            self._store.notes.merged(kind, primary=primary.id, others=[other.id], new=merged.id, moved=moved)
        for old in (primary, other):
            self._hand_over(kind, old, merged)
        return self._store.load(kind, merged.id) or merged

    def erase(self, kind: Kind, row: Row) -> None:
        """Removes a contact, its history and its events; erasing one in the bin does too. Raises ApiFault (400)."""
        if kind.name != "contacts":
            raise invalid_request("Only contacts can be erased.")
        self._records.linking.cut(kind, row.id)
        self._store.erase(kind, row.id)

    def restore(self, kind: Kind, row: Row) -> None:
        """Takes a record out of the bin, with its associations to records that are still there.

        Raises ApiFault (409) when another record has one of its unique values by now. A live record stays as it is.
        """
        if not row.archived_ms:
            return
        names = [name for name in self._portal.catalogue.unique_names(kind.name) if row.props.get(name)]
        for name in names:
            holder = self._store.find(kind, name, row.props[name])
            if holder is not None:
                raise fault(409, f"{kind.label} {holder} has the same {name}, so {row.id} cannot be restored.", "CONFLICT")
        for name in names:
            self._store.claim(kind, name, row.props[name], row.id)
        row.archived_ms = 0
        row.modified_ms = row.visible_ms = self._portal.now_ms()
        self._store.put(kind, row)
        for other_name, other_id, type_ids in take_links(self._store, kind, row.id):
            other = BY_NAME[other_name]
            held = self._store.load(other, other_id)
            if held is not None and not held.archived_ms:
                self._records.linking.associate(kind, row.id, other, held.id, [BY_ID[one] for one in type_ids])

    def _hand_over(self, kind: Kind, old: Row, merged: Row) -> None:
        self._records.linking.move(kind, old.id, merged.id)
        run = self._store.connection.execute
        run("UPDATE uniques SET id=? WHERE kind=? AND id=?", (merged.id, kind.name, old.id))
        run("UPDATE history SET id=? WHERE kind=? AND id=?", (merged.id, kind.name, old.id))
        if kind is BY_NAME["contacts"]:
            run("UPDATE events SET object_id=? WHERE object_id=?", (merged.id, old.id))
        run(f"DELETE FROM {kind.name} WHERE id=?", (old.id,))
        self._store.forward(kind, old.id, merged.id)


def _merged_values(kind: Kind, primary: Row, other: Row, now: int) -> dict[str, str]:
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
    return props
