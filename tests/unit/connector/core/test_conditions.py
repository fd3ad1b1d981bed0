"""Conditions on facts, by hand: for one person and as a column."""

from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pytest

from connector.core.conditions import compile_condition, holds
from connector.core.facts import Column, People
from connector.core.model import All, AnyOf, Literal, Not, Op
from connector.core.model import Test as Comparison
from connector.core.records import Money, Value


def ask(op: Op, *values: Literal, of: Value | None) -> bool:
    """The answer for one value, which must be the same in a column beside others."""
    test = Comparison(fact="x", op=op, values=values)
    words: tuple[Value, ...] = ("zzz", *(() if of is None else (of,)))
    column = Column(codes=np.array([0, len(words) - 1 if of is not None else -1], dtype=np.int32), words=words)
    beside = compile_condition(test)(People(ids=np.array([1, 2]), facts={"x": column}))
    alone = holds(test, {} if of is None else {"x": of})
    assert bool(beside[1]) is alone
    return alone


@pytest.mark.parametrize("value", ["Director", " director", "ＤＩＲＥＣＴＯＲ", "DIRECTOR\u3000"])
def test_text_is_equal_whatever_its_case_width_and_edges(value: str) -> None:
    assert ask(Op.EQUALS, "director", of=value)


def test_white_space_inside_counts_once() -> None:
    assert ask(Op.EQUALS, "head of sales", of="Head  of\tSales")
    assert not ask(Op.EQUALS, "headofsales", of="head of sales")


def test_in_takes_any_of_its_values() -> None:
    assert ask(Op.IN, "a", "b", of="B")
    assert not ask(Op.IN, "a", "b", of="c")


@pytest.mark.parametrize(("value", "expected"), [(49, False), (50, True), (Decimal("999.5"), True), (1000, True), (1001, False)])
def test_between_takes_both_ends(value: Value, expected: bool) -> None:
    assert ask(Op.BETWEEN, 50, 1000, of=value) is expected


def test_numbers_compare_by_value() -> None:
    assert ask(Op.EQUALS, 50, of=Decimal("50.00"))
    assert ask(Op.AT_LEAST, Decimal("0.5"), of=1)
    assert not ask(Op.AT_MOST, 0, of=Decimal("0.01"))


def test_dates_and_instants_compare_each_with_their_own() -> None:
    assert ask(Op.AT_LEAST, date(2026, 1, 1), of=date(2026, 1, 1))
    assert ask(Op.AT_MOST, datetime(2026, 1, 1, tzinfo=UTC), of=datetime(2025, 12, 31, 23, tzinfo=UTC))
    assert not ask(Op.AT_LEAST, date(2026, 1, 1), of=datetime(2026, 5, 1, tzinfo=UTC))


OTHER_TYPES: list[tuple[Literal, Value]] = [
    (1, True),
    (True, 1),
    (50, "50"),
    ("50", 50),
    ("a", ("a",)),
    (5, Money(amount=Decimal(5), currency="EUR")),
    (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1)),
    (Decimal("NaN"), Decimal("NaN")),
    (5, Decimal("sNaN")),
]


@pytest.mark.parametrize(("literal", "value"), OTHER_TYPES)
@pytest.mark.parametrize("op", [Op.EQUALS, Op.IN, Op.AT_LEAST, Op.AT_MOST])
def test_values_of_another_type_satisfy_nothing(op: Op, literal: Literal, value: Value) -> None:
    assert not ask(op, literal, of=value)


def test_text_has_no_order() -> None:
    assert not ask(Op.AT_LEAST, "a", of="b")
    assert not ask(Op.BETWEEN, "a", "c", of="b")


def test_contains_finds_a_part_of_a_text_or_a_member_of_a_list() -> None:
    assert ask(Op.CONTAINS, "部長", of="営業部長")
    assert ask(Op.CONTAINS, "cto", "VP ", of="vp sales")
    assert ask(Op.CONTAINS, "vp", of=("Sales", "VP"))
    assert not ask(Op.CONTAINS, "v", of=("Sales", "VP"))
    assert not ask(Op.CONTAINS, "5", of=55)


def test_matches_takes_the_whole_text() -> None:
    assert ask(Op.MATCHES, "head of *", of="Head of Growth")
    assert ask(Op.MATCHES, "v?", of="VP")
    assert not ask(Op.MATCHES, "head", of="Head of Growth")
    assert not ask(Op.MATCHES, "[ab]", of="a")


@pytest.mark.parametrize("op", [op for op in Op if op is not Op.MISSING])
def test_an_unknown_fact_satisfies_missing_only(op: Op) -> None:
    assert not ask(op, 1, 2, of=None)
    assert ask(Op.MISSING, of=None)
    assert not ask(Op.MISSING, of="")


def test_not_of_an_unknown_fact_holds() -> None:
    assert holds(Not(of=Comparison(fact="x", op=Op.EQUALS, values=(1,))), {})


def test_a_fact_that_nobody_has_is_unknown_for_everybody() -> None:
    people = People(ids=np.array([1, 2]), facts={})

    assert compile_condition(Comparison(fact="x", op=Op.MISSING))(people).tolist() == [True, True]
    assert compile_condition(Comparison(fact="x", op=Op.EQUALS, values=(1,)))(people).tolist() == [False, False]


def test_all_any_and_not_join_several_facts() -> None:
    is_vp, is_big = Comparison(fact="title", op=Op.EQUALS, values=("vp",)), Comparison(fact="size", op=Op.AT_LEAST, values=(50,))
    people = People(
        ids=np.array([1, 2, 3, 4]),
        facts={
            "title": Column(codes=np.array([0, 0, -1, -1], dtype=np.int32), words=("VP",)),
            "size": Column(codes=np.array([0, 1, 1, -1], dtype=np.int32), words=(10, 60)),
        },
    )

    assert compile_condition(All(of=(is_vp, is_big)))(people).tolist() == [False, True, False, False]
    assert compile_condition(AnyOf(of=(is_vp, is_big)))(people).tolist() == [True, True, True, False]
    assert compile_condition(Not(of=AnyOf(of=(is_vp, is_big))))(people).tolist() == [False, False, False, True]
    assert compile_condition(All(of=()))(people).tolist() == [True] * 4
    assert compile_condition(AnyOf(of=()))(people).tolist() == [False] * 4


def test_a_number_and_a_yes_stay_apart_though_python_finds_them_equal() -> None:
    one, yes = Comparison(fact="x", op=Op.EQUALS, values=(1,)), Comparison(fact="x", op=Op.EQUALS, values=(True,))

    assert (holds(one, {"x": 1}), holds(yes, {"x": 1})) == (True, False)


def test_the_same_test_answers_for_each_dictionary_of_its_own() -> None:
    is_vp = compile_condition(Comparison(fact="title", op=Op.EQUALS, values=("vp",)))
    codes, ids = np.array([0, 1], dtype=np.int32), np.array([7, 8], dtype=np.int64)

    answers = [
        is_vp(People(ids=ids, facts={"title": Column(codes=codes, words=words)})).tolist() for words in (("VP", "CEO"), ("CEO", "VP"))
    ]

    assert answers == [[True, False], [False, True]]
