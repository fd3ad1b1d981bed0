"""Fit in whole points: who a person is against the profile, for many people at once.

Station: compiled and used by `core.scoring`.
"""

from dataclasses import dataclass

import numpy as np

from connector.core.clamps import Clamps, add_clamps
from connector.core.conditions import Holds, compile_condition
from connector.core.explain import LineList
from connector.core.facts import Int64, People
from connector.core.model import FitRule, Side
from connector.core.scores import LineKind


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    points: int
    holds: Holds
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    rules: tuple[_Rule, ...]
    clamps: Clamps


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledFit:
    groups: tuple[_Group, ...]
    clamps: Clamps
    lines: int


def compile_fit(side: Side, lines: LineList) -> CompiledFit:
    """The fit side made ready; its lines are added to the list in the document's order."""
    groups = []
    for group in side.groups:
        rules = tuple(_compile_rule(rule, lines) for rule in group.rules if isinstance(rule, FitRule))
        groups.append(
            _Group(rules=rules, clamps=add_clamps(lines, limit=group.limit, floor=group.floor, unit=1, level="group", holder=group.id))
        )
    clamps = add_clamps(lines, limit=side.limit, floor=side.floor, unit=1, level="side", holder="fit")
    return CompiledFit(groups=tuple(groups), clamps=clamps, lines=len(lines.specs))


def _compile_rule(rule: FitRule, lines: LineList) -> _Rule:
    line = lines.add(kind=LineKind.RULE, level="rule", holder=rule.id)
    return _Rule(points=rule.points, holds=compile_condition(rule.when), line=line)


def fit_points(fit: CompiledFit, people: People) -> tuple[Int64, Int64]:
    """Fit of each person, and its lines (lines × people), both in whole points."""
    count = len(people.ids)
    lines = np.zeros((fit.lines, count), dtype=np.int64)
    total = np.zeros(count, dtype=np.int64)
    for group in fit.groups:
        value = np.zeros(count, dtype=np.int64)
        for rule in group.rules:
            np.multiply(rule.holds(people), rule.points, out=lines[rule.line])
            value += lines[rule.line]
        total += group.clamps.hold(value, lines)
    return fit.clamps.hold(total, lines), lines
