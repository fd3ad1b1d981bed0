"""Activities: the same again changes nothing, a changed one replaces, a deleted one goes; and persons as columns."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.core.facts import Activities, People
from connector.core.records import Value
from connector.ports.errors import StoreError
from connector.ports.store import Store
from tests.support.stores import activity, at, contact, key, put_contact

FULL = replace(
    activity("v1", key("1"), days=1, kind="form_submit", path="/価格", seconds=75),
    form="demo",
    asset="paper.pdf",
    campaign="Spring 'sale'",
    feature="export",
    mark="list_import",
    at=datetime(2026, 11, 3, 9, 0, 0, 123456, tzinfo=UTC),
)


def test_an_activity_comes_back_as_it_was_put(store: Store) -> None:
    person = put_contact(store, contact("1"))

    touched = store.write(lambda tx: tx.activities.put([(person, FULL)], seen_at=at(2)))

    assert touched == (person,)
    with store.read() as tx:
        assert tx.activities.of(person) == (FULL,)
        assert tx.activities.count() == 1


def test_activities_come_oldest_first(store: Store) -> None:
    person = put_contact(store, contact("1"))
    rows = [activity(str(n), key("1"), days=days) for n, days in enumerate([3, -4000, 1, 2])]

    store.write(lambda tx: tx.activities.put([(person, row) for row in rows], seen_at=at(2)))

    with store.read() as tx:
        assert [a.id for a in tx.activities.of(person)] == ["1", "2", "3", "0"]


def test_the_same_activity_again_changes_nothing(store: Store) -> None:
    person = put_contact(store, contact("1"))
    store.write(lambda tx: tx.activities.put([(person, FULL)], seen_at=at(2)))

    again = store.write(lambda tx: tx.activities.put([(person, FULL), (person, activity("v2", key("1"), days=1))], seen_at=at(3)))
    twice = store.write(lambda tx: tx.activities.put([(person, FULL), (person, FULL)], seen_at=at(4)))

    assert (again, twice) == ((person,), ())
    with store.read() as tx:
        assert tx.activities.count() == 2


@pytest.mark.parametrize("change", [{"at": at(9)}, {"path": "/other"}, {"seconds": 1}, {"kind": "call"}, {"mark": ""}, {"campaign": ""}])
def test_a_changed_activity_replaces_the_old_one(store: Store, change: dict[str, Any]) -> None:
    person = put_contact(store, contact("1"))
    store.write(lambda tx: tx.activities.put([(person, FULL)], seen_at=at(2)))
    changed = replace(FULL, **change)

    touched = store.write(lambda tx: tx.activities.put([(person, changed)], seen_at=at(3)))

    assert touched == (person,)
    with store.read() as tx:
        assert tx.activities.of(person) == (changed,)
        assert tx.activities.count() == 1


def test_an_activity_that_moves_to_another_contact_moves_to_their_person(store: Store) -> None:
    first, second = put_contact(store, contact("1")), put_contact(store, contact("2"))
    store.write(lambda tx: tx.activities.put([(first, FULL)], seen_at=at(2)))
    moved = replace(FULL, contact=key("2"))

    touched = store.write(lambda tx: tx.activities.put([(second, moved)], seen_at=at(3)))

    assert touched == (first, second)
    with store.read() as tx:
        assert (tx.activities.of(first), tx.activities.of(second)) == ((), (moved,))


def test_a_deleted_activity_is_taken_away_once(store: Store) -> None:
    person = put_contact(store, contact("1"))
    store.write(lambda tx: tx.activities.put([(person, FULL)], seen_at=at(2)))
    gone = replace(FULL, deleted=True, at=at(7), path="")

    first = store.write(lambda tx: tx.activities.put([(person, gone)], seen_at=at(3)))
    second = store.write(lambda tx: tx.activities.put([(person, gone)], seen_at=at(4)))

    assert (first, second) == ((person,), ())
    with store.read() as tx:
        assert (tx.activities.of(person), tx.activities.count()) == ((), 0)
    assert store.write(lambda tx: tx.activities.put([(person, FULL)], seen_at=at(5))) == (person,)


def test_an_id_is_of_one_connection_and_source(store: Store) -> None:
    person = put_contact(store, contact("1"))
    other = key("1", connection="hub", source="contacts")
    put_contact(store, contact("1", connection="hub", source="contacts"), person=person)
    rows = [FULL, replace(FULL, source="Task"), replace(FULL, contact=other)]

    store.write(lambda tx: tx.activities.put([(person, row) for row in rows], seen_at=at(2)))

    with store.read() as tx:
        assert set(tx.activities.of(person)) == set(rows)


def test_an_activity_belongs_to_whom_its_contact_belongs_now(store: Store) -> None:
    stale, person = put_contact(store, contact("1")), put_contact(store, contact("2"))

    touched = store.write(lambda tx: tx.activities.put([(stale, replace(FULL, contact=key("2")))], seen_at=at(2)))

    assert touched == (person,)


def test_an_activity_of_an_unknown_contact_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="attached"):
        store.write(lambda tx: tx.activities.put([(1, FULL)], seen_at=at(2)))


def test_more_activities_than_one_statement_takes(store: Store) -> None:
    person = put_contact(store, contact("1"))
    rows = [(person, activity(f"v{n}", key("1"), days=n / 100, path=f"/{n % 700}")) for n in range(1300)]

    store.write(lambda tx: tx.activities.put(rows, seen_at=at(20)))
    again = store.write(lambda tx: tx.activities.put(rows, seen_at=at(21)))

    assert again == ()
    with store.read() as tx:
        assert tx.activities.of(person) == tuple(a for _, a in rows)


def test_kinds_count_persons_not_activities(store: Store) -> None:
    first, second = put_contact(store, contact("1")), put_contact(store, contact("2"))
    visits = [activity("a", key("1"), days=1), activity("b", key("1"), days=2), activity("c", key("2"), days=1)]
    rows = [(first, visits[0]), (first, visits[1]), (second, visits[2]), (second, activity("d", key("2"), days=1, kind="call"))]

    store.write(lambda tx: tx.activities.put(rows, seen_at=at(3)))

    with store.read() as tx:
        assert tx.activities.kinds() == {"call": 1, "page_view": 2}


def words_of(activities: Activities, name: str) -> list[str]:
    return [activities.words[name][number] for number in getattr(activities, name)]


def value_of(people: People, name: str) -> list[Value | None]:
    column = people.facts.get(name)
    return [None] * len(people.ids) if column is None else [None if code < 0 else column.words[code] for code in column.codes]


def test_persons_are_loaded_as_columns_ascending(store: Store) -> None:
    first = put_contact(store, contact("1", values={"seniority": "VP", "count": 1}))
    second = put_contact(store, contact("2", values={"seniority": "VP", "flag": True}))
    gone = put_contact(store, contact("3", deleted=True))
    rows = [(second, replace(FULL, id="b", contact=key("2"))), (first, FULL), (first, activity("v0", key("1"), days=1))]
    store.write(lambda tx: tx.activities.put([*rows, (gone, activity("x", key("3"), days=1))], seen_at=at(2)))
    names = ["person.seniority", "person.count", "person.flag", "deal.open", "person.nix"]

    people, activities = store.load_people([second, gone, first, second, 999], facts=names, since=at(-1))

    assert people.ids.tolist() == [first, second]
    assert {name: value_of(people, name) for name in names} == {
        "person.seniority": ["VP", "VP"],
        "person.count": [1, None],
        "person.flag": [None, True],
        "deal.open": [False, False],
        "person.nix": [None, None],
    }
    assert people.facts["person.seniority"].words == ("VP",)
    assert activities.row.tolist() == [0, 0, 1]
    assert activities.at.tolist() == [1793696400, 1793696400, 1793696400]
    assert words_of(activities, "kind") == ["page_view", "form_submit", "form_submit"]
    assert words_of(activities, "path") == ["", "/価格", "/価格"]
    assert words_of(activities, "campaign") == ["", "Spring 'sale'", "Spring 'sale'"]
    assert activities.seconds.tolist() == [0, 75, 75]
    assert [a.dtype.name for a in (activities.row, activities.at, activities.seconds)] == ["int32", "int64", "int32"]


def test_activities_before_since_are_left_out(store: Store) -> None:
    person = put_contact(store, contact("1"))
    rows = [(person, activity(str(n), key("1"), days=n)) for n in range(4)]
    store.write(lambda tx: tx.activities.put(rows, seen_at=at(4)))

    _, exactly = store.load_people([person], facts=[], since=at(2))
    _, just_after = store.load_people([person], facts=[], since=at(2) + timedelta(microseconds=1))

    assert (len(exactly.row), len(just_after.row)) == (2, 1)


def test_loading_sees_what_was_just_written(store: Store) -> None:
    person = put_contact(store, contact("1", values={"seniority": "VP"}))
    store.load_people([person], facts=["person.seniority"], since=at())
    store.write(lambda tx: tx.records.put_contacts([contact("1", values={"seniority": "C-level"}, modified=1)], seen_at=at(1)))
    store.write(lambda tx: tx.activities.put([(person, FULL)], seen_at=at(2)))

    people, activities = store.load_people([person], facts=["person.seniority"], since=at())

    assert value_of(people, "person.seniority") == ["C-level"]
    assert words_of(activities, "form") == ["demo"]


def test_nobody_is_loaded_as_empty_columns(store: Store) -> None:
    people, activities = store.load_people([7], facts=["person.seniority"], since=at())

    assert (len(people.ids), len(activities.row)) == (0, 0)
    assert activities.words["path"] == ("",)
