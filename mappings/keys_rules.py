"""The keys of a scoring model's two sides: groups of rules over facts, and over activities.

Station: part of the table in `keys_scoring`.
"""

from typing import Any

from connector.core.model import Per
from mappings.conditions import ActivityKind, ConditionKind, WhereKind
from mappings.kinds import Duration, Name, Text, Whole
from mappings.problems import Findings, Path
from mappings.shapes import REQUIRED, Key, ListOf, Shape, TableOf, Words

CONDITION = ConditionKind()


PATTERN_KEYS = (
    Key(
        name="kind",
        kind=ListOf(ActivityKind(), least=1),
        default=REQUIRED,
        doc="Kinds of activity meant: built-in ones, or those a field mapping names.",
        example="kind: [email_reply, call_connected]",
    ),
    Key(
        name="where",
        kind=WhereKind(),
        default={},
        doc="Only activities whose details match; all must.",
        example='where: {path: "*/pricing*"}',
    ),
    Key(
        name="seconds",
        kind=Whole(0, 86_400),
        default=0,
        doc="Only activities that lasted at least this many seconds.",
        example="seconds: 30",
    ),
    Key(name="at_least", kind=Whole(1, 1000), default=1, doc="How many such activities it takes, within `within`.", example="at_least: 3"),
    Key(
        name="distinct_days", kind=Whole(1, 365), default=1, doc="On how many different days, within `within`.", example="distinct_days: 3"
    ),
    Key(
        name="within",
        kind=Duration(whole_hours=True),
        doc="The time for `at_least` and `distinct_days`; without it the whole window.",
        example="within: 14d",
    ),
)


ID_AND_LABEL = (
    Key(
        name="id",
        kind=Name(),
        default=REQUIRED,
        doc="Names the rule in reasons, reports and other documents; never change it.",
        example="id: pricing",
    ),
    Key(
        name="label", kind=Words(), default=REQUIRED, doc="What a rep reads.", example="label: {en: Pricing page read, ja: 料金ページ閲覧}"
    ),
)


_POINTS = Key(name="points", kind=Whole(-1000, 1000), default=REQUIRED, doc="Points earned; minus takes away.", example="points: 10")


def _limit(doc: str) -> Key:
    return Key(name="limit", kind=Whole(0, 1000), doc=doc, example="limit: 40")


def _floor(doc: str) -> Key:
    return Key(name="floor", kind=Whole(-1000, 0), doc=doc, example="floor: -15")


_HALF_LIFE = Key(
    name="half_life",
    kind=Duration(whole_hours=True),
    doc="After this time an activity's points are worth half. Taken from the nearest level that says one; without any, points do not fade.",
    example="half_life: 14d",
)


_WINDOW = Key(
    name="window",
    kind=Duration(whole_hours=True),
    doc="Older activities earn nothing. Taken from the nearest level that says one.",
    example="window: 90d",
)


FIT_RULE = Shape(
    name="Fit rule",
    doc="Points for who somebody is. An unknown fact never fulfils a condition other than `missing`.",
    keys=(
        *ID_AND_LABEL,
        _POINTS,
        Key(
            name="when",
            kind=CONDITION,
            default=REQUIRED,
            doc="Who gets the points.",
            example="when: {fact: person.seniority, equals: manager}",
        ),
    ),
)


def _check_count(read: dict[str, Any], path: Path, found: Findings) -> None:
    if read["at_least"] > 1 and read["distinct_days"] > 1:
        hint = "Keep one of the two."
        found.error((*path, "distinct_days"), "pattern", "`at_least` and `distinct_days` cannot both count.", hint=hint)
    if read["within"] is not None and read["at_least"] == 1 and read["distinct_days"] == 1:
        hint = "Say `at_least` or `distinct_days`, or take `window`."
        found.error((*path, "within"), "pattern", "`within` needs a count.", hint=hint)


COUNT_CHECK = (("at_least", "distinct_days", "within"), _check_count)


def _check_floor(read: dict[str, Any], path: Path, found: Findings) -> None:
    if read["points"] > 0 and read["floor"] is not None:
        found.error((*path, "floor"), "floor", "a floor is for minus points; this rule gives plus points.", hint="Take `limit`.")


def _check_limit(read: dict[str, Any], path: Path, found: Findings) -> None:
    if read["points"] <= 0 and read["limit"] is not None:
        found.error((*path, "limit"), "limit", "a limit is for plus points; this rule gives none.", hint="Take `floor`.")


ACTIVITY_RULE = Shape(
    name="Activity rule",
    doc="Points for what somebody did. They fade by half-life and end with the window.",
    keys=(
        *ID_AND_LABEL,
        _POINTS,
        *PATTERN_KEYS,
        Key(
            name="per",
            kind=Text(choices=tuple(per.value for per in Per)),
            default="occurrence",
            doc="How often the points are earned; of several in the same unit the newest counts.",
            example="per: day",
        ),
        _limit("The most this rule gives."),
        _floor("The least this rule gives (minus points)."),
        _HALF_LIFE,
        _WINDOW,
    ),
    checks=(COUNT_CHECK, (("points", "floor"), _check_floor), (("points", "limit"), _check_limit)),
)


def _group(name: str, rule: Shape, *more: Key) -> Shape:
    return Shape(
        name=name,
        doc="Rules that share a limit.",
        keys=(
            Key(
                name="label",
                kind=Words(),
                doc="What people read above the group; its id without one.",
                example="label: {en: Company, ja: 企業}",
            ),
            _limit("The most the group gives."),
            _floor("The least the group gives."),
            *more,
            Key(
                name="rules",
                kind=ListOf(rule, least=1),
                default=REQUIRED,
                doc="The rules.",
                example="rules: [{id: …, label: …, points: 20, …}]",
            ),
        ),
    )


def _side(name: str, doc: str, group: Shape, *more: Key) -> Shape:
    return Shape(
        name=name,
        doc=doc,
        keys=(
            Key(name="limit", kind=Whole(1, 1000), default=100, doc="The most this side gives.", example="limit: 100"),
            Key(name="floor", kind=Whole(-1000, 0), default=0, doc="The least this side gives.", example="floor: 0"),
            *more,
            Key(
                name="groups",
                kind=TableOf(group, key=Name()),
                default=REQUIRED,
                doc="Groups by id.",
                example="groups: {company: {limit: 50, rules: […]}}",
            ),
        ),
    )


FIT = _side("Fit", "Who they are, against whom you win with.", _group("Fit group", FIT_RULE))


ENGAGEMENT = _side(
    "Engagement",
    "What they did, fading with time.",
    _group("Activity group", ACTIVITY_RULE, _HALF_LIFE, _WINDOW),
    _HALF_LIFE,
    Key(
        name="window",
        kind=Duration(whole_hours=True),
        default="90d",
        doc="Older activities earn nothing, unless a group or rule says otherwise.",
        example="window: 90d",
    ),
)
