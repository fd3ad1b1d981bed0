"""Shapes: tables of known keys, and lists and tables of them.

Station: the tables of keys of the documents (`keys_scoring`, `keys_lifecycle`, `keys_fields`) are written with these. Reading a document
by one finds every problem; the key reference in README.md is printed from the same.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from connector.core.model import Label
from mappings.kinds import BAD, Bad, Kind, Text, wrong
from mappings.problems import Findings, Path, nearest, nearest_word
from mappings.yamltext import Plain

Check = Callable[[dict[str, Any], Path, Findings], None]
RawCheck = Callable[[dict[str, Plain], Path, Findings], None]


@runtime_checkable
class HoldsShapes(Protocol):
    """A kind of value made of tables of keys."""

    @property
    def shapes(self) -> "tuple[Shape, ...]": ...


def shapes_in(kind: Kind) -> "tuple[Shape, ...]":
    """The tables of keys that a value of this kind may hold."""
    return (kind,) if isinstance(kind, Shape) else kind.shapes if isinstance(kind, HoldsShapes) else ()


@dataclass(frozen=True, slots=True)
class Words:
    """A text people read: a plain one, or `{en: …, ja: …}`."""

    says: str = "text, or `{en: …, ja: …}`"

    @property
    def shapes(self) -> "tuple[Shape, ...]":
        return (LABEL,)

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

    @property
    def shapes(self) -> "tuple[Shape, ...]":
        return shapes_in(self.of)

    def read(self, value: Plain, path: Path, found: Findings) -> tuple[Any, ...] | Bad:
        if not isinstance(value, list):
            if value is None:
                return wrong(value, path, found, wanted=self.says)
            one = self.of.read(value, path, found)
            return BAD if isinstance(one, Bad) else (one,)
        if len(value) < self.least:
            found.error(path, "empty", "this list is empty; it needs at least one entry.")
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

    @property
    def shapes(self) -> "tuple[Shape, ...]":
        return shapes_in(self.of)

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


class Required:
    """Marks a key that must be given."""


REQUIRED = Required()


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key: its kind, its default (as YAML would say it), a line for the admin, an example."""

    name: str
    kind: Kind
    doc: str
    example: str
    default: Plain | Required = None
    """None: nothing; what that means is in `doc`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A table of known keys. Reading gives every key, with defaults; an unknown key is refused with the nearest known one."""

    name: str
    doc: str
    keys: tuple[Key, ...]
    checks: tuple[tuple[tuple[str, ...], Check], ...] = ()
    """Checks of several keys together: each runs when the keys it names are right by themselves."""
    raw_checks: tuple[RawCheck, ...] = ()
    """Checks of the table as written; they run whatever else is wrong, and must bear anything."""

    @property
    def says(self) -> str:
        return f"[{self.name}](#{re.sub('[^a-z0-9]+', '-', self.name.lower())})"

    def read(self, value: Plain, path: Path, found: Findings) -> dict[str, Any] | Bad:
        if not isinstance(value, dict):
            return wrong(value, path, found, wanted=f"a table with the keys {', '.join(key.name for key in self.keys)}")
        known = {key.name: key for key in self.keys}
        meant = self._refuse_unknown(value, path, found)
        read = {name: self._read_key(key, value, path, found, meant=name in meant) for name, key in known.items()}
        for needed, check in self.checks:
            if not any(isinstance(read[name], Bad) for name in needed):
                check(read, path, found)
        for raw_check in self.raw_checks:
            raw_check(value, path, found)
        right = set(value) <= set(known) and not any(isinstance(entry, Bad) for entry in read.values())
        return read if right else BAD

    def _refuse_unknown(self, value: dict[str, Plain], path: Path, found: Findings) -> frozenset[str]:
        """Reports unknown keys; the known keys that they seem to mean come back."""
        known = [key.name for key in self.keys]
        meant = set()
        for name in value:
            if name not in known:
                near = nearest_word(name, [key for key in known if key not in value]) or nearest_word(name, known)
                meant.add(near)
                hint = f"Did you mean '{near}'?" if near else f"Known here: {', '.join(known)}."
                found.error((*path, name, ""), "unknown_key", f"there is no key '{name}' here.", hint=hint)
        return frozenset(meant)

    def _read_key(self, key: Key, value: dict[str, Plain], path: Path, found: Findings, *, meant: bool) -> Any:
        if key.name in value:
            return key.kind.read(value[key.name], (*path, key.name), found)
        if isinstance(key.default, Required):
            if not meant:
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


def refuse_twice(key: str, what: str) -> RawCheck:
    """A check that reports each id that stands more than once among the tables listed under a key."""

    def check(value: dict[str, Plain], path: Path, found: Findings) -> None:
        seen: set[Plain] = set()
        for index, entry in enumerate(listed_tables(value.get(key))):
            name = entry.get("id")
            if isinstance(name, str):
                if name in seen:
                    found.error(
                        (*path, key, index, "id"), "twice", f"there are two {what} with the id '{name}'.", hint="Rename one of them."
                    )
                seen.add(name)

    return check


def listed_tables(value: Plain) -> tuple[dict[str, Plain], ...]:
    """The tables of a list as written; anything else counts as an empty table, so that positions stay."""
    entries = value if isinstance(value, list) else [value]
    return tuple(entry if isinstance(entry, dict) else {} for entry in entries)


def table(value: Plain) -> dict[str, Plain]:
    """A table as written, or an empty one."""
    return value if isinstance(value, dict) else {}
