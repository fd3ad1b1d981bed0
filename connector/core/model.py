"""The scoring model as values: what a published scoring document compiles to.

Station: made by `mappings.compile`, evaluated by `core.scoring`. All points are whole; all durations here are whole hours.
Lists such as `$icp.industries` are already put in place; nothing here refers to a document.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

Literal = str | bool | int | Decimal | date | datetime


class Op(StrEnum):
    EQUALS = "equals"
    IN = "in"
    BETWEEN = "between"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    CONTAINS = "contains"
    MATCHES = "matches"
    EXISTS = "exists"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """One comparison of one fact. An unknown fact satisfies `missing` only.

    Text compares without regard to case and surrounding or repeated white space. `between` takes both ends. `contains`: a part of
    a text, or a member of a list. `matches`: a glob of `*` and `?`. `values` holds one value, two for between, any number for in
    (matches and contains: any of them).
    """

    fact: str
    op: Op
    values: tuple[Literal, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class All:
    of: tuple["Condition", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf:
    of: tuple["Condition", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    of: "Condition"


Condition = Test | All | AnyOf | Not


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailTest:
    """A test of one text detail of an activity (`records.DETAILS`): any of the globs, without regard to case."""

    detail: str
    globs: tuple[str, ...]
    negate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """Which activities are meant, and how many of them it takes.

    With `at_least` (n) and `within_hours`: an activity *completes* the pattern when it and the n-1 before it lie within that
    time; with `distinct_days`: when it falls on the n-th distinct day (of the model's zone) within that time. Without either,
    each activity completes it.
    """

    kinds: tuple[str, ...]
    where: tuple[DetailTest, ...] = ()
    min_seconds: int = 0
    at_least: int = 1
    distinct_days: int = 1
    within_hours: int | None = None
    """None: the whole window."""


class Per(StrEnum):
    """How often the points of an activity rule are earned; of several in the same unit the newest counts."""

    OCCURRENCE = "occurrence"
    DAY = "day"
    PATH = "path"
    FORM = "form"
    ASSET = "asset"
    CAMPAIGN = "campaign"
    FEATURE = "feature"
    ONCE = "once"


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """Text that a rep can read, by language (`en`, `ja`); English stands where another is absent."""

    en: str
    ja: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FitRule:
    id: str
    label: Label
    points: int
    when: Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityRule:
    id: str
    label: Label
    points: int
    pattern: Pattern
    per: Per = Per.OCCURRENCE
    limit: int | None = None
    """Most this rule gives (points > 0) or, for minus points, None; caps from above."""
    floor: int | None = None
    """Least this rule gives; caps from below."""
    half_life_hours: int | None = None
    """None: no fading within the window. Already resolved from rule, group, side."""
    window_hours: int
    """An activity of this age in hours or older earns nothing. Already resolved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    id: str
    label: Label
    limit: int | None
    floor: int | None
    rules: tuple[FitRule, ...] | tuple[ActivityRule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """Fit (rules are FitRule) or engagement (rules are ActivityRule)."""

    limit: int
    floor: int
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore:
    """What is dropped before anything counts: whole kinds, page paths by glob, marks."""

    kinds: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """Who is not scored at all: a condition on facts, or an activity pattern inside the longest window."""

    id: str
    label: Label
    when: Condition | None = None
    pattern: Pattern | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surge:
    """Quiet for at least `quiet_hours`, then at least `points` of engagement from activities of the last `within_hours`."""

    quiet_hours: int
    points: int
    within_hours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOff:
    """Fires a follow-up at once, whatever the score, and never adds points. It fires at the time of the newest activity that completes its
    pattern and is younger than `window_hours` (for a surge: at the newest activity of the surge)."""

    id: str
    label: Label
    pattern: Pattern | None = None
    surge: Surge | None = None
    window_hours: int = 168
    origin: str = ""
    """What a hand-off says about the person's origin (`product` makes a PQL); empty: nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bands:
    """Where grades begin (least shown points of each band, best first) and which grades are hot and warm.

    Fit is U where every fact of `unknown_when_missing` is unknown; an empty tuple means never U.
    """

    fit: tuple[tuple[str, int], ...]
    engagement: tuple[tuple[str, int], ...]
    unknown_when_missing: tuple[str, ...]
    hot: tuple[str, ...]
    warm: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    name: str
    version: int
    """Published version; 0 is a draft."""
    label: Label
    zone: str
    """IANA zone in which `Per.DAY` and `distinct_days` cut days."""
    applies_to: Condition | None
    fit: Side
    engagement: Side
    total_limit: int
    ignore: Ignore
    exclude: tuple[Exclusion, ...]
    hand_offs: tuple[HandOff, ...]
    bands: Bands

    def longest_window_hours(self) -> int:
        """Hours of history any part of the model looks at."""
        rules = [r.window_hours for g in self.engagement.groups for r in g.rules if isinstance(r, ActivityRule)]
        surges = [h.surge.quiet_hours + h.surge.within_hours for h in self.hand_offs if h.surge]
        patterns = [h.window_hours + ((h.pattern.within_hours or 0) if h.pattern else 0) for h in self.hand_offs]
        return max([*rules, *surges, *patterns], default=0)

    def fact_names(self) -> frozenset[str]:
        """Every fact that a condition of the model asks for, and those that decide whether fit is known."""
        conditions = [r.when for g in self.fit.groups for r in g.rules if isinstance(r, FitRule)]
        conditions += [e.when for e in self.exclude if e.when is not None]
        conditions += [self.applies_to] if self.applies_to is not None else []
        return frozenset(self.bands.unknown_when_missing).union(*map(facts_in, conditions))


def facts_in(condition: Condition) -> frozenset[str]:
    """The facts a condition asks for."""
    match condition:
        case Test(fact=fact):
            return frozenset((fact,))
        case Not(of=inner):
            return facts_in(inner)
        case All(of=inners) | AnyOf(of=inners):
            return frozenset().union(*map(facts_in, inners))
