"""Scores worked out by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from connector.core.facts import People
from connector.core.model import (
    ActivityRule,
    Bands,
    DetailTest,
    Exclusion,
    FitRule,
    Group,
    Ignore,
    Label,
    Model,
    Op,
    Pattern,
    Per,
    Side,
)
from connector.core.model import Test as Comparison
from connector.core.records import Value
from connector.core.scores import Line, LineKind, Score
from connector.core.scoring import compile_model, score_people
from tests.support.deeds import Deed, as_columns, people

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
LABEL = Label(en="Because")
NO_GROUPS = Side(limit=100, floor=0, groups=())
BANDS = Bands(fit=(("A", 50), ("B", 0)), engagement=(("1", 20), ("2", 0)), unknown_when_missing=("title",), hot=("A1",), warm=("B1",))


def ago(**duration: float) -> datetime:
    return NOW - timedelta(**duration)


def rule(points: int, *, kind: str = "page_view", name: str = "rule", per: Per = Per.OCCURRENCE, **more: int | None) -> ActivityRule:
    settings: dict[str, int | None] = {"window_hours": 90 * 24, **more}
    return ActivityRule(id=name, label=LABEL, points=points, pattern=Pattern(kinds=(kind,)), per=per, **settings)  # type: ignore[arg-type]  # window is a number


def group(*rules: ActivityRule, name: str = "group", limit: int | None = None, floor: int | None = None) -> Group:
    return Group(id=name, label=LABEL, limit=limit, floor=floor, rules=rules)


def fit_group(*rules: FitRule, limit: int | None = None, floor: int | None = None) -> Group:
    return Group(id="group", label=LABEL, limit=limit, floor=floor, rules=rules)


def title(points: int, *words: str, name: str = "title") -> FitRule:
    return FitRule(id=name, label=LABEL, points=points, when=Comparison(fact="title", op=Op.IN, values=words))


def model(*groups: Group, fit: tuple[Group, ...] = (), total_limit: int = 100) -> Model:
    return Model(
        name="m",
        version=3,
        label=LABEL,
        zone="UTC",
        applies_to=None,
        fit=replace(NO_GROUPS, groups=fit),
        engagement=replace(NO_GROUPS, groups=groups),
        total_limit=total_limit,
        ignore=Ignore(),
        exclude=(),
        hand_offs=(),
        bands=BANDS,
    )


def score(of: Model, *deeds: Deed, now: datetime = NOW, **facts: Value) -> Score:
    return score_people(compile_model(of), people=people(facts), activities=as_columns(deeds), now=now).score(0)


def reasons(lines: tuple[Line, ...]) -> list[tuple[str, str, str, int]]:
    return [(line.level, line.kind.value, line.id, line.points) for line in lines]


def test_points_of_an_occurrence_halve_with_each_half_life() -> None:
    fading = model(group(rule(8, half_life_hours=240)))

    earned = score(fading, Deed(ago(hours=0), "page_view"), Deed(ago(hours=240), "page_view"), Deed(ago(hours=480), "page_view"))

    assert earned.engagement == 14  # 8 + 4 + 2
    (line,) = earned.lines
    assert (line.points, line.micropoints, line.count, line.latest_at) == (14, 14_000_000, 3, NOW)


def test_an_activity_ends_with_its_window() -> None:
    short = model(group(rule(8, window_hours=24)))

    assert score(short, Deed(ago(hours=24, seconds=-1), "page_view")).engagement == 8
    assert score(short, Deed(ago(hours=24), "page_view")).engagement == 0


def test_now_is_cut_to_the_hour() -> None:
    fading = model(group(rule(100, half_life_hours=1)))
    deed = Deed(datetime(2026, 6, 15, 11, 0, tzinfo=UTC), "page_view")

    early = score(fading, deed, now=datetime(2026, 6, 15, 12, 0, tzinfo=UTC))
    late = score(fading, deed, now=datetime(2026, 6, 15, 12, 59, 59, tzinfo=UTC))

    assert early == late
    assert (late.engagement, late.as_of) == (50, datetime(2026, 6, 15, 12, 0, tzinfo=UTC))


def test_an_activity_of_a_clock_that_runs_ahead_is_fresh() -> None:
    assert score(model(group(rule(10, half_life_hours=1))), Deed(ago(hours=-5), "page_view")).engagement == 10


def test_each_clamp_that_bites_is_a_line_of_its_own_at_its_level() -> None:
    clamped = model(
        group(rule(10, name="views", limit=15), rule(9, name="clicks", kind="email_click"), name="web", limit=20),
        group(rule(-30, name="left", kind="unsubscribe", floor=-25), name="minus", floor=-22),
        fit=(fit_group(title(60, "vp", name="vp"), title(50, "vp", name="again"), limit=105),),
        total_limit=90,
    )

    result = score(
        clamped,
        Deed(ago(hours=1), "page_view"),
        Deed(ago(hours=2), "page_view"),
        Deed(ago(hours=3), "email_click"),
        Deed(ago(hours=4), "unsubscribe"),
        title="VP",
    )

    assert reasons(result.lines) == [
        ("rule", "rule", "vp", 60),
        ("rule", "rule", "again", 50),
        ("group", "limit", "group", -5),
        ("side", "limit", "fit", -5),
        ("rule", "rule", "views", 20),
        ("rule", "limit", "views", -5),
        ("rule", "rule", "clicks", 9),
        ("group", "limit", "web", -4),
        ("rule", "rule", "left", -30),
        ("rule", "floor", "left", 5),
        ("group", "floor", "minus", 3),
        ("side", "floor", "engagement", 2),
        ("total", "limit", "total", -10),
    ]
    assert (result.fit, result.engagement, result.rank, result.total) == (100, 0, 100, 90)


def test_minus_points_never_leave_a_debt() -> None:
    debt = model(group(rule(-50, kind="unsubscribe"), rule(30)))

    assert score(debt, Deed(ago(hours=1), "unsubscribe")).engagement == 0
    assert score(debt, Deed(ago(hours=1), "unsubscribe"), Deed(ago(hours=1), "page_view")).engagement == 0


@pytest.mark.parametrize(("per", "expected"), [(Per.OCCURRENCE, 50), (Per.DAY, 20), (Per.PATH, 30), (Per.ASSET, 10), (Per.ONCE, 10)])
def test_points_are_earned_once_for_each_unit(per: Per, expected: int) -> None:
    deeds = [Deed(ago(hours=h), "page_view", path=path) for h, path in ((1, "/a"), (2, "/b"), (3, "/a"), (4, ""), (26, "/b"))]

    assert score(model(group(rule(10, per=per))), *deeds).engagement == expected


def test_of_a_unit_the_newest_counts() -> None:
    once = model(group(rule(8, per=Per.ONCE, half_life_hours=24)))

    result = score(once, Deed(ago(hours=72), "page_view"), Deed(ago(hours=24), "page_view"), Deed(ago(hours=48), "page_view"))

    (line,) = result.lines
    assert (line.points, line.count, line.latest_at) == (4, 1, ago(hours=24))


def test_days_are_cut_in_the_zone_of_the_model() -> None:
    daily = model(group(rule(10, per=Per.DAY)))
    across_midnight_in_tokyo = [Deed(datetime(2026, 6, 14, hour, 30, tzinfo=UTC), "page_view") for hour in (14, 15)]

    assert score(daily, *across_midnight_in_tokyo).engagement == 10
    assert score(replace(daily, zone="Asia/Tokyo"), *across_midnight_in_tokyo).engagement == 20


def test_what_is_ignored_never_counts() -> None:
    ignoring = replace(
        model(group(rule(10), rule(7, kind="email_open", name="open"))),
        ignore=Ignore(kinds=("email_open",), paths=("*/careers*",), marks=("list_import",)),
    )

    result = score(
        ignoring,
        Deed(ago(hours=1), "page_view", path="/pricing"),
        Deed(ago(hours=1), "page_view", path="/EN/Careers/42"),
        Deed(ago(hours=1), "page_view", path="/pricing", mark="List_Import"),
        Deed(ago(hours=1), "email_open"),
    )

    assert result.engagement == 10


def test_who_is_excluded_has_no_points_and_no_lines_but_the_reason() -> None:
    excluding = replace(
        model(group(rule(10)), fit=(fit_group(title(60, "vp")),)),
        exclude=(
            Exclusion(id="student", label=LABEL, when=Comparison(fact="title", op=Op.EQUALS, values=("student",))),
            Exclusion(
                id="vendor", label=LABEL, pattern=Pattern(kinds=("page_view",), where=(DetailTest(detail="form", globs=("pitch",)),))
            ),
        ),
    )
    deed = Deed(ago(hours=1), "page_view")

    assert score(excluding, deed, title="VP").excluded == ""
    student = score(excluding, deed, title="Student")
    vendor = score(excluding, deed, replace(deed, form="pitch"), title="VP")

    assert (student.excluded, vendor.excluded) == ("student", "vendor")
    for one in (student, vendor):
        assert (one.fit, one.engagement, one.total, one.grade, one.temperature, one.lines) == (0, 0, 0, "", "cold", ())


def test_what_a_person_did_excludes_as_long_as_the_longest_window() -> None:
    pitched = Exclusion(id="vendor", label=LABEL, pattern=Pattern(kinds=("form_submit",)))
    excluding = replace(model(group(rule(10, window_hours=240))), exclude=(pitched,))

    assert score(excluding, Deed(ago(hours=240, seconds=-1), "form_submit")).excluded == "vendor"
    assert score(excluding, Deed(ago(hours=240), "form_submit")).excluded == ""


def test_a_model_that_looks_back_over_no_time_excludes_nobody_for_a_deed_of_a_clock_that_is_ahead() -> None:
    pitched = Exclusion(id="vendor", label=LABEL, pattern=Pattern(kinds=("form_submit",)))

    assert score(replace(model(), exclude=(pitched,)), Deed(NOW + timedelta(seconds=1), "form_submit")).excluded == ""


def test_the_first_exclusion_that_holds_is_named() -> None:
    is_vp = Comparison(fact="title", op=Op.EQUALS, values=("vp",))
    twice = replace(model(), exclude=(Exclusion(id="first", label=LABEL, when=is_vp), Exclusion(id="second", label=LABEL, when=is_vp)))

    assert score(twice, title="VP").excluded == "first"


def test_a_person_the_model_does_not_apply_to_has_no_score() -> None:
    narrow = replace(model(), applies_to=Comparison(fact="region", op=Op.EQUALS, values=("JP",)))
    crowd = people({"region": "jp"}, {"region": "US"}, {})

    scores = score_people(compile_model(narrow), people=crowd, activities=as_columns(()), now=NOW)

    assert scores.applies.tolist() == [True, False, False]
    with pytest.raises(ValueError, match="does not apply to person 2"):
        scores.score(1)


def test_grade_joins_the_bands_of_what_is_shown() -> None:
    almost = model(group(rule(39, half_life_hours=24)), fit=(fit_group(title(50, "vp")),))

    result = score(almost, Deed(ago(hours=24), "page_view"), title="vp")

    assert result.lines[1].micropoints == 19_500_000
    assert (result.engagement, result.grade, result.temperature) == (20, "A1", "hot")  # 19.5 rounds up to the band


def test_nobody_and_nothing_can_be_scored() -> None:
    nobody = People(ids=np.array([], dtype=np.int64), facts={})

    scores = score_people(compile_model(model(group(rule(1)))), people=nobody, activities=as_columns(()), now=NOW)

    assert (len(scores.total), scores.shown.shape[0], len(scores.rows().cells)) == (0, 0, 0)


def test_lines_too_small_to_show_are_there_when_the_whole_is_asked_for() -> None:
    tiny = model(group(rule(1, half_life_hours=24), name="g"))

    scores = score_people(compile_model(tiny), people=people({}), activities=as_columns([Deed(ago(hours=72), "page_view")]), now=NOW)

    assert scores.lines(0) == ()
    (line,) = scores.lines(0, whole=True)
    assert (line.kind, line.points, line.micropoints) == (LineKind.RULE, 0, 125_000)


def test_a_naive_now_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        score(model(), now=datetime(2026, 6, 15, 12, 0))
