"""Which calls and rows a fault rule bites."""

from __future__ import annotations

import pytest

from adapters.kit.sandbox.faults import BadRuleError, FaultBook, RowFault, read_rule

LOCKED = {"error": "LOCKED", "message": "try again", "fields": ["Id"]}


def bitten(rule: dict[str, object], *, calls: int) -> list[int]:
    book = FaultBook()
    book.add(rule)
    return [nth for nth in range(1, calls + 1) if book.for_call(method="GET", path="/api/x") is not None]


@pytest.mark.parametrize(
    ("limit", "expected"),
    [({"calls": [2, 5]}, [2, 5]), ({"every": 3}, [3, 6]), ({"times": 2}, [1, 2]), ({}, [1, 2, 3, 4, 5, 6])],
)
def test_a_rule_bites_the_calls_it_names(limit: dict[str, object], expected: list[int]) -> None:
    assert bitten({"fault": "html", **limit}, calls=6) == expected


def test_a_rule_counts_only_calls_of_its_path_and_method() -> None:
    book = FaultBook()
    book.add({"path": "/api/*", "method": "POST", "fault": "html", "calls": [2]})

    calls = [("POST", "/api/a"), ("GET", "/api/a"), ("POST", "/other"), ("POST", "/api/b")]
    hits = [book.for_call(method=method, path=path) is not None for method, path in calls]

    assert hits == [False, False, False, True]


def test_the_earliest_rule_wins_and_both_count_the_call() -> None:
    book = FaultBook()
    book.add({"fault": "html", "times": 1})
    book.add({"fault": "reset_after", "calls": [2]})

    kinds = [rule.kind if rule else None for rule in (book.for_call(method="GET", path="/") for _ in range(3))]

    assert kinds == ["html", "reset_after", None]


def test_rows_are_refused_by_id() -> None:
    book = FaultBook()
    book.add({"fault": "rows", "rows": {**LOCKED, "ids": ["b"]}})

    faults = book.for_rows(method="POST", path="/batch", ids=["a", "b"])

    assert faults == (None, RowFault(error="LOCKED", message="try again", fields=("Id",)))


def test_every_third_row_is_refused_across_batches() -> None:
    book = FaultBook()
    book.add({"fault": "rows", "rows": {**LOCKED, "every": 3}})

    first = [fault is not None for fault in book.for_rows(method="POST", path="/batch", ids=["a", "b"])]
    second = [fault is not None for fault in book.for_rows(method="POST", path="/batch", ids=["c", "d", "e", "f"])]

    assert (first, second) == ([False, False], [True, False, False, True])


def test_a_rows_rule_leaves_the_call_as_a_whole_alone() -> None:
    book = FaultBook()
    book.add({"fault": "rows", "rows": {**LOCKED, "every": 1}})

    assert book.for_call(method="POST", path="/batch") is None


def test_a_listed_rule_tells_how_often_it_met_and_bit() -> None:
    book = FaultBook()
    number = book.add({"fault": "html", "every": 2})
    for _ in range(5):
        book.for_call(method="GET", path="/")

    assert book.listed() == [{"fault": "html", "every": 2, "number": number, "met": 5, "bitten": 2}]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"fault": "explode"}, "one of status"),
        ({"fault": "html", "pth": "*"}, "'pth'"),
        ({"fault": "html", "every": 2, "times": 1}, "not several"),
        ({"fault": "rows"}, "needs"),
        ({"fault": "rows", "rows": {**LOCKED}}, "either ids or every"),
        ({"fault": "rows", "rows": {**LOCKED, "every": 1, "id": "x"}}, "'id'"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused_by_name(rule: dict[str, object], said: str) -> None:
    with pytest.raises(BadRuleError, match=said):
        read_rule(rule, number=1)
