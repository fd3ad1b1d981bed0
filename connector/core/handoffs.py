"""Hand-offs: what must be followed up at once, whatever the score, and when it happened.

Station: used by `core.scoring`.
"""

from dataclasses import dataclass

import numpy as np

from connector.core.counted import HOUR_S, Counted, Part
from connector.core.engagement import CompiledEngagement, engagement_micropoints
from connector.core.explain import NEVER, rounded
from connector.core.facts import Int64
from connector.core.model import HandOff, Surge
from connector.core.patterns import CompiledPattern, compile_pattern, completing, meant
from connector.core.words import Bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledHandOff:
    hand_off: HandOff
    pattern: CompiledPattern | None


def compile_hand_off(hand_off: HandOff, *, zone: str) -> CompiledHandOff:
    pattern = None if hand_off.pattern is None else compile_pattern(hand_off.pattern, zone=zone)
    return CompiledHandOff(hand_off=hand_off, pattern=pattern)


def fired_at(compiled: CompiledHandOff, counted: Counted, engagement: CompiledEngagement, *, people: int) -> Int64:
    """For each person the seconds since 1970-01-01 UTC at which the hand-off fired, or `NEVER`.

    The newest activity that completes the pattern must be younger than the hand-off's window; those it looks back on may be older.
    """
    if compiled.hand_off.surge is not None:
        part = _surges(compiled.hand_off.surge, counted, engagement, people=people)
    elif compiled.pattern is not None:
        look_back = compiled.hand_off.pattern.within_hours or 0 if compiled.hand_off.pattern else 0
        scope = meant(compiled.pattern, counted).younger_than(compiled.hand_off.window_hours + look_back)
        part = completing(compiled.pattern, scope)
    else:
        raise ValueError(f"hand-off {compiled.hand_off.id!r} has neither a pattern nor a surge")
    part = part.younger_than(compiled.hand_off.window_hours)
    fired = np.full(people, NEVER, dtype=np.int64)
    fired[part.rows] = part.at
    return fired


def _surges(surge: Surge, counted: Counted, engagement: CompiledEngagement, *, people: int) -> Part:
    """The recent activities, in order, of those people who were quiet before and whose recent activities alone give the points.

    Quiet is judged by activities that a plus rule means: the time between the first one younger than `within_hours` and the one before it,
    long enough if there is none. The points are shown engagement, as if nothing but the recent activities had ever happened.
    """
    stirring = np.zeros(len(counted.part.activities.at), dtype=np.bool_)
    for rule in engagement.rules():
        if rule.rule.points > 0:
            stirring[meant(rule.pattern, counted).index] = True
    part = Part(counted.part.activities, np.flatnonzero(stirring), counted.part.now_s).younger_than(surge.within_hours + surge.quiet_hours)
    recent = part.at > part.now_s - surge.within_hours * HOUR_S
    woken = _woken(part, recent, quiet_s=surge.quiet_hours * HOUR_S, people=people)
    if not woken.any():
        return part.only(np.arange(0))
    lately = counted.part.younger_than(surge.within_hours)
    lately = lately.only(woken.take(lately.rows))
    points, _ = engagement_micropoints(engagement, Counted(part=lately), people=people)
    woken &= rounded(points) >= surge.points
    return part.only(recent & woken.take(part.rows))


def _woken(part: Part, recent: Bool, *, quiet_s: int, people: int) -> Bool:
    """Who has a recent activity, and none in the time before the first of them."""
    rows, at = part.rows, part.at
    first = recent.copy()
    first[1:] &= (rows[1:] != rows[:-1]) | ~recent[:-1]
    quiet = np.ones(len(rows), dtype=np.bool_)
    quiet[1:] = (rows[1:] != rows[:-1]) | (at[1:] - at[:-1] >= quiet_s)
    woken = np.zeros(people, dtype=np.bool_)
    woken[rows[first & quiet]] = True
    return woken
