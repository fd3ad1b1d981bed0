"""How soon a feed is looked at again, and what is kept of it."""

from datetime import UTC, datetime, timedelta

import pytest

from connector.flows.feed import Followed, followed_from, next_look_in

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def pause(*, quiet: timedelta | None, calls: int = 1, poll_calls: int = 14, used: int = 1000, limit: int | None = 250_000) -> timedelta:
    return next_look_in(since_heard=quiet, calls=calls, polls_a_day=24, poll_calls=poll_calls, day_used=used, day_limit=limit)


def test_while_something_comes_the_next_look_is_seconds_away() -> None:
    assert pause(quiet=timedelta(0)) == timedelta(seconds=10)
    assert pause(quiet=10 * MINUTE) == timedelta(seconds=30)


@pytest.mark.parametrize(("calls", "poll_calls"), [(1, 1), (1, 14), (2, 14), (1, 20), (3, 28), (1, 50)])
def test_looks_and_polls_of_a_day_at_rest_stay_within_its_calls(calls: int, poll_calls: int) -> None:
    looks = DAY / pause(quiet=timedelta(hours=2), calls=calls, poll_calls=poll_calls)

    # A connection whose feed works is polled every hour.
    assert looks * calls + 24 * poll_calls <= 1_500


def test_a_look_without_calls_keeps_a_lively_pace_at_rest() -> None:
    assert pause(quiet=None, calls=0) == timedelta(seconds=30)


def test_at_rest_a_dear_connection_is_still_looked_at_every_quarter_of_an_hour() -> None:
    assert pause(quiet=None, calls=5, poll_calls=200) == 15 * MINUTE


def test_a_day_that_is_nearly_used_up_makes_looks_seldomer() -> None:
    assert pause(quiet=timedelta(0), used=175_000) == timedelta(seconds=40)
    assert pause(quiet=timedelta(0), used=175_000, limit=None) == timedelta(seconds=10)


@pytest.mark.parametrize(
    "followed",
    [
        Followed(next_at=NOW),
        Followed(cursor="c", looked_at=NOW, heard_at=NOW - MINUTE, idle_calls=0, next_at=NOW + MINUTE),
    ],
)
def test_what_is_kept_comes_back(followed: Followed) -> None:
    assert followed_from(followed.text()) == followed
