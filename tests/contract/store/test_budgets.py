"""What all who call a CRM share: the pace of each lane, and the day's quota with the calls that have no answer yet."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from threading import Thread

import pytest

from connector.ports.budgets import Budgets, Day
from connector.store.budgets import OwnBudgets, Spent, SqlBudgets
from connector.store.sql_store import SqlStore

S = 1000


@pytest.fixture
def both(store: SqlStore, request: pytest.FixtureRequest) -> Iterator[tuple[Budgets, Budgets]]:
    """As two processes have them where the database lets several write, else as two parts of one process."""
    with ExitStack() as closing:
        if "sqlite" in request.node.name:
            own = OwnBudgets()
            yield own, own
            return
        shared = [SqlBudgets(request.getfixturevalue("database")) for _ in range(2)]
        for one in shared:
            closing.callback(one.close)
        yield shared[0], shared[1]


def test_a_pace_holds_for_all_together_and_each_connection_and_lane_has_its_own(both: tuple[Budgets, Budgets]) -> None:
    mine, other = (budgets.of("crm") for budgets in both)

    waits = [share.turn(lane="search", calls=4, seconds=30) for share in (mine, other, mine, other, mine, other)]

    assert waits[:4] == [0, 0, 0, 0]
    assert all(25 < wait_s <= 30 for wait_s in waits[4:])
    assert (mine.turn(lane="general", calls=4, seconds=30), both[1].of("hub").turn(lane="search", calls=4, seconds=30)) == (0, 0)


def test_who_waits_as_long_as_told_may_go(both: tuple[Budgets, Budgets]) -> None:
    mine, other = (budgets.of("crm") for budgets in both)
    assert mine.turn(lane="quick", calls=1, seconds=0.2) == 0
    wait_s = other.turn(lane="quick", calls=1, seconds=0.2)

    time.sleep(wait_s + 0.05)

    assert 0 < wait_s <= 0.2
    assert other.turn(lane="quick", calls=1, seconds=0.2) == 0


def test_of_many_at_once_no_more_go_than_the_pace_bears(both: tuple[Budgets, Budgets]) -> None:
    went: list[float] = []

    def ask(budgets: Budgets) -> None:
        share = budgets.of("crm")
        went.extend(share.turn(lane="crowd", calls=10, seconds=60) for _ in range(5))

    threads = [Thread(target=ask, args=(both[n % 2],)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert (len(went), went.count(0)) == (40, 10)


def test_what_one_sees_of_the_day_the_others_know_with_calls_that_have_no_answer_yet(both: tuple[Budgets, Budgets]) -> None:
    mine, other = (budgets.of("crm") for budgets in both)
    assert mine.day(under_way=1, seen=None).used is None

    told = mine.day(under_way=3, seen=(100, 1000))
    seen = other.day(under_way=2, seen=None)

    assert (told.used, told.limit, told.under_way) == (100, 1000, 0)
    assert (seen.used, seen.limit, seen.under_way) == (100, 1000, 3)
    assert 0 <= seen.age_s < 30
    assert mine.day(under_way=0, seen=None).under_way == 2
    assert other.day(under_way=0, seen=None).under_way == 0


def test_an_answer_that_was_overtaken_lowers_nothing_but_a_new_day_does() -> None:
    spent = Spent()
    figures = [
        spent.day(of="a", under_way=0, seen=seen, now_ms=at_s * S).used
        for at_s, seen in ((0, (900, 1000)), (1, (880, 1000)), (2, (901, 1000)), (3, (5, 1000)), (4, (40, 1000)), (70, (39, 1000)))
    ]

    assert figures == [900, 900, 901, 5, 40, 39]


def test_calls_of_a_process_that_died_are_forgotten() -> None:
    spent = Spent()
    spent.day(of="dead", under_way=4, seen=None, now_ms=0)

    assert [spent.day(of="a", under_way=0, seen=None, now_ms=s * S).under_way for s in (119, 121)] == [4, 0]


def test_the_age_of_a_figure_is_told() -> None:
    spent = Spent()
    spent.day(of="a", under_way=0, seen=(7, 10), now_ms=0)

    assert spent.day(of="b", under_way=0, seen=None, now_ms=90 * S) == Day(used=7, limit=10, age_s=90, under_way=0)


def test_no_window_of_a_lane_holds_more_than_its_calls() -> None:
    spent, now_ms, went = Spent(), 0, list[int]()
    while len(went) < 30:
        wait_s = spent.turn(lane="burst", calls=7, seconds=10, now_ms=now_ms)
        if wait_s == 0:
            went.append(now_ms)
        now_ms += round(wait_s * S) + 3

    assert all(eighth - first >= 10 * S for first, eighth in zip(went, went[7:], strict=False))
