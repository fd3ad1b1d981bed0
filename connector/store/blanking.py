"""Words that only erased people had are blanked; their numbers stay, because every other word keeps its place by them."""

from collections.abc import Collection, Iterable
from secrets import token_hex
from urllib.parse import quote

import numpy as np
from sqlalchemy import bindparam, select, update

from connector.core.people import SHARDS, PersonId
from connector.store.columns import WORD_LISTS
from connector.store.dictionary import activity_list, known_list
from connector.store.facts import contact_fact, unpack
from connector.store.schema import history, person_facts, words
from connector.store.transaction import AnyRow, Transaction, chunks
from connector.store.values import dump, load

Pair = tuple[int, str]
Word = tuple[int, int]
"""List and number."""

_CODE = np.dtype("<i8")
"""A packed pair (list, word) read as one number."""

_BLANK = update(words).where(words.c.list == bindparam("of_list"), words.c.id == bindparam("of_id")).values(word=bindparam("nothing"))


def words_of_people(t: Transaction, people: Collection[PersonId]) -> set[Word]:
    """What stands for the facts of these persons now."""
    found: set[Word] = set()
    for some in chunks(people):
        here = (person_facts.c.shard.in_(sorted({person % SHARDS for person in some})), person_facts.c.person.in_(some))
        for row in t.rows(select(person_facts.c.facts).where(*here)):
            found.update((int(no), int(word)) for no, word in unpack(bytes(row.facts)))
    return found


def words_of_past(t: Transaction, rows: Collection[Pair]) -> set[Word]:
    """What stood for earlier values of these contact rows."""
    texts: dict[str, set[str]] = {}
    for some in chunks(rows):
        past = select(history.c.field, history.c.before, history.c.after)
        for row in t.rows(past.where(t.among_pairs(history.c.source, history.c.id, some))):
            for value in (row.before, row.after):
                if row.field == "@emails":
                    texts.setdefault(contact_fact("email"), set()).update(dump(email) for email in load(load(value or '"[]"')))
                elif value is not None:
                    texts.setdefault(contact_fact(row.field), set()).add(value)
    found: set[Word] = set()
    for name, mine in texts.items():
        no = known_list(t, name)
        for some_texts in chunks(mine):
            known = t.rows(select(words.c.id).where(words.c.list == no, words.c.word.in_(some_texts)))
            found.update((no, row.id) for row in known if no is not None)
    return found


def words_with_addresses(t: Transaction, deeds: Iterable[AnyRow], addresses: Collection[str]) -> set[Word]:
    """Words of these activities that tell an address, such as a page named by it."""
    told = {form for address in addresses for form in (address, quote(address, safe=""))}
    found: set[Word] = set()
    rows = list(deeds)
    for column in WORD_LISTS:
        no = known_list(t, activity_list(column))
        for some in chunks({row._mapping[column] for row in rows} - {0}):
            known = t.rows(select(words.c.id, words.c.word).where(words.c.list == no, words.c.id.in_(some)))
            found.update((no, row.id) for row in known if no is not None and any(one in row.word.lower() for one in told))
    return found


def blank(t: Transaction, some: Collection[Word]) -> None:
    """Puts a text nobody has in the place of these words, and forgets the numbers of words."""
    facts = {no for name, no in _lists(t).items() if not name.startswith(activity_list(""))}
    nothing = [(no, word, f"erased {token_hex(8)}") for no, word in sorted(some)]
    t.run(_BLANK, [{"of_list": no, "of_id": word, "nothing": dump(text) if no in facts else text} for no, word, text in nothing])
    t.memory.forget()


def unused(t: Transaction, some: Collection[Word]) -> set[Word]:
    """Those of these words of facts that no person has. Reads the packed facts of everybody."""
    left = np.array([no | word << 32 for no, word in some], dtype=_CODE)
    for shard in range(SHARDS):
        if not len(left):
            break
        packed = t.rows(select(person_facts.c.facts).where(person_facts.c.shard == shard))
        codes = np.frombuffer(b"".join(bytes(row.facts) for row in packed), dtype=_CODE)
        left = left[~np.isin(left, codes)]
    return {(int(code) & 0xFFFFFFFF, int(code) >> 32) for code in left}


def _lists(t: Transaction) -> dict[str, int]:
    known_list(t, "")
    return t.memory.lists
