"""The shipped scoring model."""

from connector.core.model import Model
from mappings.compile import compile_scoring
from mappings.document import packaged


def shipped() -> Model:
    """The packaged default, as `hotlead init` publishes it."""
    return compile_scoring(packaged("scoring", "b2b_default"), file="b2b_default.yaml", version=1)
