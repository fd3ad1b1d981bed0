"""Writes SOQL: literals that cannot break out, conditions, and the select list of one source.

Station: used by `read.py`, `tasks.py` and others of this folder; values only.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime

from simple_salesforce.format import quote_soql_value

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)*")
_CHECK_SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")


def is_name(text: str) -> bool:
    """Whether `text` can be a field or object, dotted for a parent's field."""
    return _NAME.fullmatch(text) is not None


def is_id(text: str) -> bool:
    """Whether `text` has the shape of a record id (15 or 18 characters)."""
    return _ID.fullmatch(text) is not None


def long_id(record_id: str) -> str:
    """The 18-character form of a record id. Its last three characters say which of the first fifteen are capitals, five a character."""
    short = record_id[:15]
    bits = (sum(1 << place for place, sign in enumerate(short[start : start + 5]) if sign.isupper()) for start in (0, 5, 10))
    return short + "".join(_CHECK_SIGNS[bit] for bit in bits)


def words(values: Iterable[str]) -> str:
    """A list for IN, each value quoted and escaped."""
    return "(" + ",".join(word(value) for value in values) + ")"


def word(text: str) -> str:
    """A string literal."""
    quoted: str = quote_soql_value(text)
    return quoted


def moment(instant: datetime) -> str:
    """A date-time literal in UTC; milliseconds only where there are some. Raises ValueError for an instant without a zone."""
    if instant.tzinfo is None:
        raise ValueError("a naive datetime is a bug")
    instant = instant.astimezone(UTC)
    return instant.strftime("%Y-%m-%dT%H:%M:%S") + (f".{instant.microsecond // 1000:03d}" if instant.microsecond else "") + "Z"


def day(of: date) -> str:
    """A date literal."""
    return of.isoformat()


def all_of(conditions: Sequence[str]) -> str:
    """A WHERE clause with a leading space, or nothing."""
    wanted = [condition for condition in conditions if condition]
    return f" WHERE {' AND '.join(wanted)}" if wanted else ""
