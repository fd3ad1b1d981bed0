"""What the reader of shards remembers from shard to shard: lists, texts and values, each list one tuple that stays the same object.

Imports neither SQLAlchemy nor sqlite3.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from connector.core.facts import Column
from connector.core.records import Value
from connector.store.columns import WORD_LISTS
from connector.store.facts import columns_of
from connector.store.values import load_value

Pairs = Callable[[str], Sequence[Any]]
"""Answers a statement of two columns with its rows."""


class ShardWords:
    """Reads new words through the `pairs` it is given when a shard holds one that is not known yet."""

    def __init__(self) -> None:
        self._lists: dict[str, int] = {}
        self._texts: Mapping[str, tuple[str, ...]] = {}
        self._values: dict[str, tuple[Value, ...]] = {}

    def facts(self, pairs: Pairs, *, packed: bytes, sizes: npt.NDArray[np.int64], names: Sequence[str]) -> dict[str, Column]:
        """A column for each of the facts that anybody has ever had."""
        if any(name not in self._lists for name in names):
            self._learn_lists(pairs)
        lists = {name: self._lists[name] for name in names if name in self._lists}
        columns = columns_of(packed=packed, sizes=sizes, lists=lists)
        return {
            name: Column(codes=codes, words=self._values_of(pairs, name, int(codes.max(initial=-1)))) for name, codes in columns.items()
        }

    def texts(self, pairs: Pairs, highest: Mapping[str, int]) -> Mapping[str, tuple[str, ...]]:
        """The texts of activity words, long enough for these numbers; the same tuples for every shard unless a list has grown."""
        if not self._texts or any(number >= len(self._texts[name]) for name, number in highest.items()):
            self._learn_lists(pairs)
            grown = {}
            for name in WORD_LISTS:
                known = self._texts.get(name, ("",))
                no = self._lists.get(f"activity.{name}")
                new = [] if no is None else _new_words(pairs, no, len(known) - 1)
                grown[name] = (*known, *new) if new else known
            self._texts = grown
        return self._texts

    def _values_of(self, pairs: Pairs, name: str, highest: int) -> tuple[Value, ...]:
        known = self._values.get(name, ())
        if highest >= len(known):
            known = (*known, *(load_value(text) for text in _new_words(pairs, self._lists[name], len(known))))
            self._values[name] = known
        return known

    def _learn_lists(self, pairs: Pairs) -> None:
        self._lists = {name: int(no) for name, no in pairs("SELECT name, no FROM lists")}


def _new_words(pairs: Pairs, list_number: int, known: int) -> list[str]:
    return [word for word, _ in pairs(f"SELECT word, id FROM words WHERE list = {list_number} AND id > {known} ORDER BY id")]
