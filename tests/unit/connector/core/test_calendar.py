"""Due times, counted by hand on a wall calendar. November 2026: the 2nd is a Monday, the 6th a Friday."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.calendar import due_at, is_open_day
from connector.core.ladder import Calendar, Due, DueUnit

NINE_TO_SIX = Calendar(zone="UTC", opens=time(9), closes=time(18), weekdays=(0, 1, 2, 3, 4))
TOKYO = replace(NINE_TO_SIX, zone="Asia/Tokyo")
BERLIN = replace(NINE_TO_SIX, zone="Europe/Berlin")
NEW_YORK = replace(NINE_TO_SIX, zone="America/New_York")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def due(start: str, amount: int, unit: DueUnit, calendar: Calendar = NINE_TO_SIX) -> datetime:
    return due_at(at(start), due=Due(amount=amount, unit=unit), calendar=calendar)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-11-02T10:00", 4, "2026-11-02T14:00"),  # inside one day
        ("2026-11-02T16:00", 4, "2026-11-03T11:00"),  # two hours today, two tomorrow
        ("2026-11-02T10:00", 8, "2026-11-02T18:00"),  # ends with the day: at closing, not at the next opening
        ("2026-11-02T09:00", 9, "2026-11-02T18:00"),  # a whole day from the minute of opening
        ("2026-11-02T18:00", 1, "2026-11-03T10:00"),  # closing time is closed
        ("2026-11-02T17:59", 1, "2026-11-03T09:59"),  # one minute before it is open
        ("2026-11-02T07:00", 1, "2026-11-02T10:00"),  # before opening
        ("2026-11-02T23:30", 1, "2026-11-03T10:00"),  # after closing
        ("2026-11-06T17:00", 4, "2026-11-09T12:00"),  # over the weekend
        ("2026-11-07T12:00", 4, "2026-11-09T13:00"),  # asked for on a Saturday
        ("2026-11-02T09:00", 45, "2026-11-06T18:00"),  # five whole days
        ("2026-11-02T09:00", 46, "2026-11-09T10:00"),
    ],
)
def test_business_hours_run_only_while_open(start: str, hours: int, end: str) -> None:
    assert due(start, hours, DueUnit.BUSINESS_HOURS) == at(end)


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-11-02T10:00", 1, "2026-11-03T18:00"),
        ("2026-11-02T09:00", 1, "2026-11-03T18:00"),  # the minute of opening is in hours
        ("2026-11-02T08:59", 1, "2026-11-02T18:00"),  # out of hours, the day of the next opening is the first
        ("2026-11-02T18:00", 1, "2026-11-03T18:00"),
        ("2026-11-06T10:00", 1, "2026-11-09T18:00"),
        ("2026-11-07T10:00", 1, "2026-11-09T18:00"),
        ("2026-11-05T10:00", 2, "2026-11-09T18:00"),
        ("2026-11-02T10:00", 5, "2026-11-09T18:00"),
        ("2026-11-02T10:00", 0, "2026-11-02T18:00"),
        ("2026-11-02T20:00", 0, "2026-11-03T18:00"),  # never before it was asked for
    ],
)
def test_business_days_end_at_closing_time(start: str, days: int, end: str) -> None:
    assert due(start, days, DueUnit.BUSINESS_DAYS) == at(end)


def test_holidays_are_stepped_over() -> None:
    calendar = replace(NINE_TO_SIX, off=frozenset({date(2026, 11, 3), date(2026, 11, 4)}))

    assert due("2026-11-02T16:00", 4, DueUnit.BUSINESS_HOURS, calendar) == at("2026-11-05T11:00")
    assert due("2026-11-02T16:00", 1, DueUnit.BUSINESS_DAYS, calendar) == at("2026-11-05T18:00")
    assert due("2026-11-03T12:00", 1, DueUnit.BUSINESS_HOURS, calendar) == at("2026-11-05T10:00")
    assert not is_open_day(date(2026, 11, 3), calendar=calendar)
    assert is_open_day(date(2026, 11, 5), calendar=calendar)


def test_minutes_and_hours_run_on_the_clock_at_night_and_on_sundays() -> None:
    assert due("2026-11-08T23:58", 5, DueUnit.MINUTES) == at("2026-11-09T00:03")
    assert due("2026-11-07T20:00", 8, DueUnit.HOURS) == at("2026-11-08T04:00")


def test_tokyo_hours_are_tokyos() -> None:
    # 08:00 UTC is 17:00 in Tokyo: one hour on Monday, one on Tuesday from 09:00 (00:00 UTC).
    assert due("2026-11-02T08:00", 2, DueUnit.BUSINESS_HOURS, TOKYO) == at("2026-11-03T01:00")
    # Sunday 23:30 UTC is Monday 08:30 in Tokyo, before opening: Monday is the first day.
    assert due("2026-11-01T23:30", 1, DueUnit.BUSINESS_DAYS, TOKYO) == at("2026-11-02T09:00")
    # Friday 23:30 UTC is Saturday in Tokyo.
    assert due("2026-11-06T23:30", 1, DueUnit.BUSINESS_HOURS, TOKYO) == at("2026-11-09T01:00")


def test_berlin_opens_an_hour_earlier_in_utc_once_summer_begins() -> None:
    # Summer time begins on Sunday 29 March 2026: 18:00 on Friday is 17:00 UTC, 09:00 on Monday is 07:00 UTC.
    assert due("2026-03-27T16:00", 2, DueUnit.BUSINESS_HOURS, BERLIN) == at("2026-03-30T08:00")
    assert due("2026-03-27T16:00", 1, DueUnit.BUSINESS_DAYS, BERLIN) == at("2026-03-30T16:00")


def test_new_york_opens_an_hour_later_in_utc_once_summer_ends() -> None:
    # Summer time ends on Sunday 1 November 2026: 18:00 on Friday is 22:00 UTC, 09:00 on Monday is 14:00 UTC.
    assert due("2026-10-30T21:00", 2, DueUnit.BUSINESS_HOURS, NEW_YORK) == at("2026-11-02T15:00")
    assert due("2026-10-30T21:00", 1, DueUnit.BUSINESS_DAYS, NEW_YORK) == at("2026-11-02T23:00")


def test_an_hour_that_the_clock_skips_is_not_worked() -> None:
    always = replace(BERLIN, opens=time(0), closes=time(23, 59), weekdays=(0, 1, 2, 3, 4, 5, 6))

    # 01:00 local on 29 March, three hours of work: 01–02, then 03–05 on the clock (the hour from two to three is not there).
    assert due("2026-03-29T00:00", 3, DueUnit.BUSINESS_HOURS, always) == at("2026-03-29T03:00")
    # 01:00 local on 25 October, three hours of work: two o'clock comes twice.
    assert due("2026-10-24T23:00", 3, DueUnit.BUSINESS_HOURS, always) == at("2026-10-25T02:00")


def test_the_minutes_of_opening_and_closing_count() -> None:
    calendar = replace(NINE_TO_SIX, opens=time(8, 30), closes=time(17, 15))

    assert due("2026-11-02T17:00", 1, DueUnit.BUSINESS_HOURS, calendar) == at("2026-11-03T09:15")
    assert due("2026-11-02T08:30", 1, DueUnit.BUSINESS_DAYS, calendar) == at("2026-11-03T17:15")


@pytest.mark.parametrize(
    "calendar",
    [
        replace(NINE_TO_SIX, weekdays=()),
        replace(NINE_TO_SIX, opens=time(9), closes=time(9)),
        replace(NINE_TO_SIX, opens=time(18), closes=time(9)),
        replace(NINE_TO_SIX, off=frozenset(date(2026, 11, 1) + timedelta(days=n) for n in range(90))),
    ],
    ids=["no weekday", "no hour", "closes before it opens", "three months off"],
)
@pytest.mark.parametrize("unit", [DueUnit.BUSINESS_HOURS, DueUnit.BUSINESS_DAYS])
def test_a_calendar_that_never_opens_is_refused(calendar: Calendar, unit: DueUnit) -> None:
    with pytest.raises(ValueError, match="no business day"):
        due("2026-11-02T10:00", 1, unit, calendar)


starts = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 1), timezones=st.just(UTC))
calendars = st.builds(
    Calendar,
    zone=st.sampled_from(["UTC", "Asia/Tokyo", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
    opens=st.times(max_value=time(11)).map(lambda t: t.replace(second=0, microsecond=0)),
    closes=st.times(min_value=time(12)).map(lambda t: t.replace(second=0, microsecond=0)),
    weekdays=st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days))),
    off=st.frozensets(st.dates(date(2026, 1, 1), date(2027, 12, 31)), max_size=5),
)
units = st.sampled_from(DueUnit)


@given(start=starts, calendar=calendars, unit=units, amount=st.integers(0, 60))
def test_nothing_is_due_before_it_is_asked_for_and_more_is_never_due_earlier(
    start: datetime, calendar: Calendar, unit: DueUnit, amount: int
) -> None:
    sooner = due_at(start, due=Due(amount=amount, unit=unit), calendar=calendar)
    later = due_at(start, due=Due(amount=amount + 1, unit=unit), calendar=calendar)

    assert start <= sooner <= later
    assert sooner.tzinfo is UTC


@given(start=starts, calendar=calendars, unit=units, amount=st.integers(0, 60), later=st.timedeltas(timedelta(0), timedelta(days=9)))
def test_what_is_asked_for_later_in_business_hours_is_never_due_earlier(
    start: datetime, calendar: Calendar, unit: DueUnit, amount: int, later: timedelta
) -> None:
    one = due_at(start, due=Due(amount=amount, unit=unit), calendar=calendar)
    other = due_at(start + later, due=Due(amount=amount, unit=unit), calendar=calendar)

    assert one <= other
