"""The keys of a field mapping.

Station: the table by which a field mapping is checked (`validate`), built (`build_fields`) and explained (README.md).
"""

import re
from collections.abc import Mapping
from typing import Any

from connector.core.changes import Ownership
from connector.core.records import DealState
from mappings.keys_activities import COUNTER, DETAIL_KEYS, FIELD, FIELD_TEST, LINK, MOMENT, STEPS, FieldSpecs, Short, ValueName
from mappings.kinds import BAD, Bad, Country, Rate, Text, YesNo, wrong
from mappings.problems import Findings, Path, nearest
from mappings.shapes import REQUIRED, Key, ListOf, Shape, TableOf, Words, listed_tables, refuse_twice, table
from mappings.writing import WRITABLE
from mappings.yamltext import Plain

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
                "Whose the field is: `ours` (written whenever it differs, but not against a workflow that rewrites it at once), "
                "`crm_wins` (a value somebody else put there stands), `fill_if_blank`, `append`."
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
    checks=((("from", "values"), lambda read, path, found: _check_write(read, path, found)),),
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
    checks=((("won", "closed", "from", "values"), lambda read, path, found: _check_state(read, path, found)),),
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
    raw_checks=(refuse_twice("counters", "counters"), lambda value, path, found: _check_roll_ups(value, path, found)),
)


def _check_roll_ups(value: dict[str, Plain], path: Path, found: Findings) -> None:
    moments = [name for moment in listed_tables(value.get("moments")) if isinstance(name := moment.get("id"), str)]
    for index, counter in enumerate(listed_tables(value.get("counters"))):
        told_by = counter.get("newest_told_by")
        if isinstance(told_by, str) and told_by not in moments:
            hint = nearest(told_by, moments)
            found.error((*path, "counters", index, "newest_told_by"), "moment", f"there is no moment '{told_by}'.", hint=hint)
        if counter.get("id") in moments:
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
            doc="The field with its currency.",
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
        *DETAIL_KEYS,
    ),
)
SOURCE_SHAPES = {"contact": CONTACT, "company": COMPANY, "deal": DEAL, "activity": ACTIVITY}


class SourceKind:
    """A source: which keys it has depends on its `kind`."""

    says = ", ".join(shape.says for shape in SOURCE_SHAPES.values())
    shapes = tuple(SOURCE_SHAPES.values())

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
        Key(
            name="base",
            kind=Currency(),
            default="USD",
            doc="The currency that amounts are compared in; the same in all your mappings.",
            example="base: JPY",
        ),
        Key(
            name="own", kind=Currency(), doc="The currency of rows that name none: your CRM's own. Without it the base.", example="own: JPY"
        ),
        Key(
            name="rates",
            kind=TableOf(Rate(), key=Currency()),
            default={},
            doc="What one unit is worth in the base currency.",
            example="rates: {JPY: 0.0067}",
        ),
    ),
)


def _check_links(name: str, source: dict[str, Plain], sources: Mapping[str, object], path: Path, found: Findings) -> None:
    for key in ("company", "survivor", "contacts"):
        listed = isinstance(source.get(key), list)
        for index, link in enumerate(listed_tables(source.get(key))):
            for word in ("source", "related"):
                other = link.get(word)
                if isinstance(other, str) and other not in sources:
                    where = (*path, "sources", name, key, *((index,) if listed else ()), word)
                    found.warn(
                        where,
                        "source",
                        f"there is no source '{other}' here, so nothing is known of such rows.",
                        hint=nearest(other, sources),
                    )


def _check_sources(value: dict[str, Plain], path: Path, found: Findings) -> None:
    sources = {name: table(source) for name, source in table(value.get("sources")).items()}
    if sources and not any(source.get("kind") == "contact" for source in sources.values()):
        found.error((*path, "sources"), "sources", "no source is of `kind: contact`, so there is nobody to score.")
    for name, source in sources.items():
        _check_links(name, source, sources, path, found)
        for key in ("moments", "counters"):
            for index, entry in enumerate(listed_tables(source.get(key))):
                better = entry.get("instead_of")
                if isinstance(better, str) and better not in sources:
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
            kind=Country(),
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
    raw_checks=(_check_sources,),
)
