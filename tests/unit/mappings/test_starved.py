"""Rules whose activities hardly anybody has, and ladders that name what a model does not have."""

from dataclasses import replace

from mappings.compile import compile_scoring
from mappings.validate import check_lifecycle, starved

TEXT = """\
model: m
label: M
fit:
  groups:
    g: {rules: [{id: named, label: Named, points: 1, when: {fact: company.name, exists: true}}]}
engagement:
  groups:
    web:
      rules:
        - {id: visit, label: Visit, points: 1, kind: page_view}
        - {id: talk, label: Talk, points: 1, kind: [call, email_reply]}
hand_off:
  - {id: asked, label: Asked, kind: inquiry}
  - {id: surge, label: Surge, surge: {quiet: 60d, points: 20, within: 7d}}
"""
MODEL = compile_scoring(TEXT, file="m.yaml", version=1)
LADDER = """\
ladder: l
label: L
model: m
stages:
  lead: {label: Lead, enter: {fact: person.email, exists: true}}
  mql: {label: MQL, enter: {any: [{fact: hand_off.asked, equals: true}, {fact: hand_off.serge, equals: true}]}}
follow_ups:
  - {id: call, label: Call, on: [hot, hand_off.aksed], due: 8h}
next_actions: {hand_off.surge: Call, hand_off.asked: Answer}
"""


def test_a_rule_that_nobody_can_fulfil_is_starved_and_names_its_line() -> None:
    problems = starved(MODEL, kinds={"page_view": 9, "call": 500, "inquiry": 10}, people=1000, text=TEXT, file="m.yaml")

    assert [str(problem) for problem in problems] == [
        "m.yaml:10:11: warning: the rule 'visit' is starved: 9 of 1000 people have any activity of kind page_view.",
    ]


def test_a_kind_that_no_crm_gives_says_so() -> None:
    problems = starved(MODEL, kinds={"page_view": 500, "call": 500}, people=1000)

    assert [str(problem) for problem in problems] == [
        (
            "m:1:1: warning: the hand-off 'asked' is starved: nobody has any activity of kind inquiry."
            " Look at the field mappings: no connected CRM may give this."
        ),
    ]


def test_one_of_several_kinds_is_enough() -> None:
    assert starved(MODEL, kinds={"page_view": 500, "email_reply": 10, "inquiry": 10}, people=1000) == ()


def test_nothing_is_starved_while_there_are_no_people() -> None:
    assert starved(MODEL, kinds={}, people=0) == ()


def test_a_ladder_that_names_a_hand_off_its_model_does_not_have_is_refused() -> None:
    problems = check_lifecycle(LADDER, file="l.yaml", models=[MODEL])

    assert [str(problem) for problem in problems] == [
        "l.yaml:6:80: error: the model 'm' has no 'hand_off.serge'. Did you mean 'hand_off.surge'?",
        "l.yaml:8:39: error: the model 'm' has no 'hand_off.aksed'. Did you mean 'hand_off.asked'?",
    ]


def test_a_ladder_whose_model_is_not_published_is_refused() -> None:
    problems = check_lifecycle(LADDER, file="l.yaml", models=[replace(MODEL, name="mm")])

    assert [str(problem) for problem in problems] == [
        "l.yaml:3:8: error: no scoring model 'm' is published. Did you mean 'mm'?",
    ]


def test_without_models_a_ladder_is_checked_by_itself() -> None:
    assert check_lifecycle(LADDER, file="l.yaml") == ()
