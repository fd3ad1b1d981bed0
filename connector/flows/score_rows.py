"""Scores in the form they are kept: a row for each person, its reasons and hand-offs as JSON.

Station: `flows.score` hands over what `core.scoring` gave for a batch of people.
"""

import json
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from connector.core.explain import NEVER
from connector.core.grading import NO_GRADE, TEMPERATURES
from connector.core.scoring import Scores
from connector.ports.people import ScoreRow

_compact = json.JSONEncoder(separators=(",", ":")).encode


def rows_of(scores: Scores) -> Iterator[ScoreRow]:
    """Those to whom the model applies, in the form they are kept: `Scores.score` of each, without making every reason a value first."""
    model, grades = scores.compiled.model, scores.compiled.grades
    lines, fired = _kept_lines(scores), _kept_fired(scores)
    sides = zip(
        scores.ids.tolist(), scores.fit.tolist(), scores.engagement.tolist(), scores.total.tolist(), scores.rank.tolist(), strict=True
    )
    for row, (person, fit, engagement, total, rank) in enumerate(sides):
        if scores.applies[row]:
            yield ScoreRow(
                person=person,
                model=model.name,
                model_version=model.version,
                as_of=scores.as_of,
                fit=fit,
                engagement=engagement,
                total=total,
                rank=rank,
                grade="" if scores.grade[row] == NO_GRADE else grades[scores.grade[row]],
                temperature=TEMPERATURES[scores.temperature[row]],
                excluded="" if scores.excluded[row] < 0 else model.exclude[scores.excluded[row]].id,
                lines=lines[row],
                fired=fired.get(row, "{}"),
            )


def _kept_lines(scores: Scores) -> list[str]:
    """For each person the lines that show points, as JSON."""
    kept = scores.rows()
    specs = scores.compiled.lines
    heads = {
        line: _compact([specs[line].level, specs[line].side, specs[line].kind.value, specs[line].id])[:-1]
        for line in set(kept.cells["line"].tolist())
    }
    cells, lines = kept.cells.tolist(), []
    for start, end in pairwise(kept.starts.tolist()):
        shown = [
            f"{heads[line]},{points},{micropoints},{count},{'null' if latest == NEVER else latest}]"
            for line, points, micropoints, count, latest in cells[start:end]
            if points
        ]
        lines.append(f"[{','.join(shown)}]")
    return lines


def _kept_fired(scores: Scores) -> dict[int, str]:
    """By row, for whom any hand-off fired: when each of them did, as JSON."""
    fired: dict[int, dict[str, int]] = {}
    for hand_off, times in zip(scores.compiled.model.hand_offs, scores.fired, strict=True):
        for row in np.flatnonzero(times != NEVER).tolist():
            fired.setdefault(row, {})[hand_off.id] = int(times[row])
    return {row: _compact(times) for row, times in fired.items()}
