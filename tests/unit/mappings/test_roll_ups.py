"""Dates and counters on a contact that become activities, for portals without events."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from connector.core.records import Activity
from connector.ports.crm import Json
from tests.unit.mappings.crm_rows import EVENTLESS, NOW, activities_of, mapping_of, row

HUBSPOT = mapping_of("hubspot", sources=EVENTLESS)
ENTERPRISE = mapping_of("hubspot")
OPENED = {"hs_email_last_open_date": "2026-11-01T09:30:00Z"}


def opens(fields: dict[str, Json], before: dict[str, Json] | None) -> list[Activity]:
    return activities_of(HUBSPOT, row("contacts", "1", **fields), before=before)


def test_a_counter_seen_for_the_first_time_gives_one_activity_at_its_own_time() -> None:
    (activity,) = opens({"hs_email_open": "7", "hs_email_last_email_name": "News", **OPENED}, None)

    assert activity == Activity(
        id="1:email_opens:7",
        contact=row("contacts", "1").key,
        source="contacts",
        kind="email_open",
        at=datetime(2026, 11, 1, 9, 30, tzinfo=UTC),
        campaign="News",
    )


def test_a_rise_gives_one_activity_for_each_step() -> None:
    found = opens({"hs_email_open": "9", **OPENED}, {"hs_email_open": "7"})

    assert [activity.id for activity in found] == ["1:email_opens:8", "1:email_opens:9"]


def test_a_rise_gives_at_most_the_stated_number_and_the_newest_of_them() -> None:
    found = opens({"hs_email_open": "50", **OPENED}, {"hs_email_open": "7"})

    assert [activity.id for activity in found] == ["1:email_opens:48", "1:email_opens:49", "1:email_opens:50"]


def test_a_counter_that_stands_still_or_falls_gives_nothing() -> None:
    assert opens({"hs_email_open": "7", **OPENED}, {"hs_email_open": "7"}) == []
    assert opens({"hs_email_open": "3", **OPENED}, {"hs_email_open": "7"}) == []
    assert opens({"hs_email_open": None, **OPENED}, {"hs_email_open": "7"}) == []


def test_a_counter_that_was_not_asked_for_before_is_seen_for_the_first_time() -> None:
    found = opens({"hs_email_open": "50", **OPENED}, {"email": "a@example.com"})

    assert [activity.id for activity in found] == ["1:email_opens:50"]


def test_a_first_rise_from_nothing_counts_from_zero() -> None:
    found = opens({"hs_email_open": "2", **OPENED}, {"hs_email_open": None})

    assert [activity.id for activity in found] == ["1:email_opens:1", "1:email_opens:2"]


def test_without_a_time_of_its_own_a_rise_is_dated_when_it_is_seen_and_a_first_sight_gives_nothing() -> None:
    (activity,) = opens({"hs_email_open": "8"}, {"hs_email_open": "7"})

    assert activity.at == NOW
    assert opens({"hs_email_open": "8"}, None) == []


def test_opting_out_is_one_activity_dated_by_the_last_change_of_the_row() -> None:
    (activity,) = opens({"hs_email_optout": "true"}, None)

    assert (activity.id, activity.kind, activity.at) == ("1:opted_out:1", "unsubscribe", NOW)
    assert opens({"hs_email_optout": "false"}, None) == []
    assert opens({"hs_email_optout": "true"}, {"hs_email_optout": "true"}) == []


def test_the_latest_conversion_is_an_activity_with_its_form_and_the_counter_tells_only_the_others() -> None:
    fields: dict[str, Json] = {
        "recent_conversion_date": "2026-11-01T09:30:00Z",
        "recent_conversion_event_name": "Website: contact_sales",
        "num_conversion_events": "5",
    }

    found = opens(fields, {"num_conversion_events": "2"})

    assert [(activity.id, activity.kind, activity.form) for activity in found] == [
        ("1:conversion:1793525400", "inquiry", "Website: contact_sales"),
        ("1:conversions:3", "form_submit", ""),
        ("1:conversions:4", "form_submit", ""),
    ]
    assert [activity.kind for activity in opens(fields, None)] == ["inquiry"]


def test_the_same_moment_again_is_the_same_activity() -> None:
    fields: dict[str, Json] = {"recent_conversion_date": "2026-11-01T09:30:00Z", "recent_conversion_event_name": "newsletter"}

    assert opens(fields, fields) == opens(fields, None)


def test_the_newest_page_view_of_a_rise_names_the_page() -> None:
    fields: dict[str, Json] = {
        "hs_analytics_num_page_views": "3",
        "hs_analytics_last_timestamp": "2026-11-01T09:30:00Z",
        "hs_analytics_last_url": "https://example.com/pricing?x=1",
    }

    found = opens(fields, {"hs_analytics_num_page_views": "1"})

    assert [(activity.path, activity.seconds) for activity in found] == [("", 0), ("/pricing", 30)]


def test_roll_ups_are_left_out_where_the_events_can_be_read() -> None:
    fields: dict[str, Json] = {
        "hs_analytics_num_page_views": "3",
        "hs_analytics_last_timestamp": "2026-11-01T09:30:00Z",
        "recent_conversion_date": "2026-11-01T09:30:00Z",
        "recent_conversion_event_name": "newsletter",
        "num_conversion_events": "2",
    }

    assert activities_of(ENTERPRISE, row("contacts", "1", **fields), before={"hs_analytics_num_page_views": "0"}) == []


@given(st.lists(st.integers(min_value=0, max_value=60), min_size=1, max_size=8))
def test_pulls_in_between_never_make_the_same_step_twice_or_more_than_there_are(counts: list[int]) -> None:
    before: dict[str, Json] | None = None
    seen: list[str] = []
    for count in counts:
        fields: dict[str, Json] = {"hs_email_open": str(count), **OPENED}
        seen += [activity.id for activity in opens(fields, before)]
        before = fields

    steps = [int(one.rpartition(":")[2]) for one in seen]
    assert all(1 <= step <= max(counts) for step in steps)
    if counts == sorted(counts):
        assert len(steps) == len(set(steps))
