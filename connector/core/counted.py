"""The activities that count: inside the window and not ignored, cut by kind so that a rule touches only rows of its own.

Station: made by `core.scoring` for one batch of people, read by `core.patterns`, `core.engagement` and `core.handoffs`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from connector.core.facts import Activities, Int32, Int64
from connector.core.model import Ignore
from connector.core.text import fold, globs_to_regex
from connector.core.words import Bool, ByWords

HOUR_S = 3600


def ages(at: Int64, *, now_s: int) -> Int64:
    """Whole hours from each instant to `now_s`; what lies after it (clock skew) has age 0."""
    return np.maximum((now_s - at) // HOUR_S, 0)


def is_younger(at: Int64, *, hours: int, now_s: int) -> Bool:
    """Whether the age in whole hours is less than `hours`; nothing is younger than no hours."""
    return at > now_s - hours * HOUR_S if hours > 0 else np.zeros(len(at), dtype=np.bool_)


@dataclass(frozen=True)
class Part:
    """Chosen rows of some activities, ascending by (person, time). Columns are gathered when first asked for."""

    activities: Activities
    index: Int64
    now_s: int

    @cached_property
    def rows(self) -> Int64:
        """The people's rows."""
        return self.activities.row.take(self.index).astype(np.int64)

    @cached_property
    def at(self) -> Int64:
        return self.activities.at.take(self.index)

    @cached_property
    def age(self) -> Int64:
        return ages(self.at, now_s=self.now_s)

    def detail(self, name: str) -> Int32:
        """Dictionary indices of one text detail, or seconds under `seconds`."""
        column: Int32 = getattr(self.activities, name)
        return column.take(self.index)

    def only(self, chosen: Int64 | Bool) -> "Part":
        return Part(self.activities, self.index[chosen], self.now_s)

    def younger_than(self, hours: int) -> "Part":
        """The rows whose age in whole hours is less than `hours`."""
        if not len(self.index):
            return self
        young = is_younger(self.at, hours=hours, now_s=self.now_s)
        return self if young.all() else self.only(young)


@dataclass(frozen=True, slots=True, kw_only=True)
class WordTest:
    """Which indices of a list of words are accepted."""

    accepts: Callable[[str], bool]
    known: ByWords[str] = field(default_factory=ByWords)

    def __call__(self, words: tuple[str, ...]) -> Bool:
        return self.known.table(words, lambda every: np.array([self.accepts(word) for word in every], dtype=np.bool_))


def one_of(kinds: frozenset[str]) -> WordTest:
    """Accepts exactly these kinds."""
    return WordTest(accepts=kinds.__contains__)


def like(globs: tuple[str, ...], *, negate: bool = False) -> WordTest:
    """Accepts texts that any of the globs means; negated, texts that none of them means."""
    matches = globs_to_regex(globs).fullmatch
    return WordTest(accepts=lambda word: (matches(fold(word)) is not None) is not negate)


def unlike(marks: tuple[str, ...]) -> WordTest:
    """Accepts texts that compare as different from all of these."""
    folded = frozenset(map(fold, marks))
    return WordTest(accepts=lambda word: fold(word) not in folded)


class Counted:
    """The counted activities of one batch, and the cuts of them that were asked for so far."""

    def __init__(self, *, part: Part) -> None:
        self.part = part
        self._kind = part.detail("kind")
        self._cuts: dict[bytes, Part] = {}
        self.found: dict[object, Part] = {}
        """What patterns mean, by pattern, for whoever asks again."""

    def of_kinds(self, test: WordTest) -> Part:
        """The rows of these kinds, in their order."""
        wanted = test(self.part.activities.words["kind"])
        key = wanted.tobytes()
        cut = self._cuts.get(key)
        if cut is None:
            (codes,) = wanted.nonzero()
            chosen = self._kind == codes[0] if len(codes) == 1 else wanted.take(self._kind)
            cut = self._cuts[key] = self.part.only(chosen.nonzero()[0])
        return cut


class Sieve:
    """Drops what a model ignores, what is too old for it, and kinds it never looks at."""

    def __init__(self, *, ignore: Ignore, kinds: frozenset[str], hours: int) -> None:
        self._hours = hours
        self._tests = (
            ("kind", one_of(kinds - frozenset(ignore.kinds))),
            ("path", like(ignore.paths, negate=True)),
            ("mark", unlike(ignore.marks)),
        )

    def __call__(self, activities: Activities, *, now_s: int) -> Counted:
        keep = is_younger(activities.at, hours=self._hours, now_s=now_s)
        for detail, test in self._tests:
            good = test(activities.words[detail])
            if not good.all():
                keep &= good.take(getattr(activities, detail))
        return Counted(part=Part(activities, np.flatnonzero(keep), now_s))
