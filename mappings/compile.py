"""Published documents → the values that the core and the flows compute with.

Station: STYLE §1's `mappings/compile`. Everything raises ProblemsError with all errors of a document; warnings do not stop it.
"""

from typing import Any

from connector.core.ladder import Ladder
from connector.core.model import Model
from mappings.build_lifecycle import build_ladder
from mappings.build_scoring import build_model
from mappings.keys_lifecycle import LIFECYCLE
from mappings.keys_scoring import SCORING
from mappings.problems import ProblemsError
from mappings.shapes import Shape
from mappings.validate import read_document


def compile_scoring(text: str, *, file: str, version: int) -> Model:
    """The scoring model of a document. Raises ProblemsError."""
    return build_model(_read(text, file=file, shape=SCORING), version=version)


def compile_lifecycle(text: str, *, file: str, version: int) -> Ladder:
    """The stage ladder of a document. Raises ProblemsError."""
    return build_ladder(_read(text, file=file, shape=LIFECYCLE), version=version)


def _read(text: str, *, file: str, shape: Shape) -> dict[str, Any]:
    read, problems = read_document(text, file=file, shape=shape)
    if read is None:
        raise ProblemsError(problem for problem in problems if problem.severity == "error")
    return dict(read)
