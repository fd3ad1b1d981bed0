"""The keys of a field mapping that say what a field gives, and what an activity is.

Station: the inner tables of `keys_fields`.
"""

from typing import Any

from mappings.convert.registry import CONVERTERS
from mappings.kinds import BAD, Bad, Kind, Name, Text, Whole, YesNo, wrong
from mappings.problems import Findings, Path
from mappings.shapes import REQUIRED, Key, ListOf, Shape, TableOf
from mappings.yamltext import Plain

FIELD = Text(says_more="field of the CRM")
NO_ACTIVITY = "none"
"""The word that says: this row is no activity."""


class Scalar:
    """A plain value: text, number, `true` / `false`."""

    says = "plain value"

    def read(self, value: Plain, path: Path, found: Findings) -> Any:
        return wrong(value, path, found, wanted=self.says) if value is None or isinstance(value, (list, dict)) else value


class ValueName:
    """The name of a mapped value: an id, for a person's row also with `company.` before it."""

    says = "name"

    def read(self, value: Plain, path: Path, found: Findings) -> str | Bad:
        return Name().read(value.removeprefix("company.") if isinstance(value, str) else value, path, found)


class Short:
    """A short form: a plain text stands for a table with this one key."""

    def __init__(self, key: str, shape: Shape) -> None:
        self._key, self._shape = key, shape
        self.says = f"{self._one().says}, or {shape.says}"

    @property
    def shapes(self) -> tuple[Shape, ...]:
        return (self._shape,)

    def _one(self) -> Kind:
        return next(key.kind for key in self._shape.keys if key.name == self._key)

    def read(self, value: Plain, path: Path, found: Findings) -> Any:
        if isinstance(value, dict):
            return self._shape.read(value, path, found)
        if isinstance(self._one().read(value, path, found), Bad):
            return BAD
        return self._shape.read({self._key: value}, path, found)


def _check_parameters(read: dict[str, Any], path: Path, found: Findings) -> None:
    takes = CONVERTERS[read["convert"]].takes
    for key in ("values", "currency", "country", "words"):
        if read[key] is not None and key not in takes:
            users = ", ".join(sorted(name for name, converter in CONVERTERS.items() if key in converter.takes))
            message = f"the converter '{read['convert']}' takes no `{key}`."
            found.error((*path, key), "converter", message, hint=f"`{key}` is for: {users}.")
    if "words" in takes and not read["words"]:
        found.error(path, "missing_key", f"the converter '{read['convert']}' needs `words`.", hint='words: ["*student*"]')


def _check_from(read: dict[str, Any], path: Path, found: Findings) -> None:
    if read["convert"] == "full_name" and len(read["from"]) != 2:
        message = "the converter 'full_name' reads two fields."
        found.error((*path, "from"), "from", message, hint="from: [given name, family name]")
    elif read["convert"] != "full_name" and len(read["from"]) != 1:
        message = f"the converter '{read['convert']}' reads one field."
        found.error((*path, "from"), "from", message, hint="For a second choice, make it a list of tables.")


FIELD_SPEC = Shape(
    name="Field",
    doc="Where a value comes from. A list of these means: the first that gives something.",
    keys=(
        Key(name="from", kind=ListOf(FIELD, least=1), default=REQUIRED, doc="The CRM's field.", example="from: jobtitle"),
        Key(
            name="convert",
            kind=Text(choices=tuple(CONVERTERS)),
            default="text",
            doc="The converter, see below.",
            example="convert: seniority",
        ),
        Key(
            name="values",
            kind=TableOf(Scalar()),
            doc="The CRM's word → ours. A word that is not listed is kept, reported and taken as unknown.",
            example="values: {COMPUTER_SOFTWARE: technology}",
        ),
        Key(
            name="blank",
            kind=ListOf(Text()),
            default=[],
            doc="Texts that mean nothing was filled in.",
            example='blank: ["[not provided]", "n/a"]',
        ),
        Key(name="currency", kind=FIELD, doc="For `money`: the field that holds the currency.", example="currency: CurrencyIsoCode"),
        Key(name="country", kind=FIELD, doc="For `phone`: the field with the country of numbers without +.", example="country: country"),
        Key(
            name="words",
            kind=ListOf(Text(), least=1),
            doc="For `matches`: texts to look for, with * and ?.",
            example='words: ["*student*"]',
        ),
    ),
    checks=((("convert", "values", "currency", "country", "words"), _check_parameters), (("from", "convert"), _check_from)),
)
_ONE_FIELD = Short("from", FIELD_SPEC)


class FieldSpecs:
    """A field, a table about a field, or a list of these: the first that gives something."""

    says = f"{_ONE_FIELD.says}, or a list of these"
    shapes = (FIELD_SPEC,)

    def read(self, value: Plain, path: Path, found: Findings) -> tuple[dict[str, Any], ...] | Bad:
        if not isinstance(value, list):
            one = _ONE_FIELD.read(value, path, found)
            return BAD if isinstance(one, Bad) else (one,)
        specs: tuple[dict[str, Any], ...] | Bad = ListOf(_ONE_FIELD, least=1).read(value, path, found)
        return specs


def _check_test(read: dict[str, Any], path: Path, found: Findings) -> None:
    if (read["values"] is None) == (read["filled"] is None):
        found.error(path, "test", "a test of a field has either `values` or `filled`.")


_TEST_KEYS = (
    Key(name="from", kind=FIELD, default=REQUIRED, doc="The CRM's field.", example="from: IsClosed"),
    Key(name="values", kind=ListOf(Scalar(), least=1), doc="Holds for any of these, with * and ?.", example="values: [Completed]"),
    Key(name="filled", kind=YesNo(), doc="Holds when the field is filled (`true`) or blank (`false`).", example="filled: true"),
)
FIELD_TEST = Shape(name="Field test", doc="A test of one field of a row.", keys=_TEST_KEYS, checks=((("values", "filled"), _check_test),))
MARK = Shape(
    name="Mark",
    doc="Marks an activity as perhaps not a person's doing; a model's `ignore` decides what that means.",
    keys=(
        Key(name="mark", kind=Name(), default=REQUIRED, doc="The mark.", example="mark: campaign_member_without_response"),
        *_TEST_KEYS,
    ),
    checks=((("values", "filled"), _check_test),),
)


def _check_link(read: dict[str, Any], path: Path, found: Findings) -> None:
    if (read["related"] is None) == (read["from"] is None):
        found.error(path, "link", "a link has either `from` (a field that holds an id) or `related` (ids that come along).")
    elif read["from"] is not None and read["source"] is None:
        found.error(path, "missing_key", "a link by `from` needs `source`.", hint="source: Account")


LINK = Shape(
    name="Link",
    doc="How a row names another. By `from` and `source`, or by `related`.",
    keys=(
        Key(name="from", kind=FIELD, doc="The field that holds the other row's id.", example="from: AccountId"),
        Key(name="source", kind=Text(), doc="What kind of row that is.", example="source: Account"),
        Key(name="prefix", kind=Text(), doc="Only ids that begin so, where a field may name several kinds.", example="prefix: 00Q"),
        Key(name="related", kind=Text(), doc="The source whose ids come along with the row.", example="related: contacts"),
    ),
    checks=((("from", "source", "related"), _check_link),),
)


def _check_step(read: dict[str, Any], path: Path, found: Findings) -> None:
    given = [key for key in ("from", "past", "is") if read[key] is not None]
    if given not in (["from"], ["past", "is"], ["is"]):
        found.error(path, "activity", "a step has `from` with `values`, or `past` with `is` and `not_yet`, or `is` alone.")
    elif given == ["from"] and not read["values"]:
        found.error(path, "missing_key", "a step by `from` needs `values`.", hint="values: {COMPLETED: meeting_held}")


ACTIVITY_STEP = Shape(
    name="Activity step",
    doc="What kind of activity a row is. Of a list of steps the first that answers counts; `none` says: no activity.",
    keys=(
        Key(name="is", kind=Name(), doc="The kind, whatever the row says.", example="is: page_view"),
        Key(name="from", kind=FIELD, doc="The field that tells.", example="from: hs_meeting_outcome"),
        Key(
            name="values",
            kind=TableOf(Name()),
            doc="Its word → kind. Without * and ? a table: a word that is not listed is reported, and the next step answers.",
            example="values: {COMPLETED: meeting_held, SCHEDULED: meeting}",
        ),
        Key(name="past", kind=FIELD, doc="A time: when it has passed the row `is` this,", example="past: EndDateTime"),
        Key(name="not_yet", kind=Name(), default=NO_ACTIVITY, doc="until then that.", example="not_yet: meeting"),
    ),
    checks=((("from", "past", "is", "values"), _check_step),),
)
STEPS = ListOf(Short("is", ACTIVITY_STEP), least=1)

SECONDS = Shape(
    name="Seconds",
    doc="How long it lasted.",
    keys=(
        Key(
            name="from",
            kind=FIELD,
            doc="The field with the length, or with the beginning when `until` is given; nothing where the CRM never tells.",
            example="from: hs_call_duration",
        ),
        Key(
            name="unit",
            kind=Text(choices=("milliseconds", "seconds", "minutes")),
            default="seconds",
            doc="Its unit.",
            example="unit: milliseconds",
        ),
        Key(name="until", kind=FIELD, doc="The field with the end.", example="until: hs_meeting_end_time"),
        Key(name="when_missing", kind=Whole(0, 86_400), default=0, doc="Taken where the CRM does not tell.", example="when_missing: 30"),
    ),
    checks=((("from", "until", "when_missing"), lambda read, path, found: _check_seconds(read, path, found)),),
)


def _check_seconds(read: dict[str, Any], path: Path, found: Findings) -> None:
    if read["from"] is None and (read["until"] is not None or not read["when_missing"]):
        found.error(path, "missing_key", "`seconds` needs `from`, or `when_missing` alone.", hint="seconds: {when_missing: 30}")


def _detail(name: str, doc: str) -> Key:
    return Key(
        name=name,
        kind=FieldSpecs(),
        doc=doc,
        example=f"{name}: {{from: hs_url, convert: url_path}}" if name == "path" else f"{name}: hs_form_name",
    )


DETAIL_KEYS = (
    _detail("path", "The page, as a path."),
    _detail("form", "The form."),
    _detail("asset", "The paper or file."),
    _detail("campaign", "The campaign or mailing."),
    _detail("feature", "The part of the product."),
    Key(name="seconds", kind=Short("from", SECONDS), doc="How long it lasted.", example="seconds: CallDurationInSeconds"),
    Key(
        name="marks",
        kind=ListOf(MARK),
        default=[],
        doc="The first that holds marks the activity.",
        example="marks: [{mark: list_import, from: Source, values: [Import]}]",
    ),
)
INSTEAD_OF = Key(
    name="instead_of",
    kind=Text(),
    doc="The source that tells this better: where it can be read, this is left out.",
    example="instead_of: events:e_visited_page",
)

MOMENT = Shape(
    name="Moment",
    doc="A date on a person's row that is an activity at that time.",
    keys=(
        Key(
            name="id",
            kind=Name(),
            default=REQUIRED,
            doc="Names the moment; never change it. Two moments of one id and time are one activity.",
            example="id: conversion",
        ),
        Key(name="at", kind=FIELD, default=REQUIRED, doc="The field with the time.", example="at: recent_conversion_date"),
        Key(name="activity", kind=STEPS, default=REQUIRED, doc="What kind of activity.", example="activity: form_submit"),
        *DETAIL_KEYS,
        INSTEAD_OF,
    ),
)

COUNTER = Shape(
    name="Counter",
    doc=(
        "A number on a person's row that only rises. Its rise between two pulls becomes activities at the row's own time for it; "
        "seen for the first time it gives at most one."
    ),
    keys=(
        Key(name="id", kind=Name(), default=REQUIRED, doc="Names the counter; never change it.", example="id: email_opens"),
        Key(
            name="from",
            kind=FIELD,
            default=REQUIRED,
            doc="The field with the number; a tick box counts as 0 or 1.",
            example="from: hs_email_open",
        ),
        Key(
            name="at",
            kind=FIELD,
            doc=(
                "The field with the time of the latest; without it, or while it is blank, a rise is dated when it is seen, "
                "and a number seen for the first time gives nothing."
            ),
            example="at: hs_email_last_open_date",
        ),
        Key(
            name="at_modified",
            kind=YesNo(),
            default=False,
            doc="Date it when the row was last changed, where `at` gives nothing.",
            example="at_modified: true",
        ),
        Key(name="activity", kind=Name(), default=REQUIRED, doc="What kind of activity each is.", example="activity: email_open"),
        Key(name="most", kind=Whole(1, 100), default=5, doc="The most that one rise gives.", example="most: 3"),
        Key(
            name="newest_told_by",
            kind=Name(),
            doc="The moment that tells the latest one, which is then not told here too.",
            example="newest_told_by: conversion",
        ),
        *DETAIL_KEYS[:-1],
        INSTEAD_OF,
    ),
)
