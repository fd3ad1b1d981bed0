"""What is asked for: the baseline, temperatures that rise, are held and fall, hand-offs and their tasks."""

from dataclasses import replace
from datetime import datetime

import pytest

from connector.core.qualification import Decision, StageMove, Standing, baseline, baseline_after, newcomer
from connector.core.records import DealState
from tests.support.ladders import (
    COLD,
    DAY,
    EXCLUDED,
    HOT,
    HOUR,
    NEARLY_HOT,
    NOW,
    PERSON,
    WARM,
    around,
    asked,
    deal,
    fired,
    looked,
    standing,
    state,
    with_facts,
)


def test_what_is_true_at_go_live_moves_nothing_and_makes_no_task() -> None:
    said = fired(HOT, inquiry=NOW - DAY)
    first = baseline(PERSON, standing=said, around=around(), include_existing=False)

    decision = looked(said, first, now=NOW + HOUR)

    assert first.stage == "lead"
    assert first.temperature == "hot"
    assert first.muted == ("hot",)
    assert first.answered == {"inquiry": NOW - DAY}
    assert decision.moves == ()
    assert decision.tasks == ()
    assert decision.state == first


def test_a_baseline_with_existing_ones_included_lets_them_through() -> None:
    first = baseline(PERSON, standing=HOT, around=around(), include_existing=True)

    decision = looked(HOT, first)

    assert decision.state.stage == "mql"
    assert asked(decision) == [("call", "hot")]


def test_a_baseline_takes_the_stage_of_deals_and_crm_as_history() -> None:
    won = replace(PERSON, deals=(deal(DealState.WON),))
    said_in_crm = with_facts({"person.crm_stage": "sql"})

    assert baseline(won, standing=COLD, around=around(), include_existing=False).stage == "customer"
    assert baseline(said_in_crm, standing=COLD, around=around(), include_existing=False).stage == "sql"


def test_a_baseline_at_a_later_step_keeps_the_stage_and_makes_the_present_history() -> None:
    earlier = state("mql", temperature="cold", followed_up={"call": NOW - 20 * DAY}, cooler_since=NOW - DAY)
    said = fired(HOT, inquiry=NOW - HOUR)

    again = baseline_after(earlier, baseline(PERSON, standing=said, around=around(), include_existing=False))

    assert (again.stage, again.stage_since, again.followed_up) == ("mql", NOW - 30 * DAY, {"call": NOW - 20 * DAY})
    assert (again.temperature, again.muted, again.answered, again.cooler_since) == ("hot", ("hot",), {"inquiry": NOW - HOUR}, None)
    assert looked(said, again) == Decision(state=again)


def test_a_new_inquiry_after_go_live_is_followed_up_though_an_old_one_is_history() -> None:
    first = baseline(PERSON, standing=fired(COLD, inquiry=NOW - DAY), around=around(), include_existing=False)

    decision = looked(fired(COLD, inquiry=NOW + HOUR), first, now=NOW + 2 * HOUR)

    assert decision.state.stage == "mql"
    assert asked(decision) == [("answer", "hand_off.inquiry")]


def test_a_muted_temperature_fires_again_once_it_has_ceased() -> None:
    first = baseline(PERSON, standing=HOT, around=around(), include_existing=False)

    cooled = looked(COLD, first)
    again = looked(HOT, cooled.state)

    assert cooled.state.muted == ()
    assert (cooled.moves, cooled.tasks) == ((), ())
    assert again.state.stage == "mql"
    assert asked(again) == [("call", "hot")]


def test_a_muted_warm_does_not_hold_back_a_hot_day() -> None:
    first = baseline(PERSON, standing=WARM, around=around(), include_existing=False)

    decision = looked(HOT, first)

    assert decision.state.stage == "mql"
    assert asked(decision) == [("call", "hot")]


def test_a_hot_newcomer_becomes_an_mql_with_one_task() -> None:
    decision = looked(HOT, newcomer(PERSON, around=around()))

    assert decision.moves == (StageMove(person=5, at=NOW, before="subscriber", after="mql", why="hot", by="hotlead"),)
    assert asked(decision) == [("call", "hot")]
    assert decision.state.stage_since == NOW
    assert decision.state.temperature == "hot"
    assert decision.state.followed_up == {"call": NOW}


def test_a_hot_newcomer_with_an_inquiry_still_gets_one_task() -> None:
    decision = looked(fired(HOT, inquiry=NOW - HOUR), newcomer(PERSON, around=around()))

    assert [m.why for m in decision.moves] == ["hand_off.inquiry, hot"]
    assert asked(decision) == [("answer", "hand_off.inquiry")]


def test_a_cold_newcomer_becomes_a_lead_without_a_task() -> None:
    decision = looked(COLD, newcomer(PERSON, around=around()))

    assert [(m.after, m.why) for m in decision.moves] == [("lead", "its conditions hold")]
    assert decision.tasks == ()


def test_a_temperature_rises_at_once() -> None:
    assert looked(HOT, state(temperature="cold")).state.temperature == "hot"


def test_a_temperature_falls_at_once_when_the_margin_would_not_hold_it() -> None:
    decision = looked(WARM, state("mql", temperature="hot"))

    assert decision.state.temperature == "warm"
    assert decision.state.cooler_since is None


def test_a_temperature_within_the_margin_is_held_until_the_dwell_is_over() -> None:
    first = looked(NEARLY_HOT, state("mql", temperature="hot"))
    before_the_end = looked(NEARLY_HOT, first.state, now=NOW + 7 * DAY - HOUR)
    at_the_end = looked(NEARLY_HOT, before_the_end.state, now=NOW + 7 * DAY)

    assert (first.state.temperature, first.state.cooler_since) == ("hot", NOW)
    assert (before_the_end.state.temperature, before_the_end.state.cooler_since) == ("hot", NOW)
    assert (at_the_end.state.temperature, at_the_end.state.cooler_since) == ("warm", None)


def test_the_margin_of_unknown_fit_is_in_engagement_alone() -> None:
    # Eight points more make U2 (28): still warm. Were fit known, they would make D2 (8, 28): cold.
    decision = looked(standing(0, 20, "U3", "cold"), state(temperature="warm"))

    assert decision.state.temperature == "warm"
    assert decision.state.cooler_since == NOW


def test_a_dwell_begins_anew_after_a_hot_day_in_between() -> None:
    back = looked(HOT, state("mql", temperature="hot", cooler_since=NOW - 6 * DAY))
    cooler = looked(NEARLY_HOT, back.state, now=NOW + 2 * DAY)

    assert back.state.cooler_since is None
    assert (cooler.state.temperature, cooler.state.cooler_since) == ("hot", NOW + 2 * DAY)


def test_a_score_that_breathes_within_the_margin_makes_one_task() -> None:
    seen = looked(HOT, newcomer(PERSON, around=around()))
    for day, said in enumerate([NEARLY_HOT, HOT, NEARLY_HOT, HOT], start=1):
        seen = looked(said, seen.state, now=NOW + day * DAY)

        assert seen.tasks == ()
        assert seen.state.temperature == "hot"


@pytest.mark.parametrize("said", [WARM, COLD])
def test_cooling_makes_no_task(said: Standing) -> None:
    assert looked(said, state("mql", temperature="hot")).tasks == ()


def test_an_excluded_person_is_cold_and_triggers_nothing() -> None:
    said = replace(EXCLUDED, temperature="cold", fired={"inquiry": NOW})

    decision = looked(said, state(temperature="hot"))

    assert (decision.moves, decision.tasks) == ((), ())
    assert decision.state.temperature == "cold"
    assert decision.state.next_action == ""


def test_whose_exclusion_ends_is_looked_at_as_anybody() -> None:
    excluded = looked(EXCLUDED, state())

    assert asked(looked(HOT, excluded.state)) == [("call", "hot")]


def test_a_hand_off_is_answered_once_for_one_activity_and_again_for_a_newer_one() -> None:
    first = looked(fired(COLD, inquiry=NOW - HOUR), state())
    same = looked(fired(COLD, inquiry=NOW - HOUR), first.state, now=NOW + 3 * DAY)
    newer = looked(fired(COLD, inquiry=NOW + 2 * DAY), same.state, now=NOW + 3 * DAY)

    assert asked(first) == [("answer", "hand_off.inquiry")]
    assert first.tasks[0].at == NOW - HOUR
    assert asked(same) == []
    assert asked(newer) == [("answer", "hand_off.inquiry")]


def test_an_activity_that_was_taken_back_and_comes_again_is_not_answered_twice() -> None:
    first = looked(fired(COLD, inquiry=NOW - HOUR), state())
    taken_back = looked(fired(COLD, inquiry=NOW - 3 * DAY), first.state, now=NOW + 2 * DAY)
    back = looked(fired(COLD, inquiry=NOW - HOUR), taken_back.state, now=NOW + 2 * DAY)

    assert asked(taken_back) == []
    assert asked(back) == []
    assert back.state.answered == {"inquiry": NOW - HOUR}


def test_a_hand_off_that_finds_a_task_open_waits_for_its_end() -> None:
    said = fired(COLD, inquiry=NOW - HOUR)

    waiting = looked(said, state(), open_tasks=True)
    done = looked(said, waiting.state, now=NOW + DAY)

    assert waiting.tasks == ()
    assert waiting.state.stage == "mql"
    assert waiting.state.answered == {}
    assert waiting.state.next_action == "Answer the inquiry"
    assert done.moves == ()
    assert asked(done) == [("answer", "hand_off.inquiry")]


def test_a_hand_off_that_no_rule_is_for_does_not_wait() -> None:
    decision = looked(fired(COLD, webinar=NOW - HOUR), state(), open_tasks=True)

    assert decision.state.answered == {"webinar": NOW - HOUR}


def test_an_inquiry_that_a_rep_took_up_already_qualifies_without_a_task() -> None:
    spoken_to = replace(PERSON, last_touch_at=NOW - HOUR)

    decision = looked(fired(COLD, trial=NOW - 2 * HOUR), state(), person=spoken_to)

    assert decision.tasks == ()
    assert decision.state.answered == {"trial": NOW - 2 * HOUR}
    assert decision.state.next_action == "Nothing now"


@pytest.mark.parametrize("touched", [NOW - 3 * HOUR, NOW + DAY], ids=["before it", "a meeting to come"])
def test_another_touch_does_not_answer_an_inquiry(touched: datetime) -> None:
    person = replace(PERSON, last_touch_at=touched)

    assert asked(looked(fired(COLD, inquiry=NOW - 2 * HOUR), state(), person=person)) == [("answer", "hand_off.inquiry")]
