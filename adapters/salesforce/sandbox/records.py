"""Create, change, upsert, delete: one record at a time, by the org's rules.

Station: Salesforce sandbox, between the REST views and the tables. A refused record raises RowRefusal and changes
nothing; a request the API would not even parse raises ApiRefusal.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from adapters.kit.sandbox.control import Control
from adapters.kit.sandbox.workflows import WorkflowBook
from adapters.salesforce.sandbox.catalogue import Catalogue, Kind
from adapters.salesforce.sandbox.errors import ApiRefusal, RowRefusal
from adapters.salesforce.sandbox.fields import Field
from adapters.salesforce.sandbox.ids import full_id, make_id
from adapters.salesforce.sandbox.moments import instant_text
from adapters.salesforce.sandbox.record_notes import RecordNotes
from adapters.salesforce.sandbox.rules import Saving, apply_rules
from adapters.salesforce.sandbox.standard import PREFIXES
from adapters.salesforce.sandbox.typed import kept_value

Row = dict[str, Any]

_PERMISSION_KINDS = frozenset({"PermissionSetAssignment", "FieldPermissions", "PermissionSet"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Who writes: the user, and whether it is the API (counted) or a person at the screen."""

    user_id: str
    by_api: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Upserted:
    """What an upsert did."""

    record_id: str
    created: bool


class Records:
    """The org's records. Every call runs inside the caller's transaction on `db`."""

    def __init__(
        self, *, catalogue: Catalogue, control: Control, notes: RecordNotes, workflows: WorkflowBook, may_customize: bool = True
    ) -> None:
        self._workflows = workflows
        self.notes = notes
        self._may_customize = may_customize
        self._catalogue = catalogue
        self._control = control
        self._next: dict[str, int] = {}
        self.has_lagged = False
        """True once a row was held back; queries look at visibility only from then on."""

    def checked_values(self, kind: Kind, body: Mapping[str, Any], writer: Writer) -> dict[str, Any]:
        """The body's fields under their exact names. Raises ApiRefusal for a field that is not there for this user.

        A person at the screen (not `by_api`) is an admin here and sees every field.
        """
        values: dict[str, Any] = {}
        for name, raw in body.items():
            if name.lower() == "attributes":
                continue
            field = kind.field(name)
            if field is None or (writer.by_api and not self._catalogue.sees(writer.user_id, kind, field)):
                raise ApiRefusal(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {kind.name}")
            values[field.name] = raw
        return values

    def create(self, db: sqlite3.Connection, kind: Kind, body: Mapping[str, Any], writer: Writer) -> str:
        """Adds a record and gives its id."""
        if kind.name in _PERMISSION_KINDS and not self._may_customize:
            raise RowRefusal("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")
        if not kind.sobject.createable:
            raise RowRefusal("INVALID_TYPE_FOR_OPERATION", f"entity type {kind.name} does not support create")
        values = self.checked_values(kind, body, writer)
        self._refuse_unwritable(kind, values, writer, creating=True)
        row: Row = {field.name: self._initial(field) for field in kind.kept_fields()}
        row.update(self._kept(db, kind, values))
        if kind.has("OwnerId"):
            row["OwnerId"] = row["OwnerId"] or writer.user_id
        self._refuse_missing(kind, row, creating=True)
        stamp = self._stamped(kind, row, writer, created=True)
        row["Id"] = make_id(kind.sobject.prefix, self._number(db, kind))
        apply_rules(kind.name, Saving(db=db, row=row, old=None, stamp=stamp))
        self._refuse_twins(db, kind, row, values)
        names = list(row)
        marks = ", ".join("?" * len(names))
        columns = ", ".join(f'"{name}"' for name in names)
        db.execute(f"INSERT INTO {kind.table} ({columns}) VALUES ({marks})", list(row.values()))
        self._after(db, kind, row, values, writer)
        self.notes.saved(kind.name, old=None, new=row)
        self._follow_up(db, kind, None, row, writer)
        return str(row["Id"])

    def update(self, db: sqlite3.Connection, kind: Kind, record_id: str, body: Mapping[str, Any], writer: Writer) -> None:
        """Changes the named fields of a record."""
        if not kind.sobject.updateable:
            raise RowRefusal("INVALID_TYPE_FOR_OPERATION", f"entity type {kind.name} does not support update")
        values = self.checked_values(kind, {k: v for k, v in body.items() if k.lower() != "id"}, writer)
        old = self.existing(db, kind, record_id)
        self._refuse_unwritable(kind, values, writer, creating=False)
        row: Row = {key: value for key, value in old.items() if not key.startswith("_")}
        row.update(self._kept(db, kind, values))
        self._refuse_missing(kind, {name: row[name] for name in values}, creating=False)
        stamp = self._stamped(kind, row, writer, created=False)
        apply_rules(kind.name, Saving(db=db, row=row, old=old, stamp=stamp))
        self._refuse_twins(db, kind, row, values)
        changed = [name for name in row if name != "Id"]
        sets = ", ".join(f'"{name}" = ?' for name in changed)
        db.execute(f"UPDATE {kind.table} SET {sets} WHERE Id = ?", [*(row[name] for name in changed), row["Id"]])
        self._after(db, kind, row, values, writer)
        self.notes.saved(kind.name, old=old, new=row)
        self._follow_up(db, kind, old, row, writer)

    def upsert(
        self,
        db: sqlite3.Connection,
        kind: Kind,
        key: Field,
        value: Any,
        body: Mapping[str, Any],
        writer: Writer,
    ) -> Upserted:
        """Changes the one record whose `key` is `value`, or adds it. Raises RowRefusal when several match."""
        found = self.matching(db, kind, key, value)
        if len(found) > 1:
            raise RowRefusal("DUPLICATE_EXTERNAL_ID", f"{key.name}: more than one record found for external id field: {found}")
        if found:
            rest = {name: raw for name, raw in body.items() if name.lower() != key.name.lower()}
            self.update(db, kind, found[0], rest, writer)
            return Upserted(record_id=found[0], created=False)
        created = self.create(db, kind, {**body, key.name: value} if key.type != "id" else body, writer)
        return Upserted(record_id=created, created=True)

    def matching(self, db: sqlite3.Connection, kind: Kind, key: Field, value: Any) -> list[str]:
        """Ids of the live records whose `key` is `value`. Raises RowRefusal for an empty value."""
        wanted = kept_value(key, value)
        if wanted is None:
            raise RowRefusal("MISSING_ARGUMENT", f"{key.name} not specified", (key.name,))
        alive = " AND IsDeleted = 0" if kind.has("IsDeleted") else ""
        return [row[0] for row in db.execute(f'SELECT Id FROM {kind.table} WHERE "{key.name}" = ?{alive}', (wanted,))]

    def delete(self, db: sqlite3.Connection, kind: Kind, record_id: str, writer: Writer) -> None:
        """Puts a record into the recycle bin (or ends it, where the object has no bin), its dependants with it."""
        if not kind.sobject.deletable:
            raise RowRefusal("INVALID_TYPE_FOR_OPERATION", f"entity type {kind.name} does not support delete")
        row = self.existing(db, kind, record_id)
        for child in kind.sobject.children:
            self._delete_children(db, child.child, child.field, row["Id"], cascade=child.cascade, writer=writer)
        if kind.has("IsDeleted"):
            changed: Row = {"IsDeleted": 1}
            self._stamped(kind, changed, writer, created=False)
            sets = ", ".join(f'"{name}" = ?' for name in changed)
            db.execute(f"UPDATE {kind.table} SET {sets} WHERE Id = ?", [*changed.values(), row["Id"]])
        else:
            db.execute(f"DELETE FROM {kind.table} WHERE Id = ?", (row["Id"],))
        self.notes.binned(kind.name, row["Id"], is_binned=True, by=writer.user_id)
        if kind.name in _PERMISSION_KINDS:
            self._catalogue.forget_grants()

    def existing(self, db: sqlite3.Connection, kind: Kind, record_id: str) -> Row:
        """The row of a live record. Raises RowRefusal as the API names the trouble with the id."""
        full = full_id(record_id) if isinstance(record_id, str) else None
        if full is None:
            raise RowRefusal("MALFORMED_ID", f"{kind.name} ID: id value of incorrect type: {record_id}", ("Id",))
        if full[:3] != kind.sobject.prefix:
            raise RowRefusal("MALFORMED_ID", f"{kind.name} ID: id value of incorrect type: {record_id}", ("Id",))
        row = self.raw(db, kind, full)
        if row is None:
            raise RowRefusal("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        if row.get("IsDeleted"):
            raise RowRefusal("ENTITY_IS_DELETED", "entity is deleted")
        return row

    def raw(self, db: sqlite3.Connection, kind: Kind, record_id: str) -> Row | None:
        """The whole row as kept, deleted or not; None when there never was one."""
        cursor = db.execute(f"SELECT * FROM {kind.table} WHERE Id = ?", (record_id,))
        found = cursor.fetchone()
        return None if found is None else {part[0]: value for part, value in zip(cursor.description, found, strict=True)}

    def stamp(self, kind: Kind, row: Row, writer: Writer) -> None:
        """Puts the stamps of a change by `writer` now into `row`."""
        self._stamped(kind, row, writer, created=False)

    def keep_number(self, db: sqlite3.Connection, kind: Kind) -> None:
        """Makes sure that ids given out so far are not given again, before rows go for good."""
        if kind.name not in self._next:
            self._next[kind.name] = self._number(db, kind) - 1

    def stamp_now(self) -> str:
        """The sandbox's present as a record's stamp."""
        return instant_text(self._control.now())

    def external_id(self, kind: Kind, name: str, writer: Writer) -> Field:
        """The field of that name that may be upserted by. Raises 404 NOT_FOUND as the API does."""
        field = kind.field(name)
        usable = field is not None and (field.external_id or field.id_lookup or field.type == "id")
        if field is None or not usable or not self._catalogue.sees(writer.user_id, kind, field):
            raise ApiRefusal(404, "NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {name}")
        return field

    def _kept(self, db: sqlite3.Connection, kind: Kind, values: Mapping[str, Any]) -> Row:
        kept: Row = {}
        for name, raw in values.items():
            field = kind.field(name)
            if field is None or field.type == "id":
                continue
            value = kept_value(field, raw)
            if field.type == "reference" and value is not None:
                self._refuse_stray(db, field, value)
            kept[name] = value
        return kept

    def _refuse_stray(self, db: sqlite3.Connection, field: Field, value: str) -> None:
        target = PREFIXES.get(value[:3], "")
        if target not in field.references:
            raise RowRefusal("MALFORMED_ID", f"{field.label}: id value of incorrect type: {value}", (field.name,))
        found = self.raw(db, self._catalogue.known(target), value)
        if found is None:
            raise RowRefusal("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", (field.name,))
        if found.get("IsDeleted"):
            raise RowRefusal("ENTITY_IS_DELETED", "entity is deleted", (field.name,))

    def _refuse_unwritable(self, kind: Kind, values: Mapping[str, Any], writer: Writer, *, creating: bool) -> None:
        bad = []
        for name in values:
            field = kind.field(name)
            allowed = field is not None and (field.createable if creating else field.updateable)
            editable = field is not None and (not writer.by_api or self._catalogue.edits(writer.user_id, kind, field))
            if not allowed or not editable:
                bad.append(name)
        if bad:
            raise RowRefusal(
                "INVALID_FIELD_FOR_INSERT_UPDATE",
                f"Unable to create/update fields: {', '.join(bad)}. Please check the security settings of this field "
                "and verify that it is read/write for your profile or permission set.",
                tuple(bad),
            )

    def _refuse_missing(self, kind: Kind, row: Row, *, creating: bool) -> None:
        missing = []
        for name, value in row.items():
            field = kind.field(name)
            if field is None or field.nillable or value is not None:
                continue
            if field.createable if creating else field.updateable:
                missing.append(name)
        if missing:
            raise RowRefusal("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", tuple(missing))

    def _refuse_twins(self, db: sqlite3.Connection, kind: Kind, row: Row, values: Mapping[str, Any]) -> None:
        for name in values:
            field = kind.field(name)
            if field is None or not field.unique or row.get(name) is None:
                continue
            alive = " AND IsDeleted = 0" if kind.has("IsDeleted") else ""
            twin = db.execute(
                f'SELECT Id FROM {kind.table} WHERE "{name}" = ? AND Id <> ?{alive}', (row[name], row.get("Id", ""))
            ).fetchone()
            if twin:
                raise RowRefusal(
                    "DUPLICATE_VALUE",
                    f"duplicate value found: {name} duplicates value on record with id: {twin[0]}",
                    (),
                )

    def _stamped(self, kind: Kind, row: Row, writer: Writer, *, created: bool) -> str:
        now = self._control.now().astimezone(UTC).replace(microsecond=0)
        stamp = instant_text(now)
        stamps = {"SystemModstamp": stamp, "LastModifiedDate": stamp, "LastModifiedById": writer.user_id}
        if created:
            stamps |= {"CreatedDate": stamp, "CreatedById": writer.user_id}
        row.update({name: value for name, value in stamps.items() if kind.has(name)})
        self._hold_back(row, now, created=created)
        return stamp

    def _hold_back(self, row: Row, now: datetime, *, created: bool) -> None:
        row["_seen_from"] = self.held_until(now)
        if created:
            row["_born_from"] = row["_seen_from"]

    def held_until(self, stamp: datetime) -> str | None:
        """When a row stamped now comes into sight of queries, None for at once. Ask once a row written."""
        visible = self._control.visible_at(stamp)
        if visible <= stamp:
            return None
        self.has_lagged = True
        return instant_text(visible)

    def _after(self, db: sqlite3.Connection, kind: Kind, row: Row, values: Mapping[str, Any], writer: Writer) -> None:
        if writer.by_api:
            self._control.wrote(kind.name, row["Id"], values)
        if kind.name in _PERMISSION_KINDS:
            self._catalogue.forget_grants()
        if kind.name in ("Task", "Event"):
            self._note_activity(db, row)

    def _follow_up(self, db: sqlite3.Connection, kind: Kind, old: Row | None, row: Row, writer: Writer) -> None:
        """The org's own workflows: field updates in the same transaction, in the name of the user who saved."""
        changed = {name for name in row if row[name] != (old or {}).get(name)}
        wanted = self._workflows.following(kind.name, changed)
        if any(row.get(name) != value for name, value in wanted.items()):
            with self._workflows.firing():
                self.update(db, kind, row["Id"], wanted, replace(writer, by_api=False))

    def _note_activity(self, db: sqlite3.Connection, row: Row) -> None:
        day = row.get("ActivityDate")
        if day is None:
            return
        for reference in ("WhoId", "WhatId", "AccountId"):
            target = PREFIXES.get((row.get(reference) or "")[:3])
            if target in ("Lead", "Contact", "Account", "Opportunity"):
                db.execute(
                    f"UPDATE \"{target}\" SET LastActivityDate = ? WHERE Id = ? AND IFNULL(LastActivityDate, '') < ?",
                    (day, row[reference], day),
                )

    def _delete_children(self, db: sqlite3.Connection, child: str, field: str, parent_id: str, *, cascade: bool, writer: Writer) -> None:
        kind = self._catalogue.known(child)
        alive = " AND IsDeleted = 0" if kind.has("IsDeleted") else ""
        ids = [row[0] for row in db.execute(f'SELECT Id FROM {kind.table} WHERE "{field}" = ?{alive}', (parent_id,))]
        # Activities go into the bin with the lead or contact they name; other optional references stay as they are.
        if cascade or field == "WhoId":
            for child_id in ids:
                self.delete(db, kind, child_id, writer)

    def _initial(self, field: Field) -> Any:
        if field.default is None:
            return 0 if field.type == "boolean" else None
        return int(field.default) if field.type == "boolean" else field.default

    def _number(self, db: sqlite3.Connection, kind: Kind) -> int:
        if kind.name not in self._next:
            self._next[kind.name] = int(db.execute(f"SELECT IFNULL(MAX(rowid), 0) FROM {kind.table}").fetchone()[0])
        self._next[kind.name] += 1
        return self._next[kind.name]
