"""Many rows in one statement: what was put in comes back as it was, whatever it says and however often it is told."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, text

from connector.core.records import RecordKey
from connector.ports.crm import RawRecord
from connector.ports.store import Store
from connector.store.schema import raw
from tests.support.stores import at, key, postgres_store

ODD = ("NULL", "null", "{}", "{a,b}", "a,b", '"', "\\", "it's", "%s", "%(id)s", ":id", "tab\there", "line\nbreak", " ", "日本", "é" * 500)


def row(record: RecordKey, **fields: str | None) -> RawRecord:
    return RawRecord(key=record, modified_at=at(), fields=fields)


def test_texts_come_back_as_they_were_under_ids_as_they_were(store: Store) -> None:
    rows = [row(key(odd), name=odd, nothing=None) for odd in ODD]

    store.write(lambda tx: tx.raw.put(rows, seen_at=at()))

    with store.read() as tx:
        found = tx.raw.get([one.key for one in rows])
    assert {record.id: one.fields for record, one in found.items()} == {odd: {"name": odd, "nothing": None} for odd in ODD}


def test_of_a_row_told_twice_at_once_the_later_counts(store: Store) -> None:
    first, other = row(key("1"), name="Ann"), row(key("2"), name="Bob")
    later, last = row(key("1"), name="Anna"), replace(row(key("1")), deleted=True)

    store.write(lambda tx: tx.raw.put([first, other, later], seen_at=at()))
    with store.read() as tx:
        told = tx.raw.get([key("1"), key("2")])
    store.write(lambda tx: tx.raw.put([later, last], seen_at=at()))

    assert {record.id: one.fields for record, one in told.items()} == {"1": {"name": "Anna"}, "2": {"name": "Bob"}}
    with store.read() as tx:
        assert tx.raw.get([key("1")])[key("1")].deleted


def test_a_survivor_may_be_told_of_some_rows_and_not_of_others(store: Store) -> None:
    rows = [row(key("1")), replace(row(key("2")), survivor=key("1")), row(key("3"))]

    store.write(lambda tx: tx.raw.put(rows, seen_at=at()))

    with store.read() as tx:
        found = tx.raw.get([key("1"), key("2"), key("3")])
    assert {record.id: one.survivor for record, one in found.items()} == {"1": None, "2": key("1"), "3": None}


@pytest.mark.parametrize("many", [1, 7])
def test_no_plan_outlives_the_look_up_it_was_made_for(database: str, tmp_path: Path, many: int) -> None:
    """A plan kept from when a table was empty would read it whole once it is large."""
    ids = [str(number) for number in range(many)]

    with postgres_store(tmp_path / "hotlead", url=database) as store, store._snapshot() as t:
        for _ in range(20):
            t.rows(select(raw.c.id).where(t.one_of(raw.c.id, ids)))

        assert t.value(text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%FROM raw%'")) == 0
