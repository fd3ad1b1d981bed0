"""Laws of a look at a person, over random states, scores, people and hand-offs."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from connector.core.follow_ups import WantedTask
from connector.core.grading import temperature_of
from connector.core.people import Person
from connector.core.qualification import Decision, LadderState, Standing, baseline, newcomer
from connector.core.records import DealState
from tests.support.ladders import BANDS, DAY, EXCLUDED, HOUR, LADDER, NOW, PERSON, around, deal, looked, member, standing

instants = st.sampled_from([NOW - 40 * DAY, NOW - 10 * DAY, NOW - 7 * DAY, NOW - HOUR, NOW, NOW + HOUR])
hand_offs = st.dictionaries(st.sampled_from(["inquiry", "trial", "webinar"]), instants)
temperatures = st.sampled_from(["hot", "warm", "cold"])
stages = st.sampled_from([s.id for s in LADDER.stages])
states = st.builds(
    LadderState,
    person=st.just(5),
    stage=stages,
    stage_since=st.just(NOW - 50 * DAY),
    temperature=temperatures,
    origin=st.sampled_from(["", "pql"]),
    first_mql_at=st.none() | instants,
    last_mql_at=st.none() | instants,
    cooler_since=st.none() | instants.filter(lambda at: at <= NOW),
    muted=temperatures.map(lambda t: (t,)) | st.just(()),
    answered=hand_offs,
    followed_up=st.dictionaries(st.sampled_from(["answer", "call", "check"]), instants),
    next_action=st.text(max_size=3),
)
deals = st.lists(
    st.builds(deal, st.sampled_from(DealState), owner=st.none() | st.sampled_from(["mei", "gone"]), on_it=st.booleans()), max_size=2
).map(tuple)
people = st.builds(
    lambda facts, mine, rows, touched: Person(id=5, members=rows, facts=facts, deals=mine, last_touch_at=touched),
    st.dictionaries(st.sampled_from(["person.email", "person.name", "person.crm_stage"]), stages),
    deals,
    st.sampled_from([(), (member(),), (member("two"), member(owner="tom"))]),
    st.none() | instants,
)


@st.composite
def standings(draw: st.DrawFn) -> Standing:
    fit, engagement, unknown = draw(st.integers(0, 100)), draw(st.integers(0, 100)), draw(st.booleans())
    grade = "U1" if unknown else "A1"
    temperature = temperature_of(BANDS, fit=fit, engagement=engagement, unknown=unknown)
    said = replace(standing(fit, engagement, grade, temperature), fired=draw(hand_offs))
    return EXCLUDED if draw(st.integers(0, 9)) == 0 else said


@given(person=people, said=standings(), before=states, open_tasks=st.booleans())
def test_looking_again_at_once_changes_nothing_and_asks_for_nothing(
    person: Person, said: Standing, before: LadderState, open_tasks: bool
) -> None:
    first = looked(said, before, person=person, open_tasks=open_tasks)

    again = looked(said, first.state, person=person, open_tasks=open_tasks or bool(first.tasks))
    before_the_task_is_known = looked(said, first.state, person=person, open_tasks=open_tasks)

    assert again == Decision(state=first.state)
    assert before_the_task_is_known == Decision(state=first.state)


@given(person=people, said=standings())
def test_a_baseline_makes_no_task_unless_existing_ones_are_included(person: Person, said: Standing) -> None:
    first = baseline(person, standing=said, around=around(), include_existing=False)

    assert looked(said, first, person=person) == Decision(state=first)


@given(person=people, said=standings(), before=states, open_tasks=st.booleans())
def test_a_look_moves_at_most_once_and_up_and_makes_at_most_one_task(
    person: Person, said: Standing, before: LadderState, open_tasks: bool
) -> None:
    decision = looked(said, before, person=person, open_tasks=open_tasks)

    order = [s.id for s in LADDER.stages]
    assert len(decision.moves) <= 1
    assert order.index(decision.state.stage) >= order.index(before.stage)
    assert (decision.state.stage != before.stage) == bool(decision.moves)
    assert len(decision.tasks) <= (0 if open_tasks else 1)
    assert not (said.excluded and decision.tasks)
    assert all(at <= decision.state.answered[h] for h, at in before.answered.items())


@given(said=st.lists(standings(), max_size=6), step=st.sampled_from([HOUR, DAY, 8 * DAY]))
def test_no_rule_makes_two_tasks_within_its_cool_down(said: list[Standing], step: timedelta) -> None:
    seen, made = newcomer(PERSON, around=around()), list[tuple[datetime, WantedTask]]()
    for number, one in enumerate(said):
        decision = looked(one, seen, now=NOW + number * step)
        seen = decision.state
        made += [(NOW + number * step, t) for t in decision.tasks]

    for place, (at, task) in enumerate(made):
        assert all(later - at >= task.rule.cool_down for later, other in made[place + 1 :] if other.rule.id == task.rule.id)
