"""Limits from above and floors from below, each a line of its own where it bites.

Station: used by `core.fit` and `core.engagement`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from connector.core.explain import LineList
from connector.core.scores import LineKind

Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clamps:
    """Bounds in the unit of the values they hold, and the lines that show what they took or gave."""

    limit: int | None
    limit_line: int
    floor: int | None
    floor_line: int

    def move_zero(self) -> bool:
        """Whether who earned nothing gets something: a limit below 0 or a floor above."""
        return (self.limit is not None and self.limit < 0) or (self.floor is not None and self.floor > 0)

    def hold(self, value: Whole, lines: Whole | None) -> Whole:
        """The values after the limit, then the floor. What each changed is written into its line, if lines are wanted."""
        for bound, line, keep in ((self.limit, self.limit_line, np.minimum), (self.floor, self.floor_line, np.maximum)):
            if bound is not None:
                held = keep(value, bound)
                if lines is not None:
                    np.subtract(held, value, out=lines[line])
                value = held
        return value


def add_clamps(lines: LineList, *, limit: int | None, floor: int | None, unit: int, level: str, holder: str) -> Clamps:
    """Clamps with bounds in whole points, for values of `unit` to the point; their lines stand next in the list."""
    limit_line = -1 if limit is None else lines.add(kind=LineKind.LIMIT, level=level, holder=holder)
    floor_line = -1 if floor is None else lines.add(kind=LineKind.FLOOR, level=level, holder=holder)
    return Clamps(
        limit=None if limit is None else limit * unit,
        limit_line=limit_line,
        floor=None if floor is None else floor * unit,
        floor_line=floor_line,
    )
