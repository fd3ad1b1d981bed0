"""A few persons as columns for scoring, read through SQLAlchemy: what `store.shards` gives of a whole shard, in the same shape.

One person must cost about a millisecond and a hundred ten, so statements are made once and what they give is decoded as a whole.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

import numpy as np
from sqlalchemy import String, bindparam, cast, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from connector.core.facts import Activities, Column, Int32, Int64, People
from connector.core.people import SHARDS, PersonId
from connector.core.records import Value
from connector.store.columns import ACTIVITY_COLUMNS, WORD_LISTS, activities_of
from connector.store.dictionary import activity_list
from connector.store.facts import PAIR, unpack
from connector.store.instants import to_us
from connector.store.schema import activities, lists, person_facts, words
from connector.store.schema.ground import NUMBER
from connector.store.transaction import AnyRow, Transaction, chunks
from connector.store.values import dump, load_value

PAIR_BYTES = 2 * PAIR.itemsize
SHORT_LIST = 1000
"""Values in a list that is still known whole."""
REMEMBERED_VALUES = 10_000
"""Values kept of a longer list; beyond that it begins anew."""

_FACTS = (person_facts.c.person, person_facts.c.facts)
_DEEDS = [activities.c[name] for name in ACTIVITY_COLUMNS]
_SINCE = activities.c.at >= bindparam("since")


class _Listed(FunctionElement[str]):
    """The entries of a JSON list as rows. One parameter whatever their number, where `IN` takes one each."""

    inherit_cache = True


@compiles(_Listed, "sqlite")
def _listed_in_sqlite(element: _Listed, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_Listed, "postgresql")
def _listed_in_postgresql(element: _Listed, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_array_elements_text(CAST({compiler.process(element.clauses, **options)} AS JSON))"


_LISTED = _Listed(bindparam("people", type_=String)).table_valued("value")
_PERSON = cast(_LISTED.c.value, NUMBER)

_FACTS_OF_ONE = select(*_FACTS).where(person_facts.c.shard == bindparam("shard"), person_facts.c.person == bindparam("person"))
_FACTS_OF_SOME = (
    select(*_FACTS).select_from(_LISTED).join(person_facts, (person_facts.c.shard == _PERSON % SHARDS) & (person_facts.c.person == _PERSON))
)
_DEEDS_OF_ONE = (
    select(*_DEEDS)
    .where(activities.c.shard == bindparam("shard"), activities.c.person == bindparam("person"), _SINCE)
    .order_by(activities.c.at, activities.c.id)
)
_DEEDS_OF_SOME = (
    select(*_DEEDS)
    .select_from(_LISTED)
    .join(activities, (activities.c.shard == _PERSON % SHARDS) & (activities.c.person == _PERSON))
    .where(_SINCE)
)
_NEW_WORDS = (
    select(words.c.word)
    .join(lists, lists.c.no == words.c.list)
    .where(lists.c.name == bindparam("list"), words.c.id >= bindparam("first"))
    .order_by(words.c.id)
)
_MORE_VALUES = (
    select(words.c.word)
    .where(words.c.list == bindparam("list"), words.c.id >= bindparam("first"))
    .order_by(words.c.id)
    .limit(SHORT_LIST + 1)
)
_VALUES = select(words.c.id, words.c.word).where(words.c.list == bindparam("list"), words.c.id.in_(bindparam("numbers", expanding=True)))


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
    """Takes packed facts of few persons apart. Remembers lists and values: they never change once committed.

    A short list is one tuple that stays the same object until the list grows, so that conditions judge its words once, not at each load.
    Of a long list only the values met are known.
    """

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._short: dict[int, tuple[Value, ...]] = {}
        self._long: dict[int, dict[int, Value]] = {}

    def of(self, t: Transaction, packed: Sequence[bytes], facts: Sequence[str]) -> dict[str, Column]:
        """A column for each of the facts that anybody has."""
        wanted = frozenset(facts)
        columns = {}
        for no, highest, codes in _codes_by_list(packed):
            name = self._names.get(no) or self._learn_name(t, no)
            if name in wanted:
                columns[name] = self._column(t, no, codes, highest=highest)
        return columns

    def _column(self, t: Transaction, no: int, codes: Int32, *, highest: int) -> Column:
        if no not in self._long and highest >= len(self._short.get(no, ())):
            self._learn_list(t, no)
        if no in self._long:
            return self._column_of_long(t, no, codes)
        return Column(codes=codes, words=self._short[no])

    def _column_of_long(self, t: Transaction, no: int, codes: Int32) -> Column:
        places = {-1: -1}
        renumbered = [places.setdefault(code, len(places) - 1) for code in codes.tolist()]
        del places[-1]
        values = self._values(t, no, places)
        return Column(codes=np.array(renumbered, dtype=np.int32), words=tuple(values[code] for code in places))

    def _learn_name(self, t: Transaction, no: int) -> str:
        self._names = {row.no: row.name for row in t.rows(select(lists))}
        return self._names[no]

    def _learn_list(self, t: Transaction, no: int) -> None:
        """Reads what a short list has more, and finds out that it is a long one."""
        known = self._short.pop(no, ())
        new = t.rows(_MORE_VALUES, {"list": no, "first": len(known) + 1})
        if len(known) + len(new) > SHORT_LIST:
            self._long[no] = {}
        else:
            self._short[no] = (*known, *(load_value(row[0]) for row in new))

    def _values(self, t: Transaction, no: int, codes: Collection[int]) -> Mapping[int, Value]:
        """At least these values of a long list; a code is the word's number less 1."""
        known = self._long[no]
        if len(known) > REMEMBERED_VALUES:
            known.clear()
        for some in chunks([code + 1 for code in codes if code not in known]):
            for number, word in t.rows(_VALUES, {"list": no, "numbers": some}):
                known[number - 1] = load_value(word)
        return known


def _codes_by_list(packed: Sequence[bytes]) -> Iterator[tuple[int, int, Int32]]:
    """Each list that any of the persons has a word of, the highest code, and everybody's: the word's number less 1, or -1 for none."""
    pairs = unpack(b"".join(packed))
    if not len(pairs):
        return
    persons_of = np.repeat(np.arange(len(packed)), [len(blob) // PAIR_BYTES for blob in packed])
    codes = np.full((int(pairs[:, 0].max()) + 1, len(packed)), -1, dtype=np.int32)
    codes[pairs[:, 0], persons_of] = pairs[:, 1] - 1
    for no, highest in enumerate(codes.max(axis=1).tolist()):
        if highest >= 0:
            yield no, highest, codes[no]


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
            whom = {"shard": some[0] % SHARDS, "person": some[0]} if one else {"people": dump(some)}
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
