"""Rows as they are kept say exactly what the scores say."""

import json

from hypothesis import given, settings

from connector.core.model import Model
from connector.core.scores import Score
from connector.core.scoring import Scores, compile_model, score_people
from connector.flows.score_rows import rows_of
from connector.ports.people import ScoreRow
from tests.support.crowd import random_crowd, wide_model
from tests.support.models import NOW, Human, activities_of, crowds, models, people_of


def scores_of(model: Model, crowd: tuple[Human, ...]) -> Scores:
    return score_people(compile_model(model), people=people_of(crowd), activities=activities_of(crowd), now=NOW)


def kept(score: Score) -> ScoreRow:
    lines = [
        [x.level, x.side, str(x.kind), x.id, x.points, x.micropoints, x.count, int(x.latest_at.timestamp()) if x.latest_at else None]
        for x in score.lines
    ]
    return ScoreRow(
        person=score.person,
        model=score.model,
        model_version=score.model_version,
        as_of=score.as_of,
        fit=score.fit,
        engagement=score.engagement,
        total=score.total,
        rank=score.rank,
        grade=score.grade,
        temperature=score.temperature,
        excluded=score.excluded,
        lines=json.dumps(lines, separators=(",", ":")),
        fired=json.dumps({f.id: int(f.at.timestamp()) for f in score.fired}, separators=(",", ":")),
    )


@settings(max_examples=100, deadline=None)
@given(model=models, crowd=crowds)
def test_rows_are_the_scores_of_those_the_model_applies_to(model: Model, crowd: tuple[Human, ...]) -> None:
    scores = scores_of(model, crowd)

    rows = list(rows_of(scores))

    assert rows == [kept(scores.score(row)) for row in range(len(crowd)) if scores.applies[row]]


def test_rows_of_a_busy_crowd_are_its_scores() -> None:
    scores = scores_of(wide_model(zone="Asia/Tokyo"), random_crowd(1))

    rows = list(rows_of(scores))

    assert rows == [kept(scores.score(row)) for row in range(len(scores.ids)) if scores.applies[row]]
    assert any(row.lines != "[]" for row in rows)
    assert any(row.fired != "{}" for row in rows)
    assert {type(value) for row in rows for value in (row.person, row.fit, row.engagement, row.total, row.rank)} == {int}


def test_nobody_gives_no_rows() -> None:
    assert list(rows_of(scores_of(wide_model(zone="UTC"), ()))) == []
