"""Numbers of employees, as people and picklists write them.

Station: below `convert.registry`. The rule: a range counts as its lower end, because no more than that is known to be true
(`51-200` is 51, `1000+` is 1000); `under N` and `up to N` count as 1.
"""

import re
import unicodedata
from decimal import Decimal
from functools import lru_cache

from connector.core.records import Value
from connector.ports.crm import Json
from mappings.convert.plain import UNKNOWN, Read, read_decimal, read_whole

_NUMBER = r"(\d[\d,]*)"
_UNIT = r"(?:employees|people|persons|staff|名|人)?"
_RANGE = re.compile(rf"{_NUMBER}{_UNIT}(?:-|~|to|から){_NUMBER}{_UNIT}")
_OPEN = re.compile(rf"(?:約|over|morethan|>=?|about)?{_NUMBER}{_UNIT}(?:\+|以上|超|ormore|andmore|andabove)?{_UNIT}")
_BELOW = re.compile(rf"(?:(?:<=?|under|lessthan|upto|fewerthan){_NUMBER}{_UNIT}|{_NUMBER}{_UNIT}(?:未満|以下|orless|orfewer))")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−〜～", "-"))


def read_employees(raw: Json) -> Read:
    """The least number of employees that the text says is true; UNKNOWN where it says none."""
    if raw is None or raw == "" or isinstance(raw, (bool, list, dict)):
        return None if raw in (None, "") else UNKNOWN
    if isinstance(raw, (int, float)):
        number = read_decimal(raw)
        return int(number) if isinstance(number, Decimal) and number >= 0 else UNKNOWN
    return _from_text(raw)


@lru_cache(maxsize=4096)
def _from_text(text: str) -> Read:
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text.translate(_DASHES)).casefold().translate(_DASHES))
    if not plain:
        return None
    if _BELOW.fullmatch(plain):
        return 1
    if match := _RANGE.fullmatch(plain):
        low, high = _count(match[1]), _count(match[2])
        return low if isinstance(low, int) and isinstance(high, int) and low <= high else UNKNOWN
    if match := _OPEN.fullmatch(re.sub(r"\.0+$", "", plain)):
        return _count(match[1])
    return UNKNOWN


def _count(digits: str) -> Read:
    return read_whole(digits.replace(",", ""))


def written_employees(value: Value) -> Json:
    """The number by itself."""
    return value if isinstance(value, int) else str(value)
