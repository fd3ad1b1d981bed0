"""Named stretches of days, on a Friday: 20 November 2026."""

from datetime import date

import pytest

from adapters.salesforce.sandbox.soql.spans import span_of

TODAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("name", "count", "first", "after"),
    [
        ("TODAY", None, "2026-11-20", "2026-11-21"),
        ("YESTERDAY", None, "2026-11-19", "2026-11-20"),
        ("LAST_N_DAYS", 30, "2026-10-21", "2026-11-21"),
        ("NEXT_N_DAYS", 2, "2026-11-21", "2026-11-23"),
        ("N_DAYS_AGO", 365, "2025-11-20", "2025-11-21"),
        ("THIS_WEEK", None, "2026-11-15", "2026-11-22"),
        ("LAST_WEEK", None, "2026-11-08", "2026-11-15"),
        ("THIS_MONTH", None, "2026-11-01", "2026-12-01"),
        ("LAST_N_MONTHS", 11, "2025-12-01", "2026-11-01"),
        ("THIS_QUARTER", None, "2026-10-01", "2027-01-01"),
        ("LAST_QUARTER", None, "2026-07-01", "2026-10-01"),
        ("LAST_YEAR", None, "2025-01-01", "2026-01-01"),
        ("N_YEARS_AGO", 2, "2024-01-01", "2025-01-01"),
        ("NEXT_N_WEEKS", 1, "2026-11-22", "2026-11-29"),
    ],
)
def test_span_covers_whole_days(name: str, count: int | None, first: str, after: str) -> None:
    assert span_of(name, count, TODAY) == (date.fromisoformat(first), date.fromisoformat(after))


@pytest.mark.parametrize(
    ("name", "count"), [("SOMEDAY", None), ("LAST_N_MOONS", 3), ("N_DAYS", 3), ("LAST_N_DAYS", 10**10), ("N_YEARS_AGO", 9999)]
)
def test_unknown_name_or_a_day_beyond_the_calendar_is_no_span(name: str, count: int | None) -> None:
    assert span_of(name, count, TODAY) is None
