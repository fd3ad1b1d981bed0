"""Which activities a pattern means, which of them complete it, and which of those earn points.

Station: used by `core.engagement` (rules), `core.handoffs` and `core.scoring` (exclusions).
"""

from dataclasses import dataclass

import numpy as np

from connector.core.counted import HOUR_S, Counted, Part, WordTest, like, one_of
from connector.core.days import local_days
from connector.core.facts import Int64
from connector.core.model import Pattern, Per
from connector.core.words import Bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CompiledPattern:
    pattern: Pattern
    kinds: WordTest
    where: tuple[tuple[str, WordTest], ...]
    zone: str


def compile_pattern(pattern: Pattern, *, zone: str) -> CompiledPattern:
    """The pattern with its texts made ready to look up; `zone` cuts its days."""
    where = tuple((test.detail, like(test.globs, negate=test.negate)) for test in pattern.where)
    return CompiledPattern(pattern=pattern, kinds=one_of(frozenset(pattern.kinds)), where=where, zone=zone)


def meant(compiled: CompiledPattern, counted: Counted) -> Part:
    """The counted activities of the pattern's kinds whose details and seconds fit it."""
    part = counted.found.get(compiled)
    if part is None:
        part = counted.found[compiled] = _meant(compiled, counted)
    return part


def _meant(compiled: CompiledPattern, counted: Counted) -> Part:
    part = counted.of_kinds(compiled.kinds)
    if not len(part.index):
        return part
    words = part.activities.words
    fits: Bool | None = None
    for detail, test in compiled.where:
        one = test(words[detail]).take(part.detail(detail))
        fits = one if fits is None else fits & one
    if compiled.pattern.min_seconds > 0:
        long_enough = part.detail("seconds") >= compiled.pattern.min_seconds
        fits = long_enough if fits is None else fits & long_enough
    return part if fits is None else part.only(fits.nonzero()[0])


def completing(compiled: CompiledPattern, part: Part) -> Part:
    """Of the activities that a pattern means, those that complete it.

    Each looks back over what happened not later than itself, activities of the same second included, up to `within_hours` (both ends
    count) or over everything given: it completes the pattern when at least `at_least` activities on at least `distinct_days` days are seen.
    """
    pattern = compiled.pattern
    if not len(part.index) or (pattern.at_least <= 1 and pattern.distinct_days <= 1):
        return part
    within_s = None if pattern.within_hours is None else pattern.within_hours * HOUR_S
    full = np.ones(len(part.index), dtype=np.bool_)
    if pattern.at_least > 1:
        full &= _n_units(part, unit=part.at, n=pattern.at_least, within_s=within_s, each_activity=True)
    if pattern.distinct_days > 1:
        days = local_days(part.at, zone=compiled.zone)
        full &= _n_units(part, unit=days, n=pattern.distinct_days, within_s=within_s, each_activity=False)
    return part.only(full.nonzero()[0])


def _n_units(part: Part, *, unit: Int64, n: int, within_s: int | None, each_activity: bool) -> Bool:
    """Whether each activity sees `n` activities, or (not `each_activity`) `n` different units, in its look-back.

    A run is what one person did in one unit, and ends at its last activity. Of activities, the n-th back from the end of the own run must
    be near enough; of units, the end of the run n-1 runs before.
    """
    rows, at = part.rows, part.at
    ends_run = np.ones(len(rows), dtype=np.bool_)
    ends_run[:-1] = (rows[1:] != rows[:-1]) | (unit[1:] != unit[:-1])
    run_ends = np.flatnonzero(ends_run)
    run: Int64 = np.cumsum(ends_run) - ends_run
    run_far = run if each_activity else run - (n - 1)
    far: Int64 = run_ends.take(np.maximum(run_far, 0)) - (n - 1 if each_activity else 0)
    seen: Bool = (run_far >= 0) & (far >= 0)
    far = np.maximum(far, 0)
    seen &= rows.take(far) == rows
    if within_s is not None:
        seen &= at - at.take(far) <= within_s
    return seen


def earning(part: Part, *, per: Per, zone: str) -> Part:
    """Of completing activities, the ones that earn points: all of them, or the newest of each unit for each person.

    An unknown (empty) path, form, asset, campaign or feature is one unit of its own.
    """
    if per is Per.OCCURRENCE or len(part.index) < 2:
        return part
    rows = part.rows
    newest = np.ones(len(rows), dtype=np.bool_)
    newest[:-1] = rows[1:] != rows[:-1]
    if per is Per.ONCE:
        return part.only(newest)
    if per is Per.DAY:
        days = local_days(part.at, zone=zone)
        newest[:-1] |= days[1:] != days[:-1]
        return part.only(newest)
    units = part.detail(per.value).astype(np.int64)
    key = rows * (int(units.max()) + 1) + units
    order = np.argsort(key, kind="stable")
    newest[:-1] = key[order[1:]] != key[order[:-1]]
    return part.only(np.sort(order[newest]))
