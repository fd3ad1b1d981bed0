"""Rows that somebody else writes too: a workflow that has the last word, and a value that goes to and fro."""

from dataclasses import replace
from datetime import timedelta

import pytest

from connector.flows.retries import retry_parked
from connector.flows.row_changes import FLIPPING
from tests.support.journeys import Desk, Town
from tests.support.real_time import Lanes, done, lanes, quiet_one


@pytest.fixture(scope="module")
def home(small: Town) -> Town:
    """Fields are live in both CRMs."""
    return small.after(lambda desk: desk.go_live("fields"))


def test_a_workflow_that_rewrites_our_field_has_the_last_word_until_we_have_another(desk: Desk, beside: Lanes) -> None:
    _, contact, _ = quiet_one(desk)
    sandbox = desk.sandboxes["hubspot"]
    sandbox.order("workflows", {"source": "contacts", "when_field": "hotlead_temperature", "set": {"hotlead_temperature": "warm"}})
    sandbox.order("workflows", {"source": "contacts", "when_field": "hotlead_score", "set": {"hotlead_score": "1", "hotlead_grade": "D4"}})
    desk.forget_counts()

    changes, tallies = ["Chief Executive Officer", "Intern", "Chief Executive Officer", "Intern"], []
    for title in changes:
        sandbox.edit("contacts", contact, {"jobtitle": title})
        for _ in range(4):
            beside.hint("hubspot", "contacts", contact)
            tallies.append(done(beside.settle().tally, "hubspot"))

    written = {name: count for name, count in desk.writes().items() if name.endswith("/hotlead_score")}
    assert sum(tallies) <= len(changes)
    assert 1 <= sum(written.values()) <= len(changes)
    assert desk.value("hubspot", "contacts", contact, "hotlead_score") == "1"


def test_a_row_that_flips_is_left_alone_for_an_hour_and_then_healed(desk: Desk) -> None:
    with lanes(desk, breaker_writes=3) as beside:
        beside.write()
        _, contact, _ = quiet_one(desk)
        titles = ["Chief Executive Officer", "Intern"] * 4
        tallies = []
        for title in titles:
            desk.sandboxes["hubspot"].edit("contacts", contact, {"jobtitle": title})
            beside.hint("hubspot", "contacts", contact)
            tallies.append(done(beside.settle().tally, "hubspot"))
        with beside.here.store.read() as tx:
            (parked,) = tx.parked.all(limit=9)

        assert tallies[-3:] == [0, 0, 0]
        assert sum(tallies) == 4, "away from what was written first, then back three times"
        assert parked.refusal.code == FLIPPING
        assert parked.refusal.mended_by == "admin of the CRM"
        clock = beside.road.clock
        beside.road = replace(beside.road, clock=lambda: clock() + timedelta(minutes=61))
        assert retry_parked(store=beside.here.store, clock=clock) == 0
        assert retry_parked(store=beside.here.store, clock=beside.road.clock) == 1
        assert done(beside.write().tally, "hubspot") == 1
        with beside.here.store.read() as tx:
            assert tx.parked.count() == 0
