"""Grades and temperatures from shown points.

Station: used by `core.scoring` and `core.qualification`. No memory of what they were: what must not flip has its hysteresis in the ladder.
"""

import numpy as np
import numpy.typing as npt

from connector.core.facts import Int64, People
from connector.core.model import Bands
from connector.core.words import Bool

Int8 = npt.NDArray[np.int8]

UNKNOWN = "U"
TEMPERATURES = ("hot", "warm", "cold")
NO_GRADE = -1
"""Grade of who is excluded or not meant by the model."""


def grades_of(bands: Bands) -> tuple[str, ...]:
    """All grades in order: each fit band best first, then U, with each engagement band best first."""
    return tuple(fit + engagement for fit in (*(name for name, _ in bands.fit), UNKNOWN) for engagement, _ in bands.engagement)


def grade(bands: Bands, *, fit: Int64, engagement: Int64, unknown: Bool) -> tuple[Int8, Int8]:
    """For each person the index into `grades_of` and the index into `TEMPERATURES`.

    The band is the first whose least points are reached, and the last one below all of them.
    """
    fit_band = np.where(unknown, len(bands.fit), _band(bands.fit, fit))
    grades = fit_band * len(bands.engagement) + _band(bands.engagement, engagement)
    warmth = [TEMPERATURES.index(_temperature(bands, name)) for name in grades_of(bands)]
    return grades.astype(np.int8), np.array(warmth, dtype=np.int8).take(grades)


def temperature_of(bands: Bands, *, fit: int, engagement: int, unknown: bool) -> str:
    """One of `TEMPERATURES` for one person's shown points."""
    fit_name = UNKNOWN if unknown else bands.fit[int(_band(bands.fit, np.array(fit)))][0]
    return _temperature(bands, fit_name + bands.engagement[int(_band(bands.engagement, np.array(engagement)))][0])


def _temperature(bands: Bands, name: str) -> str:
    return "hot" if name in bands.hot else "warm" if name in bands.warm else "cold"


def fit_unknown(bands: Bands, people: People) -> Bool:
    """Whether nothing of what fit needs is known."""
    unknown = np.full(len(people.ids), bool(bands.unknown_when_missing))
    for fact in bands.unknown_when_missing:
        column = people.facts.get(fact)
        if column is not None:
            unknown &= column.codes < 0
    return unknown


def _band(bands: tuple[tuple[str, int], ...], points: Int64) -> Int64:
    rising = np.array([least for _, least in reversed(bands)], dtype=np.int64)
    return np.minimum(len(bands) - np.searchsorted(rising, points, side="right"), len(bands) - 1)
