"""Laws of scoring, over random models, people and activities."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.core.explain import read_lines
from connector.core.model import Model
from connector.core.scores import Line, LineKind, Score
from connector.core.scoring import compile_model, score_people
from tests.support.crowd import random_crowd, wide_model
from tests.support.models import NOW, Human, activities_of, crowds, models, people_of
from tests.support.oracle import oracle_scores

Crowd = tuple[Human, ...]
thorough = settings(max_examples=250, deadline=None)
brief = settings(max_examples=60, deadline=None)


def scores_of(model: Model, crowd: Crowd) -> list[Score | None]:
    scores = score_people(compile_model(model), people=people_of(crowd), activities=activities_of(crowd), now=NOW)
    return [scores.score(row) if scores.applies[row] else None for row in range(len(crowd))]


@thorough
@given(model=models, crowd=crowds)
def test_scores_equal_those_of_the_plain_evaluator(model: Model, crowd: Crowd) -> None:
    scores = scores_of(model, crowd)

    assert scores == oracle_scores(model, people_of(crowd), activities_of(crowd), NOW)


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
@pytest.mark.parametrize("seed", range(5))
def test_scores_of_a_busy_crowd_equal_those_of_the_plain_evaluator(seed: int, zone: str) -> None:
    model, crowd = wide_model(zone=zone), random_crowd(seed)

    scores = scores_of(model, crowd)

    assert scores == oracle_scores(model, people_of(crowd), activities_of(crowd), NOW)


def exact(model: Model, crowd: Crowd) -> list[tuple[Line, ...]]:
    """All lines of each person, those too small to show included."""
    scores = score_people(compile_model(model), people=people_of(crowd), activities=activities_of(crowd), now=NOW)
    return [scores.lines(row, whole=True) for row in range(len(crowd))]


@brief
@given(model=models, crowd=crowds)
def test_shown_reasons_sum_to_what_is_shown(model: Model, crowd: Crowd) -> None:
    for score in scores_of(model, crowd):
        if score is not None:
            by_side = {side: sum(line.points for line in score.lines if line.side == side) for side in ("fit", "engagement", "")}
            assert by_side == {"fit": score.fit, "engagement": score.engagement, "": score.total - score.rank}
            assert score.rank == score.fit + score.engagement


@brief
@given(model=models, crowd=crowds)
def test_exact_reasons_round_to_what_is_shown(model: Model, crowd: Crowd) -> None:
    for score, lines in zip(scores_of(model, crowd), exact(model, crowd), strict=True):
        if score is not None:
            micropoints = sum(line.micropoints for line in lines if line.side == "engagement")
            assert abs(2 * micropoints - 2_000_000 * score.engagement) <= 1_000_000
            assert all(abs(line.micropoints - 1_000_000 * line.points) < 1_000_000 for line in lines)


@brief
@given(model=models, crowd=crowds)
def test_limits_and_floors_bound_every_level(model: Model, crowd: Crowd) -> None:
    for score, lines in zip(scores_of(model, crowd), exact(model, crowd), strict=True):
        if score is None or score.excluded:
            continue
        assert score.total <= model.total_limit
        for name, side in (("fit", model.fit), ("engagement", model.engagement)):
            assert side.floor <= getattr(score, name) <= max(side.limit, side.floor)
            for line in lines:
                assert line.kind is not LineKind.LIMIT or line.micropoints < 0
                assert line.kind is not LineKind.FLOOR or line.micropoints > 0


@brief
@given(model=models, crowd=crowds, cut=st.integers(0, 5))
def test_batches_change_nothing(model: Model, crowd: Crowd, cut: int) -> None:
    together = scores_of(model, crowd)

    apart = [*scores_of(model, crowd[:cut]), *scores_of(model, crowd[cut:])]
    alone = [one for human in crowd for one in scores_of(model, (human,))]

    assert without_ids(apart) == without_ids(together)
    assert without_ids(alone) == without_ids(together)


@brief
@given(model=models, crowd=crowds, data=st.data())
def test_order_changes_nothing(model: Model, crowd: Crowd, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(crowd))))
    shuffled = tuple(replace(crowd[row], rows=tuple(data.draw(st.permutations(crowd[row].rows)))) for row in order)

    scores = without_ids(scores_of(model, crowd))

    assert without_ids(scores_of(model, shuffled)) == [scores[row] for row in order]


@brief
@given(model=models, crowd=crowds)
def test_kept_rows_read_back_as_the_same_lines(model: Model, crowd: Crowd) -> None:
    compiled = compile_model(model)
    scores = score_people(compiled, people=people_of(crowd), activities=activities_of(crowd), now=NOW)

    for row in range(len(crowd)):
        assert read_lines(scores.rows().kept(row), compiled.lines) == scores.lines(row)


@brief
@given(model=models, crowd=crowds)
def test_shown_table_agrees_with_the_lines(model: Model, crowd: Crowd) -> None:
    compiled = compile_model(model)
    scores = score_people(compiled, people=people_of(crowd), activities=activities_of(crowd), now=NOW)

    assert scores.shown.shape == (len(crowd), len(compiled.lines))
    for row in range(len(crowd)):
        assert [line.points for line in scores.lines(row)] == [points for points in scores.shown[row].tolist() if points]


def without_ids(scores: list[Score | None]) -> list[Score | None]:
    return [score if score is None else replace(score, person=0) for score in scores]
