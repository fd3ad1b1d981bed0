"""One row in a hundred holds what no database keeps or no mapping expects: it comes in with that replaced, and stops no other (P8)."""

from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from connector.core.records import RecordKey
from connector.flows.absorb import absorb
from connector.flows.score import score_due
from connector.ports.crm import Json, RawRecord
from connector.ports.store import Store
from mappings.compile import FieldMapping, compile_fields, compile_lifecycle, compile_scoring
from mappings.convert.registry import CONVERTERS
from mappings.document import packaged
from tests.support.fault_tally import as_many, tally
from tests.support.odd_values import ODD
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


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_odd_values_in_every_mapped_field_stop_no_other_row(store: Store, crm: str) -> None:
    """Each odd value in all fields of a row at once, and, of many, in one field after another. All of it is scored."""
    reading = _mapping_with_every_converter(crm)
    names = cycle(name for name in ODD)
    rows = [_odd(read.source, f"all {name}", dict.fromkeys(read.fields, value)) for read in reading.reads for name, value in ODD.items()]
    singly = [(read.source, field, name) for read in reading.reads for field in read.fields for name in ODD]
    some = singly if as_many(quick=0, full=1) else [(source, field, next(names)) for source, field, name in singly if name == "kanji"]
    rows += [_odd(source, f"{field} {name}", {field: ODD[name]}) for source, field, name in some]

    for start in range(0, len(rows), PAGE):
        absorb(store=store, connection=connection(), mapping=reading, rows=rows[start : start + PAGE], now=at(1))
    model = compile_scoring(packaged("scoring", "b2b_default"), file="scoring", version=1)
    while score_due(store=store, models=[model], clock=lambda: at(2)) is not None:
        pass

    with store.read() as tx:
        kept = {row.key for read in reading.reads for row in tx.raw.rows(connection="crm", source=read.source)}
    missing = [str(row.key) for row in rows if row.key not in kept]
    tally("P8", "odd value in a mapped field", injected=len(rows), violations=missing)


def _mapping_with_every_converter(crm: str) -> FieldMapping:
    """The packaged mapping in Tokyo, with one more field of people for each converter."""
    ladder = compile_lifecycle(packaged("lifecycle", "b2b_default"), file="lifecycle", version=1)
    text, people = packaged("fields", crm), {"salesforce": "\n  Lead:\n", "hubspot": "\n  contacts:\n"}[crm]
    more = {"full_name": "{from: [Odd, Odd2], convert: full_name}", "matches": "{from: Odd, convert: matches, words: [a*]}"}
    fields = (f"      odd_{name}: {more.get(name, f'{{from: Odd, convert: {name}}}')}\n" for name in CONVERTERS)
    place = text.index("    fields:\n", text.index(people)) + len("    fields:\n")
    text = text[:place] + "".join(fields) + text[place:]
    return compile_fields(text, file=crm, connection="crm", version=1, ladder=ladder, zone="Asia/Tokyo")


def _odd(source: str, record_id: str, fields: dict[str, Json]) -> RawRecord:
    return RawRecord(key=RecordKey("crm", source, record_id), modified_at=at(), fields=fields)
