"""A few persons as columns for scoring, read through SQLAlchemy: what `store.shards` gives of a whole shard, in the same shape.

One person must cost about a millisecond, so statements are made once and what comes of few rows is put together without array calls.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import chain
from struct import iter_unpack

import numpy as np
from sqlalchemy import bindparam, select

from connector.core.facts import Activities, Column, Int64, People
from connector.core.people import SHARDS, PersonId
from connector.core.records import Value
from connector.store.columns import ACTIVITY_COLUMNS, WORD_LISTS, activities_of
from connector.store.dictionary import activity_list
from connector.store.instants import to_us
from connector.store.schema import activities, lists, person_facts, persons, words
from connector.store.transaction import AnyRow, Transaction, chunks
from connector.store.values import load_value

REMEMBERED_VALUES = 50_000

_FACTS = (person_facts.c.person, person_facts.c.facts)
_DEEDS = [activities.c[name] for name in ACTIVITY_COLUMNS]
_SINCE = activities.c.at >= bindparam("since")
_PEOPLE = persons.c.id.in_(bindparam("people", expanding=True))

_FACTS_OF_ONE = select(*_FACTS).where(person_facts.c.shard == bindparam("shard"), person_facts.c.person == bindparam("person"))
_FACTS_OF_SOME = (
    select(*_FACTS)
    .select_from(persons)
    .join(person_facts, (person_facts.c.shard == persons.c.id % SHARDS) & (person_facts.c.person == persons.c.id))
    .where(_PEOPLE)
)
_DEEDS_OF_ONE = (
    select(*_DEEDS)
    .where(activities.c.shard == bindparam("shard"), activities.c.person == bindparam("person"), _SINCE)
    .order_by(activities.c.at, activities.c.id)
)
_DEEDS_OF_SOME = (
    select(*_DEEDS)
    .select_from(persons)
    .join(activities, (activities.c.shard == persons.c.id % SHARDS) & (activities.c.person == persons.c.id))
    .where(_PEOPLE, _SINCE)
)
_NEW_WORDS = (
    select(words.c.word)
    .join(lists, lists.c.no == words.c.list)
    .where(lists.c.name == bindparam("list"), words.c.id >= bindparam("first"))
    .order_by(words.c.id)
)


class WordTexts:
    """The texts of activity words, each list one tuple that stays the same object until the list grows."""

    def __init__(self) -> None:
        self._texts: dict[str, tuple[str, ...]] = dict.fromkeys(WORD_LISTS, ("",))
        self._all: Mapping[str, tuple[str, ...]] = dict(self._texts)

    def at_least(self, t: Transaction, highest: Mapping[str, int]) -> Mapping[str, tuple[str, ...]]:
        """Every list, long enough for these word numbers."""
        for name, number in highest.items():
            texts = self._texts[name]
            if number >= len(texts):
                new = t.rows(_NEW_WORDS, {"list": activity_list(name), "first": len(texts)})
                self._texts[name] = (*texts, *(row.word for row in new))
                self._all = dict(self._texts)
        return self._all


class FactColumns:
    """Takes packed facts of few persons apart. Remembers lists and values: they never change once committed."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._values: dict[tuple[int, int], Value] = {}

    def of(self, t: Transaction, packed: Sequence[bytes], facts: Sequence[str]) -> dict[str, Column]:
        """A column for each of the facts that anybody has."""
        wanted = frozenset(facts)
        codes: dict[int, list[int]] = {}
        found: dict[int, dict[int, int]] = {}
        for row, blob in enumerate(packed):
            for no, word in iter_unpack("<ii", blob):
                name = self._names.get(no) or self._learn_name(t, no)
                if name in wanted:
                    column = codes.get(no)
                    if column is None:
                        column = codes[no] = [-1] * len(packed)
                        found[no] = {}
                    column[row] = found[no].setdefault(word, len(found[no]))
        self._learn_values(t, found)
        return {
            self._names[no]: Column(codes=np.array(column, dtype=np.int32), words=tuple(self._values[no, word] for word in found[no]))
            for no, column in codes.items()
        }

    def _learn_name(self, t: Transaction, no: int) -> str:
        self._names = {row.no: row.name for row in t.rows(select(lists))}
        return self._names[no]

    def _learn_values(self, t: Transaction, found: Mapping[int, Mapping[int, int]]) -> None:
        if len(self._values) > REMEMBERED_VALUES:
            self._values = {}
        for no, ids in found.items():
            new = [word for word in ids if (no, word) not in self._values]
            for some in chunks(new):
                for row in t.rows(select(words.c.id, words.c.word).where(words.c.list == no, words.c.id.in_(some))):
                    self._values[no, row.id] = load_value(row.word)


class PeopleLoader:
    """Reads few persons at a time. Not for two threads at once."""

    def __init__(self) -> None:
        self._texts = WordTexts()
        self._facts = FactColumns()

    def load(self, t: Transaction, people: Sequence[PersonId], *, facts: Sequence[str], since: datetime) -> tuple[People, Activities]:
        """Persons with a live row, ascending."""
        wanted = sorted(set(people))
        packed: list[AnyRow] = []
        deeds: list[AnyRow] = []
        for some in chunks(wanted):
            one = len(some) == 1
            whom = {"shard": some[0] % SHARDS, "person": some[0]} if one else {"people": some}
            packed += t.rows(_FACTS_OF_ONE if one else _FACTS_OF_SOME, whom)
            deeds += t.rows(_DEEDS_OF_ONE if one else _DEEDS_OF_SOME, {**whom, "since": to_us(since)})
        packed.sort(key=lambda row: row[0])
        ids = np.array([row[0] for row in packed], dtype=np.int64)
        columns = columns_of_rows(deeds)
        if len(wanted) > 1:
            columns = _in_order(columns)
        texts = self._texts.at_least(t, {name: int(columns[name].max(initial=0)) for name in WORD_LISTS})
        known = self._facts.of(t, [bytes(row[1]) for row in packed], facts)
        return People(ids=ids, facts=known), activities_of(ids=ids, columns=columns, words=texts)


def columns_of_rows(rows: Sequence[AnyRow]) -> dict[str, Int64]:
    """Rows of activities as arrays, in the order given."""
    width = len(ACTIVITY_COLUMNS)
    read = np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=len(rows) * width).reshape(-1, width)
    return {name: read[:, place] for place, name in enumerate(ACTIVITY_COLUMNS)}


def _in_order(columns: dict[str, Int64]) -> dict[str, Int64]:
    """Ascending by person, time and id."""
    order = np.lexsort((columns["id"], columns["at"], columns["person"]))
    return {name: column[order] for name, column in columns.items()}
