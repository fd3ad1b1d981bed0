"""Named stretches of days: TODAY, LAST_N_DAYS:30, THIS_QUARTER.

Station: Salesforce sandbox, pure. Days are those of the user's time zone; the API user's zone is GMT.
"""

from __future__ import annotations

from datetime import date, timedelta


def span_of(name: str, count: int | None, today: date) -> tuple[date, date] | None:
    """The first day and the day after the last of a named stretch; None for no such name or beyond the calendar.

    Weeks begin on Sunday. `LAST_N_DAYS:n` ends with today; `LAST_N_MONTHS:n` and the like end before this month.
    """
    try:
        return _plain(name, today) if count is None else _counted(name, count, today)
    except (OverflowError, ValueError):
        return None


def _counted(name: str, count: int, today: date) -> tuple[date, date] | None:
    one = timedelta(days=1)
    if name in ("LAST_N_DAYS", "NEXT_N_DAYS"):
        away = timedelta(days=count)
        return (today - away, today + one) if name == "LAST_N_DAYS" else (today + one, today + away + one)
    if name == "N_DAYS_AGO":
        return today - timedelta(days=count), today - timedelta(days=count) + one
    unit = next((unit for unit in _STEPS if f"N_{unit}S" in name), None)
    if unit is None:
        return None
    start, _ = _plain(f"THIS_{unit}", today) or (today, today)
    if name == f"LAST_N_{unit}S":
        return _stepped(start, unit, -count), start
    if name == f"NEXT_N_{unit}S":
        return _stepped(start, unit, 1), _stepped(start, unit, count + 1)
    if name == f"N_{unit}S_AGO":
        return _stepped(start, unit, -count), _stepped(start, unit, 1 - count)
    return None


_STEPS = {"WEEK": 0, "MONTH": 1, "QUARTER": 3, "YEAR": 12}
"""Months in a unit; a week is counted in days."""


def _plain(name: str, today: date) -> tuple[date, date] | None:
    one = timedelta(days=1)
    days = {
        "TODAY": (today, today + one),
        "YESTERDAY": (today - one, today),
        "TOMORROW": (today + one, today + 2 * one),
        "LAST_90_DAYS": (today - 90 * one, today + one),
        "NEXT_90_DAYS": (today + one, today + 91 * one),
    }
    if name in days:
        return days[name]
    which, _, unit = name.partition("_")
    if unit not in _STEPS or which not in ("LAST", "THIS", "NEXT"):
        return None
    start = _unit_start(unit, today)
    shift = {"LAST": -1, "THIS": 0, "NEXT": 1}[which]
    return _stepped(start, unit, shift), _stepped(start, unit, shift + 1)


def _unit_start(unit: str, today: date) -> date:
    if unit == "WEEK":
        return today - timedelta(days=(today.weekday() + 1) % 7)
    months = _STEPS[unit]
    return today.replace(month=(today.month - 1) // months * months + 1, day=1)


def _stepped(start: date, unit: str, count: int) -> date:
    if unit == "WEEK":
        return start + timedelta(days=7 * count)
    months = start.year * 12 + start.month - 1 + _STEPS[unit] * count
    return date(months // 12, months % 12 + 1, 1)
