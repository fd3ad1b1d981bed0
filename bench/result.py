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


def differences(ours: Result, theirs: Result, *, engagement_lines: slice) -> list[str]:
    """What is not the same; empty if all is.

    Where the exact engagement lies within `CLOSE` of a half, floating point cannot decide how it rounds: there an engine that counts in it
    may give the grade and the total limit of the next whole number.
    """
    exact = theirs.shown.shape[1] > 0
    engagement = ours.points[:, engagement_lines].sum(axis=1)
    decided = np.full(len(engagement), True) if exact else np.abs(engagement - np.floor(engagement) - 0.5) > CLOSE
    checks = {
        "exclusions": (ours.excluded != theirs.excluded),
        "hand-offs": (ours.fired != theirs.fired).any(axis=1),
        "grades": (ours.grade != theirs.grade) & decided,
        "reasons": (np.abs(ours.points[:, :-1] - theirs.points[:, :-1]) > (0 if exact else CLOSE)).any(axis=1),
        "total limits": (np.abs(ours.points[:, -1] - theirs.points[:, -1]) > CLOSE) & decided,
        "reasons as shown": (ours.shown != theirs.shown).any(axis=1) if exact else np.full(len(decided), False),
    }
    return [f"{name} of {int(differ.sum())} people differ" for name, differ in checks.items() if differ.any()]
