"""Job titles → how high somebody stands, and in which department. Names → full names.

Station: below `convert.registry`. Titles are read by tables of English and Japanese words: longer words are tried before the
shorter ones in them (本部長 and 副部長 before 部長), English words only as whole words, and what makes somebody an assistant of
others wins over all.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from connector.ports.crm import Json
from mappings.convert.plain import UNKNOWN, Read
from mappings.convert.title_words import DEPARTMENTS, LEVELS

SENIORITIES = ("executive", "director", "manager", "staff")
"""From the top down."""


_DEPENDENT = re.compile(
    r"(?<![a-z])(?:(?:executive|personal|administrative|virtual) assistant|assistant to|secretary|office of the|aide to|advisor to|"
    r"[a-z]+'s (?:assistant|secretary|office))(?![a-z])|秘書|社長付|役員付"
)


def _table(words: dict[str, str]) -> dict[str, str]:
    return {word.strip(): meaning for meaning, text in words.items() for word in text.replace("\n", " ").split(";") if word.strip()}


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile("|".join(rf"(?<![a-z0-9]){re.escape(w)}(?![a-z0-9])" if w.isascii() else re.escape(w) for w in longest_first))


_LEVEL_OF = _table(LEVELS)
_LEVEL = _pattern(_LEVEL_OF)
_OFFICER = re.compile(r"(?<![a-z])chief (?:[a-z&]+ ){1,4}officer(?![a-z])")
_DEPARTMENT_OF = _table(DEPARTMENTS)
_DEPARTMENT = _pattern(_DEPARTMENT_OF)


def _plain(title: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", title).casefold().replace("’", "'").split())


@lru_cache(maxsize=50_000)
def seniority_of(title: str) -> str | None:
    """One of SENIORITIES, the highest that the title names; None where it names none."""
    plain = _plain(title)
    if _DEPENDENT.search(plain):
        return "staff"
    plain, officers = _OFFICER.subn(" ", plain)
    levels = {_LEVEL_OF[match.group()] for match in _LEVEL.finditer(plain)} | ({"executive"} if officers else set())
    return next((level for level in SENIORITIES if level in levels), None)


@lru_cache(maxsize=50_000)
def department_of(title: str) -> str | None:
    """The department that the longest matching word of the title names, the first of equals; None where it names none."""
    matches = [match.group() for match in _DEPARTMENT.finditer(_plain(title))]
    return _DEPARTMENT_OF[max(matches, key=len)] if matches else None


def read_seniority(raw: Json) -> Read:
    """How high the title stands; None where it does not tell."""
    return (seniority_of(raw) if isinstance(raw, str) else UNKNOWN) if raw else None


def read_department(raw: Json) -> Read:
    """The department the title or department name means; None where it does not tell."""
    return (department_of(raw) if isinstance(raw, str) else UNKNOWN) if raw else None


_JAPANESE = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff々]")


def full_name(first: Json, last: Json) -> str | None:
    """The name in the order its language has: 山田 太郎 family first, Jane Doe given first. None where both are blank."""
    given = " ".join(first.split()) if isinstance(first, str) else ""
    family = " ".join(last.split()) if isinstance(last, str) else ""
    ordered = (family, given) if _JAPANESE.search(family or given) else (given, family)
    return " ".join(part for part in ordered if part) or None
