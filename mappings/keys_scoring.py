"""The keys of a scoring model.

Station: the table by which a scoring document is checked (`validate`), built (`build_scoring`) and explained (README.md).
"""

import itertools
from typing import Any

from connector.core.model import Per
from mappings.conditions import ActivityKind, ConditionKind, WhereKind
from mappings.kinds import Duration, Name, Text, Whole, Zone
from mappings.problems import Findings, Path
from mappings.shapes import REQUIRED, Key, ListOf, Shape, TableOf, Words, listed_tables, refuse_twice, table
from mappings.yamltext import Plain

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

_ID_AND_LABEL = (
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
        *_ID_AND_LABEL,
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
        *_ID_AND_LABEL,
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

IGNORE = Shape(
    name="Ignore",
    doc="Activities dropped before anything counts.",
    keys=(
        Key(name="kinds", kind=ListOf(ActivityKind()), default=[], doc="Whole kinds.", example="kinds: [email_sent]"),
        Key(name="paths", kind=ListOf(Text()), default=[], doc="Pages by path, with * and ?.", example='paths: ["*/careers*"]'),
        Key(
            name="marks",
            kind=ListOf(Text()),
            default=[],
            doc="Activities marked by the field mapping as not a person's doing.",
            example="marks: [open_by_mail_proxy]",
        ),
    ),
)

_OPTIONAL_PATTERN = (
    Key(name="kind", kind=ListOf(ActivityKind(), least=1), doc=PATTERN_KEYS[0].doc, example=PATTERN_KEYS[0].example),
    *PATTERN_KEYS[1:],
)


def _check_exclusion(read: dict[str, Any], path: Path, found: Findings) -> None:
    if (read["when"] is None) == (read["kind"] is None):
        found.error(path, "exclusion", "an exclusion has either `when` (facts) or `kind` (an activity).")


EXCLUSION = Shape(
    name="Exclusion",
    doc="Who is not scored and gets no task; the reason is shown. Either `when`, or an activity by `kind`.",
    keys=(
        *_ID_AND_LABEL,
        Key(name="when", kind=CONDITION, doc="A condition over facts.", example="when: {fact: person.is_student, equals: true}"),
        *_OPTIONAL_PATTERN,
    ),
    checks=(COUNT_CHECK, (("when", "kind"), _check_exclusion)),
)

SURGE = Shape(
    name="Surge",
    doc="A lead that wakes up: quiet, then much at once.",
    keys=(
        Key(
            name="quiet",
            kind=Duration(whole_hours=True),
            default=REQUIRED,
            doc="No activity for at least this long before.",
            example="quiet: 60d",
        ),
        Key(name="points", kind=Whole(1, 1000), default=REQUIRED, doc="At least so many points of engagement since.", example="points: 20"),
        Key(name="within", kind=Duration(whole_hours=True), default=REQUIRED, doc="Earned in this time.", example="within: 7d"),
    ),
)


def _check_hand_off(read: dict[str, Any], path: Path, found: Findings) -> None:
    if (read["surge"] is None) == (read["kind"] is None):
        found.error(path, "hand_off", "a hand-off has either `kind` (an activity) or `surge`.")


HAND_OFF = Shape(
    name="Hand-off",
    doc="Followed up at once, whatever the score; never adds points. Either an activity by `kind`, or a `surge`.",
    keys=(
        *_ID_AND_LABEL,
        *_OPTIONAL_PATTERN,
        Key(name="surge", kind=SURGE, doc="A lead that wakes up.", example="surge: {quiet: 60d, points: 20, within: 7d}"),
        Key(
            name="window",
            kind=Duration(whole_hours=True),
            default="7d",
            doc="How long after the activity it still counts as fired.",
            example="window: 7d",
        ),
        Key(
            name="origin",
            kind=Text(choices=("marketing", "sgl", "pql", "partner")),
            doc="What it says about where the person came from; nothing without it.",
            example="origin: pql",
        ),
    ),
    checks=(COUNT_CHECK, (("surge", "kind"), _check_hand_off)),
)

FIT_BANDS = ("A", "B", "C", "D")
ENGAGEMENT_BANDS = ("1", "2", "3", "4")
GRADES = tuple(fit + engagement for fit in (*FIT_BANDS, "U") for engagement in ENGAGEMENT_BANDS)

BANDS = Shape(
    name="Bands",
    doc="Where grades begin, and which are hot and warm.",
    keys=(
        Key(
            name="fit",
            kind=TableOf(Whole(0, 1000), keys=FIT_BANDS),
            default={"A": 65, "B": 45, "C": 25, "D": 0},
            doc="Least fit of each letter, best first.",
            example="fit: {A: 65, B: 45, C: 25, D: 0}",
        ),
        Key(
            name="engagement",
            kind=TableOf(Whole(0, 1000), keys=ENGAGEMENT_BANDS),
            default={"1": 45, "2": 25, "3": 8, "4": 0},
            doc="Least engagement of each number, best first.",
            example="engagement: {1: 45, 2: 25, 3: 8, 4: 0}",
        ),
        Key(
            name="unknown_when_missing",
            kind=ListOf(Text()),
            default=["company.industry", "company.employees", "person.title"],
            doc="Fit is U (unknown, not poor) where all of these facts are unknown; an empty list means never.",
            example="unknown_when_missing: [company.industry, person.title]",
        ),
        Key(
            name="hot",
            kind=ListOf(Text(choices=GRADES), least=1),
            default=["A1", "A2", "B1"],
            doc="Grades to call now.",
            example="hot: [A1, A2, B1]",
        ),
        Key(
            name="warm",
            kind=ListOf(Text(choices=GRADES)),
            default=["A3", "B2", "C1", "U1", "U2"],
            doc="Grades whose need is to be checked.",
            example="warm: [A3, B2, C1, U1, U2]",
        ),
    ),
    checks=(
        (("fit",), lambda read, path, found: _check_bands(read["fit"], FIT_BANDS, (*path, "fit"), found)),
        (("engagement",), lambda read, path, found: _check_bands(read["engagement"], ENGAGEMENT_BANDS, (*path, "engagement"), found)),
        (("hot", "warm"), lambda read, path, found: _check_warmth(read, path, found)),
    ),
)


def _check_bands(begin: dict[str, int], letters: tuple[str, ...], path: Path, found: Findings) -> None:
    missing = [letter for letter in letters if letter not in begin]
    if missing:
        found.error(path, "bands", f"these bands lack {', '.join(missing)}.")
        return
    begins = [begin[letter] for letter in letters]
    if begins[-1] != 0 or any(upper <= lower for upper, lower in itertools.pairwise(begins)):
        found.error(path, "bands", f"these bands must fall from {letters[0]} to {letters[-1]} and end at 0.")


def _check_warmth(read: dict[str, Any], path: Path, found: Findings) -> None:
    for grade in sorted(set(read["hot"]) & set(read["warm"])):
        found.error((*path, "warm"), "bands", f"{grade} is both hot and warm.", hint="Keep it in one of the two.")


class ListsKind:
    """The `lists` section: read beforehand by `lists_of`, so that `$name` can be put in place; here only its form is checked."""

    says = "table of lists, also in groups"

    def read(self, value: Plain, path: Path, found: Findings) -> dict[str, tuple[object, ...]]:
        if not isinstance(value, dict):
            found.error(path, "kind", "`lists` is a table of lists.", hint="lists: {own_domains: [example.com]}")
            return {}
        lists = lists_of(value)
        for name, entries in lists.items():
            strange = [index for index, entry in enumerate(entries) if entry is None or isinstance(entry, (list, dict))]
            for index in strange:
                where = (*path, *_list_path(name, value), index)
                found.error(where, "kind", "a list holds plain values only.", hint="lists: {own_domains: [example.com]}")
            if not entries:
                hint = "Fill it in, or take out what refers to it."
                found.warn(
                    (*path, *_list_path(name, value)), "empty_list", f"the list '{name}' is empty, so nothing matches it.", hint=hint
                )
        return lists


def lists_of(value: Plain, prefix: str = "") -> dict[str, tuple[object, ...]]:
    """Lists by dotted name (`icp.industries`), as far as `value` is a table of lists or of tables of lists."""
    lists: dict[str, tuple[object, ...]] = {}
    for key, entry in value.items() if isinstance(value, dict) else ():
        if isinstance(entry, dict):
            lists.update(lists_of(entry, f"{prefix}{key}."))
        else:
            lists[f"{prefix}{key}"] = tuple(entry) if isinstance(entry, list) else () if entry is None else (entry,)
    return lists


def _list_path(name: str, value: Plain) -> Path:
    if isinstance(value, dict) and name in value:
        return (name,)
    group, _, rest = name.partition(".")
    return (group, *_list_path(rest, value.get(group))) if isinstance(value, dict) and rest else ()


def _refuse_rules_twice(value: dict[str, Plain], path: Path, found: Findings) -> None:
    for side in ("fit", "engagement"):
        seen: set[str] = set()
        for group, entry in table(table(value.get(side)).get("groups")).items():
            for index, rule in enumerate(listed_tables(table(entry).get("rules"))):
                name = rule.get("id")
                if isinstance(name, str):
                    if name in seen:
                        where = (*path, side, "groups", group, "rules", index, "id")
                        found.error(where, "twice", f"there are two {side} rules with the id '{name}'.", hint="Rename one of them.")
                    seen.add(name)


def _check_within(read: dict[str, Any], path: Path, found: Findings) -> None:
    side = read["engagement"]
    for group_id, group in side["groups"].items():
        for index, rule in enumerate(group["rules"]):
            if rule["within"] is not None and rule["within"] > (rule["window"] or group["window"] or side["window"]):
                where = (*path, "engagement", "groups", group_id, "rules", index, "within")
                found.warn(where, "pattern", "`within` is longer than the rule's window, which ends it.", hint="Make the window as long.")


SCORING = Shape(
    name="Scoring model",
    doc="Who scores how many points for what. Key by key:",
    keys=(
        Key(name="model", kind=Name(), default=REQUIRED, doc="The model's name; ladders refer to it.", example="model: b2b_default"),
        Key(
            name="label", kind=Words(), default=REQUIRED, doc="What people call it.", example="label: {en: Standard model, ja: 標準モデル}"
        ),
        Key(
            name="zone",
            kind=Zone(),
            default="UTC",
            doc="The zone in which days are cut (`per: day`, `distinct_days`).",
            example="zone: Asia/Tokyo",
        ),
        Key(
            name="lists",
            kind=ListsKind(),
            default={},
            doc="Lists used by `$name` below.",
            example="lists: {icp: {industries: [machinery]}, own_domains: [example.com]}",
        ),
        Key(
            name="applies_to",
            kind=CONDITION,
            doc="Whom this model scores; everybody without it.",
            example="applies_to: {fact: person.country, equals: JP}",
        ),
        Key(
            name="total_limit",
            kind=Whole(1, 2000),
            default=100,
            doc="The most fit and engagement give together.",
            example="total_limit: 100",
        ),
        Key(name="fit", kind=FIT, default=REQUIRED, doc="Who they are.", example="fit: {limit: 100, groups: {…}}"),
        Key(name="engagement", kind=ENGAGEMENT, default=REQUIRED, doc="What they did.", example="engagement: {window: 90d, groups: {…}}"),
        Key(name="ignore", kind=IGNORE, default={}, doc="What never counts.", example='ignore: {paths: ["*/careers*"]}'),
        Key(
            name="exclude",
            kind=ListOf(EXCLUSION),
            default=[],
            doc="Who is not scored.",
            example="exclude: [{id: own_staff, label: Own staff, when: {fact: person.email_domain, in: $own_domains}}]",
        ),
        Key(
            name="hand_off",
            kind=ListOf(HAND_OFF),
            default=[],
            doc="What is followed up at once.",
            example="hand_off: [{id: inquiry, label: Inquiry, kind: inquiry}]",
        ),
        Key(name="bands", kind=BANDS, default={}, doc="Grades and temperature.", example="bands: {hot: [A1, A2, B1]}"),
    ),
    checks=((("engagement",), _check_within),),
    raw_checks=(_refuse_rules_twice, refuse_twice("exclude", "exclusions"), refuse_twice("hand_off", "hand-offs")),
)
