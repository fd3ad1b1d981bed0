"""Local days, by hand and against the standard library."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from connector.core.days import local_days


def day_of(at: datetime, zone: str) -> date:
    (days,) = local_days(np.array([int(at.timestamp())]), zone=zone)
    return date(1970, 1, 1) + timedelta(days=int(days))


def test_a_day_begins_at_local_midnight() -> None:
    assert day_of(datetime(2026, 3, 31, 14, 59, 59, tzinfo=UTC), "Asia/Tokyo") == date(2026, 3, 31)
    assert day_of(datetime(2026, 3, 31, 15, 0, tzinfo=UTC), "Asia/Tokyo") == date(2026, 4, 1)


def test_midnight_moves_when_clocks_change() -> None:
    before, after = datetime(2026, 3, 7, 4, 59, 59, tzinfo=UTC), datetime(2026, 3, 9, 4, 0, tzinfo=UTC)

    assert day_of(before, "America/New_York") == date(2026, 3, 6)
    assert day_of(before + timedelta(seconds=1), "America/New_York") == date(2026, 3, 7)
    assert day_of(after - timedelta(seconds=1), "America/New_York") == date(2026, 3, 8)
    assert day_of(after, "America/New_York") == date(2026, 3, 9)


def test_clocks_that_change_at_midnight_change_at_its_first_second() -> None:
    midnight_in_beirut = datetime(2026, 3, 28, 22, 0, tzinfo=UTC)

    assert day_of(midnight_in_beirut - timedelta(seconds=1), "Asia/Beirut") == date(2026, 3, 28)
    assert day_of(midnight_in_beirut, "Asia/Beirut") == date(2026, 3, 29)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Africa/Casablanca"])
def test_many_instants_fall_on_the_days_of_the_standard_library(zone: str) -> None:
    at = np.arange(int(datetime(2024, 12, 30, tzinfo=UTC).timestamp()), int(datetime(2027, 1, 3, tzinfo=UTC).timestamp()), 1801)

    days = local_days(at, zone=zone)

    expected = [datetime.fromtimestamp(int(one), tz=ZoneInfo(zone)).date() for one in at]
    assert [date(1970, 1, 1) + timedelta(days=int(day)) for day in days] == expected


def test_no_instants_have_no_days() -> None:
    assert len(local_days(np.array([], dtype=np.int64), zone="Europe/Berlin")) == 0
