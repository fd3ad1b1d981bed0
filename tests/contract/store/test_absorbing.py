"""Rows become records through the mapping: since when people wait, what else the unit holds, and rows that were erased."""

import pytest

from connector.core.records import RecordKey
from connector.flows.absorb import Position, absorb
from connector.flows.reconcile import take_in
from connector.ports.crm import Json, RawRecord
from connector.ports.inbox import Lane
from connector.ports.store import Store, Tx
from mappings.compile import FieldMapping, compile_fields, compile_lifecycle
from mappings.document import packaged
from tests.support.stores import at, connection, key


@pytest.fixture(scope="module")
def mapping() -> FieldMapping:
    ladder = compile_lifecycle(packaged("lifecycle", "b2b_default"), file="lifecycle", version=1)
    return compile_fields(packaged("fields", "salesforce"), file="salesforce", connection="crm", version=1, ladder=ladder, zone="UTC")


def lead(id_: str, *, days: float = 0, **fields: Json) -> RawRecord:
    return RawRecord(
        key=key(id_), modified_at=at(days), fields={"LastName": f"Name {id_}", "CreatedDate": "2026-11-01T00:00:00Z", **fields}
    )


def call(id_: str, who: str) -> RawRecord:
    fields: dict[str, Json] = {"WhoId": who, "Who.Type": "Lead", "TaskSubtype": "Call", "Status": "Completed", "IsClosed": True}
    return RawRecord(
        key=RecordKey("crm", "Task", id_),
        modified_at=at(1),
        fields={**fields, "CompletedDateTime": "2026-11-02T10:00:00Z", "ActivityDate": "2026-11-02", "CreatedDate": "2026-11-02T10:00:00Z"},
    )


def waiting(store: Store) -> list[tuple[str, float]]:
    """Names of those who wait to be scored, and since which day."""
    with store.read() as tx:
        marks = tx.marks.next(lane=Lane.SCORE, limit=99)
        people = {p.id: str(p.facts["person.name"]) for p in tx.people.load([m.person for m in marks])}
        return [(people[m.person], (m.since - at()).total_seconds() / 86400) for m in marks]


def test_people_wait_since_the_reason_arrived(store: Store, mapping: FieldMapping) -> None:
    absorb(store=store, connection=connection(), mapping=mapping, rows=[lead("1")], now=at(3))
    absorb(store=store, connection=connection(), mapping=mapping, rows=[lead("2")], now=at(3), since=at(2))

    assert waiting(store) == [("Name 2", 2), ("Name 1", 3)]


def test_rows_that_say_nothing_new_make_nobody_wait(store: Store, mapping: FieldMapping) -> None:
    absorb(store=store, connection=connection(), mapping=mapping, rows=[lead("1")], now=at())
    with store.read() as tx:
        high = tx.marks.high()
    store.write(lambda tx: tx.marks.done([1], lane=Lane.SCORE, until=high))

    again = absorb(store=store, connection=connection(), mapping=mapping, rows=[lead("1", days=1)], now=at(1))
    other = absorb(store=store, connection=connection(), mapping=mapping, rows=[lead("1", days=2, Title="CEO")], now=at(2))

    assert (again.fresh, again.people, other.fresh, other.people) == (0, 0, 1, 1)
    assert waiting(store) == [("Name 1", 2)]


def test_what_else_belongs_to_the_unit_stands_or_falls_with_the_last_row(store: Store, mapping: FieldMapping) -> None:
    seen: list[int] = []

    def also(tx: Tx) -> None:
        seen.append(len(list(tx.raw.rows(connection="crm", source="Lead"))))
        if len(seen) == 1:
            raise ZeroDivisionError

    rows = [lead(str(n)) for n in range(501)]
    with pytest.raises(ZeroDivisionError):
        absorb(store=store, connection=connection(), mapping=mapping, rows=rows, now=at(), also=also)
    with store.read() as tx:
        assert len(list(tx.raw.rows(connection="crm", source="Lead"))) == 500, "the last unit fell"
    absorb(store=store, connection=connection(), mapping=mapping, rows=rows, now=at(), also=also)

    assert seen == [501, 501]
    with store.read() as tx:
        assert len(list(tx.raw.rows(connection="crm", source="Lead"))) == 501


def test_an_erased_row_stays_away_whoever_brings_it(store: Store, mapping: FieldMapping) -> None:
    rows = [lead("00Q1"), lead("00Q2")]
    absorb(store=store, connection=connection(), mapping=mapping, rows=rows, now=at())
    absorb(store=store, connection=connection(), mapping=mapping, rows=[call("t1", "00Q1"), call("t2", "00Q2")], now=at(1))
    with store.read() as tx:
        assert (tx.people.count(), tx.activities.count()) == (2, 2), "the test would prove nothing"
    store.write(lambda tx: tx.erase([key("00Q1")]))

    late = [*rows, lead("00Q3"), call("t1", "00Q1"), call("t3", "00Q1"), call("t4", "00Q3")]
    absorb(store=store, connection=connection(), mapping=mapping, rows=late, now=at(2), position=Position(source="Lead", cursor="later"))
    absorb(store=store, connection=connection(), mapping=mapping, rows=late, now=at(3), replayed=True, read_by=(mapping,))

    with store.read() as tx:
        assert {r.key.id for r in tx.raw.rows(connection="crm", source="Task")} == {"t2", "t4"}
        assert {r.key.id for r in tx.raw.rows(connection="crm", source="Lead")} == {"00Q2", "00Q3"}
        assert tx.people.of([key("00Q1"), key("00Q2"), key("00Q3")]).keys() == {key("00Q2"), key("00Q3")}
        assert (tx.people.count(), tx.activities.count()) == (2, 2)
        assert tx.cursors.get(connection="crm", source="Lead") == "later"


def test_a_row_that_came_in_by_a_pull_meanwhile_is_not_put_back_by_reconciling(store: Store, mapping: FieldMapping) -> None:
    absorb(store=store, connection=connection(), mapping=mapping, rows=[lead("1", days=2, Title="New")], now=at(2))

    take_in(
        [lead("1", days=1, Title="Old"), lead("2", days=1, Title="Missed")],
        store=store,
        connection=connection(),
        mapping=mapping,
        now=at(3),
    )

    with store.read() as tx:
        stored = tx.raw.get([key("1"), key("2")])
    assert {one.id: row.fields["Title"] for one, row in stored.items()} == {"1": "New", "2": "Missed"}
