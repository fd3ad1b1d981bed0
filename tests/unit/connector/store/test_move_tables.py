"""What a move carries, and how both sides are compared."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.store.move_tables import CARRIED, Row, Tally, paired, told
from connector.store.schema import METADATA

VALUES = st.none() | st.integers() | st.text() | st.binary()


def tallied(*rows: Row) -> Tally:
    tally = Tally()
    for _ in tally.over(rows):
        pass
    return tally


def test_every_table_with_every_column_is_carried_but_who_made_the_database() -> None:
    carried = {table.name: sorted(table.columns) for table in CARRIED}

    assert carried == {t.name: sorted(c.name for c in t.columns) for t in METADATA.sorted_tables if t.name != "made_by"}


def test_text_keys_are_read_in_the_order_of_bytes_as_sqlite_keeps_them() -> None:
    raw = next(table for table in CARRIED if table.name == "raw")

    assert raw.all_of_source().endswith('ORDER BY "source", "id"')
    assert raw.all_of_target().endswith('ORDER BY "source", "id" COLLATE "C"')


def test_the_hash_of_a_table_does_not_depend_on_the_order_of_its_rows() -> None:
    rows: list[Row] = [(1, "a", b"x", None), (2, "b", b"", 0), (3, "", b"y", 5)]

    assert len({tallied(*order).sha256 for order in permutations(rows)}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((1,), ("1",)),
        (("a",), (b"a",)),
        ((None,), ("None",)),
        ((None,), ("",)),
        (("a", "b"), ("ab", "")),
        (("é",), ("e\u0301",)),
        ((0,), (None,)),
    ],
)
def test_rows_that_differ_have_different_hashes(one: Row, other: Row) -> None:
    assert tallied(one).sha256 != tallied(other).sha256


def test_a_row_twice_is_not_a_row_once() -> None:
    assert tallied((1,), (1,)).sha256 != tallied((1,)).sha256


@given(st.lists(VALUES).map(tuple))
def test_only_the_character_0_in_texts_is_replaced(row: Row) -> None:
    clean, text = told(row)

    assert clean == tuple(v.replace("\0", "\ufffd") if isinstance(v, str) else v for v in row)
    assert told(clean) == (clean, text)


def test_only_rows_with_a_character_0_count_as_altered() -> None:
    assert tallied((1, "a\0"), (2, b"\0"), (3, "\\x00"), (4, "b")).altered == 1


@given(st.dictionaries(st.integers(), st.integers()), st.dictionaries(st.integers(), st.integers()))
def test_pairs_are_all_rows_of_both_sides_by_key(here: dict[int, int], there: dict[int, int]) -> None:
    found = list(paired(iter(sorted(here.items())), iter(sorted(there.items())), width=1))

    assert found == [((k, here[k]) if k in here else None, (k, there[k]) if k in there else None) for k in sorted({*here, *there})]


@given(st.permutations(range(6)), st.permutations(range(6)))
def test_in_whatever_order_the_sides_come_every_row_comes_once(here: list[int], there: list[int]) -> None:
    found = list(paired(iter([(n,) for n in here]), iter([(n,) for n in there]), width=1))

    assert sorted(one for one, _ in found if one is not None) == sorted(other for _, other in found if other is not None)
    assert all(one is None or other is None or one == other for one, other in found)
