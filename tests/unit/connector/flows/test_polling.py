"""How soon a connection is polled again."""

from datetime import UTC, datetime, timedelta

import pytest

from connector.flows.polling import Polled, next_poll_in, polled_from

MINUTE = timedelta(minutes=1)
NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def pause(*, quiet: timedelta, calls: int = 14, used: int | None = 1000, limit: int | None = 250_000, receiving: bool = False) -> timedelta:
    return next_poll_in(since_change=quiet, idle_calls=calls, day_used=used, day_limit=limit, is_receiving=receiving)


def test_just_after_a_change_the_next_poll_comes_in_a_minute() -> None:
    assert pause(quiet=timedelta(0)) == MINUTE


def test_then_every_five_minutes() -> None:
    assert pause(quiet=10 * MINUTE) == 5 * MINUTE
    assert pause(quiet=59 * MINUTE) == 5 * MINUTE


@pytest.mark.parametrize("calls", [1, 4, 5, 14, 30, 50])
def test_a_day_at_rest_takes_no_more_calls_than_it_may(calls: int) -> None:
    polls = timedelta(days=1) / pause(quiet=timedelta(hours=2), calls=calls)

    assert polls * calls <= 1_440


def test_a_connection_that_is_dear_to_poll_is_still_polled_every_hour() -> None:
    assert pause(quiet=timedelta(days=3), calls=500) == timedelta(hours=1)


def test_the_soonest_pace_takes_no_more_than_a_fifth_of_the_quota() -> None:
    polls = timedelta(days=1) / pause(quiet=timedelta(0), calls=14, limit=50_000)

    assert polls * 14 == pytest.approx(10_000)


def test_a_small_quota_keeps_the_ordinary_pace_at_best() -> None:
    assert pause(quiet=timedelta(0), calls=14, used=0, limit=15_000) == 5 * MINUTE


def test_a_crm_that_tells_no_quota_is_polled_every_two_minutes_at_most() -> None:
    assert pause(quiet=timedelta(0), used=None, limit=None) == 2 * MINUTE


@pytest.mark.parametrize(("used", "minutes"), [(174_999, 1), (175_000, 4), (224_999, 4), (225_000, 60), (300_000, 60)])
def test_the_fuller_the_day_the_seldomer(used: int, minutes: int) -> None:
    assert pause(quiet=timedelta(0), used=used) == minutes * MINUTE


def test_who_pushes_is_polled_only_for_what_was_missed() -> None:
    assert pause(quiet=timedelta(0), receiving=True) == 30 * MINUTE
    assert pause(quiet=timedelta(days=1), calls=100, receiving=True) == 60 * MINUTE


def test_what_is_kept_is_read_again() -> None:
    polled = Polled(at=NOW, changed_at=NOW - MINUTE, idle_calls=14, next_at=NOW + MINUTE)

    assert polled_from(polled.text()) == polled


def test_who_is_asked_by_a_feed_is_polled_every_hour() -> None:
    assert fed(timedelta(0)) == 60 * MINUTE
    assert fed(timedelta(0), is_all_told=False) == MINUTE
    assert fed(timedelta(hours=2), is_all_told=False) == 30 * MINUTE


def fed(quiet: timedelta, *, is_all_told: bool = True) -> timedelta:
    return next_poll_in(
        since_change=quiet,
        idle_calls=14,
        day_used=1000,
        day_limit=250_000,
        is_receiving=False,
        is_fed=True,
        is_all_told=is_all_told,
    )
