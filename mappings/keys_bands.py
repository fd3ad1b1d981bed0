"""The keys of a scoring model's grades and temperature.

Station: part of the table in `keys_scoring`.
"""

import itertools
from typing import Any

from mappings.kinds import Text, Whole
from mappings.problems import Findings, Path
from mappings.shapes import Key, ListOf, Shape, TableOf

FIT_BANDS = ("A", "B", "C", "D")
ENGAGEMENT_BANDS = ("1", "2", "3", "4")
GRADES = tuple(fit + engagement for fit in (*FIT_BANDS, "U") for engagement in ENGAGEMENT_BANDS)


BANDS = Shape(
    name="Bands",
    doc="Where grades begin, and which are hot and warm.",
    keys=(
        Key(
            name="fit",
            kind=TableOf(Whole(0, 1000), keys=FIT_BANDS),
            default={"A": 65, "B": 45, "C": 25, "D": 0},
            doc="Least fit of each letter, best first.",
            example="fit: {A: 65, B: 45, C: 25, D: 0}",
        ),
        Key(
            name="engagement",
            kind=TableOf(Whole(0, 1000), keys=ENGAGEMENT_BANDS),
            default={"1": 45, "2": 25, "3": 8, "4": 0},
            doc="Least engagement of each number, best first.",
            example="engagement: {1: 45, 2: 25, 3: 8, 4: 0}",
        ),
        Key(
            name="unknown_when_missing",
            kind=ListOf(Text()),
            default=["company.industry", "company.employees", "person.title"],
            doc="Fit is U (unknown, not poor) where all of these facts are unknown; an empty list means never.",
            example="unknown_when_missing: [company.industry, person.title]",
        ),
        Key(
            name="hot",
            kind=ListOf(Text(choices=GRADES), least=1),
            default=["A1", "A2", "B1"],
            doc="Grades to call now.",
            example="hot: [A1, A2, B1]",
        ),
        Key(
            name="warm",
            kind=ListOf(Text(choices=GRADES)),
            default=["A3", "B2", "C1", "U1", "U2"],
            doc="Grades whose need is to be checked.",
            example="warm: [A3, B2, C1, U1, U2]",
        ),
    ),
    checks=(
        (("fit",), lambda read, path, found: _check_bands(read["fit"], FIT_BANDS, (*path, "fit"), found)),
        (("engagement",), lambda read, path, found: _check_bands(read["engagement"], ENGAGEMENT_BANDS, (*path, "engagement"), found)),
        (("hot", "warm"), lambda read, path, found: _check_warmth(read, path, found)),
    ),
)


def _check_bands(begin: dict[str, int], letters: tuple[str, ...], path: Path, found: Findings) -> None:
    missing = [letter for letter in letters if letter not in begin]
    if missing:
        found.error(path, "bands", f"these bands lack {', '.join(missing)}.")
        return
    begins = [begin[letter] for letter in letters]
    if begins[-1] != 0 or any(upper <= lower for upper, lower in itertools.pairwise(begins)):
        found.error(path, "bands", f"these bands must fall from {letters[0]} to {letters[-1]} and end at 0.")


def _check_warmth(read: dict[str, Any], path: Path, found: Findings) -> None:
    for grade in sorted(set(read["hot"]) & set(read["warm"])):
        found.error((*path, "warm"), "bands", f"{grade} is both hot and warm.", hint="Keep it in one of the two.")
