"""Documents become exactly the values that they say."""

from datetime import date, time, timedelta
from decimal import Decimal

import pytest

from connector.core.ladder import Calendar, Due, DueUnit, FollowUpRule, OwnerRule, Redirect
from connector.core.model import (
    ActivityRule,
    All,
    AnyOf,
    DetailTest,
    Exclusion,
    FitRule,
    HandOff,
    Ignore,
    Label,
    Not,
    Op,
    Pattern,
    Per,
    Surge,
)
from connector.core.model import Test as FactTest
from mappings.compile import compile_fields, compile_lifecycle, compile_scoring
from mappings.problems import ProblemsError

SCORING = """\
model: m
label: {en: Model, ja: モデル}
zone: Asia/Tokyo
lists: {icp: {industries: [machinery, Food], sizes: [10, 20]}, pages: ["*/pricing*"]}
applies_to: {not: {fact: person.country, equals: US}}
total_limit: 120
fit:
  limit: 80
  groups:
    company:
      limit: 50
      floor: -5
      rules:
        - id: industry
          label: Industry
          points: 20
          when:
            all:
              - {fact: company.industry, in: [$icp.industries, "chemicals"]}
              - any: [{fact: company.employees, at_least: 50}, {fact: company.annual_revenue, between: [1.5, 2]}]
              - {fact: person.need, exists: false}
              - {fact: person.created, at_least: 2026-01-31}
engagement:
  floor: -20
  window: 60d
  half_life: 30d
  groups:
    web:
      half_life: 14d
      rules:
        - id: pricing
          label: Pricing
          points: 10
          limit: 20
          kind: page_view
          where: {path: $pages, form: {not: newsletter}}
          seconds: 10
          per: day
          window: 36h
        - {id: gone, label: Gone, points: -3, floor: -6, kind: [unsubscribe, sms_stop], at_least: 3, within: 7d}
    talk:
      rules:
        - {id: met, label: Met, points: 5, kind: meeting_held}
ignore: {kinds: email_sent, paths: ["*/careers*"], marks: list_import}
exclude:
  - {id: pitch, label: Pitch, kind: form_submit, where: {form: "*pitch*"}}
  - {id: student, label: Student, when: {fact: person.is_student, equals: true}}
hand_off:
  - {id: pql, label: PQL, kind: product_use, distinct_days: 3, within: 14d, origin: pql}
  - {id: surge, label: Surge, surge: {quiet: 60d, points: 20, within: 7d}, window: 3d}
"""


def test_a_scoring_model_says_what_its_document_says() -> None:
    model = compile_scoring(SCORING, file="m.yaml", version=7)

    assert (model.name, model.version, model.label, model.zone, model.total_limit) == (
        "m",
        7,
        Label(en="Model", ja="モデル"),
        "Asia/Tokyo",
        120,
    )
    assert model.applies_to == Not(of=FactTest(fact="person.country", op=Op.EQUALS, values=("US",)))
    (company,) = model.fit.groups
    assert (model.fit.limit, model.fit.floor, company.limit, company.floor, company.label) == (80, 0, 50, -5, Label(en="Company"))
    assert company.rules == (
        FitRule(
            id="industry",
            label=Label(en="Industry"),
            points=20,
            when=All(
                of=(
                    FactTest(fact="company.industry", op=Op.IN, values=("machinery", "Food", "chemicals")),
                    AnyOf(
                        of=(
                            FactTest(fact="company.employees", op=Op.AT_LEAST, values=(50,)),
                            FactTest(fact="company.annual_revenue", op=Op.BETWEEN, values=(Decimal("1.5"), 2)),
                        )
                    ),
                    FactTest(fact="person.need", op=Op.MISSING),
                    FactTest(fact="person.created", op=Op.AT_LEAST, values=(date(2026, 1, 31),)),
                )
            ),
        ),
    )


def test_activity_rules_take_half_life_and_window_from_the_nearest_level() -> None:
    model = compile_scoring(SCORING, file="m.yaml", version=7)

    web, talk = model.engagement.groups
    assert model.engagement.floor == -20
    assert web.rules == (
        ActivityRule(
            id="pricing",
            label=Label(en="Pricing"),
            points=10,
            pattern=Pattern(
                kinds=("page_view",),
                where=(DetailTest(detail="path", globs=("*/pricing*",)), DetailTest(detail="form", globs=("newsletter",), negate=True)),
                min_seconds=10,
            ),
            per=Per.DAY,
            limit=20,
            half_life_hours=14 * 24,
            window_hours=36,
        ),
        ActivityRule(
            id="gone",
            label=Label(en="Gone"),
            points=-3,
            pattern=Pattern(kinds=("unsubscribe", "sms_stop"), at_least=3, within_hours=168),
            floor=-6,
            half_life_hours=14 * 24,
            window_hours=60 * 24,
        ),
    )
    (met,) = talk.rules
    assert isinstance(met, ActivityRule)
    assert (met.half_life_hours, met.window_hours) == (30 * 24, 60 * 24)


def test_what_is_ignored_excluded_and_handed_off() -> None:
    model = compile_scoring(SCORING, file="m.yaml", version=7)

    assert model.ignore == Ignore(kinds=("email_sent",), paths=("*/careers*",), marks=("list_import",))
    assert model.exclude == (
        Exclusion(
            id="pitch",
            label=Label(en="Pitch"),
            pattern=Pattern(kinds=("form_submit",), where=(DetailTest(detail="form", globs=("*pitch*",)),)),
        ),
        Exclusion(id="student", label=Label(en="Student"), when=FactTest(fact="person.is_student", op=Op.EQUALS, values=(True,))),
    )
    assert model.hand_offs == (
        HandOff(
            id="pql",
            label=Label(en="PQL"),
            pattern=Pattern(kinds=("product_use",), distinct_days=3, within_hours=14 * 24),
            window_hours=168,
            origin="pql",
        ),
        HandOff(id="surge", label=Label(en="Surge"), surge=Surge(quiet_hours=1440, points=20, within_hours=168), window_hours=72),
    )


LADDER = """\
ladder: l
label: L
model: m
language: ja
stages:
  lead: {label: Lead, enter: {fact: person.email, exists: true}}
  sql: {label: SQL, enter: by_people}
follow_ups:
  - {id: call, label: Call, on: [hot, hand_off.asked], priority: high, owners: [record_owner, crm], due: 4bh, cool_down: 36h}
redirects:
  - {id: deal, label: Deal, when: {fact: deal.open, equals: true}, to: deal_owner, stage_move: true}
tasks_in: hubspot
calendar: {zone: Asia/Tokyo, opens: "08:30", weekdays: [fri, mon], country: JP, off: [2026-12-29]}
"""


def test_a_ladder_says_what_its_document_says() -> None:
    ladder = compile_lifecycle(LADDER, file="l.yaml", version=3)

    assert (ladder.name, ladder.version, ladder.model, ladder.language, ladder.tasks_in) == ("l", 3, "m", "ja", ("hubspot",))
    assert [(stage.id, stage.enter) for stage in ladder.stages] == [("lead", FactTest(fact="person.email", op=Op.EXISTS)), ("sql", None)]
    assert ladder.follow_ups == (
        FollowUpRule(
            id="call",
            label=Label(en="Call"),
            on=("hot", "hand_off.asked"),
            type="call",
            priority="high",
            owners=(OwnerRule.RECORD_OWNER, OwnerRule.CRM),
            due=Due(amount=4, unit=DueUnit.BUSINESS_HOURS),
            cool_down=timedelta(hours=36),
        ),
    )
    assert ladder.redirects == (
        Redirect(
            id="deal",
            label=Label(en="Deal"),
            when=FactTest(fact="deal.open", op=Op.EQUALS, values=(True,)),
            to=OwnerRule.DEAL_OWNER,
            stage_move=True,
        ),
    )
    assert ladder.calendar == Calendar(
        zone="Asia/Tokyo",
        opens=time(8, 30),
        closes=time(18, 0),
        weekdays=(0, 4),
        country="JP",
        off=frozenset({date(2026, 12, 29)}),
    )
    assert (ladder.round_robin, ladder.stage_fields) == ((), ())


def test_a_document_with_errors_is_not_compiled_and_all_are_told() -> None:
    with pytest.raises(ProblemsError) as caught:
        compile_scoring("model: m\nlabl: M\nzone: Mars\n", file="m.yaml", version=1)

    assert [problem.code for problem in caught.value.problems] == ["missing_key", "missing_key", "unknown_key", "zone"]
    assert str(caught.value).splitlines()[2:] == [
        "m.yaml:2:1: error: there is no key 'labl' here. Did you mean 'label'?",
        "m.yaml:3:7: error: 'Mars' is no time zone. Take an IANA name such as Europe/London.",
    ]
    assert caught.value.hint == "Mend 4 problems."


def test_warnings_do_not_keep_a_document_from_being_compiled() -> None:
    text = SCORING.replace("person.country", "person.favourite_colour")

    assert compile_scoring(text, file="m.yaml", version=1).name == "m"


def test_a_mapping_with_errors_is_not_compiled() -> None:
    ladder = compile_lifecycle(LADDER, file="l.yaml", version=3)

    with pytest.raises(ProblemsError, match="no source is of `kind: contact`"):
        compile_fields("crm: x\nsources: {a: {kind: company}}\n", file="f", connection="c", version=1, ladder=ladder, zone="UTC")
