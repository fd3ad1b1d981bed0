"""When a follow-up is due, in business hours of a calendar. Pure: public holidays come in as dates in `Calendar.off`."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from connector.core.ladder import Calendar, Due, DueUnit

LONGEST_CLOSED_DAYS = 60
"""Closed days in a row before a calendar counts as never open."""


def due_at(start: datetime, *, due: Due, calendar: Calendar) -> datetime:
    """The instant (UTC) by which something is due that was asked for at `start`.

    Minutes and hours run on the clock. Business hours run only while open. *n* business days end at closing time of the n-th business day
    after the day that `start` falls on; out of hours, the day of the next opening is the first. Raises ValueError for a calendar that never
    opens.
    """
    if due.unit is DueUnit.MINUTES:
        return start + timedelta(minutes=due.amount)
    if due.unit is DueUnit.HOURS:
        return start + timedelta(hours=due.amount)
    local = _opening(start.astimezone(ZoneInfo(calendar.zone)), calendar=calendar)
    if due.unit is DueUnit.BUSINESS_HOURS:
        return _after_hours(local, hours=due.amount, calendar=calendar).astimezone(UTC)
    day = local.date() if local <= start.astimezone(local.tzinfo) else local.date() - timedelta(days=1)
    for _ in range(due.amount):
        day = _next_open_day(day + timedelta(days=1), calendar=calendar)
    return _at(day, hour=calendar.closes.hour, minute=calendar.closes.minute, zone=calendar.zone).astimezone(UTC)


def is_open_day(day: date, *, calendar: Calendar) -> bool:
    return day.weekday() in calendar.weekdays and day not in calendar.off


def _after_hours(local: datetime, *, hours: int, calendar: Calendar) -> datetime:
    left = timedelta(hours=hours)
    while True:
        closes = _at(local.date(), hour=calendar.closes.hour, minute=calendar.closes.minute, zone=calendar.zone)
        today = closes - local
        if left <= today:
            return local + left
        left -= today
        local = _open_on(_next_open_day(local.date() + timedelta(days=1), calendar=calendar), calendar=calendar)


def _opening(local: datetime, *, calendar: Calendar) -> datetime:
    """`local` itself while open, else the next opening."""
    day = _next_open_day(local.date(), calendar=calendar)
    opens = _open_on(day, calendar=calendar)
    if day > local.date() or local < opens:
        return opens
    if local < _at(day, hour=calendar.closes.hour, minute=calendar.closes.minute, zone=calendar.zone):
        return local
    return _open_on(_next_open_day(day + timedelta(days=1), calendar=calendar), calendar=calendar)


def _next_open_day(day: date, *, calendar: Calendar) -> date:
    for _ in range(LONGEST_CLOSED_DAYS):
        if is_open_day(day, calendar=calendar):
            return day
        day += timedelta(days=1)
    raise ValueError(f"the calendar has no business day within {LONGEST_CLOSED_DAYS} days of {day}")


def _open_on(day: date, *, calendar: Calendar) -> datetime:
    return _at(day, hour=calendar.opens.hour, minute=calendar.opens.minute, zone=calendar.zone)


def _at(day: date, *, hour: int, minute: int, zone: str) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(zone))
