"""Scores of many people from their facts, their activities and one model; one person is a batch of one.

Station: flows give it what the store read; out go scores with reasons that add up. Pure: the same input gives the same output, whatever the
order of people, the size of batches or the machine.

Times: `now` is cut to the hour. The age of an activity is the whole hours between it and that hour, 0 if it lies later (clock skew), and
it counts while its age is less than a window. Points: each occurrence earns its rule's points times the weight of its age, in whole
micropoints; all sums are integers. Limits cap from above and floors from below, at rule, group and side; sides are shown rounded half up,
and bands compare what is shown.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
import numpy.typing as npt

from connector.core.conditions import Holds, compile_condition
from connector.core.counted import Counted, Part, Sieve
from connector.core.decay import MICRO
from connector.core.engagement import CompiledEngagement, compile_engagement, engagement_micropoints
from connector.core.explain import CELL, NEVER, LineList, LineSpec, Rows, read_lines, rounded, shown_points
from connector.core.facts import Activities, Int64, People
from connector.core.fit import CompiledFit, compile_fit, fit_points
from connector.core.grading import NO_GRADE, TEMPERATURES, Int8, fit_unknown, grade, grades_of
from connector.core.handoffs import CompiledHandOff, compile_hand_off, fired_at
from connector.core.model import ActivityRule, Exclusion, Model
from connector.core.patterns import CompiledPattern, compile_pattern, completing, meant
from connector.core.scores import Fired, Line, LineKind, Score
from connector.core.words import Bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledExclusion:
    when: Holds | None
    pattern: CompiledPattern | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A model made ready to score with. May be shared by threads; remembers what it worked out for the latest dictionaries of words."""

    model: Model
    applies: Holds | None
    sieve: Sieve
    fit: CompiledFit
    engagement: CompiledEngagement
    exclusions: tuple[CompiledExclusion, ...]
    hand_offs: tuple[CompiledHandOff, ...]
    lines: tuple[LineSpec, ...]
    """All lines a person can have, in the document's order: fit, engagement, total."""
    grades: tuple[str, ...]


def compile_model(model: Model) -> Compiled:
    """The model made ready. Do this once for each published version."""
    fit_lines, engagement_lines, total_line = LineList("fit"), LineList("engagement"), LineList("")
    fit = compile_fit(model.fit, fit_lines)
    engagement = compile_engagement(model.engagement, engagement_lines, zone=model.zone)
    total_line.add(kind=LineKind.LIMIT, level="total", holder="total")
    return Compiled(
        model=model,
        applies=None if model.applies_to is None else compile_condition(model.applies_to),
        sieve=Sieve(ignore=model.ignore, kinds=_kinds_of(model), hours=model.longest_window_hours()),
        fit=fit,
        engagement=engagement,
        exclusions=tuple(_compile_exclusion(exclusion, zone=model.zone) for exclusion in model.exclude),
        hand_offs=tuple(compile_hand_off(hand_off, zone=model.zone) for hand_off in model.hand_offs),
        lines=(*fit_lines.specs, *engagement_lines.specs, *total_line.specs),
        grades=grades_of(model.bands),
    )


def _compile_exclusion(exclusion: Exclusion, *, zone: str) -> CompiledExclusion:
    return CompiledExclusion(
        when=None if exclusion.when is None else compile_condition(exclusion.when),
        pattern=None if exclusion.pattern is None else compile_pattern(exclusion.pattern, zone=zone),
    )


def _kinds_of(model: Model) -> frozenset[str]:
    """The kinds any part of the model looks at."""
    rules = [rule.pattern for group in model.engagement.groups for rule in group.rules if isinstance(rule, ActivityRule)]
    others = [*(exclusion.pattern for exclusion in model.exclude), *(hand_off.pattern for hand_off in model.hand_offs)]
    return frozenset(kind for pattern in (*rules, *others) if pattern is not None for kind in pattern.kinds)


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Scores of a batch of people; every array has one entry for each, in the order of `People`.

    Who is excluded, and whom the model does not apply to, has 0 points, no lines, no grade, is cold and fires nothing.
    """

    compiled: Compiled
    as_of: datetime
    """`now`, cut to the hour."""
    ids: Int64
    applies: Bool
    excluded: npt.NDArray[np.int16]
    """Index into the model's exclusions of the first that holds, or -1."""
    fit: Int64
    engagement: Int64
    total: Int64
    rank: Int64
    """Fit and engagement before the model's total limit."""
    grade: Int8
    """Index into `compiled.grades`, or -1."""
    temperature: Int8
    """0 hot, 1 warm, 2 cold."""
    fired: tuple[Int64, ...]
    """For each hand-off of the model: seconds since 1970-01-01 UTC, or `explain.NEVER`."""
    fit_lines: Int64
    """Fit lines × people, in whole points."""
    engagement_lines: Int64
    """Engagement lines × people, in micropoints."""
    earned: dict[int, Part]
    """By engagement line: the activities that earned points, of everybody."""

    @cached_property
    def shown(self) -> Int64:
        """Shown points of each line: people × `compiled.lines`. A side's lines sum to the side, all lines to the total."""
        engagement = shown_points(self.engagement_lines, self.engagement)
        return np.concatenate([self.fit_lines, engagement, (self.total - self.rank)[np.newaxis]]).T

    def rows(self) -> Rows:
        """Every line that is not exactly nothing, person after person, as a store keeps it. Worked out at the first call."""
        return self._rows

    @cached_property
    def _rows(self) -> Rows:
        micropoints = np.concatenate([self.fit_lines * MICRO, self.engagement_lines, ((self.total - self.rank) * MICRO)[np.newaxis]]).T
        row, line = np.nonzero(micropoints)
        cells = np.zeros(len(row), dtype=CELL)
        cells["line"] = line
        cells["points"] = self.shown[row, line]
        cells["micropoints"] = micropoints[row, line]
        counts, latest = self._occurrences()
        cells["count"] = counts[row, line]
        cells["latest"] = latest[row, line]
        return Rows(cells=cells, starts=np.searchsorted(row, np.arange(len(self.ids) + 1)))

    def lines(self, row: int, *, whole: bool = False) -> tuple[Line, ...]:
        """One person's reasons in the document's order: those that show points, or (`whole`) also those too small to show."""
        return read_lines(self._rows.kept(row), self.compiled.lines, whole=whole)

    def score(self, row: int) -> Score:
        """One person's score. Raises ValueError where the model does not apply."""
        if not self.applies[row]:
            raise ValueError(f"model {self.compiled.model.name!r} does not apply to person {self.ids[row]}")
        model = self.compiled.model
        times = [(hand_off.id, int(fired[row])) for hand_off, fired in zip(model.hand_offs, self.fired, strict=True)]
        return Score(
            person=int(self.ids[row]),
            model=model.name,
            model_version=model.version,
            as_of=self.as_of,
            fit=int(self.fit[row]),
            engagement=int(self.engagement[row]),
            total=int(self.total[row]),
            rank=int(self.rank[row]),
            grade="" if self.grade[row] == NO_GRADE else self.compiled.grades[self.grade[row]],
            temperature=TEMPERATURES[self.temperature[row]],
            lines=self.lines(row),
            fired=tuple(Fired(id=name, at=datetime.fromtimestamp(at, tz=UTC)) for name, at in times if at != NEVER),
            excluded="" if self.excluded[row] < 0 else model.exclude[self.excluded[row]].id,
        )

    def _occurrences(self) -> tuple[Int64, Int64]:
        """For each person and line: how many activities earned points, and the seconds of the newest or `NEVER`."""
        shape = (len(self.ids), len(self.compiled.lines))
        counts, latest = np.zeros(shape, dtype=np.int64), np.full(shape, NEVER, dtype=np.int64)
        for line, part in self.earned.items():
            place = self.compiled.fit.lines + line
            counts[:, place] = np.bincount(part.rows, minlength=shape[0])
            latest[part.rows, place] = part.at
        return counts, latest


def score_people(compiled: Compiled, *, people: People, activities: Activities, now: datetime) -> Scores:
    """Scores of all these people at `now`, from their facts and activities alone. Raises ValueError if `now` has no zone."""
    if now.tzinfo is None:
        raise ValueError("now needs a time zone")
    as_of = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    count, model = len(people.ids), compiled.model
    counted = compiled.sieve(activities, now_s=int(as_of.timestamp()))
    applies = np.ones(count, dtype=np.bool_) if compiled.applies is None else compiled.applies(people)
    excluded = _excluded(compiled, people, counted, applies=applies)
    silent = ~applies | (excluded >= 0)

    fit, fit_lines = fit_points(compiled.fit, people)
    engagement_lines = np.zeros((compiled.engagement.lines, count), dtype=np.int64)
    micropoints, earned = engagement_micropoints(compiled.engagement, counted, people=count, lines=engagement_lines)
    engagement = rounded(micropoints)
    fired = tuple(fired_at(hand_off, counted, compiled.engagement, people=count) for hand_off in compiled.hand_offs)
    grades, temperature = grade(model.bands, fit=fit, engagement=engagement, unknown=fit_unknown(model.bands, people))
    _silence(silent, zero=(fit, engagement, fit_lines, engagement_lines), grades=grades, temperature=temperature, fired=fired)
    rank = fit + engagement
    return Scores(
        compiled=compiled,
        as_of=as_of,
        ids=people.ids,
        applies=applies,
        excluded=excluded,
        fit=fit,
        engagement=engagement,
        total=np.minimum(rank, model.total_limit),
        rank=rank,
        grade=grades,
        temperature=temperature,
        fired=fired,
        fit_lines=fit_lines,
        engagement_lines=engagement_lines,
        earned=earned,
    )


def _excluded(compiled: Compiled, people: People, counted: Counted, *, applies: Bool) -> npt.NDArray[np.int16]:
    """The first exclusion that holds. One with both a condition and a pattern holds where both do."""
    excluded = np.full(len(people.ids), -1, dtype=np.int16)
    for index, exclusion in enumerate(compiled.exclusions):
        holds = applies & (excluded < 0)
        if exclusion.when is not None:
            holds &= exclusion.when(people)
        if exclusion.pattern is not None:
            did = np.zeros(len(people.ids), dtype=np.bool_)
            did[completing(exclusion.pattern, meant(exclusion.pattern, counted)).rows] = True
            holds &= did
        excluded[holds] = index
    return excluded


def _silence(silent: Bool, *, zero: tuple[Int64, ...], grades: Int8, temperature: Int8, fired: tuple[Int64, ...]) -> None:
    """Takes points, grade and hand-offs from who is not scored, in place."""
    if not silent.any():
        return
    for points in zero:
        points[..., silent] = 0
    grades[silent] = NO_GRADE
    temperature[silent] = TEMPERATURES.index("cold")
    for times in fired:
        times[silent] = NEVER
