"""Where a person stands: which stage they enter, which conditions are asked, and who is redirected."""

from dataclasses import replace

import pytest

from connector.core.ladder import Redirect, Stage
from connector.core.model import Label
from connector.core.people import Person
from connector.core.qualification import StageMove, facts_of, look, newcomer
from connector.core.records import DealState
from tests.support.ladders import (
    COLD,
    DAY,
    HOT,
    HOUR,
    LADDER,
    NOW,
    OPEN_DEAL,
    PERSON,
    WARM,
    around,
    asked,
    deal,
    fired,
    grade_in,
    known,
    looked,
    state,
    with_facts,
)


def test_a_stage_is_never_lowered() -> None:
    for stage in ("mql", "sal", "sql", "opportunity", "customer"):
        decision = looked(COLD, state(stage))

        assert decision.state.stage == stage
        assert decision.state.stage_since == NOW - 30 * DAY
        assert decision.moves == ()


def test_a_lower_stage_in_the_crm_does_not_pull_down() -> None:
    assert looked(COLD, state("sql"), person=with_facts({"person.crm_stage": "lead"})).moves == ()


def test_a_stage_that_people_set_in_the_crm_wins_upward() -> None:
    decision = looked(HOT, state("mql", temperature="hot"), person=with_facts({"person.crm_stage": "sql"}))

    assert decision.moves == (StageMove(person=5, at=NOW, before="mql", after="sql", why="set in the CRM", by="crm"),)


def test_a_stage_entered_by_people_only_is_not_entered_by_a_score() -> None:
    assert looked(HOT, state("lead")).state.stage == "mql"


def test_an_open_deal_makes_an_opportunity_and_says_so_plainly() -> None:
    decision = looked(HOT, state("mql", temperature="hot"), person=replace(PERSON, deals=(deal(DealState.OPEN, on_it=False),)))

    assert [(m.after, m.why, m.by) for m in decision.moves] == [("opportunity", "its conditions hold", "hotlead")]


def test_a_move_names_only_triggers_that_its_stage_asks_for() -> None:
    decision = looked(fired(WARM, webinar=NOW), newcomer(PERSON, around=around()))

    assert [(m.after, m.why) for m in decision.moves] == [("lead", "its conditions hold")]


def test_a_stage_that_left_the_ladder_counts_as_the_nearest_below() -> None:
    without_sal = replace(LADDER, stages=tuple(s for s in LADDER.stages if s.id != "sal"))

    decision = look(PERSON, standing=COLD, state=state("sal"), open_tasks=False, around=around(without_sal))

    assert decision.state.stage == "mql"


def test_conditions_may_ask_for_grade_points_and_deals() -> None:
    person = replace(PERSON, deals=(deal(DealState.LOST),), last_touch_at=NOW - 36 * HOUR)

    facts = facts_of(with_facts({"person.crm_stage": "sql"}, person), standing=HOT, triggers=frozenset({"hot", "hand_off.trial"}), now=NOW)

    assert facts["score.total"] == 100
    assert facts["score.fit"] == 70
    assert facts["score.engagement"] == 50
    assert facts["score.grade"] == "A1"
    assert facts["score.temperature"] == "hot"
    assert (facts["deal.open"], facts["deal.won"], facts["deal.lost"]) == (False, False, True)
    assert facts["hand_off.trial"] is True
    assert "hand_off.inquiry" not in facts
    assert facts["crm.stage"] == "sql"
    assert facts["rep.days_since_touch"] == 1


def test_a_meeting_to_come_is_a_touch_of_today_and_no_touch_is_unknown() -> None:
    to_come = replace(PERSON, last_touch_at=NOW + 3 * DAY)

    assert facts_of(to_come, standing=COLD, triggers=frozenset(), now=NOW)["rep.days_since_touch"] == 0
    assert "rep.days_since_touch" not in facts_of(PERSON, standing=COLD, triggers=frozenset(), now=NOW)


@pytest.mark.parametrize(
    "person",
    [
        replace(PERSON, deals=(deal(DealState.WON, on_it=False),)),
        replace(PERSON, deals=(deal(DealState.OPEN),)),
        replace(PERSON, last_touch_at=NOW - 14 * DAY),
        replace(PERSON, last_touch_at=NOW + DAY),
    ],
    ids=["customer", "open deal", "touched lately", "a meeting to come"],
)
def test_a_redirected_person_is_not_made_an_mql_but_somebody_is_told(person: Person) -> None:
    decision = looked(HOT, state("lead"), person=person)

    assert decision.state.stage != "mql"
    assert asked(decision) == [("call", "hot")]
    assert decision.tasks[0].redirected != ""


def test_a_touch_of_long_ago_redirects_nobody() -> None:
    decision = looked(HOT, state(), person=replace(PERSON, last_touch_at=NOW - 15 * DAY))

    assert decision.state.stage == "mql"
    assert decision.tasks[0].redirected == ""


def test_a_redirect_may_let_the_stage_move() -> None:
    tell = Redirect(id="all", label=Label(en="All"), when=known("person.email"), to=OPEN_DEAL.to, stage_move=True)

    decision = look(PERSON, standing=HOT, state=state(), open_tasks=False, around=around(replace(LADDER, redirects=(tell,))))

    assert decision.state.stage == "mql"
    assert decision.tasks[0].redirected == "All"


def test_a_ladder_of_two_stages_is_enough() -> None:
    short = replace(
        LADDER,
        stages=(
            Stage(id="lead", label=Label(en="Lead"), enter=known("person.email")),
            Stage(id="mql", label=Label(en="MQL"), enter=grade_in("A1", "A2")),
        ),
    )

    decision = look(PERSON, standing=HOT, state=newcomer(PERSON, around=around(short)), open_tasks=False, around=around(short))

    assert [(m.before, m.after) for m in decision.moves] == [("lead", "mql")]
