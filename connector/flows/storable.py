"""What every database can keep: rows from outside with the characters and numbers replaced that are no text and no number, and what is
made of them no longer than a fact may be.

Station: between a CRM's answer and the store. JSON may spell half a surrogate pair, a NUL or NaN, and one such row must not stop its page.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from math import isfinite
from typing import Any

from connector.core.records import Activity, Company, Contact, Record, Value
from connector.ports.crm import Json, RawRecord

REPLACED = str.maketrans({"\0": "\ufffd"} | {chr(code): "\ufffd" for code in range(0xD800, 0xE000)})
"""To U+FFFD, as Unicode has it for what cannot be shown."""
MOST_DIGITS = 300
"""A longer whole number is none that any database or CRM counts with."""

MOST_BYTES = 2_400
"""Of a value that becomes a fact about somebody, as JSON in UTF-8 (some 790 letters of Japanese): facts are looked up by their text, and
PostgreSQL's index takes 2,704 bytes of one. The row itself keeps all of it."""
_SURELY_SHORT = MOST_BYTES // 6 - 1
"""Letters that fit however they are spelt: JSON takes six bytes for a letter at the most."""
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
    """The record itself where none of its values is longer than a fact may be; else with those cut."""
    match record:
        case Contact(values=values) | Company(values=values):
            kept = _cut_values(values)
            return record if kept is values else replace(record, values=kept)
        case Activity():
            long: dict[str, Any] = {name: cut for name in _DETAILS if (cut := _cut(text := getattr(record, name))) is not text}
            return replace(record, **long) if long else record
        case _:
            return record


def _cut_values(values: Mapping[str, Value]) -> Mapping[str, Value]:
    """The same mapping where nothing is too long. Choices of which not even the first fits are left out."""
    changed: dict[str, Value] = {}
    for name, value in values.items():
        kept = _cut(value) if isinstance(value, str) else _first_choices(value) if isinstance(value, tuple) else value
        if kept is not value:
            changed[name] = kept
    return {name: value for name, value in {**values, **changed}.items() if value != ()} if changed else values


def _cut(text: str) -> str:
    if len(text) <= _SURELY_SHORT:
        return text
    while (size := _bytes(text)) > MOST_BYTES:
        text = text[: len(text) * MOST_BYTES // size]
    return text


def _first_choices(choices: tuple[str, ...]) -> tuple[str, ...]:
    if sum(len(choice) + 1 for choice in choices) <= _SURELY_SHORT:
        return choices
    room = MOST_BYTES
    for number, choice in enumerate(choices):
        room -= _bytes(choice) + 1
        if room < 1:
            return choices[:number]
    return choices


def _bytes(text: str) -> int:
    return len(json.dumps(text, ensure_ascii=False).encode())
