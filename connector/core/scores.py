"""A score as a value: what one person's facts and one model give at one time."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class LineKind(StrEnum):
    RULE = "rule"
    LIMIT = "limit"
    FLOOR = "floor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One reason: a rule, or a limit or floor that bit. The shown points of all lines of a side sum to the side as shown."""

    kind: LineKind
    level: str
    """`rule`, `group`, `side` or `total`."""
    side: str
    """`fit`, `engagement`, or empty at level total."""
    id: str
    """Rule id; for a clamp the id of the rule or group that it holds, the side's name, or `total`."""
    points: int
    """As shown (whole, rounded by largest remainder)."""
    micropoints: int
    """Exact; 1,000,000 to the point."""
    count: int = 0
    """Occurrences that earned points (activity rules)."""
    latest_at: datetime | None = None
    """When the newest of them happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """A hand-off that holds, and when what it waits for happened."""

    id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Fit and engagement 0..100 with their limits, `total` after the model's total limit, `rank` before it.

    `excluded` is the id of the exclusion that holds, or empty; an excluded person has no points and no lines.
    """

    person: int
    model: str
    model_version: int
    as_of: datetime
    fit: int
    engagement: int
    total: int
    rank: int
    grade: str
    temperature: str
    lines: tuple[Line, ...]
    fired: tuple[Fired, ...] = ()
    excluded: str = ""
