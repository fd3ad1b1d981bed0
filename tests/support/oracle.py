"""The scoring model evaluated the slow and obvious way: one person, one rule, one activity at a time, in plain Python.

What `connector.core.scoring` gives must equal what this gives, number for number. It shares only the dataclasses with it, and no NumPy.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from zoneinfo import ZoneInfo

from connector.core.facts import Activities, People
from connector.core.model import (
    ActivityRule,
    All,
    AnyOf,
    Bands,
    Condition,
    Exclusion,
    FitRule,
    HandOff,
    Literal,
    Model,
    Not,
    Op,
    Pattern,
    Per,
    Side,
    Surge,
    Test,
)
from connector.core.records import Value
from connector.core.scores import Fired, Line, LineKind, Score

MICRO = 1_000_000
HOUR = 3600


@dataclass(frozen=True)
class Deed:
    """One activity in words."""

    at: int
    kind: str
    path: str
    form: str
    asset: str
    campaign: str
    feature: str
    mark: str
    seconds: int


def oracle_scores(model: Model, people: People, activities: Activities, now: datetime) -> list[Score | None]:
    """The score of each person in order; None where the model does not apply."""
    deeds: list[list[Deed]] = [[] for _ in people.ids]
    for i in range(len(activities.at)):
        texts = {
            name: activities.words[name][getattr(activities, name)[i]]
            for name in ("kind", "path", "form", "asset", "campaign", "feature", "mark")
        }
        deeds[activities.row[i]].append(Deed(at=int(activities.at[i]), seconds=int(activities.seconds[i]), **texts))
    scores = []
    for row, person in enumerate(people.ids):
        facts = {name: column.words[column.codes[row]] for name, column in people.facts.items() if column.codes[row] >= 0}
        scores.append(_score(model, int(person), facts, deeds[row], now))
    return scores


def _score(model: Model, person: int, facts: Mapping[str, Value], deeds: Sequence[Deed], now: datetime) -> Score | None:
    if model.applies_to is not None and not condition_holds(model.applies_to, facts):
        return None
    as_of = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    at = round(as_of.timestamp())
    counted = [deed for deed in deeds if not _is_ignored(model, deed) and _age(deed, at) < model.longest_window_hours()]
    for exclusion in model.exclude:
        if _excludes(exclusion, model, facts, counted):
            return Score(
                person=person,
                model=model.name,
                model_version=model.version,
                as_of=as_of,
                fit=0,
                engagement=0,
                total=0,
                rank=0,
                grade="",
                temperature="cold",
                lines=(),
                excluded=exclusion.id,
            )
    fit_lines, fit_micro = _side(model.fit, "fit", facts=facts, deeds=(), zone=model.zone, now=at)
    engagement_lines, engagement_micro = _side(model.engagement, "engagement", facts=facts, deeds=counted, zone=model.zone, now=at)
    fit, engagement = half_up(Fraction(fit_micro, MICRO)), half_up(Fraction(engagement_micro, MICRO))
    rank = fit + engagement
    total = min(rank, model.total_limit)
    cut = Line(kind=LineKind.LIMIT, level="total", side="", id="total", points=total - rank, micropoints=(total - rank) * MICRO)
    lines = (*_shown(fit_lines, fit), *_shown(engagement_lines, engagement), cut)
    unknown = bool(model.bands.unknown_when_missing) and not any(name in facts for name in model.bands.unknown_when_missing)
    grade = ("U" if unknown else _band(model.bands.fit, fit)) + _band(model.bands.engagement, engagement)
    times = {hand_off.id: _fired(hand_off, model, counted, at) for hand_off in model.hand_offs}
    return Score(
        person=person,
        model=model.name,
        model_version=model.version,
        as_of=as_of,
        fit=fit,
        engagement=engagement,
        total=total,
        rank=rank,
        grade=grade,
        temperature=_temperature(model.bands, grade),
        lines=tuple(line for line in lines if line.points),
        fired=tuple(Fired(id=name, at=datetime.fromtimestamp(time, tz=UTC)) for name, time in times.items() if time is not None),
    )


# Conditions


def condition_holds(condition: Condition, facts: Mapping[str, Value]) -> bool:
    if isinstance(condition, All):
        return all(condition_holds(inner, facts) for inner in condition.of)
    if isinstance(condition, AnyOf):
        return any(condition_holds(inner, facts) for inner in condition.of)
    if isinstance(condition, Not):
        return not condition_holds(condition.of, facts)
    return _test_holds(condition, facts.get(condition.fact))


def _test_holds(test: Test, value: Value | None) -> bool:
    if test.op is Op.MISSING:
        return value is None
    if value is None:
        return False
    if test.op is Op.EXISTS:
        return True
    if test.op is Op.CONTAINS:
        if isinstance(value, tuple):
            return any(isinstance(part, str) and plain(part) in [plain(member) for member in value] for part in test.values)
        return isinstance(value, str) and any(isinstance(part, str) and plain(part) in plain(value) for part in test.values)
    if test.op is Op.MATCHES:
        return isinstance(value, str) and any(isinstance(glob, str) and glob_matches(glob, value) for glob in test.values)
    if test.op in (Op.EQUALS, Op.IN):
        return any(_equal(value, wanted) for wanted in test.values)
    if test.op is Op.BETWEEN:
        return _at_least(value, test.values[0]) and _at_least(test.values[1], value)
    return _at_least(value, test.values[0]) if test.op is Op.AT_LEAST else _at_least(test.values[0], value)


def _type(value: Value | Literal) -> str:
    for kinds, name in ((bool, "bool"), (str, "text"), ((int, Decimal), "number"), (datetime, "instant"), (date, "day")):
        if isinstance(value, kinds):
            return name
    return "other"


def _is_comparable(value: Value | Literal) -> bool:
    if isinstance(value, Decimal):
        return not value.is_nan()
    return not (isinstance(value, datetime) and value.tzinfo is None)


def _equal(one: Value, other: Literal) -> bool:
    if _type(one) != _type(other) or _type(one) == "other" or not (_is_comparable(one) and _is_comparable(other)):
        return False
    return plain(one) == plain(other) if isinstance(one, str) and isinstance(other, str) else one == other


def _at_least(one: Value | Literal, other: Value | Literal) -> bool:
    if _type(one) != _type(other) or _type(one) not in ("number", "instant", "day") or not (_is_comparable(one) and _is_comparable(other)):
        return False
    return one >= other  # type: ignore[operator]  # same ordered type


def plain(text: str) -> str:
    """The text as it is compared."""
    letters = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return re.sub(r"\s+", " ", letters).strip()


def glob_matches(glob: str, text: str) -> bool:
    """By trying every split at the first star."""
    return _matches(plain(glob), plain(text))


def _matches(glob: str, text: str) -> bool:
    if not glob:
        return not text
    if glob[0] == "*":
        return any(_matches(glob[1:], text[i:]) for i in range(len(text) + 1))
    return bool(text) and glob[0] in ("?", text[0]) and _matches(glob[1:], text[1:])


# Activities


def _age(deed: Deed, now: int) -> int:
    return max(0, (now - deed.at) // HOUR)


def _is_ignored(model: Model, deed: Deed) -> bool:
    return (
        deed.kind in model.ignore.kinds
        or any(glob_matches(glob, deed.path) for glob in model.ignore.paths)
        or plain(deed.mark) in [plain(mark) for mark in model.ignore.marks]
    )


def _is_meant(pattern: Pattern, deed: Deed) -> bool:
    if deed.kind not in pattern.kinds or deed.seconds < pattern.min_seconds:
        return False
    return all(any(glob_matches(glob, getattr(deed, test.detail)) for glob in test.globs) != test.negate for test in pattern.where)


def _day(deed: Deed, zone: str) -> date:
    return datetime.fromtimestamp(deed.at, tz=UTC).astimezone(ZoneInfo(zone)).date()


def _completing(pattern: Pattern, deeds: Iterable[Deed], zone: str) -> list[Deed]:
    some = [deed for deed in deeds if _is_meant(pattern, deed)]
    found = []
    for deed in some:
        seen = [other for other in some if other.at <= deed.at]
        if pattern.within_hours is not None:
            seen = [other for other in seen if timedelta(seconds=deed.at - other.at) <= timedelta(hours=pattern.within_hours)]
        if len(seen) >= pattern.at_least and len({_day(other, zone) for other in seen}) >= pattern.distinct_days:
            found.append(deed)
    return found


def _earning(rule: ActivityRule, deeds: Iterable[Deed], zone: str, now: int) -> list[Deed]:
    young = [deed for deed in deeds if _age(deed, now) < rule.window_hours]
    newest: dict[object, Deed] = {}
    for number, deed in enumerate(_completing(rule.pattern, young, zone)):
        units: dict[Per, object] = {Per.OCCURRENCE: number, Per.ONCE: None, Per.DAY: _day(deed, zone)}
        unit = units[rule.per] if rule.per in units else getattr(deed, rule.per.value)
        if unit not in newest or newest[unit].at <= deed.at:
            newest[unit] = deed
    return list(newest.values())


@cache
def weight(age: int, half_life: int | None) -> int:
    """The largest whole w with w - 1/2 <= 10**6 * 2**(-age/half_life), found with whole numbers alone."""
    if half_life is None:
        return MICRO
    low, high = 0, MICRO
    right = (2 * MICRO) ** half_life
    while low < high:
        w = (low + high + 1) // 2
        if (2 * w - 1) ** half_life * 2**age <= right:
            low = w
        else:
            high = w - 1
    return low


# Sides


def _side(side: Side, name: str, *, facts: Mapping[str, Value], deeds: Sequence[Deed], zone: str, now: int) -> tuple[list[Line], int]:
    """All lines (points not yet shown) and the side in micropoints."""
    lines: list[Line] = []
    total = 0
    for group in side.groups:
        value = 0
        for rule in group.rules:
            if isinstance(rule, FitRule):
                points = rule.points * MICRO if condition_holds(rule.when, facts) else 0
                lines.append(_line(LineKind.RULE, "rule", name, rule.id, points))
                value += points
            else:
                earning = _earning(rule, deeds, zone, now)
                points = sum(rule.points * weight(_age(deed, now), rule.half_life_hours) for deed in earning)
                lines.append(_line(LineKind.RULE, "rule", name, rule.id, points, earning))
                value += _clamp(lines, points, rule.limit, rule.floor, "rule", name, rule.id)
        total += _clamp(lines, value, group.limit, group.floor, "group", name, group.id)
    return lines, _clamp(lines, total, side.limit, side.floor, "side", name, name)


def _line(kind: LineKind, level: str, side: str, name: str, micropoints: int, deeds: Sequence[Deed] = ()) -> Line:
    latest = datetime.fromtimestamp(max(deed.at for deed in deeds), tz=UTC) if deeds else None
    return Line(kind=kind, level=level, side=side, id=name, points=0, micropoints=micropoints, count=len(deeds), latest_at=latest)


def _clamp(lines: list[Line], value: int, limit: int | None, floor: int | None, level: str, side: str, name: str) -> int:
    if limit is not None:
        lines.append(_line(LineKind.LIMIT, level, side, name, min(limit * MICRO - value, 0)))
        value += lines[-1].micropoints
    if floor is not None:
        lines.append(_line(LineKind.FLOOR, level, side, name, max(floor * MICRO - value, 0)))
        value += lines[-1].micropoints
    return value


def half_up(number: Fraction) -> int:
    return (number + Fraction(1, 2)).__floor__()


def _shown(lines: Sequence[Line], side: int) -> list[Line]:
    """The lines with their shown points: rounded down, then one more for the largest remainders until they sum to the side."""
    exact = [Fraction(line.micropoints, MICRO) for line in lines]
    points = [number.__floor__() for number in exact]
    by_remainder = sorted(range(len(lines)), key=lambda i: (points[i] - exact[i], i))
    for i in by_remainder[: side - sum(points)]:
        points[i] += 1
    return [
        Line(
            kind=line.kind,
            level=line.level,
            side=line.side,
            id=line.id,
            points=shown,
            micropoints=line.micropoints,
            count=line.count,
            latest_at=line.latest_at,
        )
        for line, shown in zip(lines, points, strict=True)
    ]


# Grades, hand-offs, exclusions


def _band(bands: Sequence[tuple[str, int]], points: int) -> str:
    return next((name for name, least in bands if points >= least), bands[-1][0])


def _temperature(bands: Bands, grade: str) -> str:
    return "hot" if grade in bands.hot else "warm" if grade in bands.warm else "cold"


def _excludes(exclusion: Exclusion, model: Model, facts: Mapping[str, Value], deeds: Sequence[Deed]) -> bool:
    if exclusion.when is not None and not condition_holds(exclusion.when, facts):
        return False
    return exclusion.pattern is None or bool(_completing(exclusion.pattern, deeds, model.zone))


def _fired(hand_off: HandOff, model: Model, deeds: Sequence[Deed], now: int) -> int | None:
    if hand_off.surge is not None:
        found = _surging(hand_off.surge, model, deeds, now)
    else:
        assert hand_off.pattern is not None
        look_back = hand_off.window_hours + (hand_off.pattern.within_hours or 0)
        found = _completing(hand_off.pattern, [deed for deed in deeds if _age(deed, now) < look_back], model.zone)
    return max((deed.at for deed in found if _age(deed, now) < hand_off.window_hours), default=None)


def _surging(surge: Surge, model: Model, deeds: Sequence[Deed], now: int) -> list[Deed]:
    rules = [rule for group in model.engagement.groups for rule in group.rules if isinstance(rule, ActivityRule) and rule.points > 0]
    stirring = [deed for deed in deeds if any(_is_meant(rule.pattern, deed) for rule in rules)]
    recent = [deed for deed in stirring if _age(deed, now) < surge.within_hours]
    before = [deed for deed in stirring if _age(deed, now) >= surge.within_hours]
    if not recent:
        return []
    if before and min(deed.at for deed in recent) - max(deed.at for deed in before) < surge.quiet_hours * HOUR:
        return []
    lately = [deed for deed in deeds if _age(deed, now) < surge.within_hours]
    _, micropoints = _side(model.engagement, "engagement", facts={}, deeds=lately, zone=model.zone, now=now)
    return recent if half_up(Fraction(micropoints, MICRO)) >= surge.points else []
