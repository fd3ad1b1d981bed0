"""What people do in the portal beyond editing, asked for at `/_sandbox/acts`, and its call limits.

Station: HubSpot sandbox; answers `adapters.kit.sandbox.acts.CrmActs` with the same rules as the API's views.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.hubspot.sandbox.kinds import Kind
from adapters.hubspot.sandbox.limits import Limits
from adapters.hubspot.sandbox.linking import types_by_id
from adapters.hubspot.sandbox.merging import Merging
from adapters.hubspot.sandbox.people_edits import PeopleEdits, kind_of
from adapters.hubspot.sandbox.portal import Actor, Portal
from adapters.hubspot.sandbox.records import Records
from adapters.hubspot.sandbox.store import Row
from adapters.kit.sandbox.control import RefusedEditError, UnknownRecordError

IMPORT = Actor(source_type="IMPORT", source_id="importId:1")

Ends = tuple[tuple[str, str], tuple[str, str]]


class PortalActs:
    """Merges, restores, erasures, imports and associations by people."""

    def __init__(self, portal: Portal, *, records: Records, merging: Merging, people: PeopleEdits, limits: Limits) -> None:
        self._portal = portal
        self._records = records
        self._merging = merging
        self._people = people
        self._limits = limits

    def merge(self, *, source: str, winner: str, losers: Sequence[str], by: str) -> Mapping[str, Any]:
        """Merges one after the other into the primary one; each time the record gets a new id."""
        with self._people.turn(by):
            kind = kind_of(source)
            row = self._people.refusing(lambda: self._merged(kind, winner, losers))
            return {"id": str(row.id)}

    def convert(self, *, source: str, record_id: str, opportunity: str, by: str) -> Mapping[str, Any]:
        """Refused: this CRM has nothing to convert."""
        del record_id, opportunity, by
        raise RefusedEditError(f"nothing becomes of {source} in HubSpot but a higher lifecycle stage; change that")

    def delete(self, *, source: str, record_id: str, by: str) -> Mapping[str, Any]:
        """Archives the record."""
        self._people.delete(source=source, record_id=record_id, by=by)
        return {"id": record_id}

    def undelete(self, *, source: str, record_id: str, by: str) -> Mapping[str, Any]:
        """Restores the record and its associations."""
        with self._people.turn(by):
            kind = kind_of(source)
            row = self._people.found(kind, record_id)
            self._people.refusing(lambda: self._merging.restore(kind, row))
            return {"id": str(row.id)}

    def erase(self, *, source: str, record_id: str, by: str) -> Mapping[str, Any]:
        """Deletes a contact for privacy."""
        with self._people.turn(by):
            kind = kind_of(source)
            row = self._people.found(kind, record_id)
            self._people.refusing(lambda: self._merging.erase(kind, row))
            return {"id": str(row.id)}

    def bring_in(self, *, source: str, rows: Sequence[Mapping[str, Any]], by: str) -> Mapping[str, Any]:
        """Imports rows of properties as HubSpot's import does: found by e-mail or domain, else made."""
        del by  # an import's events name the import, not the person
        with self._portal.store.turn(IMPORT.author):
            kind = kind_of(source)
            brought = self._people.refusing(lambda: [self._brought(kind, row) for row in rows])
            return {"ids": [str(row.id) for row in brought]}

    def associate(self, *, ends: Ends, types: Sequence[int], by: str) -> Mapping[str, Any]:
        """Associates two records, plainly and by these type ids."""
        with self._people.turn(by):
            (one, row), (other, target) = self._ends(ends)
            wanted = self._people.refusing(lambda: types_by_id(one, other, types))
            self._people.refusing(lambda: self._records.linking.associate(one, row.id, other, target.id, wanted))
            return {"id": str(row.id), "to": str(target.id)}

    def separate(self, *, ends: Ends, types: Sequence[int], by: str) -> Mapping[str, Any]:
        """Ends every association of two records, or those types."""
        with self._people.turn(by):
            (one, row), (other, target) = self._ends(ends)
            wanted = self._people.refusing(lambda: types_by_id(one, other, types)) if types else None
            self._records.linking.separate(one, row.id, other, target.id, wanted)
            return {"id": str(row.id), "to": str(target.id)}

    def limits(self) -> Mapping[str, Any]:
        """Calls in ten seconds, searches a second, calls a day, and calls used today; 0 is no limit."""
        return self._limits.told()

    def set_limits(self, wanted: Mapping[str, Any]) -> None:
        """Puts any of `burst`, `search_rate`, `daily` and `used_today` in place."""
        self._limits.change(wanted)

    def _merged(self, kind: Kind, winner: str, losers: Sequence[str]) -> Row:
        row = self._live(kind, winner)
        for loser in losers:
            row = self._merging.merge(kind, row, self._live(kind, loser))
        return row

    def _brought(self, kind: Kind, values: Mapping[str, Any]) -> Row:
        key = {"contacts": "email", "companies": "domain"}.get(kind.name, "")
        holder = self._portal.store.find(kind, key, str(values[key])) if key and values.get(key) else None
        row = self._portal.store.load(kind, holder) if holder is not None else None
        if row is None:
            return self._records.create(kind, values, IMPORT)
        return self._records.update(kind, row, values, IMPORT)

    def _ends(self, ends: Ends) -> tuple[tuple[Kind, Row], tuple[Kind, Row]]:
        (source, record), (to_source, to) = ends
        one, other = kind_of(source), kind_of(to_source)
        return (one, self._live(one, record)), (other, self._live(other, to))

    def _live(self, kind: Kind, record_id: str) -> Row:
        row = self._people.found(kind, record_id)
        if row.archived_ms:
            raise UnknownRecordError(f"{kind.name} record {record_id} is in the bin")
        return row
