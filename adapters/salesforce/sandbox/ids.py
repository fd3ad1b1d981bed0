"""Salesforce record ids: 15 case-sensitive characters, or 18 with a suffix that makes case safe.

Station: Salesforce sandbox, values only.
"""

from __future__ import annotations

import re
from functools import lru_cache

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_POD = "Hs0"
_LOW_NUMBERS = 62**3
_SHAPE = re.compile(r"[0-9A-Za-z]{15}(?:[A-Z0-5]{3})?")


def case_suffix(short_id: str) -> str:
    """The three characters that turn a 15-character id into its case-safe 18-character form.

    Each stands for five characters of the id: bit i is set where character i is an upper-case letter.
    """
    chunks = (short_id[0:5], short_id[5:10], short_id[10:15])
    return "".join(_SUFFIX[sum(1 << i for i, char in enumerate(chunk) if "A" <= char <= "Z")] for chunk in chunks)


def make_id(prefix: str, number: int) -> str:
    """The 18-character id of the `number`-th record of the object with that 3-character `prefix`.

    Ids of one prefix sort (by character code) in the order of their numbers.
    """
    high, low = divmod(number, _LOW_NUMBERS)
    tail = _DIGITS[low // 3844 % 62] + _DIGITS[low // 62 % 62] + _DIGITS[low % 62]
    head, head_suffix, next_digits = _head(prefix, high)
    last = next_digits + tail
    return head + tail + head_suffix + _SUFFIX[sum(1 << i for i, char in enumerate(last) if "A" <= char <= "Z")]


@lru_cache(maxsize=4096)
def _head(prefix: str, high: int) -> tuple[str, str, str]:
    # The first twelve characters, their share of the suffix, and the two of them that the last five begin with.
    digits = ""
    for _ in range(6):
        high, rest = divmod(high, 62)
        digits = _DIGITS[rest] + digits
    head = prefix + _POD + digits
    return head, case_suffix(head + "000")[:2], head[10:]


def full_id(text: str) -> str | None:
    """The 18-character form of a 15- or 18-character id; None when `text` is no id at all."""
    if not isinstance(text, str) or not _SHAPE.fullmatch(text):
        return None
    if len(text) == 15:
        return text + case_suffix(text)
    return text if case_suffix(text[:15]) == text[15:] else repaired_id(text)


def repaired_id(text: str) -> str | None:
    """The id an 18-character text stands for when its letters lost their case; None when the suffix cannot fit."""
    short = ""
    for index, char in enumerate(text[:15]):
        suffix_char = text[15 + index // 5]
        if suffix_char not in _SUFFIX:
            return None
        upper = _SUFFIX.index(suffix_char) >> (index % 5) & 1
        short += char.upper() if upper else char.lower()
    return short + text[15:] if case_suffix(short) == text[15:] else None
