"""Telephone numbers, in E.164.

Station: below `convert.registry`.
"""

import re
import unicodedata
from functools import lru_cache

from connector.ports.crm import Json
from mappings.convert.plain import Read

_LEAVE_OUT = re.compile(r"\(0\)|[^\d+]")
_EXTENSION = re.compile(r"(?:;?ext\.?=?|#|内線|\bx)\s*:?\s*\d+.*$", re.IGNORECASE)


def read_phone(raw: Json, *, country: str) -> Read:
    """The number in E.164 (`+81312345678`), or None where it is none. A number without + is one of `country` (ISO code)."""
    if raw is None or raw == "" or isinstance(raw, (bool, list, dict)):
        return None
    text = str(raw).strip()
    if text.startswith("+") and text[1:].isdigit() and text.isascii() and 9 <= len(text) <= 16:
        return text
    return _parsed(text, country)


@lru_cache(maxsize=20_000)
def _parsed(text: str, country: str) -> str | None:
    # Tables of all countries: loaded when the first number is read, not by every command.
    import phonenumbers

    plain = _EXTENSION.sub("", unicodedata.normalize("NFKC", text))
    digits = _LEAVE_OUT.sub("", plain)
    try:
        number = phonenumbers.parse(digits, None if digits.startswith("+") else country or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
