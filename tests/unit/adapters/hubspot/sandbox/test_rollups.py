"""Roll-ups count what HubSpot counts, at the times it happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from adapters.hubspot.sandbox.rollups import contact_rollups
from adapters.kit.sandbox.world import SeedActivity

START = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)


def _at(minutes: int, kind: str, **rest: object) -> SeedActivity:
    return SeedActivity(kind=kind, at=START + timedelta(minutes=minutes), **rest)  # type: ignore[arg-type]  # test data


def test_page_views_more_than_half_an_hour_apart_are_two_sessions() -> None:
    rollups = contact_rollups(
        [_at(0, "page_view", path="/a"), _at(31, "page_view", path="/b"), _at(61, "page_view", path="/c")],
        site="https://x.example",
        has_sales=True,
    )

    assert rollups["hs_analytics_num_page_views"] == "3"
    assert rollups["hs_analytics_num_visits"] == "2"
    assert rollups["hs_analytics_last_timestamp"] == "2026-11-01T10:01:00.000Z"
    assert rollups["hs_analytics_last_url"] == "https://x.example/c"


def test_conversions_count_forms_and_inquiries() -> None:
    rollups = contact_rollups(
        [_at(0, "form_submit", form="newsletter"), _at(5, "inquiry", form="demo"), _at(9, "form_submit", form="demo")],
        site="",
        has_sales=True,
    )

    assert (rollups["num_conversion_events"], rollups["num_unique_conversion_events"]) == ("3", "2")
    assert rollups["recent_conversion_date"] == "2026-11-01T09:09:00.000Z"
    assert rollups["recent_conversion_event_name"] == "Website: demo"


def test_what_machines_open_is_not_counted() -> None:
    rollups = contact_rollups(
        [_at(0, "email_open", seconds=2, subject="A"), _at(1, "email_open", seconds=90, subject="B"), _at(2, "email_click", seconds=1)],
        site="",
        has_sales=True,
    )

    assert rollups["hs_email_open"] == "1"
    assert rollups["hs_email_last_open_date"] == "2026-11-01T09:01:00.000Z"
    assert "hs_email_click" not in rollups


def test_contacting_is_counted_only_where_the_sellers_work() -> None:
    activities = [_at(0, "call"), _at(3, "meeting")]

    here = contact_rollups(activities, site="", has_sales=True)
    elsewhere = contact_rollups(activities, site="", has_sales=False)

    assert here["notes_last_contacted"] == "2026-11-01T09:03:00.000Z"
    assert here["num_contacted_notes"] == "2"
    assert elsewhere == {}
