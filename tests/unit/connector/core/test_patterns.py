"""Patterns worked out by hand: which activities complete them."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from connector.core.counted import Counted, Part
from connector.core.model import DetailTest, Pattern
from connector.core.patterns import compile_pattern, completing, meant
from tests.support.deeds import Deed, as_columns

NOON = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)


def completed(pattern: Pattern, *deeds: Deed, zone: str = "UTC") -> list[int]:
    """Minutes before noon of the activities that complete the pattern."""
    activities = as_columns(deeds)
    part = Part(activities, np.arange(len(deeds), dtype=np.int64), int(NOON.timestamp()))
    compiled = compile_pattern(pattern, zone=zone)
    found = completing(compiled, meant(compiled, Counted(part=part)))
    return [int((NOON.timestamp() - at) // 60) for at in found.at.tolist()]


def views(*minutes: int, row: int = 0) -> list[Deed]:
    return [Deed(NOON - timedelta(minutes=m), "page_view", row=row) for m in minutes]


def test_without_a_count_every_activity_of_its_kinds_completes_it() -> None:
    pattern = Pattern(kinds=("page_view", "download"))

    assert completed(pattern, *views(5), Deed(NOON, "download"), Deed(NOON, "email_open")) == [5, 0]


def test_a_count_is_reached_when_enough_lie_within_the_time() -> None:
    pattern = Pattern(kinds=("page_view",), at_least=3, within_hours=1)

    assert completed(pattern, *views(200, 100, 90, 40, 25)) == [40]
    assert completed(pattern, *views(60, 30, 0)) == [0]
    assert completed(pattern, *views(61, 30, 0)) == []


def test_a_count_without_a_time_takes_everything_before() -> None:
    assert completed(Pattern(kinds=("page_view",), at_least=2), *views(90_000, 50, 10)) == [50, 10]


def test_activities_of_the_same_second_see_each_other() -> None:
    assert completed(Pattern(kinds=("page_view",), at_least=2, within_hours=1), *views(500, 10, 10)) == [10, 10]


def test_nobody_completes_a_pattern_with_the_activities_of_another() -> None:
    pattern = Pattern(kinds=("page_view",), at_least=2)

    assert completed(pattern, *views(30), *views(20, row=1), *views(10, row=2)) == []


@pytest.mark.parametrize(("within_hours", "expected"), [(None, [0]), (48, [0]), (47, [])])
def test_distinct_days_are_counted_not_visits(within_hours: int | None, expected: list[int]) -> None:
    pattern = Pattern(kinds=("page_view",), distinct_days=3, within_hours=within_hours)

    assert completed(pattern, *views(48 * 60, 47 * 60 + 59, 24 * 60, 23 * 60 + 30, 0)[1:], *views(48 * 60)) == expected


def test_distinct_days_follow_the_zone() -> None:
    around_midnight_in_tokyo = [Deed(datetime(2026, 6, 14, hour, 30, tzinfo=UTC), "page_view") for hour in (14, 15)]
    pattern = Pattern(kinds=("page_view",), distinct_days=2)

    assert len(completed(pattern, *around_midnight_in_tokyo, zone="UTC")) == 0
    assert len(completed(pattern, *around_midnight_in_tokyo, zone="Asia/Tokyo")) == 1


def test_a_count_and_days_must_both_be_reached() -> None:
    pattern = Pattern(kinds=("page_view",), at_least=3, distinct_days=2)

    assert completed(pattern, *views(1500, 0)) == []
    assert completed(pattern, *views(30, 20, 0)) == []
    assert completed(pattern, *views(1500, 20, 0)) == [0]


def test_seconds_and_details_choose_the_activities() -> None:
    def page(path: str, seconds: int) -> Deed:
        return Deed(NOON, "page_view", path=path, seconds=seconds)

    pattern = Pattern(kinds=("page_view",), where=(DetailTest(detail="path", globs=("*/pricing*", "*/plans")),), min_seconds=10)
    other = Pattern(kinds=("page_view",), where=(DetailTest(detail="path", globs=("*/pricing*",), negate=True),))

    assert len(completed(pattern, page("/EN/Pricing/", 10), page("/plans", 60), page("/pricing", 9), page("/blog", 60))) == 2
    assert len(completed(other, page("/EN/Pricing/", 10), page("/blog", 0), page("", 0))) == 2
