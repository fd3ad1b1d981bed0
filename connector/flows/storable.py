"""What every database can keep: rows from outside with the characters and numbers replaced that are no text and no number, and what is
made of them no longer than a fact may be.

Station: between a CRM's answer and the store. JSON may spell half a surrogate pair, a NUL or NaN, and one such row must not stop its page.
"""

from dataclasses import replace
from math import isfinite
from typing import Any, TypeGuard

from connector.core.records import Activity, Company, Contact, Record
from connector.ports.crm import Json, RawRecord

REPLACED = str.maketrans({"\0": "\ufffd"} | {chr(code): "\ufffd" for code in range(0xD800, 0xE000)})
"""To U+FFFD, as Unicode has it for what cannot be shown."""
MOST_DIGITS = 300
"""A longer whole number is none that any database or CRM counts with."""

MOST_LETTERS = 1_000
"""Of a text that becomes a fact about somebody: facts are looked up by their text, and PostgreSQL's index takes 8,191 bytes of one. The
row itself keeps all of it."""
_DETAILS = ("path", "form", "asset", "campaign", "feature")


def storable(row: RawRecord) -> RawRecord:
    """The row itself where nothing in it needs replacing, as nearly always; numbers that are none become None."""
    fields = {name: _value(value) for name, value in row.fields.items()}
    return row if all(value is row.fields[name] for name, value in fields.items()) else replace(row, fields=fields)


def _value(value: Json) -> Json:
    match value:
        case str():
            return _text(value)
        case float():
            return value if isfinite(value) else None
        case bool():
            return value
        case int():
            return value if value.bit_length() <= MOST_DIGITS * 10 // 3 else None
        case list():
            kept = [_value(one) for one in value]
            return value if all(a is b for a, b in zip(kept, value, strict=True)) else kept
        case dict():
            named = {_text(name): _value(one) for name, one in value.items()}
            return value if all(named.get(name) is one for name, one in value.items()) else named
        case _:
            return value


def _text(text: str) -> str:
    if text.isascii():
        return text.translate(REPLACED) if "\0" in text else text
    changed = text.translate(REPLACED)
    return text if changed == text else changed


def short(record: Record) -> Record:
    """The record itself where none of its texts is longer than a fact may be; else with those cut."""
    match record:
        case Contact(values=values) | Company(values=values):
            if not any(_is_long(value) for value in values.values()):
                return record
            return replace(record, values={name: value[:MOST_LETTERS] if _is_long(value) else value for name, value in values.items()})
        case Activity():
            long: dict[str, Any] = {name: text[:MOST_LETTERS] for name in _DETAILS if _is_long(text := getattr(record, name))}
            return replace(record, **long) if long else record
        case _:
            return record


def _is_long(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and len(value) > MOST_LETTERS
