"""Dictionaries: repeated texts and values as small numbers, counted from 1 in each list.

`activity.kind`, `activity.path` and so on hold texts, where 0 stands for the empty one. `person.seniority` and so on hold values as JSON.
"""

from collections.abc import Collection, Mapping

from sqlalchemy import func, select

from connector.store.schema import lists, words
from connector.store.transaction import Transaction, chunks


def activity_list(column: str) -> str:
    """The name of the list that a column of an activity counts in."""
    return f"activity.{column}"


def known_list(t: Transaction, name: str) -> int | None:
    """The number of a list, or None where nothing was ever counted in it."""
    no = t.memory.lists.get(name)
    if no is None:
        t.memory.lists.update({row.name: row.no for row in t.rows(select(lists))})
        no = t.memory.lists.get(name)
    return no


def list_number(t: Transaction, name: str) -> int:
    """The number of a list, made when it is new."""
    no = known_list(t, name)
    if no is None:
        no = t.next_number(lists.c.no)
        t.insert(lists, [{"no": no, "name": name}])
        t.memory.lists[name] = no
    return no


def word_numbers(t: Transaction, texts: Mapping[str, Collection[str]]) -> Mapping[str, Mapping[str, int]]:
    """By list, the number of each text in it, made for the new ones. Each answer holds at least the texts of its list."""
    known = {name: t.memory.words.setdefault(list_number(t, name), {}) for name in texts}
    missing = {name: new for name, asked in texts.items() if (new := set(asked) - known[name].keys())}
    if missing:
        _look_up(t, {text for asked in missing.values() for text in asked})
        _make(t, {list_number(t, name): new for name, asked in missing.items() if (new := asked - known[name].keys())})
    return known


def _look_up(t: Transaction, texts: Collection[str]) -> None:
    """Remembers these texts in whatever list they are: a list that is named besides, SQLite reads from end to end."""
    for some in chunks(texts):
        for row in t.rows(select(words).where(t.one_of(words.c.word, some))):
            t.memory.words.setdefault(row.list, {})[row.word] = row.id


def _make(t: Transaction, new: Mapping[int, Collection[str]]) -> None:
    _count_from_the_last(t, new)
    made = []
    for no, texts in new.items():
        first = t.memory.last[_counter(no)] + 1
        numbers = {text: first + i for i, text in enumerate(sorted(texts))}
        made += [{"list": no, "id": number, "word": text} for text, number in numbers.items()]
        t.memory.words[no].update(numbers)
        t.memory.last[_counter(no)] += len(numbers)
    t.insert(words, made)


def _count_from_the_last(t: Transaction, lists_: Collection[int]) -> None:
    """Remembers the last number given out in each of these lists."""
    uncounted = [no for no in lists_ if _counter(no) not in t.memory.last]
    if uncounted:
        last = (select(func.max(words.c.id)).where(words.c.list == no).scalar_subquery() for no in uncounted)
        (row,) = t.rows(select(*last))
        t.memory.last.update({_counter(no): highest or 0 for no, highest in zip(uncounted, row, strict=True)})


def _counter(list_no: int) -> str:
    return f"words.{list_no}"
