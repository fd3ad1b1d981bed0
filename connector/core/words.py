"""Answers worked out once for each dictionary of words.

Station: used by `core.conditions` and `core.patterns`, whose columns hold indices into such dictionaries.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

Bool = npt.NDArray[np.bool_]
Word = TypeVar("Word")

KEPT = 8
"""Dictionaries remembered by one test: those of the shards being scored now, not those of yesterday."""


class ByWords(Generic[Word]):
    """Remembers a table by the identity of its tuple of words: the same object in every shard of a run is worked out once."""

    __slots__ = ("_tables",)

    def __init__(self) -> None:
        self._tables: dict[int, tuple[tuple[Word, ...], Bool]] = {}

    def table(self, words: tuple[Word, ...], work_out: Callable[[tuple[Word, ...]], Bool]) -> Bool:
        """What `work_out` gives for these words, remembered. The tuple is held, so that its identity cannot pass to another."""
        known = self._tables.get(id(words))
        if known is None:
            known = (words, work_out(words))
            if len(self._tables) >= KEPT:
                self._tables.clear()
            self._tables[id(words)] = known
        return known[1]
