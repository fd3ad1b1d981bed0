"""A field mapping against what the CRM really has: fields, types, lengths, words, and whether they may be written.

Station: the second half of `validate.check_fields`, with the live catalogue. It only reports; the shape has been checked before.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.core.ladder import ORIGINS, STAGES, Ladder
from connector.ports.crm import Catalog, CatalogField, FieldType
from mappings.activity_parts import TEXT_DETAILS, is_glob
from mappings.convert.plain import folded
from mappings.keys_bands import GRADES
from mappings.problems import Findings, Path, nearest
from mappings.writing import WRITABLE

Spec = Mapping[str, Any]

_WORDY = frozenset({FieldType.TEXT, FieldType.LONG_TEXT, FieldType.PICKLIST})
_NUMBERS = frozenset({FieldType.INTEGER, FieldType.DECIMAL, FieldType.MONEY})
_TIMES = frozenset({FieldType.DATE, FieldType.DATETIME})
_TEXTS = frozenset({FieldType.TEXT, FieldType.LONG_TEXT})

FITTING: Mapping[str, frozenset[FieldType]] = {
    "whole": _NUMBERS | _WORDY,
    "decimal": _NUMBERS | _WORDY,
    "money": _NUMBERS | _TEXTS,
    "employees": _NUMBERS | _WORDY,
    "yes_no": _WORDY | {FieldType.BOOLEAN},
    "date": _TIMES | _TEXTS,
    "datetime": _TIMES | _TEXTS,
    "multi": _WORDY | {FieldType.MULTI_PICKLIST},
    "email": _TEXTS | {FieldType.MULTI_PICKLIST},
    "email_domain": _TEXTS,
    "free_mail": _TEXTS,
    "role_mailbox": _TEXTS,
    "domain": _TEXTS,
    "phone": _TEXTS,
    "url_path": _TEXTS,
    "full_name": _TEXTS,
    "seniority": _WORDY,
    "department": _WORDY,
    "country": _WORDY,
    "count": _NUMBERS | _TEXTS | {FieldType.BOOLEAN},
    "seconds": _NUMBERS | _TEXTS | _TIMES,
}
"""Types of field that a use can read; a use that is not here reads any, and a field of type `other` is always let through."""

_WRITTEN_TYPES: Mapping[str, frozenset[FieldType]] = {
    "whole": frozenset({FieldType.INTEGER, FieldType.DECIMAL}),
    "text": _WORDY,
    "datetime": frozenset({FieldType.DATETIME}),
}
_WRITTEN_WORDS: Mapping[str, tuple[str, ...]] = {
    "grade": GRADES,
    "temperature": ("hot", "warm", "cold"),
    "stage": STAGES,
    "origin": ORIGINS,
    "disposition": ("recycled", "disqualified"),
}
_WRITTEN_LENGTH: Mapping[str, int] = {"reasons": 255, "next_action": 255, "model": 80, "breakdown": 32_000}
"""Characters that a text of ours may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Use:
    """One field that a document reads, where it says so, and as what."""

    path: Path
    field: str
    use: str
    words: tuple[str, ...] = ()
    """The words of its table; empty where there is none."""


def compare(read: Spec, *, catalog: Catalog, ladder: Ladder | None, found: Findings) -> None:
    """Reports whatever of the mapping the CRM does not have or does not allow."""
    for name, spec in read["sources"].items():
        path: Path = ("sources", name)
        fields = catalog.sources.get(name)
        if fields is None:
            _report_no_source(spec, name, path, catalog, found)
            continue
        for use in _uses(spec, path):
            _check_use(use, fields, optional=spec["optional"], source=name, found=found)
        written = spec.get("write", {})
        others = [field for field in fields if field not in written]
        for field, entry in written.items():
            _check_written(field, entry, fields.get(field), (*path, "write", field), others=others, source=name, found=found)
        for stage_field in ladder.stage_fields if ladder else ():
            if stage_field.crm == read["crm"] and stage_field.source == name:
                _check_stage_field(stage_field.field, tuple(stage_field.write.values()), fields, path, found)


def _report_no_source(spec: Spec, name: str, path: Path, catalog: Catalog, found: Findings) -> None:
    message = f"the CRM shows no '{name}' to this connection"
    if spec["optional"]:
        found.warn((*path, ""), "no_source", f"{message}; it is left out.")
    else:
        hint = nearest(name, catalog.sources) or "Give the connection's user the right to read it, or add `optional: true`."
        found.error((*path, ""), "no_source", f"{message}.", hint=hint)


def _check_use(use: _Use, fields: Mapping[str, CatalogField], *, optional: bool, source: str, found: Findings) -> None:
    field = fields.get(use.field)
    if field is None:
        hint = nearest(use.field, fields) or "Make it, or let the connection's user see it."
        report = found.warn if optional else found.error
        report(use.path, "no_field", f"'{source}' has no field '{use.field}' that this connection can see.", hint=hint)
        return
    fitting = FITTING.get(use.use)
    if fitting is not None and field.type is not FieldType.OTHER and field.type not in fitting:
        found.error(use.path, "type", f"'{use.field}' is of type {field.type}, which does not fit `{use.use}`.")
    if use.words and field.options:
        _check_words(use, field, found)


def _check_words(use: _Use, field: CatalogField, found: Findings) -> None:
    """Warns of the CRM's words that are not listed, and of listed ones that look like one of those misspelt."""
    listed = {folded(word): word for word in use.words}
    options = {folded(option) for option in field.options}
    forgotten = [option for option in field.options if folded(option) not in listed]
    for word in (word for key, word in listed.items() if key not in options):
        hint = nearest(word, forgotten)
        if hint:
            found.warn(use.path, "words", f"'{use.field}' has no value '{word}'.", hint=hint)
    if forgotten:
        found.warn(use.path, "words", f"values of '{use.field}' that are not listed count as unknown: {_some(forgotten)}.")


def _some(words: Sequence[str]) -> str:
    shown = ", ".join(f"'{word}'" for word in words[:5])
    return f"{shown} and {len(words) - 5} more" if len(words) > 5 else shown


def _check_written(
    field: str, entry: Spec, there: CatalogField | None, path: Path, *, others: Sequence[str], source: str, found: Findings
) -> None:
    if there is None:
        hint = f"{nearest(field, others)} `hotlead install` makes hotlead's own fields.".strip()
        found.error((*path, ""), "no_field", f"'{source}' has no field '{field}' that this connection can see.", hint=hint)
        return
    name = entry["from"]
    form = WRITABLE[name]
    if not there.writable:
        found.error(
            (*path, ""),
            "read_only",
            f"'{field}' cannot be written by this connection.",
            hint="Pick another field, or give its user the right to edit it.",
        )
    if there.type is not FieldType.OTHER and there.type not in _WRITTEN_TYPES[form]:
        wanted = " or ".join(sorted(_WRITTEN_TYPES[form]))
        found.error((*path, ""), "type", f"'{field}' is of type {there.type}, which cannot hold `{name}`.", hint=f"Wanted: {wanted}.")
        return
    needed = _WRITTEN_LENGTH.get(name, 0)
    if there.length is not None and there.type is not FieldType.PICKLIST and there.length < needed:
        message = f"'{field}' holds {there.length} characters, `{name}` may have {needed}."
        found.error((*path, ""), "length", message, hint="Take a longer field.")
    words = tuple(entry["values"].values()) if entry["values"] else _WRITTEN_WORDS.get(name, ())
    _check_options(field, there, words, (*path, ""), found)


def _check_stage_field(field: str, words: Sequence[str], fields: Mapping[str, CatalogField], path: Path, found: Findings) -> None:
    there = fields.get(field)
    if there is None:
        found.error(
            (*path, ""),
            "no_field",
            f"the ladder keeps the stage in '{field}', which this connection cannot see.",
            hint=nearest(field, fields),
        )
    elif words and not there.writable:
        found.error((*path, ""), "read_only", f"the ladder writes '{field}', which this connection cannot write.")
    else:
        _check_options(field, there, words, (*path, ""), found)


def _check_options(field: str, there: CatalogField, words: Sequence[str], path: Path, found: Findings) -> None:
    if there.type is not FieldType.PICKLIST or there.open_options or not there.options:
        return
    strange = [word for word in words if word not in there.options]
    if strange:
        hint = nearest(strange[0], there.options) or f"It has {_some(there.options)}."
        found.error(path, "words", f"'{field}' has no value {_some(strange)}.", hint=hint)


def _uses(spec: Spec, path: Path) -> Iterator[_Use]:
    """Every field that a source's part of the document reads."""
    for key in ("owner", "name", "amount", "currency"):
        yield from _plain(spec, key, path, use="money" if key == "amount" else "any")
    for key in ("created_at", "closed_at", "since"):
        yield from _plain(spec, key, path, use="datetime")
    for index, name in enumerate(spec.get("emails", ())):
        yield _Use(path=(*path, "emails", index), field=name, use="email")
    for index, name in enumerate(spec.get("at", ()) if spec["kind"] == "activity" else ()):
        yield _Use(path=(*path, "at", index), field=name, use="datetime")
    for name, specs in spec.get("fields", {}).items():
        yield from _specs(specs, (*path, "fields", name))
    for key in ("company", "survivor"):
        yield from _link(spec.get(key), (*path, key))
    for index, link in enumerate(spec.get("contacts", ())):
        yield from _link(link, (*path, "contacts", index))
    for key in ("only", "skip", "moments", "counters"):
        for index, entry in enumerate(spec.get(key, ())):
            yield from _part(entry, (*path, key, index))
    if spec["kind"] == "activity":
        yield from _part({**spec, "at": None, "from": None}, path)
    if spec["kind"] == "deal":
        yield from _state(spec["state"], (*path, "state"))
    for name in spec["where"]:
        yield _Use(path=(*path, "where", name), field=name, use="any")


def _part(entry: Spec, path: Path) -> Iterator[_Use]:
    """The fields of a moment, a counter, a test, or an activity source's own details."""
    yield from _plain(entry, "at", path, use="datetime")
    yield from _plain(entry, "from", path, use="count" if "newest_told_by" in entry else "any")
    if not isinstance(entry.get("activity"), str):
        for index, step in enumerate(entry.get("activity", ())):
            where = (*path, "activity", index)
            yield from _plain(step, "past", where, use="datetime")
            words = tuple(step["values"] or ()) if not any(is_glob(word) for word in step["values"] or ()) else ()
            if step["from"]:
                yield _Use(path=(*where, "from"), field=step["from"], use="any", words=words)
    for name in TEXT_DETAILS:
        yield from _specs(entry.get(name) or (), (*path, name))
    length = entry.get("seconds")
    if length is not None:
        yield from _plain(length, "from", (*path, "seconds"), use="seconds")
        yield from _plain(length, "until", (*path, "seconds"), use="datetime")
    for index, mark in enumerate(entry.get("marks") or ()):
        yield from _plain(mark, "from", (*path, "marks", index), use="any")


def _plain(entry: Spec, key: str, path: Path, *, use: str) -> Iterator[_Use]:
    if entry.get(key):
        yield _Use(path=(*path, key), field=entry[key], use=use)


def _specs(specs: Sequence[Spec], path: Path) -> Iterator[_Use]:
    for index, spec in enumerate(specs):
        where = (*path, index) if len(specs) > 1 else path
        for nth, name in enumerate(spec["from"]):
            words = tuple(spec["values"] or ()) if spec["convert"] in ("picklist", "multi") else ()
            yield _Use(path=(*where, "from", nth), field=name, use=spec["convert"], words=words)
        for key in ("currency", "country"):
            yield from _plain(spec, key, where, use="any")


def _link(link: Spec | None, path: Path) -> Iterator[_Use]:
    if link is not None:
        yield from _plain(link, "from", path, use="any")


def _state(state: Spec, path: Path) -> Iterator[_Use]:
    for key in ("won", "closed"):
        yield from _plain(state, key, path, use="yes_no")
    if state["from"]:
        yield _Use(path=(*path, "from"), field=state["from"], use="any", words=tuple(state["values"]))
