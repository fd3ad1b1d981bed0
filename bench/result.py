"""What an engine must give for each person, and whether two engines gave the same."""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

CLOSE = 1e-4
"""How far the points of an engine that counts in floating point may be off."""
MICRO = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One entry for each person, in their order."""

    grade: npt.NDArray[np.int8]
    """Index into the model's grades; -1 for who is excluded."""
    excluded: npt.NDArray[np.int8]
    """Index into the model's exclusions, or -1."""
    fired: npt.NDArray[np.int64]
    """People × hand-offs: seconds since 1970-01-01 UTC, or -1."""
    points: npt.NDArray[np.float64]
    """People × lines in the document's order, before they are rounded. Of integer engines exact, in points."""
    shown: npt.NDArray[np.int16]
    """People × lines as shown; of engines that do not round lines, people × 0."""


def save(result: Result, path: Path) -> None:
    """Keeps a result, or a shard of one."""
    np.savez(path, **{field.name: getattr(result, field.name) for field in fields(result)})


def load(folder: Path) -> Result:
    """The result kept in the folder, its shards in their order."""
    parts = [np.load(path) for path in sorted(folder.glob("*.npz"))]
    return Result(**{field.name: np.concatenate([part[field.name] for part in parts]) for field in fields(Result)})


def differences(ours: Result, theirs: Result, *, band_starts: tuple[int, ...], engagement_lines: slice) -> list[str]:
    """What is not the same; empty if all is.

    Grades may differ only where the exact engagement lies within `CLOSE` of where a band begins, which floating point cannot decide.
    """
    problems = []
    exact = theirs.shown.shape[1] > 0
    for name in ("excluded", "fired", *(("shown", "points") if exact else ())):
        unequal = int((getattr(ours, name) != getattr(theirs, name)).sum())
        if unequal:
            problems.append(f"{unequal} of {name} differ")
    off = float(np.abs(ours.points - theirs.points).max(initial=0))
    if off > CLOSE:
        problems.append(f"points are off by up to {off}")
    unequal_grades = np.flatnonzero(ours.grade != theirs.grade)
    engagement = ours.points[unequal_grades, engagement_lines].sum(axis=1)
    undecided = np.abs(engagement[:, np.newaxis] - (np.array(band_starts) - 0.5)).min(axis=1, initial=np.inf) <= CLOSE
    if exact or not undecided.all():
        wrong = len(unequal_grades) if exact else int((~undecided).sum())
        if wrong:
            problems.append(f"{wrong} grades differ")
    return problems
