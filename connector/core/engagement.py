"""Engagement in micropoints: rules, groups and side with their limits and floors, for many people at once.

Station: compiled and used by `core.scoring`; `core.handoffs` asks it what the last days alone would give.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from connector.core.clamps import Clamps, add_clamps
from connector.core.counted import Counted, Part
from connector.core.decay import MICRO, weights
from connector.core.explain import LineList
from connector.core.facts import Int64
from connector.core.model import ActivityRule, Side
from connector.core.patterns import CompiledPattern, compile_pattern, completing, earning, meant
from connector.core.scores import LineKind


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRule:
    rule: ActivityRule
    pattern: CompiledPattern
    weights: npt.NDArray[np.float64]
    """Micropoints to the point by age in hours: whole numbers, which float64 sums exactly below 2**53 (nine billion activities)."""
    line: int
    clamps: Clamps


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    rules: tuple[CompiledRule, ...]
    clamps: Clamps


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledEngagement:
    groups: tuple[_Group, ...]
    clamps: Clamps
    lines: int

    def rules(self) -> tuple[CompiledRule, ...]:
        return tuple(rule for group in self.groups for rule in group.rules)


def compile_engagement(side: Side, lines: LineList, *, zone: str) -> CompiledEngagement:
    """The engagement side made ready; its lines are added to the list in the document's order."""
    groups = []
    for group in side.groups:
        rules = tuple(_compile_rule(rule, lines, zone=zone) for rule in group.rules if isinstance(rule, ActivityRule))
        clamps = add_clamps(lines, limit=group.limit, floor=group.floor, unit=MICRO, level="group", holder=group.id)
        groups.append(_Group(rules=rules, clamps=clamps))
    clamps = add_clamps(lines, limit=side.limit, floor=side.floor, unit=MICRO, level="side", holder="engagement")
    return CompiledEngagement(groups=tuple(groups), clamps=clamps, lines=len(lines.specs))


def _compile_rule(rule: ActivityRule, lines: LineList, *, zone: str) -> CompiledRule:
    table = weights(half_life_hours=rule.half_life_hours, window_hours=rule.window_hours)
    return CompiledRule(
        rule=rule,
        pattern=compile_pattern(rule.pattern, zone=zone),
        weights=table.astype(np.float64),
        line=lines.add(kind=LineKind.RULE, level="rule", holder=rule.id),
        clamps=add_clamps(lines, limit=rule.limit, floor=rule.floor, unit=MICRO, level="rule", holder=rule.id),
    )


def engagement_micropoints(
    engagement: CompiledEngagement, counted: Counted, *, people: int, lines: Int64 | None = None
) -> tuple[Int64, dict[int, Part]]:
    """Engagement of each person, and by line what earned points. Lines (lines × people, zeros) are filled if they are given."""
    earned: dict[int, Part] = {}
    total = np.zeros(people, dtype=np.int64)
    for group in engagement.groups:
        value = np.zeros(people, dtype=np.int64)
        for rule in group.rules:
            part = earned_by(rule, counted)
            if len(part.index):
                earned[rule.line] = part
                points = np.bincount(part.rows, weights=rule.weights.take(part.age), minlength=people).astype(np.int64)
                points *= rule.rule.points
                if lines is not None:
                    lines[rule.line] = points
                value += rule.clamps.hold(points, lines)
            elif rule.clamps.move_zero():
                value += rule.clamps.hold(np.zeros(people, dtype=np.int64), lines)
        total += group.clamps.hold(value, lines)
    return engagement.clamps.hold(total, lines), earned


def earned_by(rule: CompiledRule, counted: Counted) -> Part:
    """The activities that earn a rule's points. What is older than its window neither earns nor helps to complete its pattern."""
    young = meant(rule.pattern, counted).younger_than(rule.rule.window_hours)
    return earning(completing(rule.pattern, young), per=rule.rule.per, zone=rule.pattern.zone)
