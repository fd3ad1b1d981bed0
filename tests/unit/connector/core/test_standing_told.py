"""What is told of where a person stands: MQL dates, origin, the next action and its language."""

from dataclasses import replace

import pytest

from connector.core.people import Person
from connector.core.qualification import Standing, look
from connector.core.records import DealState
from tests.support.ladders import (
    COLD,
    DAY,
    EXCLUDED,
    HOT,
    HOUR,
    LADDER,
    NEARLY_HOT,
    NOW,
    PERSON,
    WARM,
    around,
    deal,
    fired,
    looked,
    state,
    with_facts,
)


def test_the_first_and_the_last_mql_date_are_kept() -> None:
    first = looked(HOT, state())
    later = looked(HOT, first.state, now=NOW + DAY)

    assert (first.state.first_mql_at, first.state.last_mql_at) == (NOW, NOW)
    assert (later.state.first_mql_at, later.state.last_mql_at) == (NOW, NOW)


def test_a_later_cycle_moves_the_last_mql_date_only() -> None:
    earlier = NOW - 90 * DAY
    recycled = replace(state("lead"), first_mql_at=earlier, last_mql_at=earlier)

    decision = looked(HOT, recycled)

    assert (decision.state.first_mql_at, decision.state.last_mql_at) == (earlier, NOW)


def test_who_passes_by_mql_has_no_mql_date() -> None:
    assert looked(COLD, state(), person=replace(PERSON, deals=(deal(DealState.OPEN),))).state.first_mql_at is None


def test_an_mql_by_score_is_marketings() -> None:
    assert looked(HOT, state()).state.origin == "marketing"


def test_a_hand_off_with_an_origin_sets_it() -> None:
    assert looked(fired(HOT, trial=NOW, inquiry=NOW), state()).state.origin == "pql"
    assert looked(fired(COLD, trial=NOW), state("sal")).state.origin == "pql"


def test_an_origin_once_known_stays() -> None:
    assert looked(fired(HOT, trial=NOW), state(origin="partner")).state.origin == "partner"


@pytest.mark.parametrize(
    "person",
    [with_facts({"person.crm_stage": "mql"}), replace(PERSON, deals=(deal(DealState.WON),))],
    ids=["set by people", "a customer"],
)
def test_nothing_is_claimed_about_the_origin_of_others(person: Person) -> None:
    assert looked(HOT, state(), person=person).state.origin == ""


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (HOT, "Call today"),
        (WARM, "Check the need"),
        (COLD, "Nothing now"),
        (fired(HOT, inquiry=NOW), "Answer the inquiry"),
        (fired(HOT, inquiry=NOW, trial=NOW), "Call: the trial is in use"),  # the first in the document
        (fired(WARM, webinar=NOW), "Check the need"),
        (EXCLUDED, ""),
    ],
)
def test_the_next_action_is_one_line_for_the_rep(said: Standing, line: str) -> None:
    assert looked(said, state()).state.next_action == line


def test_the_next_action_stays_while_nobody_has_taken_the_hand_off_up() -> None:
    said = fired(COLD, inquiry=NOW - HOUR)
    first = looked(said, state())

    assert looked(said, first.state, now=NOW + 3 * DAY).state.next_action == "Answer the inquiry"


def test_the_next_action_follows_the_held_temperature() -> None:
    assert looked(NEARLY_HOT, state("mql", temperature="hot")).state.next_action == "Call today"


def test_texts_are_in_the_ladders_language_where_it_has_them() -> None:
    person = replace(PERSON, deals=(deal(DealState.OPEN),))
    japanese = around(replace(LADDER, language="ja"))

    hot = look(person, standing=HOT, state=state("opportunity"), open_tasks=False, around=japanese)
    warm = look(PERSON, standing=WARM, state=state(), open_tasks=False, around=japanese)

    assert hot.state.next_action == "本日中に電話"
    assert hot.tasks[0].redirected == "商談中"
    assert warm.state.next_action == "Check the need"


def test_a_ladder_without_next_actions_says_nothing() -> None:
    bare = around(replace(LADDER, next_actions={}))

    assert look(PERSON, standing=HOT, state=state(), open_tasks=False, around=bare).state.next_action == ""
