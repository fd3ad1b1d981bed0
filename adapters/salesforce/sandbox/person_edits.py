"""A person at the screen: edits stamped with a human user, as tests ask for them at `/_sandbox/records`.

Station: Salesforce sandbox, behind the control's `CrmState`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from adapters.kit.sandbox.control import RefusedEditError, UnknownRecordError
from adapters.kit.sandbox.wire import Reply, json_reply
from adapters.salesforce.sandbox.catalogue import Kind
from adapters.salesforce.sandbox.errors import ApiRefusal, RowRefusal
from adapters.salesforce.sandbox.ids import full_id
from adapters.salesforce.sandbox.moments import instant_text
from adapters.salesforce.sandbox.oauth import Sessions
from adapters.salesforce.sandbox.org import API_USER_ID, Org
from adapters.salesforce.sandbox.records import Writer
from adapters.salesforce.sandbox.seed_setup import ADMIN_ID

Outcome = TypeVar("Outcome")


class PersonEdits:
    """The org as people change it. An admin's view: field-level security does not bind them."""

    def __init__(self, *, org: Org, sessions: Sessions) -> None:
        self._org = org
        self._sessions = sessions

    def create(self, *, source: str, values: Mapping[str, Any], by: str) -> str:
        """The id of a new record."""
        kind = self.kind(source)
        with self._org.database.writing() as db:
            return self.ruled(lambda: self._org.records.create(db, kind, values, self.writer(db, by, None)))

    def update(self, *, source: str, record_id: str, values: Mapping[str, Any], by: str) -> None:
        """Changes the named fields."""
        kind = self.kind(source)
        with self._org.database.writing() as db:
            writer = self.writer(db, by, self.row(db, kind, record_id))
            self.ruled(lambda: self._org.records.update(db, kind, record_id, values, writer))

    def delete(self, *, source: str, record_id: str, by: str) -> None:
        """Puts the record into the recycle bin."""
        kind = self.kind(source)
        with self._org.database.writing() as db:
            writer = self.writer(db, by, self.row(db, kind, record_id))
            self.ruled(lambda: self._org.records.delete(db, kind, record_id, writer))

    def get(self, *, source: str, record_id: str) -> Mapping[str, Any]:
        """The raw row; booleans as JSON has them."""
        kind = self.kind(source)
        with self._org.database.reading() as db:
            row = self.row(db, kind, record_id)
        booleans = {field.name for field in kind.fields() if field.type == "boolean"}
        return {name: bool(value) if name in booleans else value for name, value in row.items() if name[0] != "_"}

    def touch(self, *, source: str, ids: Sequence[str], count: int, at: datetime) -> int:
        """Stamps rows as changed at one moment, by the admin."""
        kind = self.kind(source)
        with self._org.database.writing() as db:
            wanted = [full_id(one) or one for one in ids] or [
                row[0] for row in db.execute(f"SELECT Id FROM {kind.table} ORDER BY Id LIMIT ?", (count,))
            ]
            stamp = instant_text(at)
            rows = [(stamp, stamp, ADMIN_ID, self._org.records.held_until(at), one) for one in wanted]
            done = db.executemany(
                f"UPDATE {kind.table} SET SystemModstamp = ?, LastModifiedDate = ?, LastModifiedById = ?, _seen_from = ? WHERE Id = ?",
                rows,
            )
            return done.rowcount

    def expired_token_reply(self, *, authorization: str) -> Reply:
        """Ends the call's token for good."""
        self._sessions.close(authorization.partition(" ")[2].strip())
        return json_reply(401, ApiRefusal(401, "INVALID_SESSION_ID", "Session expired or invalid").body())

    def kind(self, source: str) -> Kind:
        """The object of that name. Raises UnknownRecordError."""
        kind = self._org.catalogue.kind(source)
        if kind is None:
            raise UnknownRecordError(f"there is no object {source}")
        return kind

    def row(self, db: sqlite3.Connection, kind: Kind, record_id: str) -> dict[str, Any]:
        """The row as kept, deleted or not. Raises UnknownRecordError."""
        row = self._org.records.raw(db, kind, full_id(record_id) or record_id)
        if row is None:
            raise UnknownRecordError(f"there is no {kind.name} {record_id}")
        return row

    def writer(self, db: sqlite3.Connection, by: str, row: Mapping[str, Any] | None) -> Writer:
        """The user with that e-mail, else the record's owner, else the admin. Raises RefusedEditError."""
        owner = row.get("OwnerId") if row else None
        is_person = isinstance(owner, str) and owner.startswith("005") and owner != API_USER_ID
        user = str(owner) if is_person else ADMIN_ID
        if by:
            found = db.execute('SELECT Id FROM "User" WHERE Email = ? OR Username = ?', (by, by)).fetchone()
            if found is None:
                raise RefusedEditError(f"there is no user with the e-mail {by}")
            user = found[0]
        return Writer(user_id=user, by_api=False)

    def ruled(self, edit: Callable[[], Outcome]) -> Outcome:
        """What `edit` gives. Raises RefusedEditError where the org refuses it."""
        try:
            return edit()
        except (ApiRefusal, RowRefusal) as refusal:
            raise RefusedEditError(str(refusal)) from refusal
