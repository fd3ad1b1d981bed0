"""Text, numbers, yes and no, lists: the plain converters, both ways.

Station: below `convert.registry`. A reader gives the value, None for a blank, or UNKNOWN for something it cannot make sense of.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation

from connector.core.records import Value
from connector.ports.crm import Json


class Unknown:
    """What a reader gives for something that is there but means nothing to it."""


UNKNOWN = Unknown()

Read = Value | Unknown | None
Reader = Callable[[Json], Read]

MOST = 10**18
"""No number of a CRM is as large: its sums fit 64 bits."""
MOST_LETTERS = 60
"""Of a decimal number as it is written; a longer one is kept nowhere whole."""

_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")

_YES = frozenset({"true", "yes", "y", "1", "on", "はい", "有", "有り", "あり"})
_NO = frozenset({"false", "no", "n", "0", "off", "いいえ", "無", "無し", "なし"})


def folded(text: str) -> str:
    """Text as it is compared: width and case do not count, nor does white space at the ends or repeated."""
    return " ".join((text if text.isascii() else unicodedata.normalize("NFKC", text)).casefold().split())


def read_text(raw: Json) -> Read:
    """The text without white space at its ends. Numbers are taken as written, true and false as these words."""
    if raw is None or raw == "":
        return None
    if isinstance(raw, str):
        return raw.strip() or None
    if isinstance(raw, bool):
        return "true" if raw else "false"
    return str(raw) if isinstance(raw, (int, float)) else UNKNOWN


def read_whole(raw: Json) -> Read:
    """A whole number from `87`, `"87"`, `"87.0"`, `"1,200"`, full-width digits."""
    number = read_decimal(raw)
    if isinstance(number, Decimal):
        return int(number) if number == number.to_integral_value() else UNKNOWN
    return number


def read_decimal(raw: Json) -> Read:
    """A decimal number, never through a binary fraction where the CRM sent text."""
    if raw is None or raw == "" or isinstance(raw, bool):
        return UNKNOWN if isinstance(raw, bool) else None
    if isinstance(raw, int):
        return Decimal(raw) if abs(raw) < MOST else UNKNOWN
    text = repr(raw) if isinstance(raw, float) else raw.strip() if isinstance(raw, str) else ""
    text = text if text.isascii() else unicodedata.normalize("NFKC", text)
    if not text:
        return None if isinstance(raw, str) else UNKNOWN
    if _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    try:
        number = Decimal(text)
    except InvalidOperation:
        return UNKNOWN
    if not number.is_finite() or abs(number) >= MOST:
        return UNKNOWN
    return number if len(text) <= MOST_LETTERS and number.adjusted() > -MOST_LETTERS else UNKNOWN


def read_yes_no(raw: Json) -> Read:
    """True or False from a tick box or from words in English and Japanese."""
    if raw is None or isinstance(raw, bool):
        return raw
    word = folded(str(raw))
    if not word:
        return None
    return True if word in _YES else False if word in _NO else UNKNOWN


def read_filled(raw: Json) -> Read:
    """Whether the field holds anything; never unknown."""
    return raw is not None and raw != "" and raw is not False


def read_multi(raw: Json) -> Read:
    """The choices of a field that takes several (`a;b;c`, or a JSON list), in the CRM's order, each once."""
    if raw is None:
        return None
    parts = raw.split(";") if isinstance(raw, str) else raw if isinstance(raw, list) else [raw]
    chosen = tuple(dict.fromkeys(text for part in parts if (text := str(part).strip())))
    return chosen or None


def written_multi(value: Value) -> Json:
    """Choices as both CRMs take them: joined by semicolons."""
    return ";".join(value) if isinstance(value, tuple) else _plain(value)


def _plain(value: Value) -> Json:
    return value if isinstance(value, (str, bool, int)) else str(value)


def written_plain(value: Value) -> Json:
    """Text, whole numbers, true and false as they are; other numbers as JSON numbers."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return _plain(value)


def table_reader(values: Mapping[str, Value]) -> Reader:
    """A picklist by its table. Case, width and white space do not count; a value that is not listed is unknown."""
    by_word = {folded(word): value for word, value in values.items()}
    seen: dict[Json, Read] = {}

    def read(raw: Json) -> Read:
        if raw is None or raw == "":
            return None
        if not isinstance(raw, (str, int, float, bool)):
            return UNKNOWN
        found = seen.get(raw) if isinstance(raw, str) else None
        if found is None:
            word = folded(("true" if raw else "false") if isinstance(raw, bool) else str(raw))
            found = by_word.get(word, UNKNOWN) if word else None
            if isinstance(raw, str) and found is not None and len(seen) < 10_000:
                seen[raw] = found
        return found

    return read


def glob_reader(globs: tuple[str, ...]) -> Reader:
    """Whether the text matches one of the globs (`*`, `?`), without regard to case and width; None for a blank."""
    pattern = re.compile("|".join(glob_pattern(glob) for glob in globs) or r"(?!)", re.DOTALL)

    def read(raw: Json) -> Read:
        if raw is None or raw == "":
            return None
        return pattern.fullmatch(folded(str(raw))) is not None

    return read


def glob_pattern(glob: str) -> str:
    """A glob as a regular expression over folded text."""
    return "".join(".*" if char == "*" else "." if char == "?" else re.escape(char) for char in folded(glob))
