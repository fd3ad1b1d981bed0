"""A few persons at a time: facts whose values are few, and facts of which nearly everybody has one of their own."""

from datetime import UTC, datetime

from connector.core.records import Value
from connector.ports.store import Store, Tx
from connector.store.loader import SHORT_LIST
from tests.support.stores import at, attached, contact

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def put_numbered(store: Store, numbers: range) -> list[int]:
    """A person for each number: the number itself, and whether it is odd. Gives the persons in that order."""

    def unit(tx: Tx) -> list[int]:
        rows = [contact(str(n), values={"number": n, "odd": n % 2 == 1}) for n in numbers]
        people = tx.people.attach([attached(row.key, -n) for n, row in enumerate(rows, start=1)], at=at())
        tx.records.put_contacts(rows, seen_at=at())
        return [people[row.key] for row in rows]

    return store.write(unit)


def loaded(store: Store, people: list[int]) -> dict[int, tuple[Value, ...]]:
    found, _ = store.load_people(people, facts=("person.number", "person.odd"), since=LONG_AGO)
    columns = [found.facts[name] for name in ("person.number", "person.odd")]
    return {int(person): tuple(column.words[column.codes[row]] for column in columns) for row, person in enumerate(found.ids)}


def test_everybody_has_their_own_value_while_a_list_becomes_long(store: Store) -> None:
    first = put_numbered(store, range(2))
    early = loaded(store, first)
    more = put_numbered(store, range(2, SHORT_LIST + 9))

    late = loaded(store, [*more, *first])

    assert early == {first[0]: (0, False), first[1]: (1, True)}
    assert late == {person: (n, n % 2 == 1) for n, person in enumerate([*first, *more])}
    assert loaded(store, [more[-1]]) == {more[-1]: (SHORT_LIST + 8, (SHORT_LIST + 8) % 2 == 1)}


def test_who_lacks_a_fact_beside_those_who_have_it_does_not_know_it(store: Store) -> None:
    (knows,) = put_numbered(store, range(1))

    def unit(tx: Tx) -> int:
        row = contact("blank", values={"odd": True})
        placed = tx.people.attach([attached(row.key)], at=at())
        tx.records.put_contacts([row], seen_at=at())
        return placed[row.key]

    lacks = store.write(unit)

    people, _ = store.load_people([lacks, knows], facts=("person.number", "person.odd"), since=LONG_AGO)

    known = dict(zip(people.ids.tolist(), (people.facts["person.number"].codes >= 0).tolist(), strict=True))
    assert known == {knows: True, lacks: False}


def test_words_of_few_values_stay_the_same_tuple_until_there_is_a_new_one(store: Store) -> None:
    people = put_numbered(store, range(3))
    before, _ = store.load_people(people[:1], facts=("person.odd",), since=LONG_AGO)
    after, _ = store.load_people(people, facts=("person.odd",), since=LONG_AGO)

    assert after.facts["person.odd"].words is before.facts["person.odd"].words
