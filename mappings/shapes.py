"""What a key of a document may hold: shapes of keys, and the kinds of values.

Station: one table of keys a document (`keys_scoring`, `keys_lifecycle`, `keys_fields`) is written with these; reading a document by it
finds every problem, and the key reference in README.md is printed from the same table.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Protocol, cast
from zoneinfo import ZoneInfo, available_timezones

from connector.core.ladder import Due, DueUnit
from connector.core.model import Label
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
            found.error(path, "id", f"{_quoted(value)} cannot be an id.", hint=hint)
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


@dataclass(frozen=True, slots=True)
class Words:
    """A text people read: a plain one, or `{en: …, ja: …}`."""

    says: str = "text, or `{en: …, ja: …}`"

    def read(self, value: Plain, path: Path, found: Findings) -> Label | Bad:
        if not isinstance(value, dict):
            text = Text().read(value, path, found)
            return text if isinstance(text, Bad) else Label(en=text)
        read = LABEL.read(value, path, found)
        return read if isinstance(read, Bad) else Label(en=read["en"], ja=read["ja"] or "")


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list; a single value stands for a list of one."""

    of: Kind
    least: int = 0

    @property
    def says(self) -> str:
        return f"list of {self.of.says}"

    def read(self, value: Plain, path: Path, found: Findings) -> tuple[Any, ...] | Bad:
        if not isinstance(value, list):
            if value is None:
                return wrong(value, path, found, wanted=self.says)
            one = self.of.read(value, path, found)
            return BAD if isinstance(one, Bad) else (one,)
        if len(value) < self.least:
            found.error(path, "empty", f"this list needs at least {self.least} entries.")
            return BAD
        read = [self.of.read(entry, (*path, index), found) for index, entry in enumerate(value)]
        return BAD if any(isinstance(entry, Bad) for entry in read) else tuple(read)


@dataclass(frozen=True, slots=True)
class TableOf:
    """A table whose keys are the admin's own words; `keys` restricts them, `key` checks each."""

    of: Kind
    keys: tuple[str, ...] = ()
    key: Kind | None = None

    @property
    def says(self) -> str:
        return f"table of {self.of.says}"

    def read(self, value: Plain, path: Path, found: Findings) -> dict[str, Any] | Bad:
        if not isinstance(value, dict):
            return wrong(value, path, found, wanted=self.says)
        read: dict[str, Any] = {}
        for key, entry in value.items():
            if self.keys and key not in self.keys:
                hint = nearest(key, self.keys) or f"Known: {', '.join(self.keys)}."
                found.error((*path, key, ""), "unknown_key", f"'{key}' is not known here.", hint=hint)
            elif self.key is None or not isinstance(self.key.read(key, (*path, key, ""), found), Bad):
                read[key] = self.of.read(entry, (*path, key), found)
            else:
                read[key] = BAD
        return BAD if any(isinstance(entry, Bad) for entry in read.values()) or len(read) < len(value) else read


@dataclass(frozen=True, slots=True)
class Either:
    """A short form or a long one: a table or a list is read by `long`, everything else by `short`."""

    short: Kind
    long: Kind

    @property
    def says(self) -> str:
        return f"{self.short.says}, or {self.long.says}"

    def read(self, value: Plain, path: Path, found: Findings) -> Any:
        return (self.long if isinstance(value, (dict, list)) else self.short).read(value, path, found)


class _Required:
    """Marks a key that must be given."""


REQUIRED = _Required()


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key: its kind, its default (as YAML would say it), a line for the admin, an example."""

    name: str
    kind: Kind
    doc: str
    example: str
    default: Plain | _Required = None
    """None: nothing; what that means is in `doc`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A table of known keys. Reading gives every key, with defaults; an unknown key is refused with the nearest known one."""

    name: str
    doc: str
    keys: tuple[Key, ...]
    check: Callable[[dict[str, Any], Path, Findings], None] | None = None
    """Looks at the keys together, when each is right by itself."""

    @property
    def says(self) -> str:
        return f"[{self.name}](#{re.sub('[^a-z0-9]+', '-', self.name.lower())})"

    def read(self, value: Plain, path: Path, found: Findings) -> dict[str, Any] | Bad:
        if not isinstance(value, dict):
            return wrong(value, path, found, wanted=f"a table with the keys {', '.join(key.name for key in self.keys)}")
        known = {key.name: key for key in self.keys}
        right = True
        for name in value:
            if name not in known:
                hint = nearest(name, known) or f"Known here: {', '.join(known)}."
                found.error((*path, name, ""), "unknown_key", f"there is no key '{name}' here.", hint=hint)
                right = False
        read = {name: self._read_key(key, value, path, found) for name, key in known.items()}
        right = right and not any(isinstance(entry, Bad) for entry in read.values())
        if right and self.check is not None:
            self.check(read, path, found)
        return read if right else BAD

    def _read_key(self, key: Key, value: dict[str, Plain], path: Path, found: Findings) -> Any:
        if key.name in value:
            return key.kind.read(value[key.name], (*path, key.name), found)
        if isinstance(key.default, _Required):
            found.error(path, "missing_key", f"the key '{key.name}' is missing.", hint=f"{key.doc} Example: {key.example}")
            return BAD
        if key.default is None:
            return None
        return key.kind.read(key.default, (*path, key.name), found)


LABEL = Shape(
    name="Label",
    doc="A text by language; English stands where another is absent.",
    keys=(
        Key(name="en", kind=Text(), default=REQUIRED, doc="English.", example="en: Pricing page read"),
        Key(name="ja", kind=Text(), doc="Japanese; without it the English text is shown.", example="ja: 料金ページ閲覧"),
    ),
)


def wrong(value: Plain, path: Path, found: Findings, *, wanted: str) -> Bad:
    """Reports a value of the wrong kind."""
    found.error(path, "kind", f"{_quoted(value)} does not fit here.", hint=f"Wanted: {wanted}.")
    return BAD


def read_by(shape: Kind, value: Plain, found: Findings) -> dict[str, Any]:
    """The document by its shape. Raises ProblemsError with all problems when one is an error."""
    read = shape.read(value, (), found)
    found.raise_errors()
    return cast(dict[str, Any], read)


def refuse_twice(ids: Sequence[str], path: Path, found: Findings, *, what: str) -> None:
    """Reports each id of a list of tables that stands there more than once."""
    for index, name in enumerate(ids):
        if name in ids[:index]:
            found.error((*path, index, "id"), "twice", f"there are two {what} with the id '{name}'.", hint="Rename one of them.")


def _quoted(value: Plain) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return "a table" if isinstance(value, dict) else "a list"
    return f"'{value}'"
