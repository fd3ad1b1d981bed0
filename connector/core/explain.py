"""Reasons: the lines of a model in the document's order, what of them is shown, and how they are kept.

Station: filled by `core.fit` and `core.engagement`, handed out by `core.scoring`; a store keeps a person's lines as bytes, read back here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from connector.core.decay import MICRO
from connector.core.facts import Int64
from connector.core.scores import Line, LineKind

NEVER = int(np.iinfo(np.int64).min)
"""Stands for no time."""

CELL = np.dtype([("line", "<u2"), ("points", "<i4"), ("micropoints", "<i8"), ("count", "<i4"), ("latest", "<i8")])
"""One line of one person as kept: its place among the model's lines, points as shown, micropoints, occurrences, seconds of the newest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSpec:
    """What a line of a model is, whoever it is for."""

    kind: LineKind
    level: str
    side: str
    id: str


class LineList:
    """The lines of one side while a model is compiled."""

    def __init__(self, side: str) -> None:
        self._side = side
        self.specs: list[LineSpec] = []

    def add(self, *, kind: LineKind, level: str, holder: str) -> int:
        """The place of the line that was added."""
        self.specs.append(LineSpec(kind=kind, level=level, side=self._side, id=holder))
        return len(self.specs) - 1


def rounded(micropoints: Int64) -> Int64:
    """Whole points, half up."""
    return (micropoints + MICRO // 2) // MICRO


def shown_points(lines: Int64, side: Int64) -> Int64:
    """Whole points of each line (lines × people, micropoints) that sum to the shown side of each person, by largest remainder.

    Every line is rounded down, and what the side has more goes to the lines with the largest remainders, of equal ones to the first.
    """
    whole = lines // MICRO
    missing = side - whole.sum(axis=0)
    people = np.flatnonzero(missing)
    missing = missing[people]
    remainders = np.ascontiguousarray((lines[:, people] - whole[:, people] * MICRO).T)
    while len(people):
        largest = remainders.argmax(axis=1)
        whole[largest, people] += 1
        remainders[np.arange(len(people)), largest] = -1
        missing -= 1
        unfinished = missing > 0
        people, missing, remainders = people[unfinished], missing[unfinished], remainders[unfinished]
    return whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The lines of many people, person after person, each in the document's order. Lines of exactly nothing are left out."""

    cells: npt.NDArray[np.void]
    """Of dtype `CELL`."""
    starts: Int64
    """Where each person's cells begin; one more entry than people."""

    def kept(self, row: int) -> bytes:
        """One person's lines as a store keeps them; `read_lines` reads them with the same version of the model."""
        return self.cells[self.starts[row] : self.starts[row + 1]].tobytes()


def read_lines(kept: bytes, specs: Sequence[LineSpec], *, whole: bool = False) -> tuple[Line, ...]:
    """The lines in the document's order: those that show points, or (`whole`) also those too small to show."""
    cells = np.frombuffer(kept, dtype=CELL).tolist()
    return tuple(
        Line(
            kind=specs[line].kind,
            level=specs[line].level,
            side=specs[line].side,
            id=specs[line].id,
            points=points,
            micropoints=micropoints,
            count=count,
            latest_at=None if latest == NEVER else datetime.fromtimestamp(latest, tz=UTC),
        )
        for line, points, micropoints, count, latest in cells
        if points or whole
    )
