"""A tiny org in memory with a frozen clock, for the sandbox's unit tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from adapters.kit.sandbox.clock import SandboxClock
from adapters.kit.sandbox.control import Control
from adapters.kit.sandbox.storage import SandboxDatabase
from adapters.kit.sandbox.world import World
from adapters.salesforce.sandbox.org import API_USER_ID, Org, OrgSettings
from adapters.salesforce.sandbox.records import Writer
from adapters.salesforce.sandbox.seed import seed_org
from adapters.salesforce.sandbox.soql.answers import Record, first_page, row_numbers

NOW = datetime(2026, 11, 20, 9, 30, 15, tzinfo=UTC)
BASE = "/services/data/v66.0"


class SmallOrg:
    """An org without people; `api` writes as the integration user."""

    def __init__(self, *, settings: OrgSettings | None = None) -> None:
        self.clock = SandboxClock(start=NOW)
        self.clock.adjust(frozen=True)
        self.control = Control(clock=self.clock)
        self.org = Org(database=SandboxDatabase(), control=self.control, settings=settings or OrgSettings())
        seed_org(self.org, World(people=0, seed=1, now=NOW))
        self.api = Writer(user_id=API_USER_ID)

    def create(self, name: str, **values: Any) -> str:
        with self.org.database.writing() as db:
            return self.org.records.create(db, self.org.catalogue.known(name), values, self.api)

    def update(self, name: str, record_id: str, **values: Any) -> None:
        with self.org.database.writing() as db:
            self.org.records.update(db, self.org.catalogue.known(name), record_id, values, self.api)

    def delete(self, name: str, record_id: str) -> None:
        with self.org.database.writing() as db:
            self.org.records.delete(db, self.org.catalogue.known(name), record_id, self.api)

    def raw(self, name: str, record_id: str) -> Mapping[str, Any]:
        with self.org.database.reading() as db:
            row = self.org.records.raw(db, self.org.catalogue.known(name), record_id)
        assert row is not None
        return row

    def records(self, soql: str, *, all_rows: bool = False) -> list[Record]:
        plan = self.org.plan(soql, user_id=API_USER_ID, all_rows=all_rows)
        self.org.keep_archive_day()
        with self.org.database.reading() as db:
            return first_page(db, plan, batch=2000, base=BASE).records

    def total(self, soql: str, *, all_rows: bool = False) -> int:
        plan = self.org.plan(soql, user_id=API_USER_ID, all_rows=all_rows)
        self.org.keep_archive_day()
        with self.org.database.reading() as db:
            return len(row_numbers(db, plan)) if not plan.is_count else first_page(db, plan, batch=1, base=BASE).total

    def names(self, soql: str) -> list[str]:
        return [str(record["LastName"]) for record in self.records(soql)]
