"""Canonical records: what counts as a change, what history keeps, and the facts that come of them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from connector.core.records import Contact, DealState, Money, RecordKey, Value
from connector.ports.errors import StoreError
from connector.ports.store import Store
from connector.store.sql_store import SqlStore
from connector.store.values import dump_value
from tests.support.stores import at, company, contact, deal, key, put_contact

EVERY_TYPE: dict[str, Value] = {
    "name": "Ann 日本 '\"",
    "flag": True,
    "count": 1,
    "huge": 2**70,
    "rate": Decimal("1.10"),
    "revenue": Money(amount=Decimal("12.50"), currency="EUR"),
    "born": date(1980, 2, 29),
    "met": datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC),
    "products": ("a", "b"),
    "nothing": (),
}


def past(store: SqlStore) -> list[tuple[str, str, str | None, str | None]]:
    """History as (row, field, before, after), oldest first."""
    with store._snapshot() as t:
        return [tuple(row) for row in t.rows(text("SELECT id, field, before, after FROM history ORDER BY no"))]


def test_values_of_every_type_come_back_exactly(store: Store) -> None:
    put_contact(store, contact("1", values=EVERY_TYPE))

    with store.read() as tx:
        found = tx.records.contact(key("1"))
    assert found is not None
    assert found.values == EVERY_TYPE
    assert {name: type(value) for name, value in found.values.items()} == {name: type(value) for name, value in EVERY_TYPE.items()}
    assert str(found.values["rate"]) == "1.10"


def test_the_same_contact_again_is_no_change(store: SqlStore) -> None:
    row = contact("1", values={"name": "Ann"}, emails=["a@x.com"], company=key("acme", source="Account"))
    put_contact(store, row)

    again = store.write(lambda tx: tx.records.put_contacts([row], seen_at=at(1)))

    assert again == ()
    assert past(store) == []


def test_a_newer_stamp_alone_is_no_change(store: SqlStore) -> None:
    put_contact(store, contact("1", values={"name": "Ann"}))

    again = store.write(lambda tx: tx.records.put_contacts([contact("1", values={"name": "Ann"}, modified=3)], seen_at=at(3)))

    assert again == ()
    with store.read() as tx:
        found = tx.records.contact(key("1"))
    assert found is not None
    assert found.modified_at == at(3)


@pytest.mark.parametrize(
    ("after", "history"),
    [
        (contact("1", values={"name": "Anna", "count": 1}), [("1", "name", '"Ann"', '"Anna"')]),
        (contact("1", values={"name": "Ann"}), [("1", "count", "1", None)]),
        (contact("1", values={"name": "Ann", "count": True}), [("1", "count", "1", "true")]),
        (contact("1", values={"name": "Ann", "count": 1, "new": "x"}), [("1", "new", None, '"x"')]),
        (contact("1", values={"name": "Ann", "count": 1}, deleted=True), [("1", "@deleted", "false", "true")]),
        (contact("1", values={"name": "Ann", "count": 1}, company=key("a", source="Account")), [("1", "@company", "null", '"a"')]),
    ],
)
def test_a_change_is_told_and_kept_in_history(store: SqlStore, after: Contact, history: list[tuple[str, str, str, str]]) -> None:
    put_contact(store, contact("1", values={"name": "Ann", "count": 1}))

    changed = store.write(lambda tx: tx.records.put_contacts([after], seen_at=at(2)))

    assert changed == (key("1"),)
    assert past(store) == history


def test_a_contact_needs_a_person_first(store: Store) -> None:
    with pytest.raises(StoreError, match="attached"):
        store.write(lambda tx: tx.records.put_contacts([contact("1")], seen_at=at()))


def test_company_values_come_before_what_the_contact_says(store: Store) -> None:
    acme = key("acme", source="Account")
    values: dict[str, Value] = {"seniority": "VP", "company.employees": 5, "company.country": "JP"}
    person = put_contact(store, contact("1", values=values, company=acme, modified=9))

    store.write(lambda tx: tx.records.put_companies([company("acme", values={"employees": 500}, modified=1)], seen_at=at()))

    with store.read() as tx:
        facts = tx.people.load([person])[0].facts
    assert facts == {
        "person.seniority": "VP",
        "company.employees": 500,
        "company.country": "JP",
        "deal.open": False,
        "deal.won": False,
        "deal.lost": False,
    }


def test_of_two_rows_the_newest_known_value_counts(store: Store) -> None:
    person = put_contact(store, contact("2", values={"seniority": "VP", "country": "US"}, modified=1))
    put_contact(store, contact("1", values={"seniority": "Director"}, modified=2, source="Contact"), person=person)

    with store.read() as tx:
        facts = tx.people.load([person])[0].facts
    assert (facts["person.seniority"], facts["person.country"]) == ("Director", "US")


def test_of_equally_new_rows_the_lower_key_counts(store: Store) -> None:
    person = put_contact(store, contact("2", values={"seniority": "VP"}))
    put_contact(store, contact("1", values={"seniority": "Director"}), person=person)

    with store.read() as tx:
        assert tx.people.load([person])[0].facts["person.seniority"] == "Director"


def test_a_row_touched_without_a_change_does_not_become_the_newest(store: Store) -> None:
    person = put_contact(store, contact("1", values={"seniority": "VP"}, modified=1))
    put_contact(store, contact("2", values={"seniority": "Director"}, modified=2), person=person)

    store.write(lambda tx: tx.records.put_contacts([contact("1", values={"seniority": "VP"}, modified=3)], seen_at=at(3)))

    with store.read() as tx:
        assert tx.people.load([person])[0].facts["person.seniority"] == "Director"


def test_a_deleted_row_says_nothing_any_more(store: Store) -> None:
    person = put_contact(store, contact("1", values={"seniority": "VP"}, modified=1))
    put_contact(store, contact("2", values={"seniority": "Director"}, modified=2), person=person)

    store.write(lambda tx: tx.records.put_contacts([contact("2", modified=3, deleted=True)], seen_at=at(3)))

    with store.read() as tx:
        loaded = tx.people.load([person])[0]
    assert loaded.facts["person.seniority"] == "VP"
    assert [m.contact.key for m in loaded.members] == [key("1")]


def test_deals_tell_whoever_is_on_them_or_at_their_company(store: Store) -> None:
    acme = key("acme", source="Account")
    on_it = put_contact(store, contact("1"))
    colleague = put_contact(store, contact("2", company=acme))
    stranger = put_contact(store, contact("3"))

    store.write(lambda tx: tx.records.put_deals([deal("d", DealState.WON, on_it=[key("1")], company=acme)], seen_at=at()))

    with store.read() as tx:
        people = tx.people.load([on_it, colleague, stranger])
    assert [(p.facts["deal.won"], [d.on_it for d in p.deals]) for p in people] == [(True, [True]), (True, [False]), (False, [])]


def test_a_deal_that_moves_leaves_its_old_people(store: Store) -> None:
    first, second = put_contact(store, contact("1")), put_contact(store, contact("2"))
    store.write(lambda tx: tx.records.put_deals([deal("d", DealState.OPEN, on_it=[key("1")])], seen_at=at()))

    changed = store.write(lambda tx: tx.records.put_deals([deal("d", DealState.OPEN, on_it=[key("2")], modified=1)], seen_at=at(1)))

    assert changed == (key("d", source="Opportunity"),)
    people, _ = store.load_people([first, second], facts=["deal.open"], since=at())
    column = people.facts["deal.open"]
    assert [column.words[code] for code in column.codes] == [False, True]


def test_a_deleted_deal_is_no_deal(store: Store) -> None:
    person = put_contact(store, contact("1"))
    store.write(lambda tx: tx.records.put_deals([deal("d", DealState.OPEN, on_it=[key("1")])], seen_at=at()))

    store.write(lambda tx: tx.records.put_deals([deal("d", DealState.OPEN, on_it=[key("1")], deleted=True)], seen_at=at(1)))

    with store.read() as tx:
        loaded = tx.people.load([person])[0]
    assert (loaded.facts["deal.open"], loaded.deals) == (False, ())


def test_counts_are_live_rows_by_source(store: Store) -> None:
    put_contact(store, contact("1"))
    put_contact(store, contact("2", deleted=True))
    put_contact(store, contact("1", source="contacts", connection="hub"))
    store.write(lambda tx: tx.records.put_companies([company("a"), company("b")], seen_at=at()))

    with store.read() as tx:
        assert tx.records.counts() == {"crm Account": 2, "crm Lead": 1, "hub contacts": 1}


def test_money_without_a_rate_is_an_unknown_fact(store: Store) -> None:
    person = put_contact(store, contact("1", values={"budget": Money(amount=Decimal(5), currency="EUR")}))

    with store.read() as tx:
        assert "person.budget" not in tx.people.load([person])[0].facts


SALTS = count()
"""Examples share a store."""

STEPS = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from("abc"), st.sampled_from(["x", "y", True, 1, Decimal("1.0"), Decimal("1")]), max_size=3),
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_history_is_written_on_change_only_and_leads_back_to_every_state(
    store: SqlStore, steps: list[tuple[dict[str, Value], bool]]
) -> None:
    id_ = f"row {next(SALTS)}"
    put_contact(store, contact(id_, values=steps[0][0], deleted=steps[0][1]))
    before = plain(*steps[0])

    for day, (values, deleted) in enumerate(steps[1:], start=1):
        row = contact(id_, values=values, deleted=deleted, modified=day)
        already = len(past(store))

        changed = put_again(store, row, day=day)

        after = plain(values, deleted)
        wanted = {(name, before.get(name), after.get(name)) for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
        assert {(name, was, now) for _, name, was, now in past(store)[already:]} == wanted
        assert changed == ((key(id_),) if wanted else ())
        before = after


def put_again(store: Store, row: Contact, *, day: int) -> tuple[RecordKey, ...]:
    return store.write(lambda tx: tx.records.put_contacts([row], seen_at=at(day)))


def plain(values: dict[str, Value], deleted: bool) -> dict[str, str]:
    """A state as history tells it."""
    return {"@deleted": "true" if deleted else "false", **{name: dump_value(value) for name, value in values.items()}}
