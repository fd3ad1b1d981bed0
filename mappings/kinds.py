"""Kinds of values that a key of a document may hold: texts, numbers, durations, times.

Station: the leaves of the tables of keys; `shapes` puts them together.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Protocol
from zoneinfo import ZoneInfo, available_timezones

from connector.core.ladder import Due, DueUnit
from mappings.convert.places import read_country
from mappings.problems import Findings, Path, nearest
from mappings.yamltext import Plain


class Bad:
    """Stands where a value could not be read; its problem is already in the findings."""


BAD = Bad()


class Kind(Protocol):
    """A kind of value. `says` is how the key reference names it."""

    @property
    def says(self) -> str: ...

    def read(self, value: Plain, path: Path, found: Findings) -> Any:
        """The value as Python computes with it, or BAD after reporting why not."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text; numbers written bare are taken as text. With `choices`, one of them. `maximum` is in characters."""

    choices: tuple[str, ...] = ()
    maximum: int = 255
    says_more: str = "text"

    @property
    def says(self) -> str:
        return " / ".join(f"`{choice}`" for choice in self.choices) if self.choices else self.says_more

    def read(self, value: Plain, path: Path, found: Findings) -> str | Bad:
        if isinstance(value, (bool, list, dict, datetime, date)) or value is None or value == "":
            return wrong(value, path, found, wanted=self.says)
        text = str(value)
        if self.choices and text not in self.choices:
            hint = nearest(text, self.choices) or f"Known: {', '.join(self.choices)}."
            found.error(path, "choice", f"'{text}' is not known here.", hint=hint)
            return BAD
        if len(text) > self.maximum:
            found.error(path, "too_long", f"this text has {len(text)} characters; at most {self.maximum} are taken.")
            return BAD
        return text


@dataclass(frozen=True, slots=True)
class Name:
    """An id: lower-case letters, digits and `_`, beginning with a letter."""

    says: str = "id"

    def read(self, value: Plain, path: Path, found: Findings) -> str | Bad:
        if not isinstance(value, str) or not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", value):
            hint = "Use lower-case letters, digits and _, beginning with a letter, at most 63."
            found.error(path, "id", f"{quoted(value)} cannot be an id.", hint=hint)
            return BAD
        return value


@dataclass(frozen=True, slots=True)
class Whole:
    minimum: int = -1_000_000
    maximum: int = 1_000_000
    says: str = "whole number"

    def read(self, value: Plain, path: Path, found: Findings) -> int | Bad:
        if isinstance(value, bool) or not isinstance(value, int):
            return wrong(value, path, found, wanted=self.says)
        if not self.minimum <= value <= self.maximum:
            found.error(path, "range", f"{value} is out of range.", hint=f"Take a whole number from {self.minimum} to {self.maximum}.")
            return BAD
        return value


@dataclass(frozen=True, slots=True)
class Rate:
    """A number above 0, as Decimal."""

    says: str = "number above 0"

    def read(self, value: Plain, path: Path, found: Findings) -> Decimal | Bad:
        if isinstance(value, bool) or not isinstance(value, (int, Decimal)) or value <= 0:
            return wrong(value, path, found, wanted=self.says)
        return Decimal(value)


@dataclass(frozen=True, slots=True)
class YesNo:
    says: str = "`true` / `false`"

    def read(self, value: Plain, path: Path, found: Findings) -> bool | Bad:
        return value if isinstance(value, bool) else wrong(value, path, found, wanted=self.says)


_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_DUE_UNITS = {"m": DueUnit.MINUTES, "h": DueUnit.HOURS, "bh": DueUnit.BUSINESS_HOURS, "bd": DueUnit.BUSINESS_DAYS}


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time such as `14d`, `36h`, `30m`; with `whole_hours` no minutes."""

    whole_hours: bool = False

    @property
    def says(self) -> str:
        return "duration (`14d`, `36h`)" if self.whole_hours else "duration (`14d`, `36h`, `30m`)"

    def read(self, value: Plain, path: Path, found: Findings) -> timedelta | Bad:
        units = "hd" if self.whole_hours else "mhd"
        match = re.fullmatch(rf"(\d{{1,5}})([{units}])", value) if isinstance(value, str) else None
        if match is None or not int(match[1]):
            return wrong(value, path, found, wanted=self.says)
        return int(match[1]) * _UNITS[match[2]]


@dataclass(frozen=True, slots=True)
class DueIn:
    """A due time: `5m`, `8h`, business hours `4bh`, business days `2bd`."""

    says: str = "due time (`30m`, `8h`, `4bh` business hours, `2bd` business days)"

    def read(self, value: Plain, path: Path, found: Findings) -> Due | Bad:
        match = re.fullmatch(r"(\d{1,4})(m|h|bh|bd)", value) if isinstance(value, str) else None
        if match is None or not int(match[1]):
            return wrong(value, path, found, wanted=self.says)
        return Due(amount=int(match[1]), unit=_DUE_UNITS[match[2]])


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    says: str = 'time of day (`"09:00"`)'

    def read(self, value: Plain, path: Path, found: Findings) -> time | Bad:
        if isinstance(value, str) and re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
            return time.fromisoformat(value)
        return wrong(value, path, found, wanted=self.says)


@dataclass(frozen=True, slots=True)
class Day:
    says: str = "date (`2026-12-29`)"

    def read(self, value: Plain, path: Path, found: Findings) -> date | Bad:
        return value if isinstance(value, date) and not isinstance(value, datetime) else wrong(value, path, found, wanted=self.says)


@dataclass(frozen=True, slots=True)
class Country:
    """An ISO 3166 country code."""

    says: str = "country code (`JP`)"

    def read(self, value: Plain, path: Path, found: Findings) -> str | Bad:
        code = read_country(value) if isinstance(value, str) else None
        if not isinstance(code, str):
            return wrong(value, path, found, wanted=self.says)
        if value != code:
            found.error(path, "country", f"'{value}' is no country code.", hint=f"Did you mean '{code}'?")
            return BAD
        return code


@dataclass(frozen=True, slots=True)
class Zone:
    says: str = "time zone (`Asia/Tokyo`)"

    def read(self, value: Plain, path: Path, found: Findings) -> str | Bad:
        if isinstance(value, str):
            known = available_timezones()
            if value in known:
                return ZoneInfo(value).key
            hint = nearest(value, known) or "Take an IANA name such as Europe/London."
            found.error(path, "zone", f"'{value}' is no time zone.", hint=hint)
            return BAD
        return wrong(value, path, found, wanted=self.says)


def wrong(value: Plain, path: Path, found: Findings, *, wanted: str) -> Bad:
    """Reports a value of the wrong kind."""
    found.error(path, "kind", f"{quoted(value)} does not fit here.", hint=f"Wanted: {wanted}.")
    return BAD


def quoted(value: Plain) -> str:
    """A value as messages show it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return "a table" if isinstance(value, dict) else "a list"
    return f"'{value}'"
