"""Hand-offs and surges worked out by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connector.core.model import (
    ActivityRule,
    Bands,
    Exclusion,
    Group,
    HandOff,
    Ignore,
    Label,
    Model,
    Op,
    Pattern,
    Side,
    Surge,
)
from connector.core.model import Test as Comparison
from connector.core.scores import Score
from connector.core.scoring import compile_model, score_people
from tests.support.deeds import Deed, as_columns, people

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
LABEL = Label(en="Because")
VIEW = ActivityRule(
    id="view", label=LABEL, points=10, pattern=Pattern(kinds=("page_view",), min_seconds=10), half_life_hours=7 * 24, window_hours=90 * 24
)
LEFT = replace(VIEW, id="left", points=-15, pattern=Pattern(kinds=("unsubscribe",)))


def model(*hand_offs: HandOff) -> Model:
    side = Side(limit=100, floor=0, groups=(Group(id="g", label=LABEL, limit=None, floor=None, rules=(VIEW, LEFT)),))
    return Model(
        name="m",
        version=1,
        label=LABEL,
        zone="UTC",
        applies_to=None,
        fit=replace(side, groups=()),
        engagement=side,
        total_limit=100,
        ignore=Ignore(paths=("/careers",)),
        exclude=(Exclusion(id="staff", label=LABEL, when=Comparison(fact="staff", op=Op.EQUALS, values=(True,))),),
        hand_offs=hand_offs,
        bands=Bands(fit=(("D", 0),), engagement=(("4", 0),), unknown_when_missing=(), hot=(), warm=()),
    )


def score(of: Model, *deeds: Deed, staff: bool = False) -> Score:
    return score_people(compile_model(of), people=people({"staff": staff}), activities=as_columns(deeds), now=NOW).score(0)


def view(**ago: float) -> Deed:
    return Deed(NOW - timedelta(**ago), "page_view", seconds=60)


INQUIRY = model(HandOff(id="inquiry", label=LABEL, pattern=Pattern(kinds=("inquiry",)), window_hours=48))


def test_a_hand_off_fires_at_the_newest_activity_and_gives_no_points() -> None:
    result = score(INQUIRY, Deed(NOW - timedelta(hours=30), "inquiry"), Deed(NOW - timedelta(hours=5), "inquiry"))

    assert [(fired.id, fired.at) for fired in result.fired] == [("inquiry", NOW - timedelta(hours=5))]
    assert (result.engagement, result.lines) == (0, ())


def test_a_hand_off_is_over_when_its_window_is() -> None:
    assert score(INQUIRY, Deed(NOW - timedelta(hours=48), "inquiry")).fired == ()
    assert len(score(INQUIRY, Deed(NOW - timedelta(hours=47, minutes=59), "inquiry")).fired) == 1


def test_who_is_excluded_fires_nothing() -> None:
    assert score(INQUIRY, Deed(NOW, "inquiry"), staff=True).fired == ()


def test_what_is_ignored_fires_nothing() -> None:
    assert score(INQUIRY, Deed(NOW, "inquiry", path="/careers")).fired == ()


@pytest.mark.parametrize(("hours", "fires"), [((20, 40, 60), True), ((50, 60, 70), False), ((20, 116, 117), True), ((20, 117, 118), False)])
def test_a_hand_off_looks_back_beyond_its_window(hours: tuple[int, ...], fires: bool) -> None:
    trial = HandOff(id="pql", label=LABEL, pattern=Pattern(kinds=("product_use",), at_least=3, within_hours=97), window_hours=48)

    result = score(model(trial), *(Deed(NOW - timedelta(hours=h), "product_use") for h in hours))

    assert [fired.at for fired in result.fired] == ([NOW - timedelta(hours=20)] if fires else [])


SURGE = model(HandOff(id="surge", label=LABEL, surge=Surge(quiet_hours=30 * 24, points=20, within_hours=7 * 24), window_hours=7 * 24))


def test_a_surge_after_a_quiet_time_fires_at_its_newest_activity() -> None:
    result = score(SURGE, view(days=33), view(days=2), view(hours=1), view(hours=3))

    assert [fired.at for fired in result.fired] == [NOW - timedelta(hours=1)]


def test_without_a_quiet_time_there_is_no_surge() -> None:
    assert score(SURGE, view(days=31), view(days=2), view(hours=1), view(hours=3)).fired == ()


@pytest.mark.parametrize(("hours", "fires"), [(30 * 24, True), (30 * 24 - 1, False)])
def test_quiet_lasts_from_the_activity_before_to_the_first_recent_one(hours: int, fires: bool) -> None:
    result = score(SURGE, view(hours=6 * 24 + hours), view(hours=6 * 24), view(hours=1), view(hours=1))

    assert bool(result.fired) is fires


def test_a_rule_without_points_does_not_end_the_quiet() -> None:
    opened = replace(VIEW, id="open", points=0, pattern=Pattern(kinds=("email_open",)))
    side = replace(SURGE.engagement, groups=(replace(SURGE.engagement.groups[0], rules=(VIEW, opened)),))

    result = score(
        replace(SURGE, engagement=side), Deed(NOW - timedelta(days=10), "email_open"), view(hours=1), view(hours=1), view(hours=2)
    )

    assert len(result.fired) == 1


def test_quiet_is_judged_by_what_can_earn_points() -> None:
    short_look = replace(view(days=10), seconds=5)
    left = Deed(NOW - timedelta(days=10), "unsubscribe")

    assert len(score(SURGE, short_look, left, view(hours=1), view(hours=2), view(hours=3)).fired) == 1


def test_a_surge_needs_its_points_from_the_recent_activities_alone() -> None:
    assert score(SURGE, view(hours=0), view(hours=0)).fired != ()  # 20 points
    assert score(SURGE, view(hours=0), view(days=6)).fired == ()  # 10 + 5.52 points
    assert score(SURGE, view(days=60), view(days=50), view(days=45), view(hours=0)).fired == ()


def test_minus_points_count_in_a_surge() -> None:
    assert score(SURGE, view(hours=0), view(hours=0), Deed(NOW, "unsubscribe")).fired == ()
