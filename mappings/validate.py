"""Checks a document and gives back every problem at once.

Station: what `publish`, `check` and the admin pages call before a text becomes a version. Compiling checks the same things.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connector.core.model import ActivityRule, Model, Pattern
from connector.ports.crm import Catalog
from mappings.build_lifecycle import build_ladder
from mappings.catalogue import compare
from mappings.conditions import USUAL_FACTS, nearest_fact
from mappings.document import parse
from mappings.keys_fields import FIELDS
from mappings.keys_lifecycle import LIFECYCLE
from mappings.keys_scoring import SCORING, lists_of
from mappings.kinds import Bad
from mappings.problems import Findings, Path, Problem, ProblemsError, nearest
from mappings.shapes import Shape
from mappings.yamltext import Plain

STARVED_PERCENT = 1
"""A rule whose activities fewer people than this have done is said to be starved."""


def check_scoring(text: str, *, file: str) -> tuple[Problem, ...]:
    """Problems of a scoring model, in the order of its lines; empty when there is nothing to mend."""
    return read_document(text, file=file, shape=SCORING)[1]


def check_lifecycle(text: str, *, file: str, models: Sequence[Model] | None = None) -> tuple[Problem, ...]:
    """Problems of a stage ladder, in the order of its lines; empty when there is nothing to mend.

    With the published `models`, also whether the one it names is among them and knows the hand-offs it names.
    """
    found, read = _read(text, file=file, shape=LIFECYCLE)
    if read is not None and models is not None:
        _compare_with_model(read, parse(text, file=file).root, models, found)
    return found.all()


def check_fields(text: str, *, file: str, catalog: Catalog | None = None, ladder_text: str | None = None) -> tuple[Problem, ...]:
    """Problems of a field mapping, in the order of its lines; with a catalogue also what the CRM does not have or allow.

    `ladder_text` is the current ladder, whose stage fields are looked up in the catalogue too; one with problems of its own is left out.
    """
    found, read = _read(text, file=file, shape=FIELDS)
    if read is not None:
        _warn_of_misspelt_facts(read, found)
        if catalog is not None:
            ladder = read_document(ladder_text, file="ladder", shape=LIFECYCLE)[0] if ladder_text is not None else None
            compare(read, catalog=catalog, ladder=build_ladder(ladder, version=0) if ladder else None, found=found)
    return found.all()


def check_name(text: str, *, file: str, kind: str, name: str) -> tuple[Problem, ...]:
    """The error that a document is published under another name than it gives itself, or a mapping for another CRM than it is of.

    A document that gives itself no name has other problems.
    """
    key = {"scoring": "model", "lifecycle": "ladder", "fields": "crm"}[kind]
    try:
        parsed = parse(text, file=file)
    except ProblemsError:
        return ()
    own = parsed.root.get(key)
    found = Findings(file=file, places=parsed.places)
    if not isinstance(own, str) or own == name:
        return ()
    if kind == "fields":
        found.error((key,), "name", f"this is a mapping of '{own}', and the connection is one to '{name}'.")
    else:
        hint = f"Say `{key}: {name}` here, or publish it as '{own}'."
        found.error((key,), "name", f"the {key} calls itself '{own}' and is published as '{name}'.", hint=hint)
    return found.all()


def read_document(text: str, *, file: str, shape: Shape) -> tuple[Mapping[str, Any] | None, tuple[Problem, ...]]:
    """The document read by its shape, or None when something is wrong, and what is wrong."""
    found, read = _read(text, file=file, shape=shape)
    return read, found.all()


def starved(model: Model, *, kinds: Mapping[str, int], people: int, text: str = "", file: str = "") -> tuple[Problem, ...]:
    """Warnings for rules whose activities hardly anybody has: `kinds` counts the people with at least one of each kind.

    With the document's `text` and `file` they name the rule's line. Nothing is said while there are no people.
    """
    found = Findings(file=file or model.name, places=parse(text, file=file).places if text else {})
    rules = {rule.id: rule for group in model.engagement.groups for rule in group.rules if isinstance(rule, ActivityRule)}
    root = parse(text, file=file).root if text else {}
    for name, rule in rules.items():
        _warn_if_starved(
            rule.pattern,
            f"the rule '{name}'",
            _place_of(root.get("engagement"), name, ("engagement",)),
            kinds=kinds,
            people=people,
            found=found,
        )
    for hand_off in model.hand_offs:
        if hand_off.pattern is not None:
            what = f"the hand-off '{hand_off.id}'"
            _warn_if_starved(
                hand_off.pattern, what, _place_of(root.get("hand_off"), hand_off.id, ("hand_off",)), kinds=kinds, people=people, found=found
            )
    return found.all()


def _compare_with_model(read: Mapping[str, Any], root: Plain, models: Sequence[Model], found: Findings) -> None:
    model = next((model for model in models if model.name == read["model"]), None)
    if model is None:
        known = [model.name for model in models]
        hint = nearest(read["model"], known) or f"Published: {', '.join(known) or 'none'}."
        found.error(("model",), "model", f"no scoring model '{read['model']}' is published.", hint=hint)
        return
    known = [f"hand_off.{hand_off.id}" for hand_off in model.hand_offs]
    for path, word in _words(root):
        if word.startswith("hand_off.") and word not in known:
            hint = nearest(word, known) or f"Known: {', '.join(known) or 'none'}."
            found.error(path, "hand_off", f"the model '{model.name}' has no '{word}'.", hint=hint)


def _words(value: Plain, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every key and every text of a document with its place."""
    if isinstance(value, str):
        yield path, value
    for key, child in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        if isinstance(key, str):
            yield (*path, key, ""), key
        yield from _words(child, (*path, key))


def _warn_if_starved(pattern: Pattern, what: str, path: Path, *, kinds: Mapping[str, int], people: int, found: Findings) -> None:
    able = min(people, sum(kinds.get(kind, 0) for kind in pattern.kinds))
    if people and able * 100 < people * STARVED_PERCENT:
        share = f"{able} of {people} people have" if able else "nobody has"
        message = f"{what} is starved: {share} any activity of kind {', '.join(pattern.kinds)}."
        hint = "Look at the field mappings: no connected CRM may give this." if not able else ""
        found.warn(path, "starved", message, hint=hint)


def _place_of(root: Plain, name: str, path: Path = ()) -> Path:
    """Where the table with this id stands in a document."""
    children = root.items() if isinstance(root, dict) else enumerate(root) if isinstance(root, list) else ()
    if isinstance(root, dict) and root.get("id") == name:
        return path
    for key, child in children:
        if found := _place_of(child, name, (*path, key)):
            return found
    return ()


def _read(text: str, *, file: str, shape: Shape) -> tuple[Findings, Mapping[str, Any] | None]:
    try:
        parsed = parse(text, file=file)
    except ProblemsError as err:
        return Findings.of(err.problems, file=file), None
    found = Findings(file=file, places=parsed.places, lists=lists_of(parsed.root.get("lists")))
    read = shape.read(parsed.root, (), found)
    return found, None if isinstance(read, Bad) or found.errors() else read


def _warn_of_misspelt_facts(read: Mapping[str, Any], found: Findings) -> None:
    """Warns of names of values that no packaged document knows and that look like one it knows."""
    for source, spec in read["sources"].items():
        prefix = {"contact": "person.", "company": "company."}.get(spec["kind"])
        for name in spec.get("fields", {}) if prefix else ():
            fact = name if name.startswith("company.") else f"{prefix}{name}"
            hint = "" if fact in USUAL_FACTS else nearest_fact(fact)
            if hint:
                path: Path = ("sources", source, "fields", name, "")
                found.warn(path, "unusual_fact", f"no packaged model asks for '{fact}'.", hint=hint)
