"""Calls beyond a limit are refused with the limit's policy, and admitted again when its window is over."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from adapters.hubspot.sandbox.errors import ApiFault
from adapters.hubspot.sandbox.limits import Limits, LimitSettings


class _Time:
    """A clock a test moves by hand."""

    def __init__(self) -> None:
        self.seconds = 100.0
        self.now = datetime(2026, 11, 20, 14, 59, tzinfo=UTC)


def _limits(time: _Time, **settings: int) -> Limits:
    chosen = LimitSettings(**{"burst": 0, "search_rate": 0, "daily": 0, **settings})
    return Limits(chosen, time_zone="Asia/Tokyo", now=lambda: time.now, monotonic=lambda: time.seconds)


def _policy(limits: Limits, *, is_search: bool = False, token: str = "one") -> str:
    with pytest.raises(ApiFault) as refused:
        limits.admit(token, is_search=is_search)
    assert refused.value.status == 429
    return str(refused.value.body["policyName"])


def test_burst_counts_per_token_and_ends_after_ten_seconds() -> None:
    time = _Time()
    limits = _limits(time, burst=2)

    assert limits.admit("one", is_search=False)["X-HubSpot-RateLimit-Remaining"] == "1"
    assert limits.admit("one", is_search=False)["X-HubSpot-RateLimit-Remaining"] == "0"
    assert _policy(limits) == "TEN_SECONDLY_ROLLING"
    assert limits.admit("two", is_search=False)["X-HubSpot-RateLimit-Remaining"] == "1"
    time.seconds += 10.0
    assert limits.admit("one", is_search=False)["X-HubSpot-RateLimit-Remaining"] == "1"


def test_searches_are_counted_by_the_second_and_show_no_headers() -> None:
    time = _Time()
    limits = _limits(time, search_rate=2, daily=100, burst=100)

    assert limits.admit("one", is_search=True) == {}
    time.seconds += 0.6
    assert limits.admit("two", is_search=True) == {}
    assert _policy(limits, is_search=True) == "SECONDLY"
    time.seconds += 0.5
    assert limits.admit("one", is_search=True) == {}


def test_day_ends_at_midnight_of_the_portal() -> None:
    time = _Time()
    limits = _limits(time, daily=1)

    headers = limits.admit("one", is_search=False)
    policy = _policy(limits)
    time.now = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)

    assert headers == {"X-HubSpot-RateLimit-Daily": "1", "X-HubSpot-RateLimit-Daily-Remaining": "0"}
    assert policy == "DAILY"
    assert limits.admit("one", is_search=False)["X-HubSpot-RateLimit-Daily-Remaining"] == "0"


def test_limits_that_are_off_send_no_headers() -> None:
    limits = _limits(_Time())

    assert [limits.admit("one", is_search=False) for _ in range(500)] == [{}] * 500
