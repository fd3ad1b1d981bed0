"""Which people a condition holds for: every test becomes one look-up by dictionary index.

Station: used by `core.fit` (rules), `core.scoring` (whom a model applies to, whom it excludes) and, for one person, `core.qualification`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import numpy as np

from connector.core.facts import People
from connector.core.model import All, AnyOf, Condition, Literal, Not, Op, Test
from connector.core.records import Value
from connector.core.text import fold, globs_to_regex
from connector.core.words import Bool, ByWords

Judge = Callable[[Mapping[str, Value]], bool]
"""Whether a condition holds for one person's known facts."""
Satisfied = Callable[[Value], bool]
"""Whether a comparison holds for a known value."""
Holds = Callable[[People], Bool]
"""For whom of many people a condition holds."""

_TYPES: dict[type, str] = {str: "text", bool: "flag", int: "number", Decimal: "number", date: "day", datetime: "instant"}
_OTHER = "other"
_LIKE_NOTHING: tuple[str, object] = (_OTHER, None)
_ORDERED = frozenset({"number", "day", "instant"})


def compile_condition(condition: Condition) -> Holds:
    """A function from people to true and false, one a row.

    A condition on a single fact is judged once for each distinct value. Values compare by type (number, text, yes/no, day, instant, list):
    of different types nothing is satisfied, and nothing is an error.
    """
    facts = _facts_of(condition)
    if isinstance(condition, Test) and condition.op in (Op.EXISTS, Op.MISSING):
        return _Known(fact=condition.fact, wanted=condition.op is Op.EXISTS)
    if len(facts) == 1:
        return _OneFact(fact=facts.pop(), judge=_judge(condition))
    match condition:
        case Not(of=inner):
            return _Joined(parts=(compile_condition(inner),), how="not")
        case All(of=inners):
            return _Joined(parts=tuple(map(compile_condition, inners)), how="all")
        case AnyOf(of=inners):
            return _Joined(parts=tuple(map(compile_condition, inners)), how="any")
        case Test():
            raise AssertionError("a test has one fact")


def holds(condition: Condition, facts: Mapping[str, Value]) -> bool:
    """Whether the condition holds for one person's known facts; a fact that is absent is unknown."""
    return _remembered(_Same(condition))(facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    fact: str
    wanted: bool

    def __call__(self, people: People) -> Bool:
        column = people.facts.get(self.fact)
        if column is None:
            return np.full(len(people.ids), not self.wanted)
        return column.codes >= 0 if self.wanted else column.codes < 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _OneFact:
    fact: str
    judge: Judge
    judged: ByWords[Value] = field(default_factory=ByWords)

    def __call__(self, people: People) -> Bool:
        column = people.facts.get(self.fact)
        if column is None:
            return np.full(len(people.ids), self.judge({}))
        return self.judged.table(column.words, self._judge_all).take(column.codes)

    def _judge_all(self, words: tuple[Value, ...]) -> Bool:
        """The answer for each word; the one for unknown comes last, where the code -1 finds it."""
        return np.array([*(self.judge({self.fact: word}) for word in words), self.judge({})], dtype=np.bool_)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Joined:
    parts: tuple[Holds, ...]
    how: str

    def __call__(self, people: People) -> Bool:
        answers = [part(people) for part in self.parts]
        if self.how == "not":
            return ~answers[0]
        whole = np.full(len(people.ids), self.how == "all")
        for answer in answers:
            whole = whole & answer if self.how == "all" else whole | answer
        return whole


class _Same:
    """A condition as a key by identity: to Python a test for 1 and a test for True are equal, but they mean different things."""

    __slots__ = ("condition",)

    def __init__(self, condition: Condition) -> None:
        self.condition = condition

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.condition is other.condition

    def __hash__(self) -> int:
        return id(self.condition)


@lru_cache(maxsize=1024)
def _remembered(same: _Same) -> Judge:
    return _judge(same.condition)


def _facts_of(condition: Condition) -> set[str]:
    match condition:
        case Test():
            return {condition.fact}
        case Not(of=inner):
            return _facts_of(inner)
        case All(of=inners) | AnyOf(of=inners):
            return set().union(*map(_facts_of, inners))


def _judge(condition: Condition) -> Judge:
    match condition:
        case Test():
            return _judge_test(condition)
        case Not(of=inner):
            negated = _judge(inner)
            return lambda facts: not negated(facts)
        case All(of=inners):
            every = [_judge(inner) for inner in inners]
            return lambda facts: all(judge(facts) for judge in every)
        case AnyOf(of=inners):
            some = [_judge(inner) for inner in inners]
            return lambda facts: any(judge(facts) for judge in some)


def _judge_test(test: Test) -> Judge:
    if test.op is Op.EXISTS:
        return lambda facts: test.fact in facts
    if test.op is Op.MISSING:
        return lambda facts: test.fact not in facts
    satisfied = _COMPARISONS[test.op](test.values)

    def judge(facts: Mapping[str, Value]) -> bool:
        value = facts.get(test.fact)
        return value is not None and satisfied(value)

    return judge


def _equals(values: tuple[Literal, ...]) -> Satisfied:
    wanted = {_typed(value) for value in values} - {_LIKE_NOTHING}
    return lambda value: _typed(value) in wanted


def _between(values: tuple[Literal, ...]) -> Satisfied:
    return _bounded(low=values[0], high=values[1])


def _at_least(values: tuple[Literal, ...]) -> Satisfied:
    return _bounded(low=values[0], high=None)


def _at_most(values: tuple[Literal, ...]) -> Satisfied:
    return _bounded(low=None, high=values[0])


def _bounded(*, low: Literal | None, high: Literal | None) -> Satisfied:
    """Whether a value is of the bounds' one ordered type and not outside of them."""
    types = {_type_of(bound) for bound in (low, high) if bound is not None}
    wanted = types.pop() if len(types) == 1 and types <= _ORDERED else None

    def satisfied(value: Any) -> bool:
        return _type_of(value) == wanted and (low is None or low <= value) and (high is None or value <= high)

    return satisfied


def _contains(values: tuple[Literal, ...]) -> Satisfied:
    parts = [fold(value) for value in values if isinstance(value, str)]

    def satisfied(value: Value) -> bool:
        if isinstance(value, str):
            whole = fold(value)
            return any(part in whole for part in parts)
        return isinstance(value, tuple) and any(part in map(fold, value) for part in parts)

    return satisfied


def _matches(values: tuple[Literal, ...]) -> Satisfied:
    regex = globs_to_regex(value for value in values if isinstance(value, str))
    return lambda value: isinstance(value, str) and regex.fullmatch(fold(value)) is not None


_COMPARISONS: dict[Op, Callable[[tuple[Literal, ...]], Satisfied]] = {
    Op.EQUALS: _equals,
    Op.IN: _equals,
    Op.BETWEEN: _between,
    Op.AT_LEAST: _at_least,
    Op.AT_MOST: _at_most,
    Op.CONTAINS: _contains,
    Op.MATCHES: _matches,
}


def _typed(value: Value) -> tuple[str, object]:
    """The value beside its type, equal for what compares as equal."""
    known = _type_of(value)
    if known == _OTHER:
        return _LIKE_NOTHING
    return known, fold(value) if isinstance(value, str) else value


def _type_of(value: Value) -> str:
    """The type as far as comparing goes. What equals nothing, not even itself, is `other`."""
    known = _TYPES.get(type(value), _OTHER)
    if (isinstance(value, Decimal) and value.is_nan()) or (isinstance(value, datetime) and value.tzinfo is None):
        return _OTHER
    return known
