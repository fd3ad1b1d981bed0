"""Checks a document and gives back every problem at once.

Station: what `publish`, `check` and the admin pages call before a text becomes a version. Compiling checks the same things.
"""

from collections.abc import Mapping
from typing import Any

from mappings.document import parse
from mappings.keys_lifecycle import LIFECYCLE
from mappings.keys_scoring import SCORING, lists_of
from mappings.problems import Findings, Problem, ProblemsError
from mappings.shapes import Bad, Shape


def check_scoring(text: str, *, file: str) -> tuple[Problem, ...]:
    """Problems of a scoring model, in the order of its lines; empty when there is nothing to mend."""
    return read_document(text, file=file, shape=SCORING)[1]


def check_lifecycle(text: str, *, file: str) -> tuple[Problem, ...]:
    """Problems of a stage ladder, in the order of its lines; empty when there is nothing to mend."""
    return read_document(text, file=file, shape=LIFECYCLE)[1]


def read_document(text: str, *, file: str, shape: Shape) -> tuple[Mapping[str, Any] | None, tuple[Problem, ...]]:
    """The document read by its shape, or None when something is wrong, and what is wrong."""
    try:
        parsed = parse(text, file=file)
    except ProblemsError as err:
        return None, err.problems
    found = Findings(file=file, places=parsed.places, lists=lists_of(parsed.root.get("lists")))
    read = shape.read(parsed.root, (), found)
    return None if isinstance(read, Bad) or found.errors() else read, found.all()
