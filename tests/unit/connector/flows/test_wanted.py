"""The reasons a rep reads, and which values go out at which step of going live."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.qualification import LadderState
from connector.flows.explain import Reason
from connector.flows.wanted import BREAKDOWN_LENGTH, one_line, wanted_companions, wanted_values, written_at
from connector.ports.connections import LiveStep
from connector.ports.people import ScoreRow
from mappings.compile import compile_scoring
from mappings.document import packaged

AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
MODEL = compile_scoring(packaged("scoring", "b2b_default"), file="b2b_default.yaml", version=3)


def reason(text: str, points: int, *, id_: str = "", level: str = "rule", clamp: bool = False, side: str = "fit") -> Reason:
    return Reason(
        side=side,
        level=level,
        id=id_ or text,
        text=text,
        points=points,
        micropoints=points * 1_000_000,
        count=0,
        latest_at=None,
        clamp=clamp,
    )


def row(*, lines: str = "[]", excluded: str = "") -> ScoreRow:
    return ScoreRow(
        person=7,
        model="b2b_default",
        model_version=3,
        as_of=AT,
        fit=45,
        engagement=20,
        total=65,
        rank=65,
        grade="B3",
        temperature="cold",
        excluded=excluded,
        lines=lines,
        fired="{}",
    )


STATE = LadderState(person=7, stage="lead", stage_since=AT, temperature="warm", next_action="Keep in touch")


def test_reasons_stand_by_weight_and_zero_ones_are_left_out() -> None:
    said = [reason("Small", 5), reason("Nothing", 0), reason("Big", 25), reason("Bad", -10)]

    assert one_line(said, language="en") == "Big +25; Bad -10; Small +5"


def test_a_rule_stands_with_what_its_own_limit_leaves_and_other_limits_are_summed() -> None:
    said = [
        reason("Talked", 134, id_="talk"),
        reason("limit of Talked", -94, id_="talk", clamp=True),
        reason("Industry", 20),
        reason("limit of the total", -5, id_="total", level="total", clamp=True, side=""),
        reason("limit of Web", -3, id_="web", level="group", clamp=True),
    ]

    assert one_line(said, language="en") == "Talked +40; Industry +20; capped by the limits -8"


def test_what_does_not_fit_is_counted() -> None:
    said = [reason(f"Reason number {n}", 30 - n) for n in range(10)]

    assert one_line(said, language="en", length=60) == "Reason number 0 +30; Reason number 1 +29; 8 more"


def test_a_line_is_in_one_language_whatever_did_not_fit_or_was_cut() -> None:
    said = [reason(f"理由{n}", 30 - n) for n in range(10)]
    cut = [reason("業種", 60), reason("合計", -8, id_="total", level="total", clamp=True, side="")]
    raised = [reason("業種", -60), reason("合計", 8, id_="total", level="total", clamp=True, side="")]

    assert one_line(said, language="ja", length=25) == "理由0 +30; 理由1 +29; ほか8件"
    assert one_line(cut, language="ja") == "業種 +60; 上限超過分 -8"
    assert one_line(raised, language="ja") == "業種 -60; 下限までの補い +8"
    assert one_line(raised, language="en") == "業種 -60; raised to the minimum +8"


def test_nobody_with_points_has_no_line() -> None:
    assert one_line([], language="en") is None
    assert one_line([reason("Nothing", 0)], language="en") is None


@given(st.lists(st.tuples(st.text(min_size=1, max_size=40), st.integers(-200, 200)), max_size=40), st.integers(10, 300))
def test_a_line_is_never_longer_than_asked_for(parts: list[tuple[str, int]], length: int) -> None:
    line = one_line([reason(text, points, id_=str(n)) for n, (text, points) in enumerate(parts)], language="en", length=length)

    assert line is None or len(line) <= length


def test_an_excluded_person_has_no_score_and_the_reason_is_said() -> None:
    excluded = row(excluded=MODEL.exclude[0].id)

    values = wanted_values(row=excluded, state=STATE)
    companions = wanted_companions(row=excluded, model=MODEL, language="en")

    assert [values[n] for n in ("score", "fit", "engagement", "grade", "temperature")] == [None] * 5
    assert companions["reasons"] == f"Not scored: {MODEL.exclude[0].label.en}"


def test_the_temperature_written_is_the_one_held_by_the_ladder() -> None:
    assert wanted_values(row=row(), state=STATE)["temperature"] == "warm"


def test_the_breakdown_holds_every_line_and_says_which_model_as_of_when() -> None:
    kept = json.dumps(
        [["rule", "fit", "rule", "decider", 25, 25_000_000, 0, None], ["rule", "fit", "rule", "icp_industry", 20, 20_000_000, 0, None]]
    )

    breakdown = json.loads(str(wanted_companions(row=row(lines=kept), model=MODEL, language="ja")["breakdown"]))

    assert breakdown["model"] == "b2b_default v3"
    assert breakdown["as_of"] == "2026-11-02T09:00:00+00:00"
    assert [(x["text"], x["points"]) for x in breakdown["lines"]] == [("決裁者", 25), ("注力業種", 20)]
    assert breakdown["left_out"] == 0


def test_a_breakdown_that_is_too_long_loses_its_smallest_lines_and_says_how_many() -> None:
    kept = json.dumps([["rule", "fit", "rule", "decider", n, n * 1_000_000, 0, None] for n in range(1, 1001)])

    text = str(wanted_companions(row=row(lines=kept), model=MODEL, language="en")["breakdown"])

    breakdown = json.loads(text)
    assert len(text) <= BREAKDOWN_LENGTH
    assert breakdown["left_out"] == 1000 - len(breakdown["lines"]) > 0
    assert min(x["points"] for x in breakdown["lines"]) == breakdown["left_out"] + 1


@pytest.mark.parametrize(
    ("step", "name", "written"),
    [
        (LiveStep.OFF, "score", False),
        (LiveStep.FIELDS, "score", True),
        (LiveStep.FIELDS, "stage", False),
        (LiveStep.FIELDS, "origin", False),
        (LiveStep.STAGES, "stage", True),
        (LiveStep.TASKS, "hold_until", True),
    ],
)
def test_stages_are_written_from_their_step_on(step: LiveStep, name: str, written: bool) -> None:
    assert written_at(step, name=name) is written
