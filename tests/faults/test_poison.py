"""One row in a hundred holds what no database keeps or no mapping expects: it comes in with that replaced, and stops no other (P8)."""

from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from connector.flows.absorb import absorb
from connector.ports.crm import Json, RawRecord
from connector.ports.store import Store
from mappings.compile import FieldMapping, compile_fields, compile_lifecycle
from mappings.document import packaged
from tests.support.fault_tally import as_many, tally
from tests.support.postgres import postgres_server
from tests.support.stores import at, connection, key, postgres_database, postgres_store, sqlite_store

PAGE = 500
DEEP: Any = "deep"
for _ in range(200):
    DEEP = [DEEP]
POISON: dict[str, dict[str, Json]] = {
    "half a surrogate pair": {"LastName": "Ann \ud800", "Title": "CEO \udfff", "Company": "\ud83d"},
    "NUL": {"LastName": "Ann\0", "Title": "\0", "Company": "a\0b", "Email": "ann\0@example.com"},
    "five million letters": {"Title": "x" * 5_000_000},
    "a year that is none": {"CreatedDate": "0000-00-00T00:00:00Z", "LastActivityDate": "0000-01-01"},
    "a year far away": {"CreatedDate": "99999-12-31T00:00:00Z", "LastActivityDate": "99999-12-31"},
    "no number": {"NumberOfEmployees": float("nan"), "AnnualRevenue": float("inf")},
    "a number beyond all": {"NumberOfEmployees": 10**400, "AnnualRevenue": "1e999"},
    "lists in lists": {"Title": DEEP, "Industry": {"half \ud800": ["\0"]}},
    "other kinds of value": {"Email": ["a@example.com"], "LastName": {"a": 1}, "IsConverted": "perhaps", "NumberOfEmployees": "many"},
}


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "SQLite":
        with sqlite_store(tmp_path / "hotlead") as store:
            yield store
        return
    with postgres_server() as server, postgres_store(tmp_path / "hotlead", url=postgres_database(server, tmp_path / "hotlead")) as store:
        yield store


@pytest.fixture(scope="module")
def mapping() -> FieldMapping:
    ladder = compile_lifecycle(packaged("lifecycle", "b2b_default"), file="lifecycle", version=1)
    return compile_fields(packaged("fields", "salesforce"), file="salesforce", connection="crm", version=1, ladder=ladder, zone="UTC")


def _rows(many: int) -> list[RawRecord]:
    kinds: Callable[[], dict[str, Json]] = cycle(POISON.values()).__next__
    return [
        RawRecord(
            key=key(str(number)),
            modified_at=at(),
            fields={
                "LastName": f"Name {number}",
                "Email": f"p{number}@example.com",
                "CreatedDate": "2026-11-01T00:00:00Z",
                **(kinds() if number % 100 == 7 else {}),
            },
        )
        for number in range(many)
    ]


def test_poisoned_rows_stop_no_other(store: Store, mapping: FieldMapping) -> None:
    rows = _rows(as_many(quick=1_000, full=20_000))

    for start in range(0, len(rows), PAGE):
        absorb(store=store, connection=connection(), mapping=mapping, rows=rows[start : start + PAGE], now=at(1))
    again = absorb(store=store, connection=connection(), mapping=mapping, rows=rows[:PAGE], now=at(2))

    with store.read() as tx:
        kept = {row.key for row in tx.raw.rows(connection="crm", source="Lead")}
        people = tx.people.of([row.key for row in rows])
        poisoned = tx.raw.get([key("7"), key("107"), key("507")])
    assert poisoned[key("7")].fields["LastName"] == "Ann \ufffd"
    assert poisoned[key("107")].fields["Company"] == "a\ufffdb"
    assert poisoned[key("507")].fields["NumberOfEmployees"] is None
    assert again.fresh == 0, "a row that was mended on its way in is no news when it comes again"
    missing = [row.key.id for row in rows if row.key not in kept or row.key not in people]
    tally("P8", "poisoned row in a page", injected=len(rows) // 100, violations=missing)
