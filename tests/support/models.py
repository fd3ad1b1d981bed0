"""Random scoring models, people and activities, small and nasty: few words, many ties, edges of windows, clock changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
from hypothesis import strategies as st

from connector.core.facts import Activities, Column, People
from connector.core.model import (
    ActivityRule,
    All,
    AnyOf,
    Bands,
    Condition,
    DetailTest,
    Exclusion,
    FitRule,
    Group,
    HandOff,
    Ignore,
    Label,
    Model,
    Not,
    Op,
    Pattern,
    Per,
    Side,
    Surge,
    Test,
)
from connector.core.records import DETAILS, Value

NAMES = ("person.title", "company.employees", "company.joined", "person.tags")
TEXTS = ("Director", " director ", "ＤＩＲＥＣＴＯＲ", "部長", "営業 部長", "", "a*b", "Straße", "STRASSE")
LITERALS: tuple[str | bool | int | Decimal | date | datetime, ...] = (
    *TEXTS,
    True,
    False,
    0,
    1,
    50,
    Decimal("50.0"),
    Decimal("50.5"),
    Decimal("NaN"),
    date(2026, 1, 1),
    datetime(2026, 1, 1, tzinfo=UTC),
    datetime(2026, 1, 1),
)
VALUES: tuple[Value, ...] = (*LITERALS, ("Director", "VP"), ())
KINDS = ("page_view", "form_submit", "download", "email_click")
WORDS = {
    "kind": ("", *KINDS),
    "path": ("", "/pricing", "/Pricing/EU", "/careers", "/採用"),
    "form": ("", "demo", "Quote"),
    "asset": ("", "guide", "roi"),
    "campaign": ("", "spring"),
    "feature": ("", "export", "api"),
    "mark": ("", "list_import", "Mail Proxy"),
}
GLOBS = ("*pricing*", "*採用", "/careers", "?demo", "d*", "", "*", "g?ide", "＊quote", "list*")
ZONES = ("UTC", "Asia/Tokyo", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
NOW = datetime(2026, 11, 2, 5, 40, 12, tzinfo=UTC)
"""A day after clocks change in New York, so that short histories cross it."""

points = st.sampled_from((10, 5, 3, 1, 40, 25, 0, -10, -3))
hours = st.sampled_from((400, 200, 100, 48, 24, 1))
limits = st.none() | st.sampled_from((60, 30, 10, 0, -5))
floors = st.none() | st.sampled_from((-40, -10, 0, 3))


def names(prefix: str) -> st.SearchStrategy[str]:
    return st.integers(0, 10**6).map(lambda n: f"{prefix}{n}")


LABEL = Label(en="Because")


@st.composite
def tests(draw: st.DrawFn) -> Test:
    op = draw(st.sampled_from(Op))
    count = {Op.EXISTS: 0, Op.MISSING: 0, Op.EQUALS: 1, Op.BETWEEN: 2, Op.AT_LEAST: 1, Op.AT_MOST: 1}.get(op)
    least, most = (1, 3) if count is None else (count, count)
    values = draw(st.lists(st.sampled_from(LITERALS), min_size=least, max_size=most))
    return Test(fact=draw(st.sampled_from(NAMES)), op=op, values=tuple(values))


def _join(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    some = st.lists(inner, max_size=3).map(tuple)
    return st.builds(All, of=some) | st.builds(AnyOf, of=some) | st.builds(Not, of=inner)


conditions: st.SearchStrategy[Condition] = st.recursive(tests(), _join, max_leaves=5)
globs = st.lists(st.sampled_from(GLOBS), max_size=2).map(tuple)
detail_tests = st.builds(DetailTest, detail=st.sampled_from(DETAILS), globs=globs, negate=st.booleans())
patterns = st.builds(
    Pattern,
    kinds=st.sampled_from((KINDS, KINDS[:3], KINDS[:2], KINDS[1:], KINDS[:1], KINDS[1:2], ())),
    where=st.just(()) | st.lists(detail_tests, max_size=2).map(tuple),
    min_seconds=st.sampled_from((0, 0, 0, 1, 30)),
    at_least=st.sampled_from((1, 1, 2, 3)),
    distinct_days=st.sampled_from((1, 1, 2, 3)),
    within_hours=st.none() | st.integers(0, 100),
)
activity_rules = st.builds(
    ActivityRule,
    id=names("rule"),
    label=st.just(LABEL),
    points=points,
    pattern=patterns,
    per=st.sampled_from(Per),
    limit=limits,
    floor=floors,
    half_life_hours=st.none() | st.sampled_from((1, 7, 24, 100)),
    window_hours=hours,
)
fit_rules = st.builds(FitRule, id=names("rule"), label=st.just(LABEL), points=points, when=conditions)


def groups(rules: st.SearchStrategy[FitRule] | st.SearchStrategy[ActivityRule]) -> st.SearchStrategy[Group]:
    some = st.lists(rules, min_size=2, max_size=4).map(tuple) | st.lists(rules, max_size=1).map(tuple)
    return st.builds(Group, id=names("group"), label=st.just(LABEL), limit=limits, floor=floors, rules=some)


def sides(rules: st.SearchStrategy[FitRule] | st.SearchStrategy[ActivityRule]) -> st.SearchStrategy[Side]:
    return st.builds(
        Side,
        limit=st.sampled_from((100, 40)),
        floor=st.sampled_from((0, 0, -30)),
        groups=st.lists(groups(rules), min_size=1, max_size=3).map(tuple) | st.just(()),
    )


surges = st.builds(Surge, quiet_hours=st.integers(0, 200), points=st.integers(0, 40), within_hours=st.integers(1, 100))
hand_offs = st.builds(HandOff, id=names("hand_off"), label=st.just(LABEL), pattern=patterns, window_hours=hours) | st.builds(
    HandOff, id=names("hand_off"), label=st.just(LABEL), surge=surges, window_hours=hours
)
exclusions = st.builds(Exclusion, id=names("exclusion"), label=st.just(LABEL), when=tests()) | st.builds(
    Exclusion, id=names("exclusion"), label=st.just(LABEL), when=st.none() | tests(), pattern=patterns
)
bands = st.builds(
    Bands,
    fit=st.sampled_from(((("A", 40), ("B", 10), ("C", 0)), (("A", 1), ("D", 0)))),
    engagement=st.sampled_from(((("1", 30), ("2", 5), ("3", 0)), (("1", 12), ("2", 3)))),
    unknown_when_missing=st.sampled_from(((), ("person.title",), ("person.title", "company.employees"))),
    hot=st.just(("A1",)),
    warm=st.just(("A2", "B1", "U1")),
)
models = st.builds(
    Model,
    name=st.just("random"),
    version=st.just(3),
    label=st.just(LABEL),
    zone=st.sampled_from(ZONES),
    applies_to=st.sampled_from((False, False, False, True)).flatmap(lambda some: conditions if some else st.none()),
    fit=sides(fit_rules),
    engagement=sides(activity_rules),
    total_limit=st.sampled_from((100, 60)),
    ignore=st.builds(
        Ignore,
        kinds=st.sampled_from(((), ("download",))),
        paths=globs.map(lambda some: tuple(glob for glob in some if glob != "*")),
        marks=st.sampled_from(((), ("LIST_IMPORT",), ("mail  proxy",))),
    ),
    exclude=st.lists(exclusions, max_size=2).map(tuple),
    hand_offs=st.lists(hand_offs, max_size=3, unique_by=lambda hand_off: hand_off.id).map(tuple),
    bands=bands,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One activity: seconds before `NOW` was cut to the hour (negative: after it), and dictionary indices in the order of `WORDS`."""

    before_s: int
    codes: tuple[int, ...]
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Human:
    facts: tuple[Value | None, ...]
    """In the order of `NAMES`; None is unknown."""
    rows: tuple[Row, ...]


minutes = st.integers(-120, 24_000) | st.integers(-60, 6_000) | st.sampled_from((0, 60, 24 * 60, 100 * 60, 400 * 60))
rows = st.builds(
    Row,
    before_s=st.builds(lambda whole, odd: whole * 60 + odd, minutes, st.sampled_from((0, 0, 0, 1, -1))),
    codes=st.tuples(*(st.integers(1 if name == "kind" else 0, len(words) - 1) for name, words in WORDS.items())),
    seconds=st.sampled_from((0, 1, 29, 30, 600)),
)
humans = st.builds(
    Human,
    facts=st.tuples(*(st.none() | st.sampled_from(VALUES) for _ in NAMES)),
    rows=st.lists(rows, min_size=5, max_size=20).map(tuple) | st.lists(rows, max_size=3).map(tuple),
)
crowds = st.lists(humans, min_size=2, max_size=4).map(tuple) | st.lists(humans, max_size=1).map(tuple)


def people_of(crowd: Sequence[Human]) -> People:
    """The facts as columns. Ids are 1, 2, …"""
    facts = {}
    for place, name in enumerate(NAMES):
        words: list[Value] = []
        codes = []
        for human in crowd:
            value = human.facts[place]
            if value is not None:
                words.append(value)
            codes.append(-1 if value is None else len(words) - 1)
        facts[name] = Column(codes=np.array(codes, dtype=np.int32), words=tuple(words))
    return People(ids=np.arange(1, len(crowd) + 1, dtype=np.int64), facts=facts)


def activities_of(crowd: Sequence[Human]) -> Activities:
    """The activities as columns, by person and time."""
    hour = int(NOW.timestamp()) // 3600 * 3600
    flat = sorted(((row, hour - deed.before_s, deed) for row, human in enumerate(crowd) for deed in human.rows), key=lambda one: one[:2])
    columns = {name: np.array([deed.codes[i] for _, _, deed in flat], dtype=np.int32) for i, name in enumerate(WORDS)}
    return Activities(
        row=np.array([row for row, _, _ in flat], dtype=np.int32),
        at=np.array([at for _, at, _ in flat], dtype=np.int64),
        seconds=np.array([deed.seconds for _, _, deed in flat], dtype=np.int32),
        words=WORDS,
        **columns,
    )
