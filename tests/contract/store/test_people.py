"""Persons: attaching, joining, moving, finding, marking."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from connector.core.people import PersonId
from connector.core.records import DealState, RecordKey
from connector.ports.errors import StoreError
from connector.ports.inbox import Lane
from connector.ports.runs import JournalEntry
from connector.ports.store import Store, Tx
from connector.store.sql_store import SqlStore
from tests.support.stores import (
    activity,
    at,
    attached,
    company,
    contact,
    deal,
    follow_up,
    join,
    key,
    move,
    put_contact,
    score,
    state,
)


def entry(row: RecordKey, person: PersonId) -> JournalEntry:
    return JournalEntry(
        run=1, key=row, person=person, field="Score__c", name="score", before=1, after=2, at=at(1), model="default", model_version=1
    )


def test_equal_negative_numbers_are_one_new_person(store: Store) -> None:
    rows = [attached(key("1"), -1), attached(key("2"), -2), attached(key("3"), -1)]

    placed = store.write(lambda tx: tx.people.attach(rows, at=at()))

    assert placed == {key("1"): 1, key("2"): 2, key("3"): 1}
    with store.read() as tx:
        assert tx.people.of([key("1"), key("2"), key("9")]) == {key("1"): 1, key("2"): 2}


def test_attaching_again_changes_nothing(store: Store) -> None:
    person = put_contact(store, contact("1", emails=["ann@x.com"]))

    again = store.write(lambda tx: tx.people.attach([attached(key("1"), person, emails=["ann@x.com"])], at=at(1)))

    assert again == {key("1"): person}
    with store.read() as tx:
        assert tx.people.holders(["ann@x.com"], production=True) == {"ann@x.com": (person,)}


def test_a_person_that_never_was_takes_no_rows(store: Store) -> None:
    with pytest.raises(StoreError, match="99"):
        store.write(lambda tx: tx.people.attach([attached(key("1"), 99)], at=at()))


def test_holders_are_those_of_the_same_kind_of_connection(store: Store) -> None:
    real = put_contact(store, contact("1", emails=["ann@x.com"]))
    other = put_contact(store, contact("2", emails=["ann@x.com"], connection="hub"))
    play = put_contact(store, contact("3", emails=["ann@x.com"], connection="play"))

    with store.read() as tx:
        assert tx.people.holders(["ann@x.com", "bob@x.com"], production=True) == {"ann@x.com": (real, other)}
        assert tx.people.holders(["ann@x.com"], production=False) == {"ann@x.com": (play,)}


def test_an_address_that_a_row_lost_no_longer_leads_to_it(store: Store) -> None:
    person = put_contact(store, contact("1", emails=["old@x.com", "both@x.com"]))

    store.write(lambda tx: tx.people.attach([attached(key("1"), person, emails=["both@x.com", "new@x.com"])], at=at(1)))

    with store.read() as tx:
        held = tx.people.holders(["old@x.com", "both@x.com", "new@x.com"], production=True)
    assert held == {"both@x.com": (person,), "new@x.com": (person,)}


def test_an_address_stays_where_a_row_says_nothing_about_addresses(store: Store) -> None:
    person = put_contact(store, contact("1", emails=["ann@x.com"]))

    store.write(lambda tx: tx.people.attach([replace(attached(key("1"), person), emails=None)], at=at(1)))

    with store.read() as tx:
        assert tx.people.holders(["ann@x.com"], production=True) == {"ann@x.com": (person,)}


def test_what_a_joined_person_went_through_is_told_of_the_survivor(store: SqlStore) -> None:
    survivor = put_contact(store, contact("1"))
    loser = put_contact(store, contact("2"))

    def before(tx: Tx) -> None:
        tx.ladder.put([], moves=[move(survivor, days=2), move(loser, days=1)], run=1)
        tx.scores.keep([score(survivor, grade="B2", days=1), score(loser, grade="C3", days=1), score(loser, grade="D4", days=2)])
        tx.journal.put([entry(key("1"), survivor), entry(key("2"), loser)])

    store.write(before)

    store.write(lambda tx: tx.people.join([join(survivor, loser)], at=at(5)))

    with store.read() as tx:
        assert tx.ladder.moves(survivor) == (move(survivor, days=1), move(survivor, days=2))
        assert tx.ladder.moves(loser) == ()
        assert [e.person for e in tx.journal.of_run(1)] == [survivor, survivor]
    with store._snapshot() as t:
        kept = [tuple(row) for row in t.rows(text("SELECT person, grade FROM score_history ORDER BY grade"))]
    assert kept == [(survivor, "B2"), (loser, "C3"), (survivor, "D4")], "of one hour the survivor's own stands"


def test_a_join_moves_rows_activities_marks_and_addresses(store: Store) -> None:
    survivor = put_contact(store, contact("1", emails=["a@x.com"]))
    loser = put_contact(store, contact("2", emails=["b@x.com"], connection="hub", source="contacts"))
    other = key("2", connection="hub", source="contacts")

    def before(tx: Tx) -> None:
        tx.activities.put([(survivor, activity("v1", key("1"), days=1)), (loser, activity("v2", other, days=2))], seen_at=at(3))
        tx.marks.put([loser], lane=Lane.SCORE, since=at(4))
        tx.scores.put([score(loser), score(survivor)])
        tx.follow_ups.put(follow_up(loser))
        tx.ladder.put([state(loser, stage="mql")], moves=[], run=1)

    store.write(before)

    store.write(lambda tx: tx.people.join([join(survivor, loser)], at=at(5)))

    with store.read() as tx:
        assert tx.people.of([key("1"), other]) == {key("1"): survivor, other: survivor}
        assert [a.id for a in tx.activities.of(survivor)] == ["v1", "v2"]
        assert tx.activities.of(loser) == ()
        assert [(mark.person, mark.since) for mark in tx.marks.next(lane=Lane.SCORE, limit=9)] == [(survivor, at(4))]
        assert tx.people.holders(["b@x.com"], production=True) == {"b@x.com": (survivor,)}
        assert tx.scores.current([loser], model="default") == {}
        assert tx.follow_ups.open_of([survivor, loser]) == {survivor: (replace(follow_up(loser), person=survivor),)}
        assert tx.ladder.get([survivor, loser]) == {survivor: state(survivor, stage="mql")}
        assert (tx.people.count(), tx.people.ids(after=0, limit=9)) == (1, (survivor,))
        assert [m.contact.key for m in tx.people.load([survivor])[0].members] == [key("1"), other]


def test_joining_twice_changes_nothing_more(store: Store) -> None:
    first, second, third = (put_contact(store, contact(n)) for n in "123")
    store.write(lambda tx: tx.people.join([join(first, second)], at=at(1)))

    store.write(lambda tx: tx.people.join([join(first, second), join(second, third)], at=at(2)))

    with store.read() as tx:
        assert tx.people.ids(after=0, limit=9) == (first,)
        assert tx.people.of([key("3")]) == {key("3"): first}


def test_of_two_ladder_states_the_further_stage_stays(store: Store) -> None:
    survivor, loser = put_contact(store, contact("1")), put_contact(store, contact("2"))
    mine = replace(state(survivor, stage="sql", days=1), answered={"demo": at(1)}, first_mql_at=at(1), last_mql_at=at(1), cycle=1)
    theirs = replace(state(loser, stage="lead"), answered={"demo": at(3), "trial": at(2)}, first_mql_at=at(0), muted=("hot",), cycle=2)
    store.write(lambda tx: tx.ladder.put([mine, theirs], moves=[], run=1))

    store.write(lambda tx: tx.people.join([join(survivor, loser)], at=at(4)))

    with store.read() as tx:
        joined = tx.ladder.get([survivor])[survivor]
    assert (joined.stage, joined.stage_since, joined.cycle) == ("sql", at(1), 2)
    assert joined.answered == {"demo": at(3), "trial": at(2)}
    assert (joined.first_mql_at, joined.last_mql_at, joined.muted) == (at(0), at(1), ("hot",))


def test_a_row_attached_elsewhere_moves_with_its_activities(store: Store) -> None:
    person = put_contact(store, contact("1"))
    put_contact(store, contact("2"), person=person)
    rows = [(person, activity("v1", key("1"), days=1)), (person, activity("v2", key("2"), days=2))]
    store.write(lambda tx: tx.activities.put(rows, seen_at=at(3)))

    placed = store.write(lambda tx: tx.people.attach([attached(key("2"), -1)], at=at(4)))

    elsewhere = placed[key("2")]
    with store.read() as tx:
        assert [a.id for a in tx.activities.of(person)] == ["v1"]
        assert [a.id for a in tx.activities.of(elsewhere)] == ["v2"]
        assert tx.people.ids(after=0, limit=9) == (person, elsewhere)


def test_a_joined_person_takes_rows_for_the_survivor(store: Store) -> None:
    survivor, loser = put_contact(store, contact("1")), put_contact(store, contact("2"))
    store.write(lambda tx: tx.people.join([join(survivor, loser)], at=at(1)))

    placed = store.write(lambda tx: tx.people.attach([attached(key("3"), loser)], at=at(2)))

    assert placed == {key("3"): survivor}


def test_a_person_without_a_live_row_is_not_counted(store: Store) -> None:
    person, gone = put_contact(store, contact("1")), put_contact(store, contact("2"))
    store.write(lambda tx: tx.people.attach([attached(key("3"))], at=at()))

    store.write(lambda tx: tx.records.put_contacts([contact("2", deleted=True)], seen_at=at(1)))

    with store.read() as tx:
        assert (tx.people.count(), tx.people.ids(after=0, limit=9)) == (1, (person,))
        assert [p.id for p in tx.people.load([gone, person])] == [person]


def test_ids_go_on_after_the_last_one(store: Store) -> None:
    people = [put_contact(store, contact(str(n))) for n in range(5)]

    with store.read() as tx:
        assert tx.people.ids(after=people[1], limit=2) == (people[2], people[3])


def test_at_companies_are_those_with_a_live_row_there(store: Store) -> None:
    acme = key("acme", source="Account")
    here, gone = put_contact(store, contact("1", company=acme)), put_contact(store, contact("2", company=acme))
    put_contact(store, contact("3"))
    store.write(lambda tx: tx.records.put_contacts([contact("2", company=acme, deleted=True)], seen_at=at(1)))

    with store.read() as tx:
        assert tx.people.at_companies([acme, key("nix", source="Account")]) == (here,)
    assert gone != here


def test_a_person_comes_with_rows_deals_owner_and_last_touch(store: Store) -> None:
    acme = key("acme", source="Account")
    person = put_contact(store, contact("1", values={"name": "Ann Lee"}, company=acme, modified=1))
    put_contact(store, contact("2", modified=2), person=person)

    def more(tx: Tx) -> None:
        tx.records.put_companies([company("acme", owner="005X")], seen_at=at())
        tx.records.put_deals([deal("d", DealState.OPEN, company=acme)], seen_at=at())
        rows = [activity("c", key("1"), days=1, kind="call"), activity("m", key("2"), days=3, kind="meeting")]
        tx.activities.put([(person, a) for a in [*rows, activity("v", key("1"), days=4)]], seen_at=at(5))

    store.write(more)

    with store.read() as tx:
        (loaded,) = tx.people.load([person])
    assert loaded.name == "Ann Lee"
    assert [(m.contact.key.id, m.company_owner) for m in loaded.members] == [("2", None), ("1", "005X")]
    assert [(d.name, d.state, d.on_it) for d in loaded.deals] == [("d", DealState.OPEN, False)]
    assert loaded.last_touch_at == at(3)


@pytest.mark.parametrize("asked", ["ann@x.com", "ANN@X.COM", "00Q1", "1", "lee", "ANN L", "acme", "アン"])
def test_a_person_is_found_by(store: Store, asked: str) -> None:
    values = {"name": "Ann Lee アン", "company.name": "Acme 100%"}
    person = put_contact(store, contact("00Q1", values=values, emails=["ann@x.com"]))
    put_contact(store, contact("00Q2", values={"name": "Bob"}, emails=["bob@y.com"]))

    with store.read() as tx:
        (line,) = tx.people.find(asked)
    assert (line.person, line.name, line.email, line.company, line.score, line.stage) == (
        person,
        "Ann Lee アン",
        "ann@x.com",
        "Acme 100%",
        None,
        "",
    )


@pytest.mark.parametrize("asked", ["", "  ", "nobody", "%", "_", "99", "18446744073709551616"])
def test_nobody_is_found_by(store: Store, asked: str) -> None:
    put_contact(store, contact("00Q1", values={"name": "Ann"}))

    with store.read() as tx:
        assert tx.people.find(asked) == ()


def test_a_found_line_shows_score_and_stage(store: Store) -> None:
    person = put_contact(store, contact("1", values={"name": "Ann"}))
    store.write(lambda tx: tx.scores.put([score(person)]))
    store.write(lambda tx: tx.ladder.put([state(person, stage="mql")], moves=[move(person)], run=1))

    with store.read() as tx:
        (line,) = tx.people.find("ann")
    assert (line.score, line.stage) == (score(person), "mql")


def test_the_number_of_a_joined_person_finds_the_survivor(store: Store) -> None:
    first, second, third = (put_contact(store, contact(n, values={"name": f"Ann {n}"})) for n in ("x", "y", "z"))
    store.write(lambda tx: tx.people.join([join(second, third), join(first, second)], at=at(1)))

    with store.read() as tx:
        assert [line.person for line in tx.people.find(str(third))] == [first]
