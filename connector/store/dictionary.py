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


def word_numbers(t: Transaction, *, name: str, texts: Collection[str]) -> Mapping[str, int]:
    """The number of each text in the list, made for the new ones. The answer holds at least these texts."""
    no = list_number(t, name)
    known = t.memory.words.setdefault(no, {})
    missing = {text for text in texts if text not in known}
    if not missing:
        return known
    for some in chunks(missing):
        known.update(
            {row.word: row.id for row in t.rows(select(words.c.id, words.c.word).where(words.c.word.in_(some), words.c.list == no))}
        )
    new = sorted(text for text in missing if text not in known)
    if new:
        first = _next_word(t, list_no=no, many=len(new))
        t.insert(words, [{"list": no, "id": first + i, "word": text} for i, text in enumerate(new)])
        known.update({text: first + i for i, text in enumerate(new)})
    return known


def _next_word(t: Transaction, *, list_no: int, many: int) -> int:
    counter = f"words.{list_no}"
    last = t.memory.last.get(counter)
    if last is None:
        last = t.value(select(func.max(words.c.id)).where(words.c.list == list_no)) or 0
    t.memory.last[counter] = last + many
    return last + 1
