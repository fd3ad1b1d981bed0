"""The keys of a scoring model.

Station: the table by which a scoring document is checked (`validate`), built (`build_scoring`) and explained (README.md).
"""

from typing import Any

from mappings.conditions import ActivityKind
from mappings.keys_bands import BANDS
from mappings.keys_rules import CONDITION, COUNT_CHECK, ENGAGEMENT, FIT, ID_AND_LABEL, PATTERN_KEYS
from mappings.kinds import Duration, Name, Text, Whole, Zone
from mappings.problems import Findings, Path
from mappings.shapes import REQUIRED, Key, ListOf, Shape, Words, listed_tables, refuse_twice, table
from mappings.yamltext import Plain

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
        *ID_AND_LABEL,
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
        *ID_AND_LABEL,
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
