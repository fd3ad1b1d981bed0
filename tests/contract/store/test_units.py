"""Units: all or nothing, and a cursor that is never ahead of what is stored."""

from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.ports.crm import RawRecord
from connector.ports.store import Store, Tx
from connector.store.store import create, open_store
from tests.support.stores import activity, at, attached, contact, key


class Cut(Exception):
    """Where a unit breaks off."""


SALTS = count()
"""Examples share a store."""

PAGES = st.lists(st.tuples(st.lists(st.integers(0, 9), max_size=4), st.sampled_from([None, 0, 1, 2, 3, 4])), max_size=8)
"""Rows of each page, and after which step its unit breaks off."""


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pages=PAGES)
def test_after_any_failures_the_cursor_stands_where_the_rows_do(store: Store, pages: list[tuple[list[int], int | None]]) -> None:
    salt = next(SALTS)
    source = f"Lead {salt}"
    stored: set[str] = set()
    cursor: str | None = None
    persons: dict[str, int] = {}

    for number, (rows, cut) in enumerate(pages):
        ids = [f"{salt} {row}" for row in rows]

        def unit(tx: Tx, ids: list[str] = ids, number: int = number, cut: int | None = cut) -> dict[str, int]:
            def step(n: int) -> None:
                if cut == n:
                    raise Cut

            step(0)
            tx.raw.put([RawRecord(key=key(i, source=source), modified_at=at(), fields={"page": number}) for i in ids], seen_at=at())
            step(1)
            attaches = [attached(key(i, source=source), persons.get(i, -1 - n)) for n, i in enumerate(dict.fromkeys(ids))]
            placed = tx.people.attach(attaches, at=at())
            tx.records.put_contacts([contact(i, source=source, values={"page": number}) for i in ids], seen_at=at())
            step(2)
            tx.activities.put([(0, activity(i, key(i, source=source), days=number, path=f"/{salt}/{number}")) for i in ids], seen_at=at())
            step(3)
            tx.cursors.put(connection="crm", source=source, cursor=str(number), at=at())
            step(4)
            return {k.id: person for k, person in placed.items()}

        if cut is None:
            persons.update(store.write(unit))
            stored.update(ids)
            cursor = str(number)
        else:
            with pytest.raises(Cut):
                store.write(unit)

    with store.read() as tx:
        assert tx.cursors.get(connection="crm", source=source) == cursor
        assert {r.key.id for r in tx.raw.rows(connection="crm", source=source)} == stored
        assert {k.id: p for k, p in tx.people.of([key(f"{salt} {n}", source=source) for n in range(10)]).items()} == persons
        assert {p for p in persons.values() if tx.activities.of(p)} == set(persons.values())
        assert [p.id for p in tx.people.load(sorted(persons.values()))] == sorted(persons.values())


def test_a_unit_asks_for_jobs_that_hear_of_it_when_it_is_durable(tmp_path: Path) -> None:
    directory = tmp_path / "hotlead"
    create(directory)
    heard: list[frozenset[tuple[str, str]]] = []
    store = open_store(directory=directory, command="test", on_wake=heard.append)

    def unit(tx: Tx, *, cut: bool = False) -> None:
        tx.wake("drain", key="crm")
        tx.wake("score")
        if cut:
            raise Cut

    store.write(unit)
    with pytest.raises(Cut):
        store.write(lambda tx: unit(tx, cut=True))
    store.close()

    assert heard == [{("drain", "crm"), ("score", "")}]
