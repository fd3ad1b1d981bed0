"""The parts of an activity that a mapping reads from a row: its kind, whose it is, its details, how long, its mark.

Station: used by `activity_rows` and `contact_rows`. Everything is compiled once into plain functions over a row's fields.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from connector.core.records import RecordKey
from connector.ports.crm import Json
from mappings.convert.plain import UNKNOWN, Read, Reader, folded, glob_pattern, read_decimal
from mappings.convert.registry import Fields, RowReader, Spec, Surroundings, fields_of, row_reader
from mappings.convert.times import instant_reader
from mappings.field_mapping import Misread
from mappings.keys_activities import NO_ACTIVITY

TEXT_DETAILS = ("path", "form", "asset", "campaign", "feature")

KindOf = Callable[[Fields, datetime, Misread], str]
"""The kind of activity of a row at a time; empty for none."""

LinksOf = Callable[[Fields], Sequence[RecordKey]]
SecondsOf = Callable[[Fields], int]
Claim = Callable[[Fields], bool]

_UNSEEN = "\0"
"""Stands for a text that has not been looked up yet; no kind is called so."""

MOST_KEPT = 10_000
"""Texts whose meaning one step remembers, so that names which repeat are matched once."""

LONGEST_ID = 255
"""Letters of a row's id; a longer text names no row in any CRM."""
LONGEST_S = 2**31 - 1
"""Seconds of an activity; what lasts longer counts as this, because a store keeps 32 bits."""

_UNITS = {"milliseconds": 0.001, "seconds": 1, "minutes": 60}


def kind_of(steps: Sequence[Spec], around: Surroundings) -> KindOf:
    """The kind that the first answering step gives. With no answer there is none, and what was not listed is reported."""
    if len(steps) == 1 and steps[0]["is"] and not steps[0]["past"]:
        only = _kind(steps[0]["is"])
        return lambda _fields, _now, _misread: only
    made = [_step(step, around) for step in steps]

    def kind(fields: Fields, now: datetime, misread: Misread) -> str:
        for step in made:
            found = step(fields, now, misread)
            if found is not None:
                return found
        return ""

    return kind


def _kind(word: str) -> str:
    return "" if word == NO_ACTIVITY else word


def _step(step: Spec, around: Surroundings) -> Callable[[Fields, datetime, Misread], str | None]:
    if step["past"]:
        return _timed_step(step, around)
    if step["is"]:
        only = _kind(step["is"])
        return lambda _fields, _now, _misread: only
    return _worded_step(step["from"], step["values"])


def _timed_step(step: Spec, around: Surroundings) -> Callable[[Fields, datetime, Misread], str | None]:
    name, past, not_yet = step["past"], _kind(step["is"]), _kind(step["not_yet"])
    read = instant_reader(around.zone)

    def timed(fields: Fields, now: datetime, _misread: Misread) -> str | None:
        moment = read(fields.get(name))
        return (past if moment <= now else not_yet) if isinstance(moment, datetime) else None

    return timed


def _worded_step(name: str, values: Mapping[str, str]) -> Callable[[Fields, datetime, Misread], str | None]:
    """Exact words first, then globs in the document's order. Only a pure table reports what it does not list."""
    exact = {folded(word): _kind(kind) for word, kind in values.items() if not is_glob(word)}
    globs = [(re.compile(glob_pattern(word), re.DOTALL), _kind(kind)) for word, kind in values.items() if is_glob(word)]
    seen: dict[str, str | None] = {}

    def worded(fields: Fields, _now: datetime, misread: Misread) -> str | None:
        raw = fields.get(name)
        if raw is None or raw == "":
            return None
        text = raw if isinstance(raw, str) else _text_of(raw)
        found = seen.get(text, _UNSEEN)
        if found is _UNSEEN:
            word = folded(text)
            found = exact.get(word) if word in exact else next((kind for glob, kind in globs if glob.fullmatch(word)), None)
            if len(seen) < MOST_KEPT:
                seen[text] = found
        if found is None and not globs:
            misread.append((name, raw))
        return found

    return worded


def is_glob(word: str) -> bool:
    """Whether a word of a table is a glob."""
    return "*" in word or "?" in word


def _text_of(raw: Json) -> str:
    return ("true" if raw else "false") if isinstance(raw, bool) else str(raw)


def links_of(links: Sequence[Spec], connection: str) -> LinksOf:
    """The rows that the first naming link names."""
    made = [_link(link, connection) for link in links]
    if len(made) == 1:
        return made[0]

    def keys(fields: Fields) -> Sequence[RecordKey]:
        for link in made:
            if found := link(fields):
                return found
        return ()

    return keys


def _link(link: Spec, connection: str) -> LinksOf:
    if link["related"]:
        source, name = link["related"], f"@{link['related']}"
        return lambda fields: tuple(RecordKey(connection, source, row["id"]) for row in related_rows(fields.get(name)))
    name, source, prefix = link["from"], link["source"], link["prefix"] or ""

    def by_field(fields: Fields) -> Sequence[RecordKey]:
        raw = fields.get(name)
        if not raw or not isinstance(raw, (str, int)):
            return ()
        record_id = str(raw)
        is_one = record_id.startswith(prefix) and len(record_id) <= LONGEST_ID
        return (RecordKey(connection, source, record_id),) if is_one else ()

    return by_field


def related_rows(raw: Json) -> tuple[dict[str, str], ...]:
    """Related rows as `{"id": …, "role": …}`, each id once, in the CRM's order."""
    rows: dict[str, dict[str, str]] = {}
    for row in raw if isinstance(raw, list) else ():
        if isinstance(row, dict) and row.get("id"):
            record_id = str(row["id"])
            kept = rows.get(record_id)
            if kept is None or not kept["role"]:
                rows[record_id] = {"id": record_id, "role": str(row.get("role") or "")}
    return tuple(rows.values())


def related_sources(links: Sequence[Spec | None]) -> tuple[str, ...]:
    """The sources whose ids must come along for these links."""
    return tuple(dict.fromkeys(link["related"] for link in links if link and link["related"]))


def link_fields(links: Sequence[Spec | None]) -> tuple[str, ...]:
    """The fields that these links read."""
    return tuple(dict.fromkeys(link["from"] for link in links if link and link["from"]))


class Details:
    """The text details, length and mark of an activity."""

    def __init__(self, spec: Spec, around: Surroundings) -> None:
        self._texts: tuple[tuple[str, RowReader, str], ...] = tuple(
            (name, row_reader(spec[name], around), spec[name][0]["from"][0]) for name in TEXT_DETAILS if spec[name]
        )
        self._seconds = seconds_of(spec["seconds"], around) if spec["seconds"] else None
        self._marks = tuple((mark["mark"], claim_of(mark)) for mark in spec.get("marks", ()))
        specs = [one for name in TEXT_DETAILS if spec[name] for one in spec[name]]
        length = spec["seconds"]
        self.fields: tuple[str, ...] = (
            *fields_of(specs),
            *(name for name in ((length["from"], length["until"]) if length else ()) if name),
            *(mark["from"] for mark in spec.get("marks", ())),
        )

    def read(self, fields: Fields, misread: Misread) -> dict[str, Any]:
        """The details by their names in `Activity`; what is unknown is left out."""
        found: dict[str, Any] = {}
        for name, reader, field in self._texts:
            value = reader(fields)
            if value is UNKNOWN:
                misread.append((field, fields.get(field)))
            elif value is not None:
                found[name] = value if isinstance(value, str) else str(value)
        if self._seconds is not None:
            found["seconds"] = self._seconds(fields)
        for mark, claim in self._marks:
            if claim(fields):
                found["mark"] = mark
                break
        return found


def seconds_of(spec: Spec, around: Surroundings) -> SecondsOf:
    """Whole seconds, not below 0: a length in its unit, or the time between two fields."""
    name, until, missing, unit = spec["from"], spec["until"], spec["when_missing"], _UNITS[spec["unit"]]
    read_instant: Reader = instant_reader(around.zone)

    def length(fields: Fields) -> int:
        number = read_decimal(fields.get(name))
        if not isinstance(number, Decimal):
            return int(missing)
        return min(max(0, round(float(number) * unit)), LONGEST_S)

    def between(fields: Fields) -> int:
        begin, end = read_instant(fields.get(name)), read_instant(fields.get(until))
        if not isinstance(begin, datetime) or not isinstance(end, datetime):
            return int(missing)
        return min(max(0, int((end - begin).total_seconds())), LONGEST_S)

    if not name:
        return lambda _fields: int(missing)
    return between if until else length


def claim_of(test: Spec) -> Claim:
    """Whether a test of one field holds for a row."""
    name = test["from"]
    if test["filled"] is not None:
        wanted = test["filled"]
        return lambda fields: (fields.get(name) not in (None, "", False)) is wanted
    pattern = re.compile("|".join(glob_pattern(_text_of(value)) for value in test["values"]), re.DOTALL)
    seen: dict[str, bool] = {}

    def holds(fields: Fields) -> bool:
        raw = fields.get(name)
        if raw is None or raw == "" or isinstance(raw, (list, dict)):
            return False
        text = _text_of(raw)
        found = seen.get(text)
        if found is None:
            found = pattern.fullmatch(folded(text)) is not None
            if len(seen) < MOST_KEPT:
                seen[text] = found
        return found

    return holds


def first_instant(names: Sequence[str], around: Surroundings) -> Callable[[Fields, Misread], datetime | None]:
    """The time in the first of these fields that holds one."""
    read = instant_reader(around.zone)

    def instant(fields: Fields, misread: Misread) -> datetime | None:
        for name in names:
            found: Read = read(fields.get(name))
            if isinstance(found, datetime):
                return found
            if found is UNKNOWN:
                misread.append((name, fields.get(name)))
        return None

    return instant
