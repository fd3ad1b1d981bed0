"""Mapped values as JSON text and back, each type surviving exactly.

Text, yes/no, whole numbers and lists are themselves in JSON; the other types are an object with one key that names the type.
Imports neither SQLAlchemy nor sqlite3: the children that read shards use it too.
"""

import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from connector.core.records import Money, RecordKey, Value
from connector.store.instants import from_us, to_us

_AS_THEY_ARE = frozenset((str, bool, int))
"""Types that stand for themselves in JSON: most values are of these, and need no look at the others."""
_DECODER = json.JSONDecoder()
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def dump(plain: Any) -> str:
    """Compact JSON with sorted keys, so that equal values are equal texts."""
    return _ENCODER.encode(plain)


def load(text: str) -> Any:
    """What `dump` was given."""
    return _DECODER.raw_decode(text)[0]


def plain_of(value: Value) -> Any:
    """The value in JSON's own types."""
    if isinstance(value, str | bool | int):
        return value
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Decimal):
        return {"n": str(value)}
    if isinstance(value, Money):
        return {"m": [str(value.amount), value.currency]}
    if isinstance(value, datetime):
        return {"t": to_us(value)}
    if isinstance(value, date):
        return {"d": value.isoformat()}
    raise TypeError(f"a mapped value cannot be a {type(value).__name__}")


def value_of(plain: Any) -> Value:
    """The value that `plain_of` was given."""
    if isinstance(plain, list):
        return tuple(plain)
    if not isinstance(plain, dict):
        itself: str | bool | int = plain
        return itself
    ((kind, content),) = plain.items()
    if kind == "n":
        return Decimal(content)
    if kind == "m":
        return Money(amount=Decimal(content[0]), currency=content[1])
    if kind == "t":
        return from_us(content)
    return date.fromisoformat(content)


def dump_value(value: Value) -> str:
    return dump(value if type(value) in _AS_THEY_ARE else plain_of(value))


def load_value(text: str) -> Value:
    return value_of(load(text))


def dump_values(values: Mapping[str, Value]) -> str:
    return dump({name: value if type(value) in _AS_THEY_ARE else plain_of(value) for name, value in values.items()})


def load_values(text: str) -> dict[str, Value]:
    return {name: plain if type(plain) in _AS_THEY_ARE else value_of(plain) for name, plain in load(text).items()}


def dump_key(key: RecordKey | None) -> str | None:
    return None if key is None else dump([key.connection, key.source, key.id])


def load_key(text: str | None) -> RecordKey | None:
    return None if text is None else RecordKey(*load(text))
