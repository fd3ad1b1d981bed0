"""Published documents → the values that the core and the flows compute with.

Station: STYLE §1's `mappings/compile`. Everything raises ProblemsError with all errors of a document; warnings do not stop it.
"""

from collections.abc import Container
from functools import lru_cache
from typing import Any

from connector.core.ladder import Ladder
from connector.core.model import Model
from mappings.build_fields import build_field_mapping
from mappings.build_lifecycle import build_ladder
from mappings.build_scoring import build_model
from mappings.field_mapping import FieldMapping, Mapped, Recipe, SourceRead
from mappings.keys_fields import FIELDS
from mappings.keys_lifecycle import LIFECYCLE
from mappings.keys_scoring import SCORING
from mappings.problems import ProblemsError
from mappings.roll_ups import roll_up_of
from mappings.validate import read_document
from mappings.writing import LEAVE, WRITABLE, WriteField

__all__ = [
    "LEAVE",
    "WRITABLE",
    "FieldMapping",
    "Mapped",
    "Recipe",
    "SourceRead",
    "WriteField",
    "compile_fields",
    "compile_lifecycle",
    "compile_scoring",
    "roll_up_of",
]

SHAPES = {"fields": FIELDS, "lifecycle": LIFECYCLE, "scoring": SCORING}


@lru_cache(maxsize=32)
def compile_scoring(text: str, *, file: str, version: int) -> Model:
    """The scoring model of a document. Raises ProblemsError."""
    return build_model(_read(text, file=file, kind="scoring"), version=version)


def compile_lifecycle(text: str, *, file: str, version: int) -> Ladder:
    """The stage ladder of a document. Raises ProblemsError."""
    return build_ladder(_read(text, file=file, kind="lifecycle"), version=version)


def compile_fields(
    text: str, *, file: str, connection: str, version: int, ladder: Ladder, zone: str, sources: Container[str] | None = None
) -> FieldMapping:
    """The field mapping of a document for one connection, with the ladder's stage fields read and written. Raises ProblemsError.

    `zone` is the connection's (IANA name); `sources` are those that its CRM has: optional ones that are missing are left out, and roll-ups
    stand in for them. None takes all of the document's sources as there.
    """
    read = _read(text, file=file, kind="fields")
    return build_field_mapping(read, connection=connection, version=version, ladder=ladder, zone=zone, sources=sources)


@lru_cache(maxsize=32)
def _read(text: str, *, file: str, kind: str) -> dict[str, Any]:
    """The document read by its shape. Kept: a flow asks for the same published text again and again, and YAML is slow to read."""
    read, problems = read_document(text, file=file, shape=SHAPES[kind])
    if read is None:
        raise ProblemsError(problem for problem in problems if problem.severity == "error")
    return dict(read)
