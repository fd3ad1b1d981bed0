"""The write lane: in slices, under limits that ask once, around a CRM that does not answer, and away from rows that flip."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest

from connector.core.records import RecordKey
from connector.flows import write_due as lane
from connector.flows.absorb import absorb
from connector.flows.asking import ANSWER
from connector.flows.mark_everybody import mark_everybody
from connector.flows.published import mapping_of
from connector.flows.write_lane import LaneMemory
from connector.ports.connections import Connection, LiveStep
from connector.ports.crm import RawRecord
from connector.ports.inbox import Lane
from connector.ports.store import Tx
from tests.support.journeys import CRMS, Desk, Town
from tests.support.real_time import Lanes, done, lanes, quiet_one


@pytest.fixture(scope="module")
def home(small: Town) -> Town:
    """Fields are live in both CRMs, and nothing is written yet: everybody waits."""
    return small.after(lambda desk: desk.go_live("fields"))


@pytest.fixture
def beside(desk: Desk) -> Iterator[Lanes]:
    """The lanes beside the desk's CRMs, with everybody waiting."""
    with lanes(desk) as here:
        yield here


def _put(tx: Tx, *, connection: Connection) -> None:
    tx.connections.put(connection)


def set_limit(beside: Lanes, name: str, limit: int) -> None:
    beside.here.store.write(partial(_put, connection=replace(beside.connection(name), write_limit=limit)))


def test_everybody_who_waits_is_written_in_one_run_and_the_lane_is_empty(
    desk: Desk, beside: Lanes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "SLICE_PEOPLE", 30)
    runs = len(beside.runs())

    written = beside.write()

    assert written.waiting == 0
    assert all(done(written.tally, crm) > 50 for crm in CRMS)
    assert len(beside.runs()) == runs + 1
    assert beside.runs()[0].verb == "real time"
    assert beside.waiting() == {}
    assert all(count == 1 for count in desk.writes().values())


def test_nothing_live_lets_people_leave_the_lane_unwritten(desk: Desk, beside: Lanes) -> None:
    for crm in CRMS:
        beside.here.store.write(partial(_put, connection=replace(beside.connection(crm), live=beside.connection(crm).live.OFF)))
    runs = len(beside.runs())

    written = beside.write()

    assert written.tally == {}
    assert beside.waiting() == {}
    assert len(beside.runs()) == runs
    assert desk.writes() == {}


def test_above_its_limit_a_connection_asks_once_and_the_other_goes_on(desk: Desk, beside: Lanes) -> None:
    set_limit(beside, "hubspot", 20)
    called = ask_to_be_called_today(desk, beside)

    asked = beside.write()
    again = beside.write()

    assert done(asked.tally, "hubspot") == len(called)
    assert done(asked.tally, "salesforce") > 50
    assert "more than its limit of 20" in beside.runs()[0].message
    assert beside.runs()[0].state == "failed"
    assert again.tally == {}
    assert again.failures == ()
    assert {name.split("/")[1] for name in desk.writes() if name.startswith("hubspot contacts")} == called


def ask_to_be_called_today(desk: Desk, beside: Lanes) -> set[str]:
    """HubSpot's contacts of them: they go on above a limit, and how many there are in the town depends on the hour."""
    rows = desk.rows(
        "SELECT m.id, s.fired FROM members m JOIN sources o ON o.no = m.source JOIN scores s ON s.person = m.person"
        " WHERE o.source = 'contacts' AND s.excluded = ''"
    )
    since = (beside.road.clock() - timedelta(days=1)).timestamp()
    return {contact for contact, fired in rows if any(at >= since for at in json.loads(fired).values())}


def test_who_comes_anew_is_written_while_the_others_wait_for_an_answer(desk: Desk, beside: Lanes) -> None:
    set_limit(beside, "hubspot", 20)
    beside.write()
    _, contact, _ = quiet_one(desk)
    desk.sandboxes["hubspot"].edit("contacts", contact, {"jobtitle": "Chief Executive Officer"})

    beside.hint("hubspot", "contacts", contact)
    written = beside.settle()

    assert written.tally == {"hubspot fields done": 1}
    assert beside.waiting()["write"] > 50


def wait(beside: Lanes, people: list[int]) -> None:
    beside.here.store.write(lambda tx: tx.marks.put(people, lane=Lane.WRITE, since=beside.road.clock()))


def ask_to_be_called(tx: Tx, *, people: list[int], at: datetime) -> None:
    """As if a hand-off rule had taken these people then."""
    scores = tx.scores.current(people, model="b2b_default")
    tx.scores.put([replace(row, fired=json.dumps({"inquiry": int(at.timestamp())})) for row in scores.values()])
    tx.marks.put(people, lane=Lane.WRITE, since=at)


def test_portions_count_together_and_only_who_asks_to_be_called_goes_on_above_the_limit(desk: Desk, beside: Lanes) -> None:
    store, limit = beside.here.store, 24
    set_limit(beside, "hubspot", limit)
    with store.read() as tx:
        everybody, high = [m.person for m in tx.marks.next(lane=Lane.WRITE, limit=1000)], tx.marks.high()
    store.write(lambda tx: tx.marks.done(everybody, lane=Lane.WRITE, until=high))
    of_hubspot = (
        "SELECT m.person FROM members m JOIN sources o ON o.no = m.source JOIN scores s ON s.person = m.person"
        " WHERE o.source = 'contacts' AND s.excluded = '' GROUP BY m.person HAVING count(*) = 1 ORDER BY 1"
    )
    people = [person for (person,) in desk.rows(of_hubspot) if person in set(everybody)]

    portions = []
    for start in range(0, 40, 10):
        wait(beside, people[start : start + 10])
        beside.memory = LaneMemory()
        portions.append(beside.write())
    waiting = beside.waiting()["write"]
    store.write(partial(ask_to_be_called, people=people[40:43], at=beside.road.clock()))
    called = beside.write()
    store.write(partial(ask_to_be_called, people=people[43:51], at=beside.road.clock()))
    too_many = beside.write()
    store.write(partial(ask_to_be_called, people=people[51:61], at=beside.road.clock() - timedelta(days=2)))
    long_ago = beside.write()
    clock = beside.road.clock
    beside.road = replace(beside.road, clock=lambda: clock() + timedelta(hours=26))
    wait(beside, people[61:62])
    next_day = beside.write()

    assert [done(one.tally, "hubspot") for one in portions] == [10, 10, 0, 0], "24 in a day, in whatever portions"
    assert len([f for one in portions for f in one.failures]) == 1, "it asks once, also where nobody remembers"
    assert waiting == 20
    assert done(called.tally, "hubspot") == 3
    assert done(too_many.tally, "hubspot") == 0, "eight more are above the limit by more than a quarter: a bad rule is not let through"
    assert done(long_ago.tally, "hubspot") == 0
    assert done(next_day.tally, "hubspot") == 1
    assert [one.failures for one in (called, too_many, long_ago, next_day)] == [()] * 4
    assert beside.waiting()["write"] == waiting + 18, "a new day answers no question"


@pytest.mark.parametrize("answer", ["limit", "manual"])
def test_an_answer_lets_those_who_waited_go(desk: Desk, beside: Lanes, answer: str) -> None:
    set_limit(beside, "hubspot", 20)
    beside.write()

    if answer == "limit":
        set_limit(beside, "hubspot", 2000)
        assert done(beside.write().tally, "hubspot") > 50
        assert beside.waiting() == {}
        beside.here.store.close()
    else:
        beside.here.store.close()
        desk.ok("write-back", "salesforce")
        assert [f["hint"] for f in desk.told("doctor")["findings"] if f["code"] == "asked"] == [ANSWER], "that was about another CRM"
        desk.ok("write-back", "hubspot", "--allow", "1000")
        assert [f for f in desk.told("doctor")["findings"] if f["code"] == "asked"] == []
        with lanes(desk) as later:
            assert later.write().tally == {}
            assert later.waiting() == {}
    assert desk.told("write-back", "--dry-run")["changes"] == []


def test_a_crm_that_does_not_answer_holds_up_only_itself_and_is_finished_later(desk: Desk, beside: Lanes) -> None:
    desk.sandboxes["hubspot"].fault("/crm/*/batch/update", "reset_before")

    cut = beside.write()
    while_away = beside.write()
    desk.heal()
    clock = beside.road.clock
    beside.road = replace(beside.road, clock=lambda: clock() - timedelta(hours=2))  # set back: the time to try again is far ahead
    finished = beside.write()

    assert done(cut.tally, "salesforce") > 50
    assert len(cut.failures) == 1
    assert cut.again_at is not None
    assert while_away.tally == {}
    assert while_away.failures == ()
    assert done(finished.tally, "hubspot") > 50
    assert len(cut.lags_s) + len(finished.lags_s) > 80, "also who is written by the rest of a plan that was cut off"
    assert beside.waiting() == {}
    assert all(count == 1 for count in desk.writes().values())


@pytest.mark.parametrize("why", ["its users cannot be asked for", "its credentials are gone"])
def test_a_connection_that_cannot_be_asked_or_opened_holds_up_only_itself(desk: Desk, beside: Lanes, why: str) -> None:
    store = beside.here.store
    store.write(partial(_put, connection=replace(beside.connection("hubspot"), live=LiveStep.TASKS)))
    with store.read() as tx:
        sealed = tx.connections.secrets("hubspot")
    assert sealed is not None
    if why == "its credentials are gone":
        store.write(lambda tx: tx.connections.put_secrets("hubspot", b"nonsense"))
    else:
        desk.sandboxes["hubspot"].fault("*owners*", "reset_before")

    without = beside.write()
    calls = beside.road.calls()
    while_away = beside.write()
    while_away_calls = beside.road.calls()
    desk.heal()
    store.write(lambda tx: tx.connections.put_secrets("hubspot", sealed))
    beside.memory.again_at = None
    finished = beside.write()

    assert done(without.tally, "salesforce") > 50
    assert done(without.tally, "hubspot") == 0
    assert len(without.failures) == 1
    assert without.again_at is not None
    assert (while_away.tally, while_away.failures, while_away_calls) == ({}, (), calls), "it is not asked before its time"
    assert done(finished.tally, "hubspot") > 50
    assert finished.again_at is None
    assert beside.waiting() == {}


def it_is_night(beside: Lanes) -> int:
    """Nobody waits but everybody, for the night; how many that are."""
    store = beside.here.store
    with store.read() as tx:
        everybody, high = [m.person for m in tx.marks.next(lane=Lane.WRITE, limit=1000)], tx.marks.high()
    store.write(lambda tx: tx.marks.done(everybody, lane=Lane.WRITE, until=high))
    assert mark_everybody(store=store, now=beside.road.clock(), going=lambda: True)
    assert set(beside.waiting()) == {"night"}
    return beside.waiting()["night"]


def test_the_night_is_written_slice_by_slice_and_whoever_comes_meanwhile_goes_first(
    desk: Desk, beside: Lanes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "SLICE_PEOPLE", 30)
    people = it_is_night(beside)
    with beside.here.store.read() as tx:
        last = tx.marks.in_turn(lane=Lane.NIGHT, limit=1000)[-1].person

    first = beside.write()
    left = beside.waiting()
    beside.here.store.write(lambda tx: tx.marks.put([last], lane=Lane.WRITE, since=beside.road.clock()))
    hot = beside.write()
    left_then = beside.waiting()
    rest = [beside.write() for _ in range(people // 30)]

    assert (first.people, left) == (30, {"night": people - 30})
    assert first.again_at is not None and first.lags_s == ()
    assert (hot.people, left_then) == (1, left)
    assert sum(hot.tally.values()) >= 1 and len(hot.lags_s) == 1 and hot.again_at is not None
    assert [one.again_at is None for one in rest] == [False] * (len(rest) - 1) + [True]
    assert beside.waiting() == {}
    assert [run.verb for run in reversed(beside.runs())][-len(rest) - 2 :][:3] == ["night", "real time", "night"]
    assert all(count == 1 for count in desk.writes().values())


def test_the_slices_of_a_night_are_one_run_in_the_limit_which_asks_once(desk: Desk, beside: Lanes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane, "SLICE_PEOPLE", 30)
    people = it_is_night(beside)
    set_limit(beside, "hubspot", 40)

    night = [beside.write() for _ in range(-(-people // 30))]
    runs = len(beside.runs())
    later = [beside.write() for _ in range(3)]
    kept_waiting = beside.waiting()
    set_limit(beside, "hubspot", 2000)
    answered = [beside.write() for _ in range(-(-kept_waiting["night"] // 30))]

    assert 0 < sum(done(one.tally, "hubspot") for one in night) <= 40
    assert sum(done(one.tally, "salesforce") for one in night) > 50
    assert len([f for one in night for f in one.failures]) == 1
    assert [(one.tally, one.failures, one.again_at) for one in later] == [({}, (), None)] * 3
    assert len(beside.runs()) == runs + len([a for a in answered if a.tally])
    assert sum(done(one.tally, "hubspot") for one in answered) > 20
    assert beside.waiting() == {}
    assert all(count == 1 for count in desk.writes().values())


def test_a_row_that_was_asked_for_before_our_write_is_no_workflows_word(desk: Desk, beside: Lanes) -> None:
    store, (_, contact, _), asked_at = beside.here.store, quiet_one(desk), beside.road.clock()
    key = RecordKey("hubspot", "contacts", contact)
    with store.read() as tx:
        old = tx.raw.get([key])[key]
        reading = mapping_of(tx, connection=beside.connection("hubspot"), ladder=beside.road.documents().ladder)
    beside.write()
    ours = desk.value("hubspot", "contacts", contact, "hotlead_score")

    row = RawRecord(key=key, modified_at=old.modified_at, fields=old.fields)
    hubspot, now = beside.connection("hubspot"), beside.road.clock()
    absorb(store=store, connection=hubspot, mapping=reading, rows=[row], now=now, asked_at=asked_at)
    store.write(partial(_wait, beside=beside, contact=contact))
    put_right = beside.write()

    assert put_right.rewritten == 0
    assert done(put_right.tally, "hubspot") == 1
    assert desk.value("hubspot", "contacts", contact, "hotlead_score") == ours


def test_the_time_at_which_the_crm_was_asked_is_kept_and_not_that_of_its_answer(desk: Desk, beside: Lanes) -> None:
    _, contact, _ = quiet_one(desk)
    sandbox, key = desk.sandboxes["hubspot"], RecordKey("hubspot", "contacts", contact)
    sandbox.edit("contacts", contact, {"jobtitle": "Chief Executive Officer"})
    sandbox.fault("*contacts/batch/read*", "drip", seconds=0.5)

    beside.hint("hubspot", "contacts", contact)
    before = beside.road.clock()
    beside.drain("hubspot")
    after = beside.road.clock()

    with beside.here.store.read() as tx:
        seen_at = tx.raw.get([key])[key].seen_at
    assert sandbox.bitten() >= 1
    assert before <= seen_at <= after - timedelta(seconds=0.5)


def test_what_a_person_writes_over_our_value_later_is_put_right(desk: Desk, beside: Lanes) -> None:
    beside.write()
    _, contact, _ = quiet_one(desk)
    sandbox = desk.sandboxes["hubspot"]
    ours = desk.value("hubspot", "contacts", contact, "hotlead_score")
    sandbox.advance(3600)
    sandbox.edit("contacts", contact, {"hotlead_score": "99"})

    beside.hint("hubspot", "contacts", contact)
    beside.drain()
    beside.here.store.write(partial(_wait, beside=beside, contact=contact))
    beside.write()

    assert desk.value("hubspot", "contacts", contact, "hotlead_score") == ours


def _wait(tx: Tx, *, beside: Lanes, contact: str) -> None:
    person = beside.person_of("hubspot", "contacts", contact)
    assert person is not None
    tx.marks.put([person], lane=Lane.WRITE, since=beside.road.clock())
