"""The keys of a field mapping.

Station: the table by which a field mapping is checked (`validate`), built (`build_fields`) and explained (README.md).
"""

import re
from typing import Any

from connector.core.changes import Ownership
from connector.core.records import DealState
from mappings.convert.registry import CONVERTERS
from mappings.problems import Findings, Path, nearest
from mappings.shapes import (
    BAD,
    REQUIRED,
    Bad,
    Key,
    Kind,
    ListOf,
    Name,
    Rate,
    Shape,
    TableOf,
    Text,
    Whole,
    Words,
    YesNo,
    refuse_twice,
    wrong,
)
from mappings.writing import WRITABLE
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

    def _one(self) -> Kind:
        return next(key.kind for key in self._shape.keys if key.name == self._key)

    def read(self, value: Plain, path: Path, found: Findings) -> Any:
        if isinstance(value, dict):
            return self._shape.read(value, path, found)
        if isinstance(self._one().read(value, path, found), Bad):
            return BAD
        return self._shape.read({self._key: value}, path, found)


def _check_field(read: dict[str, Any], path: Path, found: Findings) -> None:
    takes = CONVERTERS[read["convert"]].takes
    for key in ("values", "currency", "country", "words"):
        if read[key] is not None and key not in takes:
            users = ", ".join(sorted(name for name, converter in CONVERTERS.items() if key in converter.takes))
            found.error((*path, key), "converter", f"the converter '{read['convert']}' takes no `{key}`.", hint=f"`{key}` is for: {users}.")
    if "words" in takes and not read["words"]:
        found.error(path, "missing_key", f"the converter '{read['convert']}' needs `words`.", hint='words: ["*student*"]')
    if len(read["from"]) != (2 if read["convert"] == "full_name" else 1):
        hint = "from: [given name, family name]" if read["convert"] == "full_name" else "For a second choice take a list of tables."
        found.error((*path, "from"), "from", f"the converter '{read['convert']}' reads another number of fields.", hint=hint)


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
    check=_check_field,
)
_ONE_FIELD = Short("from", FIELD_SPEC)


class FieldSpecs:
    """A field, a table about a field, or a list of these: the first that gives something."""

    says = f"{_ONE_FIELD.says}, or a list of these"

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
FIELD_TEST = Shape(name="Field test", doc="A test of one field of a row.", keys=_TEST_KEYS, check=_check_test)
MARK = Shape(
    name="Mark",
    doc="Marks an activity as perhaps not a person's doing; a model's `ignore` decides what that means.",
    keys=(
        Key(name="mark", kind=Name(), default=REQUIRED, doc="The mark.", example="mark: campaign_member_without_response"),
        *_TEST_KEYS,
    ),
    check=_check_test,
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
    check=_check_link,
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
    check=_check_step,
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
    check=lambda read, path, found: _check_seconds(read, path, found),
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


_DETAIL_KEYS = (
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
_INSTEAD_OF = Key(
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
        *_DETAIL_KEYS,
        _INSTEAD_OF,
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
        *_DETAIL_KEYS[:-1],
        _INSTEAD_OF,
    ),
)

WRITE = Shape(
    name="Written field",
    doc="A field of the CRM that hotlead fills.",
    keys=(
        Key(name="from", kind=Text(choices=tuple(WRITABLE)), default=REQUIRED, doc="Our value.", example="from: temperature"),
        Key(
            name="ownership",
            kind=Text(choices=tuple(mode.value for mode in Ownership)),
            default="ours",
            doc=(
                "Whose the field is: `ours` (written whenever it differs), `crm_wins` (a value somebody else put there stands), "
                "`fill_if_blank`, `append`."
            ),
            example="ownership: fill_if_blank",
        ),
        Key(
            name="values",
            kind=TableOf(Text()),
            doc="Our word → the CRM's; all words that are not listed are left alone.",
            example="values: {hot: Hot, warm: Warm, cold: Cold}",
        ),
    ),
    check=lambda read, path, found: _check_write(read, path, found),
)


def _check_write(read: dict[str, Any], path: Path, found: Findings) -> None:
    values = read["values"] or {}
    for word, written in values.items():
        twins = [other for other, text in values.items() if text == written and other != word]
        if twins and word > twins[0]:
            found.error(
                (*path, "values", word), "values", f"'{written}' is written for {twins[0]} and for {word}; read back it could be either."
            )
    if values and WRITABLE[read["from"]] != "text":
        found.error((*path, "values"), "values", f"`{read['from']}` is no word, so it takes no `values`.")


STATE = Shape(
    name="Deal state",
    doc="Whether a deal is open, won or lost. By two tick boxes, or by a table.",
    keys=(
        Key(name="won", kind=FIELD, doc="The tick box for won.", example="won: IsWon"),
        Key(name="closed", kind=FIELD, doc="The tick box for closed.", example="closed: IsClosed"),
        Key(name="from", kind=FIELD, doc="The field with the deal's step.", example="from: dealstage"),
        Key(
            name="values",
            kind=TableOf(Text(choices=tuple(DealState))),
            doc="Its word → open, won or lost; what is not listed is open and reported.",
            example="values: {closedwon: won}",
        ),
    ),
    check=lambda read, path, found: _check_state(read, path, found),
)


def _check_state(read: dict[str, Any], path: Path, found: Findings) -> None:
    boxes, table = (read["won"] is not None, read["closed"] is not None), (read["from"] is not None, bool(read["values"]))
    if (boxes, table) not in (((True, True), (False, False)), ((False, False), (True, True))):
        found.error(path, "state", "a deal's state comes from `won` and `closed`, or from `from` and `values`.")


_EVERY_KEYS = (
    Key(
        name="kind",
        kind=Text(choices=("contact", "company", "deal", "activity")),
        default=REQUIRED,
        doc="What a row of this source is.",
        example="kind: contact",
    ),
    Key(name="optional", kind=YesNo(), default=False, doc="Whether a CRM without this source is right too.", example="optional: true"),
    Key(
        name="where",
        kind=TableOf(ListOf(Text(), least=1)),
        default={},
        doc="Only rows whose field holds one of these words are read.",
        example="where: {RecordType.DeveloperName: [Business]}",
    ),
)
_OWNER = Key(name="owner", kind=FIELD, doc="The field with the id of the user who owns the row.", example="owner: OwnerId")
_FIELDS = Key(
    name="fields",
    kind=TableOf(FieldSpecs(), key=ValueName()),
    default={},
    doc="Our name → where it comes from.",
    example="fields: {title: jobtitle}",
)
_SURVIVOR = Key(
    name="survivor",
    kind=LINK,
    doc="The row that took over, where a field says so.",
    example="survivor: {from: ConvertedContactId, source: Contact}",
)
_SINCE = Key(name="since", kind=FIELD, doc="The field with the time that bounds a first load.", example="since: hs_timestamp")
_WRITE = Key(
    name="write",
    kind=TableOf(Short("from", WRITE)),
    default={},
    doc="The CRM's field → our value.",
    example="write: {hotlead_score: score}",
)

CONTACT = Shape(
    name="Contact source",
    doc="Rows about people (`kind: contact`).",
    keys=(
        *_EVERY_KEYS,
        Key(
            name="emails",
            kind=ListOf(FIELD),
            default=[],
            doc="Fields with addresses, the main one first; role mailboxes (info@) join nobody.",
            example="emails: [email, hs_additional_emails]",
        ),
        Key(name="company", kind=LINK, doc="The person's company.", example="company: {from: associatedcompanyid, source: companies}"),
        _OWNER,
        Key(name="created_at", kind=FIELD, doc="When the row was made; also the fact `person.created`.", example="created_at: createdate"),
        _SURVIVOR,
        _FIELDS,
        Key(
            name="moments",
            kind=ListOf(MOMENT),
            default=[],
            doc="Dates that are activities.",
            example="moments: [{id: conversion, at: recent_conversion_date, activity: form_submit}]",
        ),
        Key(
            name="counters",
            kind=ListOf(COUNTER),
            default=[],
            doc="Numbers whose rise is activities.",
            example="counters: [{id: opens, from: hs_email_open, at: hs_email_last_open_date, activity: email_open}]",
        ),
        _WRITE,
    ),
    check=lambda read, path, found: _check_contact(read, path, found),
)


def _check_contact(read: dict[str, Any], path: Path, found: Findings) -> None:
    refuse_twice([counter["id"] for counter in read["counters"]], (*path, "counters"), found, what="counters")
    moments = [moment["id"] for moment in read["moments"]]
    for index, counter in enumerate(read["counters"]):
        told_by = counter["newest_told_by"]
        if told_by is not None and told_by not in moments:
            hint = nearest(told_by, moments)
            found.error((*path, "counters", index, "newest_told_by"), "moment", f"there is no moment '{told_by}'.", hint=hint)
        if counter["id"] in moments:
            found.error((*path, "counters", index, "id"), "twice", f"a moment and a counter share the id '{counter['id']}'.")


COMPANY = Shape(
    name="Company source",
    doc="Rows about organisations (`kind: company`).",
    keys=(*_EVERY_KEYS, _OWNER, _SURVIVOR, _FIELDS),
)
DEAL = Shape(
    name="Deal source",
    doc="Deals (`kind: deal`).",
    keys=(
        *_EVERY_KEYS,
        _SINCE,
        Key(name="name", kind=FIELD, doc="The field with its name.", example="name: dealname"),
        Key(
            name="state",
            kind=STATE,
            default=REQUIRED,
            doc="Open, won or lost.",
            example="state: {won: hs_is_closed_won, closed: hs_is_closed}",
        ),
        Key(name="company", kind=LINK, doc="Its company.", example="company: {related: companies}"),
        Key(name="contacts", kind=ListOf(LINK), default=[], doc="The people on it.", example="contacts: {related: contacts}"),
        _OWNER,
        Key(name="amount", kind=FIELD, doc="The field with the amount.", example="amount: amount"),
        Key(
            name="currency",
            kind=FIELD,
            doc="The field with its currency; without it the base currency.",
            example="currency: deal_currency_code",
        ),
        Key(name="created_at", kind=FIELD, doc="When it was made.", example="created_at: createdate"),
        Key(name="closed_at", kind=FIELD, doc="When it was closed; counts only once it is.", example="closed_at: closedate"),
        _FIELDS,
    ),
)
ACTIVITY = Shape(
    name="Activity source",
    doc="What people did, or what was done with them (`kind: activity`).",
    keys=(
        *_EVERY_KEYS,
        _SINCE,
        Key(
            name="only",
            kind=ListOf(FIELD_TEST),
            default=[],
            doc="Only rows for which all of these hold are activities.",
            example="only: {from: IsClosed, values: [true]}",
        ),
        Key(
            name="skip",
            kind=ListOf(FIELD_TEST),
            default=[],
            doc="Rows for which one of these holds are none.",
            example="skip: {from: Hotlead_Key__c, filled: true}",
        ),
        Key(
            name="at",
            kind=ListOf(FIELD, least=1),
            default=REQUIRED,
            doc="Fields with the time; the first that is filled.",
            example="at: [CompletedDateTime, ActivityDate]",
        ),
        Key(name="activity", kind=STEPS, default=REQUIRED, doc="What kind of activity.", example="activity: page_view"),
        Key(
            name="contacts",
            kind=ListOf(LINK, least=1),
            default=REQUIRED,
            doc="Whose it is: the first of these that names somebody; with `related`, everybody it names.",
            example="contacts: {related: contacts}",
        ),
        *_DETAIL_KEYS,
    ),
)
SOURCE_SHAPES = {"contact": CONTACT, "company": COMPANY, "deal": DEAL, "activity": ACTIVITY}


class SourceKind:
    """A source: which keys it has depends on its `kind`."""

    says = ", ".join(shape.says for shape in SOURCE_SHAPES.values())

    def read(self, value: Plain, path: Path, found: Findings) -> dict[str, Any] | Bad:
        kind = value.get("kind") if isinstance(value, dict) else None
        if isinstance(kind, str) and kind in SOURCE_SHAPES:
            return SOURCE_SHAPES[kind].read(value, path, found)
        if kind is None:
            hint = f"kind: {' / '.join(SOURCE_SHAPES)}"
            found.error(path, "missing_key", "a source needs the key 'kind'.", hint=hint)
        else:
            _EVERY_KEYS[0].kind.read(kind, (*path, "kind"), found)
        return BAD


class Currency:
    """A currency code: three letters."""

    says = "currency code (`JPY`)"

    def read(self, value: Plain, path: Path, found: Findings) -> str | Bad:
        if isinstance(value, str) and re.fullmatch(r"[A-Z]{3}", value):
            return value
        return wrong(value, path, found, wanted=self.says)


CURRENCIES = Shape(
    name="Currencies",
    doc="The currency that models compute in, and what others are worth in it. An amount in any other currency is unknown, not zero.",
    keys=(
        Key(name="base", kind=Currency(), default="USD", doc="The base currency; also that of rows that name none.", example="base: JPY"),
        Key(
            name="rates",
            kind=TableOf(Rate(), key=Currency()),
            default={},
            doc="What one unit is worth in the base currency.",
            example="rates: {JPY: 0.0067}",
        ),
    ),
)


def _check_mapping(read: dict[str, Any], path: Path, found: Findings) -> None:
    sources = read["sources"]
    if not any(source["kind"] == "contact" for source in sources.values()):
        found.error((*path, "sources"), "sources", "no source is of `kind: contact`, so there is nobody to score.")
    for name, source in sources.items():
        for key in ("moments", "counters"):
            for index, entry in enumerate(source.get(key, ())):
                better = entry["instead_of"]
                if better is not None and better not in sources:
                    where = (*path, "sources", name, key, index, "instead_of")
                    found.error(where, "source", f"there is no source '{better}' here.", hint=nearest(better, sources))


FIELDS = Shape(
    name="Field mapping",
    doc="What the fields of one CRM mean. Key by key:",
    keys=(
        Key(name="crm", kind=Text(), default=REQUIRED, doc="Kind of CRM.", example="crm: hubspot"),
        Key(
            name="label",
            kind=Words(),
            default={"en": "Field mapping", "ja": "項目マッピング"},
            doc="What people call it.",
            example="label: EU portal",
        ),
        Key(
            name="country",
            kind=Text(maximum=2),
            doc="ISO code of the country of telephone numbers without +, where the row names none.",
            example="country: JP",
        ),
        Key(name="currencies", kind=CURRENCIES, default={}, doc="Currencies.", example="currencies: {base: USD, rates: {JPY: 0.0067}}"),
        Key(
            name="free_mail",
            kind=ListOf(Text()),
            default=[],
            doc="More domains at which anybody can have a mailbox.",
            example="free_mail: [post.example]",
        ),
        Key(
            name="role_mailboxes",
            kind=ListOf(Text()),
            default=[],
            doc="More names of mailboxes that are a desk and not a human.",
            example="role_mailboxes: [uketsuke]",
        ),
        Key(
            name="sources",
            kind=TableOf(SourceKind()),
            default=REQUIRED,
            doc="Kinds of row by the CRM's name for them.",
            example="sources: {contacts: {kind: contact, …}}",
        ),
    ),
    check=_check_mapping,
)
