"""What pulls leave in a store: when the mapping changes between them, when rows go and come back, when only a stamp moves."""

from dataclasses import replace
from datetime import timedelta

import pytest

from connector.core.ladder import StageField
from connector.core.records import RecordKey, Value
from connector.ports.store import Store
from tests.support.ladders import LADDER
from tests.support.shelf import Shelf, pull_from, told
from tests.support.stores import at

PEOPLE = """
crm: shelf
currencies: {base: USD}
sources:
  people:
    kind: contact
    emails: [mail]
    fields: {name: name}
    moments: [{id: seen, at: seen_at, activity: [{is: page_view}]}]
    counters: [{id: opens, from: opens, at: opened_at, activity: email_open, most: 3}]
"""
MEETINGS = """
  meetings:
    kind: activity
    since: at
    at: [at]
    contacts: [{from: who, source: people}]
    activity: [{is: meeting}]
"""
VISITS = """
  visits:
    kind: activity
    optional: true
    since: at
    at: [at]
    contacts: [{from: who, source: people}]
    activity: [{is: page_view}]
"""
BOTH = PEOPLE + MEETINGS
HERE = at(20).isoformat()


@pytest.fixture
def shelf() -> Shelf:
    shelf = Shelf()
    shelf.put("people", "1", mail="ann@x.com", name="Ann", seen_at=None, opens=None)
    shelf.put("meetings", "m1", at=HERE, who="1", room="Rome")
    shelf.put("meetings", "m2", at=HERE, who="1", room="Oslo")
    return shelf


def test_a_mapping_that_asks_for_more_takes_away_what_only_the_former_one_saw(store: Store, shelf: Shelf) -> None:
    pull_from(shelf, store, BOTH)
    assert set(told(store)) == {"m1", "m2"}

    pulled = pull_from(shelf, store, BOTH, BOTH + "    only: {from: room, values: [Rome]}\n")

    assert set(told(store)) == {"m1"}
    assert [(p.source, p.rows, p.first) for p in pulled] == [("people", 0, False), ("meetings", 2, True)]


def test_a_mapping_that_asks_for_less_takes_away_what_only_the_former_one_saw(store: Store, shelf: Shelf) -> None:
    rome = BOTH + "    only: {from: room, values: [Rome]}\n    seconds: {from: length, unit: minutes}\n"
    pull_from(shelf, store, rome)

    pull_from(shelf, store, rome, BOTH + "    skip: {from: room, values: [Rome]}\n")

    assert set(told(store)) == {"m2"}


def test_reading_again_after_a_mapping_change_goes_on_where_it_was_cut_off(store: Store, shelf: Shelf) -> None:
    pull_from(shelf, store, BOTH)
    oslo = BOTH + "    only: {from: room, values: [Oslo]}\n"
    shelf.breaks_after = 1
    with pytest.raises(ConnectionResetError):
        pull_from(shelf, store, BOTH, oslo)
    assert set(told(store)) == {"m2"}, "the first row is read again"
    shelf.breaks_after = None
    rome = BOTH + "    only: {from: room, values: [Rome]}\n"

    pull_from(shelf, store, BOTH, oslo, rome)
    again = pull_from(shelf, store, BOTH, oslo, rome)

    assert set(told(store)) == {"m1"}
    assert [p.rows for p in again] == [0, 0]


def test_a_changed_mapping_counts_for_rows_that_are_read_again_unchanged(store: Store, shelf: Shelf) -> None:
    """A change of the questions that leaves every row as it was."""
    pull_from(shelf, store, BOTH)

    pull_from(shelf, store, BOTH, BOTH.replace("is: meeting", "is: call") + "    where: {room: [Rome, Oslo]}\n")

    with store.read() as tx:
        assert [a.kind for a in tx.activities.of(1)] == ["call", "call"]


def test_another_time_zone_of_the_connection_moves_times_that_name_none(store: Store, shelf: Shelf) -> None:
    shelf.put("people", "1", mail="ann@x.com", name="Ann", seen_at="2026-11-20 09:00:00", opens=None)
    shelf.put("meetings", "m1", at="2026-11-20 12:00:00", who="1")
    pull_from(shelf, store, BOTH)
    before = told(store)

    pull_from(shelf, store, BOTH, zone="Asia/Tokyo")

    after = told(store)
    assert len(after) == len(before) == 3, "a moment at another time takes the place of the one it was"
    assert after["m1"] == before["m1"] - timedelta(hours=9)


def test_what_a_row_told_goes_once_another_source_tells_it(store: Store, shelf: Shelf) -> None:
    text = PEOPLE.replace("{id: seen,", "{id: seen, instead_of: visits,") + VISITS
    for day in (1, 2):
        shelf.put("people", "1", mail="ann@x.com", name="Ann", seen_at=at(day).isoformat(), opens=str(day), opened_at=at(day).isoformat())
        pull_from(shelf, store, text, sources=("people",))
    opens = {"1:opens:1", "1:opens:2"}
    assert len(told(store)) == 4 and set(told(store)) > opens
    shelf.put("visits", "v1", at=at(1).isoformat(), who="1")
    shelf.put("visits", "v2", at=at(2).isoformat(), who="1")

    pull_from(shelf, store, text, sources=("people", "visits"))

    assert set(told(store)) == {"v1", "v2", *opens}, "both page views stand once, the opens stay"


def test_the_counted_activities_of_earlier_pulls_stay_when_a_row_is_mapped_anew(store: Store, shelf: Shelf) -> None:
    for day in (1, 2, 3):
        shelf.put("people", "1", mail="ann@x.com", name="Ann", seen_at=at(day).isoformat(), opens=str(day), opened_at=at(day).isoformat())
        pull_from(shelf, store, PEOPLE)
    before = told(store)

    pull_from(shelf, store, PEOPLE, PEOPLE.replace("{name: name}", "{name: name, title: job}"))
    pull_from(shelf, store, PEOPLE, PEOPLE, PEOPLE.replace("{name: name}", "{title: name}"))

    assert len(before) == 6
    assert told(store) == before


def test_who_is_deleted_and_comes_back_is_the_same_person(store: Store, shelf: Shelf) -> None:
    pull_from(shelf, store, PEOPLE)
    shelf.put("people", "1", deleted=True)
    pull_from(shelf, store, PEOPLE)

    shelf.put("people", "2", mail="ann@x.com", name="Ann")
    pull_from(shelf, store, PEOPLE)

    with store.read() as tx:
        assert set(tx.people.of([RecordKey("crm", "people", "1"), RecordKey("crm", "people", "2")]).values()) == {1}


def test_a_stamp_that_moves_is_kept_though_nothing_mapped_has_changed(store: Store, shelf: Shelf) -> None:
    pull_from(shelf, store, PEOPLE)
    shelf.put("people", "1", stamp=3, mail="ann@x.com", name="Ann", seen_at=None, opens=None, unmapped="new")

    (pulled,) = pull_from(shelf, store, PEOPLE)

    with store.read() as tx:
        (stored,) = tx.raw.get([RecordKey("crm", "people", "1")]).values()
    assert stored.modified_at == at(3)
    assert (pulled.rows, pulled.fresh, pulled.people) == (1, 0, 0)


def test_what_a_row_dated_by_its_stamp_keeps_its_time_when_it_is_mapped_anew(store: Store, shelf: Shelf) -> None:
    """Salesforce says that somebody opted out, and not when."""
    text = PEOPLE + "    owner: owner\n"
    text = text.replace("counters: [", "counters: [{id: out, from: out, at_modified: true, activity: unsubscribe, most: 1}, ")
    for stamp in (1, 5):
        shelf.put("people", "1", stamp=stamp, mail="ann@x.com", name="Ann", seen_at=None, opens=None, out=True)
        pull_from(shelf, store, text)

    pull_from(shelf, store, text, text.replace("{name: name}", "{name: name, email: mail}"))

    assert told(store)["1:out:1"] == at(1)


def test_another_reading_of_a_stage_by_the_ladder_counts_for_stored_rows(store: Store, shelf: Shelf) -> None:
    shelf.put("people", "1", mail="ann@x.com", name="Ann", stage="Working")

    def stage_read_as(stage: str) -> Value | None:
        field = StageField(crm="shelf", source="people", field="stage", write={}, read={"Working": stage})
        pull_from(shelf, store, PEOPLE, ladder=replace(LADDER, stage_fields=(field,)))
        with store.read() as tx:
            contact = tx.records.contact(RecordKey("crm", "people", "1"))
        return contact.values.get("crm_stage") if contact is not None else None

    assert (stage_read_as("sal"), stage_read_as("sql")) == ("sal", "sql")
