"""The org: its database, catalogue, records, users and limits in one place, for the views.

Station: Salesforce sandbox.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from adapters.kit.sandbox.changes import Changes
from adapters.kit.sandbox.control import Control
from adapters.kit.sandbox.storage import SandboxDatabase
from adapters.kit.sandbox.workflows import WorkflowBook
from adapters.salesforce.sandbox.catalogue import Catalogue, Kind
from adapters.salesforce.sandbox.errors import ApiRefusal
from adapters.salesforce.sandbox.ids import make_id
from adapters.salesforce.sandbox.record_notes import RecordNotes
from adapters.salesforce.sandbox.records import Records
from adapters.salesforce.sandbox.soql.compile import Compiler, Plan, View
from adapters.salesforce.sandbox.soql.grammar import parse_soql
from adapters.salesforce.sandbox.standard_sales import ARCHIVE_AFTER_DAYS

ORG_ID = make_id("00D", 1)
API_USER_ID = make_id("005", 1)
"""The integration user: the first user of every org here."""

LIMIT_WINDOW = timedelta(hours=24)
"""The daily limit counts the calls of the last 24 hours. Source: API Request Limits and Allocations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrgSettings:
    """What `__main__` lets one choose."""

    daily_limit: int = 100_000
    token_lifetime_s: float = 7200.0
    may_customize: bool = True
    """False when the API user lacks the permission to make fields and permission sets."""
    hidden_objects: tuple[str, ...] = ()
    """Objects the API user's permissions leave out."""
    hidden_fields: tuple[str, ...] = ()
    """Standard fields (`Task.Type`) the API user's permissions leave out."""


class CallMeter:
    """Calls of the last 24 hours against the daily limit."""

    def __init__(self, *, limit: int) -> None:
        self.limit = limit
        self._calls: deque[datetime] = deque()

    def used(self, now: datetime) -> int:
        """Calls counted in the 24 hours before `now`."""
        while self._calls and self._calls[0] <= now - LIMIT_WINDOW:
            self._calls.popleft()
        return len(self._calls)

    def take(self, now: datetime) -> None:
        """Counts one call. Raises 403 REQUEST_LIMIT_EXCEEDED when none is left."""
        if self.used(now) >= self.limit:
            raise ApiRefusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        self._calls.append(now)

    def spend(self, now: datetime, calls: int) -> None:
        """Counts `calls` more at once, as other programs of the org would."""
        self._calls.extend([now] * calls)

    def forget(self) -> None:
        """Counts from nothing again."""
        self._calls.clear()

    def header(self, now: datetime) -> str:
        """The Sforce-Limit-Info header."""
        return f"api-usage={self.used(now)}/{self.limit}"


class Org:
    """One Salesforce org in the sandbox."""

    def __init__(self, *, database: SandboxDatabase, control: Control, settings: OrgSettings) -> None:
        self.database = database
        self.control = control
        self.settings = settings
        self.catalogue = Catalogue(database)
        self.catalogue.hidden = {path.lower() for path in settings.hidden_fields}
        self.catalogue.hidden_kinds = {name.lower() for name in settings.hidden_objects}
        self.catalogue.create_tables()
        self.workflows = WorkflowBook()
        self.changes = Changes(database=database, now=control.now)
        notes = RecordNotes(self.changes)
        self.records = Records(
            catalogue=self.catalogue,
            control=control,
            notes=notes,
            workflows=self.workflows,
            may_customize=settings.may_customize,
        )
        self.meter = CallMeter(limit=settings.daily_limit)
        self._archived_before = ""

    def kind(self, name: str, *, tooling: bool = False) -> Kind:
        """The object a path names. Raises 404 NOT_FOUND when there is none."""
        kind = self.catalogue.kind(name)
        if kind is None or kind.sobject.tooling != tooling:
            raise ApiRefusal(404, "NOT_FOUND", "The requested resource does not exist")
        return kind

    def refuse_customizing(self) -> None:
        """Raises 403 when the API user may not make fields and permission sets."""
        if not self.settings.may_customize:
            raise ApiRefusal(
                403,
                "INSUFFICIENT_ACCESS",
                "use of the Metadata API requires a user with the ModifyAllData or ModifyMetadata permissions",
            )

    def plan(self, text: str, *, user_id: str, all_rows: bool = False, tooling: bool = False) -> Plan:
        """The plan of a SOQL query as this user may run it now."""
        now = self.control.now()
        view = View(user_id=user_id, now=now, all_rows=all_rows, lagged=self.records.has_lagged, tooling=tooling)
        return Compiler(catalogue=self.catalogue, view=view, text=text).plan(parse_soql(text))

    def keep_archive_day(self) -> None:
        """Moves the day before which closed activities are archived along with the clock."""
        day = (self.control.now() - timedelta(days=ARCHIVE_AFTER_DAYS)).date().isoformat()
        if day != self._archived_before:
            with self.database.writing() as db:
                db.execute("DELETE FROM _days")
                db.execute("INSERT INTO _days VALUES (?)", (day,))
            self._archived_before = day


def json_text(body: Any) -> str:
    """JSON as it goes out: unescaped letters, no spaces."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
