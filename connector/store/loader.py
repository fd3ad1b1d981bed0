"""A few persons as columns for scoring, read through SQLAlchemy: what `store.shards` gives of a whole shard, in the same shape."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import select

from connector.core.facts import Activities, Column, People
from connector.core.people import SHARDS, PersonId
from connector.core.records import Value
from connector.store.columns import ACTIVITY_COLUMNS, WORD_LISTS, activities_of
from connector.store.dictionary import activity_list, known_list
from connector.store.facts import columns_of
from connector.store.instants import to_us
from connector.store.schema import activities, person_facts, persons, words
from connector.store.transaction import AT_ONCE, AnyRow, Transaction, chunks
from connector.store.values import load_value

REMEMBERED_VALUES = 50_000


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
                no = known_list(t, activity_list(name))
                new = t.rows(select(words.c.word).where(words.c.list == no, words.c.id >= len(texts)).order_by(words.c.id))
                self._texts[name] = (*texts, *(row.word for row in new))
                self._all = dict(self._texts)
        return self._all


class PeopleLoader:
    """Reads few persons at a time. Remembers words between calls: they never change once committed."""

    def __init__(self) -> None:
        self._texts = WordTexts()
        self._values: dict[tuple[int, int], Value] = {}

    def load(self, t: Transaction, people: Sequence[PersonId], *, facts: Sequence[str], since: datetime) -> tuple[People, Activities]:
        """Persons with a live row, ascending."""
        wanted = sorted(set(people))
        packed: list[AnyRow] = []
        rows: list[Sequence[Any]] = []
        for some in chunks(wanted, size=AT_ONCE):
            packed += t.rows(_facts_of(some))
            rows += t.rows(_activities_of(some, to_us(since)))
        packed.sort(key=lambda row: row.person)
        ids = np.array([row.person for row in packed], dtype=np.int64)
        read = np.array(rows, dtype=np.int64).reshape(-1, len(ACTIVITY_COLUMNS))
        if len(wanted) > 1:
            read = read[np.lexsort((read[:, 2], read[:, 1], read[:, 0]))]
        columns = {name: read[:, i] for i, name in enumerate(ACTIVITY_COLUMNS)}
        highest = {name: int(columns[name].max(initial=0)) for name in WORD_LISTS}
        texts = self._texts.at_least(t, highest)
        return People(ids=ids, facts=self._facts(t, packed, facts)), activities_of(ids=ids, columns=columns, words=texts)

    def _facts(self, t: Transaction, packed: Sequence[AnyRow], facts: Sequence[str]) -> dict[str, Column]:
        lists = {name: no for name in facts if (no := known_list(t, name)) is not None}
        blobs = [bytes(row.facts) for row in packed]
        sizes = np.array([len(blob) for blob in blobs], dtype=np.int64)
        codes = columns_of(packed=b"".join(blobs), sizes=sizes, lists=lists)
        used = {name: np.unique(column[column >= 0], return_inverse=True) for name, column in codes.items()}
        self._learn(t, [(lists[name], int(code) + 1) for name, (distinct, _) in used.items() for code in distinct])
        columns = {}
        for name, (distinct, inverse) in used.items():
            column = codes[name]
            column[column >= 0] = inverse
            values = tuple(self._values[lists[name], int(code) + 1] for code in distinct)
            columns[name] = Column(codes=column, words=values)
        return columns

    def _learn(self, t: Transaction, pairs: Sequence[tuple[int, int]]) -> None:
        if len(self._values) > REMEMBERED_VALUES:
            self._values = {}
        by_list: dict[int, list[int]] = {}
        for no, id_ in pairs:
            if (no, id_) not in self._values:
                by_list.setdefault(no, []).append(id_)
        for no, ids in by_list.items():
            for some in chunks(ids):
                for row in t.rows(select(words.c.id, words.c.word).where(words.c.list == no, words.c.id.in_(some))):
                    self._values[no, row.id] = load_value(row.word)


def _facts_of(people: Sequence[PersonId]) -> Any:
    if len(people) == 1:
        return select(person_facts.c.person, person_facts.c.facts).where(
            person_facts.c.shard == people[0] % SHARDS, person_facts.c.person == people[0]
        )
    here = (person_facts.c.shard == persons.c.id % SHARDS) & (person_facts.c.person == persons.c.id)
    return select(person_facts.c.person, person_facts.c.facts).select_from(persons).join(person_facts, here).where(persons.c.id.in_(people))


def _activities_of(people: Sequence[PersonId], since_us: int) -> Any:
    columns = [activities.c[name] for name in ACTIVITY_COLUMNS]
    if len(people) == 1:
        mine = (activities.c.shard == people[0] % SHARDS, activities.c.person == people[0], activities.c.at >= since_us)
        return select(*columns).where(*mine).order_by(activities.c.at, activities.c.id)
    here = (activities.c.shard == persons.c.id % SHARDS) & (activities.c.person == persons.c.id)
    return select(*columns).select_from(persons).join(activities, here).where(persons.c.id.in_(people), activities.c.at >= since_us)
