"""When a follow-up is due, in business hours of a calendar. Pure: public holidays come in as dates in `Calendar.off`.

Station: used by `core.follow_ups`. All sums are of UTC instants, so that a clock change inside business hours counts as it should.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from connector.core.ladder import Calendar, Due, DueUnit

LONGEST_CLOSED_DAYS = 60
"""Closed days in a row before a calendar counts as never open."""


def due_at(start: datetime, *, due: Due, calendar: Calendar) -> datetime:
    """The instant (UTC), never before `start`, by which something is due that was asked for at `start`.

    Minutes and hours run on the clock. Business hours run only while open; what ends with the day is due at closing time. *n* business
    days end at closing time of the n-th business day after the day that `start` falls on; out of hours, the day of the next opening is the
    first. Raises ValueError for a calendar that never opens.
    """
    start = start.astimezone(UTC)
    if due.unit is DueUnit.MINUTES:
        return start + timedelta(minutes=due.amount)
    if due.unit is DueUnit.HOURS:
        return start + timedelta(hours=due.amount)
    begins = _opening(start, calendar=calendar)
    if due.unit is DueUnit.BUSINESS_HOURS:
        return _after_hours(begins, hours=due.amount, calendar=calendar)
    day = _day(begins, calendar=calendar)
    for _ in range(due.amount if begins == start else due.amount - 1):
        day = _next_open_day(day + timedelta(days=1), calendar=calendar)
    return _at(day, calendar.closes, calendar=calendar)


def is_open_day(day: date, *, calendar: Calendar) -> bool:
    """Whether business is done on this day at all."""
    return calendar.opens < calendar.closes and day.weekday() in calendar.weekdays and day not in calendar.off


def _after_hours(begins: datetime, *, hours: int, calendar: Calendar) -> datetime:
    left = timedelta(hours=hours)
    day = _day(begins, calendar=calendar)
    while left > (today := _at(day, calendar.closes, calendar=calendar) - begins):
        left -= today
        day = _next_open_day(day + timedelta(days=1), calendar=calendar)
        begins = _at(day, calendar.opens, calendar=calendar)
    return begins + left


def _opening(start: datetime, *, calendar: Calendar) -> datetime:
    """`start` itself while open, else the next opening."""
    day = _next_open_day(_day(start, calendar=calendar), calendar=calendar)
    if start >= _at(day, calendar.closes, calendar=calendar):
        day = _next_open_day(day + timedelta(days=1), calendar=calendar)
    return max(start, _at(day, calendar.opens, calendar=calendar))


def _next_open_day(day: date, *, calendar: Calendar) -> date:
    """`day` itself if open, else the next that is."""
    for days in range(LONGEST_CLOSED_DAYS):
        if is_open_day(day + timedelta(days=days), calendar=calendar):
            return day + timedelta(days=days)
    raise ValueError(f"the calendar has no business day within {LONGEST_CLOSED_DAYS} days of {day}")


def _day(instant: datetime, *, calendar: Calendar) -> date:
    return instant.astimezone(ZoneInfo(calendar.zone)).date()


def _at(day: date, hour: time, *, calendar: Calendar) -> datetime:
    return datetime.combine(day, hour, tzinfo=ZoneInfo(calendar.zone)).astimezone(UTC)
