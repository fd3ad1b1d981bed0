"""The named converters of field mappings.

Station: `keys_fields` checks names and parameters by this table, `build_fields` makes readers from it, README.md prints it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from connector.core.records import Value
from connector.ports.crm import Json
from mappings.convert.addresses import (
    is_free_mail,
    is_role_mailbox,
    normal_address,
    read_domain,
    read_email,
    read_email_domain,
    read_url_path,
)
from mappings.convert.money import Currencies, in_base, written_money
from mappings.convert.phones import read_phone
from mappings.convert.places import read_country
from mappings.convert.plain import (
    UNKNOWN,
    Read,
    Reader,
    folded,
    glob_reader,
    read_decimal,
    read_filled,
    read_multi,
    read_text,
    read_whole,
    read_yes_no,
    table_reader,
    written_multi,
    written_plain,
)
from mappings.convert.sizes import read_employees, written_employees
from mappings.convert.times import day_reader, instant_reader, written_day, written_instant
from mappings.convert.titles import full_name, read_department, read_seniority

Fields = Mapping[str, Json]
RowReader = Callable[[Fields], Read]
"""Reads one value from a row's fields."""

Spec = Mapping[str, Any]
"""A field as `keys_fields.FIELD_SPEC` reads it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a mapping says once for all its fields."""

    zone: tzinfo
    country: str = ""
    currencies: Currencies
    free_mail: frozenset[str] = frozenset()
    role_mailboxes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Converter:
    """A named converter. `written` is its way back, None where there is none."""

    doc: str
    example: str
    make: Callable[[Spec, Surroundings], RowReader]
    written: Callable[[Value], Json] | None = None
    takes: tuple[str, ...] = field(default=())
    """Parameters beside `from`."""


def _of_one(reader: Reader) -> Callable[[Spec, Surroundings], RowReader]:
    def make(spec: Spec, _around: Surroundings) -> RowReader:
        return _row_reader(spec, _with_table(reader, spec))

    return make


def _row_reader(spec: Spec, reader: Reader) -> RowReader:
    name = spec["from"][0]
    return lambda fields: reader(fields.get(name))


def _with_table(reader: Reader, spec: Spec) -> Reader:
    """The reader followed by the table of `values`, where there is one."""
    if not spec["values"]:
        return reader
    table = table_reader(spec["values"])

    def read(raw: Json) -> Read:
        found = reader(raw)
        if isinstance(found, str):
            return table(found)
        if not isinstance(found, tuple):
            return found
        words = [table(word) for word in found]
        return UNKNOWN if any(word is UNKNOWN for word in words) else tuple(dict.fromkeys(str(word) for word in words))

    return read


def _money(spec: Spec, around: Surroundings) -> RowReader:
    amount, currency, currencies = spec["from"][0], spec["currency"], around.currencies
    return lambda fields: in_base(fields.get(amount), fields.get(currency) if currency else None, currencies=currencies)


def _date(spec: Spec, around: Surroundings) -> RowReader:
    return _row_reader(spec, day_reader(around.zone))


def _datetime(spec: Spec, around: Surroundings) -> RowReader:
    return _row_reader(spec, instant_reader(around.zone))


def _phone(spec: Spec, around: Surroundings) -> RowReader:
    number, country_field, country = spec["from"][0], spec["country"], around.country

    def read(fields: Fields) -> Read:
        raw = fields.get(number)
        if not raw:
            return None
        named = read_country(fields.get(country_field)) if country_field else None
        return read_phone(raw, country=named if isinstance(named, str) else country)

    return read


def _free_mail(spec: Spec, around: Surroundings) -> RowReader:
    return _of_address(spec, lambda address: is_free_mail(address, around.free_mail))


def _role_mailbox(spec: Spec, around: Surroundings) -> RowReader:
    return _of_address(spec, lambda address: is_role_mailbox(address, around.role_mailboxes))


def _of_address(spec: Spec, claim: Callable[[str], bool]) -> RowReader:
    name = spec["from"][0]

    def read(fields: Fields) -> Read:
        address = normal_address(fields.get(name))
        return None if address is None else claim(address)

    return read


def _full_name(spec: Spec, _around: Surroundings) -> RowReader:
    first, last = spec["from"]
    return lambda fields: full_name(fields.get(first), fields.get(last))


def _matches(spec: Spec, _around: Surroundings) -> RowReader:
    return _row_reader(spec, glob_reader(spec["words"]))


CONVERTERS: Mapping[str, Converter] = {
    "text": Converter(
        doc="The text, without white space at its ends.", example="name: company", make=_of_one(read_text), written=written_plain
    ),
    "picklist": Converter(
        doc="A word by the table `values`; without a table, the word itself.",
        example="industry: {from: Industry, convert: picklist, values: {Banking: finance}}",
        make=_of_one(read_text),
        written=written_plain,
        takes=("values",),
    ),
    "multi": Converter(
        doc="Several choices (`a;b`), each by the table `values` where there is one.",
        example="interests: {from: Interests__c, convert: multi}",
        make=_of_one(read_multi),
        written=written_multi,
        takes=("values",),
    ),
    "whole": Converter(
        doc="A whole number.",
        example="employees: {from: NumberOfEmployees, convert: whole}",
        make=_of_one(read_whole),
        written=written_plain,
    ),
    "decimal": Converter(
        doc="A decimal number.", example="rate: {from: Rate__c, convert: decimal}", make=_of_one(read_decimal), written=written_plain
    ),
    "money": Converter(
        doc="An amount in the base currency, by `currencies`; without a rate it is unknown. `currency` names the field with the currency.",
        example="annual_revenue: {from: AnnualRevenue, convert: money, currency: CurrencyIsoCode}",
        make=_money,
        written=written_money,
        takes=("currency",),
    ),
    "yes_no": Converter(
        doc="True or false, from a tick box or from words (yes, no, はい, いいえ).",
        example="unsubscribed: {from: HasOptedOutOfEmail, convert: yes_no}",
        make=_of_one(read_yes_no),
        written=written_plain,
    ),
    "filled": Converter(
        doc="Whether the field holds anything.",
        example="unreachable: {from: EmailBouncedReason, convert: filled}",
        make=_of_one(read_filled),
    ),
    "matches": Converter(
        doc="Whether the text matches one of `words`, which may hold * and ?.",
        example='is_student: {from: Title, convert: matches, words: ["*student*", "*学生*"]}',
        make=_matches,
        takes=("words",),
    ),
    "date": Converter(
        doc="A day. That of a time is taken in the connection's zone.",
        example="renewal: {from: Renewal__c, convert: date}",
        make=_date,
        written=written_day,
    ),
    "datetime": Converter(
        doc="A time. Without a zone it takes the connection's; a day counts from its first moment there.",
        example="created: {from: CreatedDate, convert: datetime}",
        make=_datetime,
        written=written_instant,
    ),
    "employees": Converter(
        doc="A number of employees; a range counts as its lower end (`51-200` is 51, `1000+` is 1000), `under N` as 1.",
        example="employees: {from: numemployees, convert: employees}",
        make=_of_one(read_employees),
        written=written_employees,
    ),
    "email": Converter(
        doc="An address as it is compared: lower case, half-width, its domain in ASCII; plus-tags stay. What is no address is left out.",
        example="email: {from: Email, convert: email}",
        make=_of_one(read_email),
        written=written_plain,
    ),
    "email_domain": Converter(
        doc="The registered domain of an address (`mail.example.co.jp` is `example.co.jp`).",
        example="email_domain: {from: Email, convert: email_domain}",
        make=_of_one(read_email_domain),
    ),
    "domain": Converter(
        doc="The registered domain of a web address.",
        example="domain: {from: Website, convert: domain}",
        make=_of_one(read_domain),
        written=written_plain,
    ),
    "free_mail": Converter(
        doc="Whether the address is at a domain where anybody can have one; `free_mail` adds domains.",
        example="free_mail: {from: Email, convert: free_mail}",
        make=_free_mail,
    ),
    "role_mailbox": Converter(
        doc="Whether the address is a desk (info@); `role_mailboxes` adds names.",
        example="role_mailbox: {from: Email, convert: role_mailbox}",
        make=_role_mailbox,
    ),
    "phone": Converter(
        doc="A telephone number as `+81312345678`. Without + it is one of the country in the field `country`, else of the mapping's.",
        example="phone: {from: Phone, convert: phone, country: MailingCountry}",
        make=_phone,
        written=written_plain,
        takes=("country",),
    ),
    "country": Converter(
        doc="An ISO country code, from English or Japanese names or codes; `values` may turn codes into regions.",
        example="country: {from: country, convert: country}",
        make=_of_one(read_country),
        written=written_plain,
        takes=("values",),
    ),
    "full_name": Converter(
        doc="Given and family name in the order of their language: 山田 太郎, Jane Doe.",
        example="name: {from: [firstname, lastname], convert: full_name}",
        make=_full_name,
    ),
    "seniority": Converter(
        doc="executive, director, manager or staff, from a title in English or Japanese.",
        example="seniority: {from: jobtitle, convert: seniority}",
        make=_of_one(read_seniority),
    ),
    "department": Converter(
        doc="it, operations, production, sales, marketing, purchasing, finance, hr, research, legal, general: from a department or title.",
        example="department: [{from: Department, convert: department}, {from: Title, convert: department}]",
        make=_of_one(read_department),
    ),
    "url_path": Converter(
        doc="The path of a web address, decoded, without host and query string.",
        example="path: {from: hs_url, convert: url_path}",
        make=_of_one(read_url_path),
    ),
}


def row_reader(specs: Sequence[Spec], around: Surroundings) -> RowReader:
    """Reads one value by its specs: the first that gives something. UNKNOWN only where none does and one was not understood."""
    readers = [_with_blanks(CONVERTERS[spec["convert"]].make(spec, around), spec) for spec in specs]
    if len(readers) == 1:
        return readers[0]

    def read(fields: Fields) -> Read:
        last: Read = None
        for reader in readers:
            found = reader(fields)
            if found is not None and found is not UNKNOWN:
                return found
            last = last or found
        return last

    return read


def _with_blanks(reader: RowReader, spec: Spec) -> RowReader:
    """The reader, to which the texts of `blank` look like nothing."""
    blanks = frozenset(folded(text) for text in spec["blank"])
    if not blanks:
        return reader
    names = spec["from"]

    def read(fields: Fields) -> Read:
        said = {name: raw for name in names if isinstance(raw := fields.get(name), str) and folded(raw) in blanks}
        return reader({**fields, **dict.fromkeys(said)}) if said else reader(fields)

    return read


def fields_of(specs: Sequence[Spec]) -> tuple[str, ...]:
    """The CRM's fields that the specs read."""
    names = [name for spec in specs for name in (*spec["from"], spec["currency"], spec["country"]) if name]
    return tuple(dict.fromkeys(names))
