"""What people do in the org beyond editing, asked for at `/_sandbox/acts`, and its daily limit.

Station: Salesforce sandbox; answers `adapters.kit.sandbox.acts.CrmActs`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from adapters.kit.sandbox.control import RefusedEditError
from adapters.salesforce.sandbox.catalogue import Kind
from adapters.salesforce.sandbox.conversions import convert_lead, merge_records
from adapters.salesforce.sandbox.org import Org
from adapters.salesforce.sandbox.person_edits import PersonEdits
from adapters.salesforce.sandbox.records import Writer
from adapters.salesforce.sandbox.recycle_bin import purge, undelete

Ends = tuple[tuple[str, str], tuple[str, str]]

_LINKS = {("Contact", "Account"): "AccountId", ("Opportunity", "Account"): "AccountId", ("Task", "Lead"): "WhoId",
          ("Task", "Contact"): "WhoId", ("Event", "Lead"): "WhoId", ("Event", "Contact"): "WhoId"}  # fmt: skip
"""The reference field that ties one object to another."""


class OrgActs:
    """Conversions, merges, the recycle bin, imports and references by people."""

    def __init__(self, org: Org, people: PersonEdits) -> None:
        self._org = org
        self._people = people

    def merge(self, *, source: str, winner: str, losers: Sequence[str], by: str) -> Mapping[str, Any]:
        """Merges up to two records into the winner, which keeps its id."""
        del by  # a merge is stamped with the admin
        self._people.kind(source)
        with self._org.database.writing() as db:
            self._people.ruled(lambda: merge_records(self._org, db, winner, losers))
        return {"id": winner}

    def convert(self, *, source: str, record_id: str, opportunity: str, by: str) -> Mapping[str, Any]:
        """Converts a lead as its owner would; the ids of contact, account and opportunity."""
        del by  # as its owner
        if self._people.kind(source).name != "Lead":
            raise RefusedEditError("only a Lead can be converted")
        with self._org.database.writing() as db:
            made = self._people.ruled(lambda: convert_lead(self._org, db, record_id, opportunity=opportunity))
        return {"id": made["contact"], **made}

    def delete(self, *, source: str, record_id: str, by: str) -> Mapping[str, Any]:
        """Puts the record into the recycle bin."""
        self._people.delete(source=source, record_id=record_id, by=by)
        return {"id": record_id}

    def undelete(self, *, source: str, record_id: str, by: str) -> Mapping[str, Any]:
        """Takes the record out of the recycle bin, its tasks with it."""
        kind = self._people.kind(source)
        with self._org.database.writing() as db:
            row = self._people.row(db, kind, record_id)
            self._people.ruled(lambda: undelete(self._org, db, kind, row, self._people.writer(db, by, row)))
        return {"id": row["Id"]}

    def erase(self, *, source: str, record_id: str, by: str) -> Mapping[str, Any]:
        """Deletes the record for good: not even queryAll knows it."""
        kind = self._people.kind(source)
        with self._org.database.writing() as db:
            row = self._people.row(db, kind, record_id)
            self._people.ruled(lambda: purge(self._org, db, kind, row, self._people.writer(db, by, row)))
        return {"id": row["Id"]}

    def bring_in(self, *, source: str, rows: Sequence[Mapping[str, Any]], by: str) -> Mapping[str, Any]:
        """Imports rows as the import wizard does: found by e-mail, else made."""
        kind = self._people.kind(source)
        with self._org.database.writing() as db:
            writer = self._people.writer(db, by, None)
            return {"ids": self._people.ruled(lambda: [self._brought(db, kind, row, writer) for row in rows])}

    def associate(self, *, ends: Ends, types: Sequence[int], by: str) -> Mapping[str, Any]:
        """Puts the second record into the first one's reference field."""
        return self._refer(ends, types, by, ends[1][1])

    def separate(self, *, ends: Ends, types: Sequence[int], by: str) -> Mapping[str, Any]:
        """Empties the first record's reference field."""
        return self._refer(ends, types, by, None)

    def limits(self) -> Mapping[str, Any]:
        """Calls in 24 hours, and calls used of them."""
        return {"daily": self._org.meter.limit, "used": self._org.meter.used(self._org.control.now())}

    def set_limits(self, wanted: Mapping[str, Any]) -> None:
        """Puts `daily` and `used` in place at once."""
        numbers = {str(name): int(value) for name, value in wanted.items()}
        if set(numbers) - {"daily", "used"} or min(numbers.values(), default=0) < 0:
            raise ValueError("limits are whole numbers from 0 under daily, used")
        self._org.meter.limit = numbers.get("daily", self._org.meter.limit)
        if "used" in numbers:
            self._org.meter.forget()
            self._org.meter.spend(self._org.control.now(), numbers["used"])

    def _brought(self, db: sqlite3.Connection, kind: Kind, values: Mapping[str, Any], writer: Writer) -> str:
        address = values.get("Email") if kind.has("Email") else None
        alive = f"SELECT Id FROM {kind.table} WHERE Email = ? COLLATE NOCASE AND NOT IsDeleted"
        found = db.execute(alive, (address,)).fetchone() if address else None
        if found is None:
            return self._org.records.create(db, kind, values, writer)
        self._org.records.update(db, kind, found[0], values, writer)
        return str(found[0])

    def _refer(self, ends: Ends, types: Sequence[int], by: str, value: str | None) -> Mapping[str, Any]:
        (source, record), (to_source, to) = ends
        field = _LINKS.get((self._people.kind(source).name, self._people.kind(to_source).name))
        if field is None or types:
            raise RefusedEditError(f"a {source} has no reference to a {to_source} that this act can set; edit its fields")
        self._people.update(source=source, record_id=record, values={field: value}, by=by)
        return {"id": record, "to": to}
