"""How a flow tells whoever watches how far it is."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`done` of `of` (None: not known) in a named piece of work. `name` is a line for people, such as `crm-eu contacts`."""

    name: str
    done: int
    of: int | None = None
    unit: str = "rows"


class Progress(Protocol):
    def __call__(self, step: Step) -> None: ...


def silent(step: Step) -> None:
    """Nobody watches."""
    del step
