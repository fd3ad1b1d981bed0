"""Which objects and fields the org has now, and which of them a user may see and write.

Station: Salesforce sandbox. Custom fields are added while it runs; a user sees one only through a permission set.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from adapters.kit.sandbox.storage import SandboxDatabase
from adapters.salesforce.sandbox.fields import Field, PickValue
from adapters.salesforce.sandbox.sobjects import Child, SObject
from adapters.salesforce.sandbox.standard import STANDARD


class Kind:
    """One object of the org with the fields it has now. Names are looked up whatever their case.

    The fields are swapped as a whole when they change, so that another thread's query never sees half a change.
    """

    def __init__(self, sobject: SObject) -> None:
        self.sobject = sobject
        self.name = sobject.name
        self.table = f'"{sobject.name}"'
        self._fields = {field.name.lower(): field for field in sobject.fields}

    def field(self, name: str) -> Field | None:
        """The field of that name, or None."""
        return self._fields.get(name.lower())

    def fields(self) -> Iterator[Field]:
        """All fields, standard ones first, in a stable order."""
        yield from self._fields.values()

    def has(self, name: str) -> bool:
        """True when there is such a field."""
        return name.lower() in self._fields

    def add(self, field: Field) -> None:
        """Adds or replaces a field."""
        self._fields = {**self._fields, field.name.lower(): field}

    def remove(self, name: str) -> None:
        """Drops a field; nothing happens when there is none."""
        self._fields = {key: field for key, field in self._fields.items() if key != name.lower()}

    def set_custom(self, fields: Iterable[Field]) -> None:
        """Makes these the custom fields."""
        standard = {key: field for key, field in self._fields.items() if not field.custom}
        self._fields = standard | {field.name.lower(): field for field in fields}

    def child(self, relationship: str) -> Child | None:
        """The child relationship of that name, or None."""
        wanted = relationship.lower()
        return next((child for child in self.sobject.children if child.relationship.lower() == wanted), None)

    def kept_fields(self) -> Iterator[Field]:
        """The fields that are columns, not worked out."""
        return (field for field in self._fields.values() if not field.expression)


class Catalogue:
    """The org's objects, over the database that holds their rows."""

    def __init__(self, database: SandboxDatabase) -> None:
        self._database = database
        self._kinds = {sobject.name.lower(): Kind(sobject) for sobject in STANDARD}
        self._grants: dict[str, dict[str, bool]] = {}
        self.hidden_kinds: set[str] = set()
        """Objects (lower case) that no permission of the API user covers."""
        self.hidden: set[str] = set()
        """Standard fields (`Task.Type`) that no permission of the API user covers."""

    def kind(self, name: str) -> Kind | None:
        """The object of that name, whatever its case; None when the API user sees none."""
        return None if name.lower() in self.hidden_kinds else self._kinds.get(name.lower())

    def known(self, name: str) -> Kind:
        """The object of that name, which is known to exist."""
        return self._kinds[name.lower()]

    def kinds(self, *, tooling: bool = False) -> Iterator[Kind]:
        """The objects of the data API (or of the Tooling API only), in the order of the schema."""
        return (kind for key, kind in self._kinds.items() if kind.sobject.tooling == tooling and key not in self.hidden_kinds)

    def create_tables(self) -> None:
        """Makes the tables when the file is new, and learns the custom fields when it is not."""
        with self._database.writing() as db:
            for kind in self._kinds.values():
                columns = ", ".join(_column(field) for field in kind.kept_fields())
                db.execute(f"CREATE TABLE IF NOT EXISTS {kind.table} ({columns}, _seen_from TEXT, _born_from TEXT)")
            db.execute("CREATE TABLE IF NOT EXISTS _days (archived_before TEXT)")
            db.execute("CREATE TABLE IF NOT EXISTS _custom (kind TEXT, name TEXT, field TEXT, PRIMARY KEY (kind, name))")
        self.reload_custom()

    def reload_custom(self) -> None:
        """Learns the custom fields from the database: at the start, and when a transaction was taken back."""
        with self._database.reading() as db:
            rows = db.execute("SELECT kind, field FROM _custom ORDER BY rowid").fetchall()
        for kind in self._kinds.values():
            kind.set_custom(_field_from_json(text) for name, text in rows if name == kind.name)
        self.forget_grants()

    def create_indexes(self) -> None:
        """Indexes for the windows and joins that clients ask for; made after seeding."""
        with self._database.writing() as db:
            for kind in self._kinds.values():
                if kind.has("SystemModstamp"):
                    db.execute(f'CREATE INDEX IF NOT EXISTS "{kind.name}_stamp" ON {kind.table} (SystemModstamp, Id)')
                for field in kind.kept_fields():
                    if field.type == "reference" and not field.name.endswith("ById") and field.name != "OwnerId":
                        db.execute(
                            f'CREATE INDEX IF NOT EXISTS "{kind.name}_{field.name}" '
                            f'ON {kind.table} ("{field.name}") WHERE "{field.name}" IS NOT NULL'
                        )
            db.execute('CREATE INDEX IF NOT EXISTS "Lead_Email" ON "Lead" (Email)')
            db.execute('CREATE INDEX IF NOT EXISTS "Contact_Email" ON "Contact" (Email)')

    def kinds_of_custom(self, owner: str) -> tuple[Kind, ...]:
        """The objects that get a custom field made on `owner`: two for Activity, none when it can have none."""
        return tuple(kind for kind in self._kinds.values() if (kind.sobject.custom_fields_on or "").lower() == owner.lower())

    def add_custom(self, db: sqlite3.Connection, kind: Kind, field: Field) -> None:
        """Adds a custom field and its column, or changes one in place."""
        old = kind.field(field.name)
        if old is None:
            db.execute(f"ALTER TABLE {kind.table} ADD COLUMN {_column(field)}")
        if field.unique or field.external_id:
            db.execute(
                f'CREATE INDEX IF NOT EXISTS "{kind.name}_{field.name}" ON {kind.table} ("{field.name}") WHERE "{field.name}" IS NOT NULL'
            )
        kind.add(field)
        db.execute("INSERT OR REPLACE INTO _custom VALUES (?, ?, ?)", (kind.name, field.name, json.dumps(asdict(field))))

    def drop_custom(self, db: sqlite3.Connection, kind: Kind, name: str) -> None:
        """Removes a custom field, its values and the permissions on it."""
        field = kind.field(name)
        if field is None:
            return
        db.execute(f'DROP INDEX IF EXISTS "{kind.name}_{field.name}"')
        db.execute(f'ALTER TABLE {kind.table} DROP COLUMN "{field.name}"')
        db.execute("DELETE FROM _custom WHERE kind = ? AND name = ?", (kind.name, field.name))
        db.execute('DELETE FROM "FieldPermissions" WHERE Field = ?', (f"{kind.name}.{field.name}",))
        kind.remove(name)
        self.forget_grants()

    def forget_grants(self) -> None:
        """Reads permissions anew at the next question."""
        self._grants.clear()

    def grants(self, user_id: str) -> dict[str, bool]:
        """By `Object.Field`: True when `user_id` may write it, False when only read; absent when neither."""
        found = self._grants.get(user_id)
        if found is None:
            with self._database.reading() as db:
                rows = db.execute(
                    'SELECT p.Field, MAX(p.PermissionsEdit) FROM "FieldPermissions" p '
                    'JOIN "PermissionSetAssignment" a ON a.PermissionSetId = p.ParentId '
                    "WHERE a.AssigneeId = ? AND (p.PermissionsRead OR p.PermissionsEdit) GROUP BY p.Field",
                    (user_id,),
                ).fetchall()
            found = self._grants[user_id] = {field.lower(): bool(editable) for field, editable in rows}
        return found

    def sees(self, user_id: str, kind: Kind, field: Field) -> bool:
        """True when the user may read this field; other fields do not exist for that user."""
        path = f"{kind.name}.{field.name}".lower()
        if path in self.hidden:
            return False
        return not field.hidden_until_granted or path in self.grants(user_id)

    def edits(self, user_id: str, kind: Kind, field: Field) -> bool:
        """True when the user's permissions let them write this field."""
        if not field.hidden_until_granted:
            return True
        return self.grants(user_id).get(f"{kind.name}.{field.name}".lower(), False)

    def visible(self, user_id: str, kind: Kind) -> Iterable[Field]:
        """The fields of `kind` that exist for this user."""
        return [field for field in kind.fields() if self.sees(user_id, kind, field)]


def _column(field: Field) -> str:
    if field.type == "id":
        return f'"{field.name}" TEXT PRIMARY KEY'
    if field.type in ("boolean", "int"):
        sql = "INTEGER"
    elif field.is_number:
        sql = "REAL"
    elif field.is_text and field.type != "reference" and not field.case_sensitive:
        sql = "TEXT COLLATE NOCASE"
    else:
        sql = "TEXT"
    return f'"{field.name}" {sql}' + (" DEFAULT 0" if field.type == "boolean" else "")


def _field_from_json(text: str) -> Field:
    raw: dict[str, Any] = json.loads(text)
    raw["picks"] = tuple(PickValue(**value) for value in raw["picks"])
    raw["references"] = tuple(raw["references"])
    return Field(**raw)
