"""Rows of activity sources, by the packaged mappings."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from connector.core.records import Activity, RecordKey
from connector.ports.crm import Json
from tests.unit.mappings.crm_rows import NOW, activities_of, mapped, mapping_of, row

HUBSPOT = mapping_of("hubspot")
SALESFORCE = mapping_of("salesforce")
TASK: dict[str, Json] = {"WhoId": "0031", "IsClosed": True, "CompletedDateTime": "2026-11-01T09:30:00.000+0000"}


def test_a_page_view_names_its_path_without_host_and_query_string() -> None:
    raw = row(
        "events:e_visited_page",
        "leviathan-1",
        occurredAt="2026-11-01T09:30:00.250Z",
        hs_url="https://www.example.com/ja/%E6%96%99%E9%87%91?utm_source=x",
        time_on_page_seconds="42",
        related_contacts=["210"],
    )

    (activity,) = activities_of(HUBSPOT, raw)

    assert activity == Activity(
        id="leviathan-1/210",
        contact=RecordKey("c", "contacts", "210"),
        source="events:e_visited_page",
        kind="page_view",
        at=datetime(2026, 11, 1, 9, 30, 0, 250_000, tzinfo=UTC),
        path="/ja/料金",
        seconds=42,
    )


def test_a_page_view_that_does_not_tell_its_length_takes_the_mappings() -> None:
    raw = row("events:e_visited_page", "e", occurredAt="2026-11-01T09:30:00Z", hs_url="/pricing", related_contacts=["1"])

    (activity,) = activities_of(HUBSPOT, raw)

    assert activity.seconds == 30


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("contact_sales", "inquiry"),
        ("Request a DEMO", "inquiry"),
        ("お問い合わせフォーム", "inquiry"),
        ("newsletter", "form_submit"),
        (None, "form_submit"),
    ],
)
def test_forms_are_inquiries_by_their_name(form: str | None, kind: str) -> None:
    raw = row("events:e_submitted_form", "e", occurredAt="2026-11-01T09:30:00Z", hs_form_name=form, related_contacts=["1"])

    (activity,) = activities_of(HUBSPOT, raw)

    assert (activity.kind, activity.form) == (kind, form or "")


def test_an_activity_of_several_people_is_one_for_each() -> None:
    raw = row("calls", "64", hs_timestamp="2026-11-01T09:30:00Z", related_contacts=["1", "2", "1"])

    assert [(activity.id, activity.contact.id) for activity in activities_of(HUBSPOT, raw)] == [("64/1", "1"), ("64/2", "2")]


def test_a_row_that_names_nobody_is_no_activity() -> None:
    assert activities_of(HUBSPOT, row("calls", "64", hs_timestamp="2026-11-01T09:30:00Z", related_contacts=[])) == []


@pytest.mark.parametrize(
    ("disposition", "kind", "reported"),
    [
        ("f240bbac-87c9-4f6e-bf70-924b57d47db7", "call_connected", []),
        ("73a0d17f-1163-4015-bdd5-ec830791da20", "call", []),
        (None, "call", []),
        ("0000-own-outcome", "call", ["0000-own-outcome"]),
    ],
)
def test_a_hubspot_call_by_its_outcome(disposition: str | None, kind: str, reported: list[str]) -> None:
    raw = row(
        "calls",
        "64",
        hs_timestamp="2026-11-01T09:30:00Z",
        hs_call_disposition=disposition,
        hs_call_duration="61499",
        related_contacts=["1"],
    )

    result = mapped(HUBSPOT, raw)

    (activity,) = result.records
    assert isinstance(activity, Activity)
    assert (activity.kind, activity.seconds) == (kind, 61)
    assert [unknown.value for unknown in result.unknown] == reported


@pytest.mark.parametrize(
    ("direction", "status", "kinds"),
    [
        ("INCOMING_EMAIL", "SENT", ["email_reply"]),
        ("EMAIL", "SENT", ["email_sent"]),
        ("EMAIL", "BOUNCED", ["email_bounce"]),
        ("EMAIL", "SCHEDULED", []),
        ("DRAFT_EMAIL", None, []),
    ],
)
def test_a_hubspot_email_by_its_direction(direction: str, status: str | None, kinds: list[str]) -> None:
    raw = row(
        "emails", "75", hs_timestamp="2026-11-01T09:30:00Z", hs_email_direction=direction, hs_email_status=status, related_contacts=["1"]
    )

    assert [activity.kind for activity in activities_of(HUBSPOT, raw)] == kinds


@pytest.mark.parametrize(
    ("outcome", "end", "kinds"),
    [
        ("COMPLETED", "2026-11-01T10:00:00Z", ["meeting_held"]),
        ("NO_SHOW", "2026-11-01T10:00:00Z", []),
        ("SCHEDULED", "2026-12-01T10:00:00Z", ["meeting"]),
        (None, "2026-11-01T10:00:00Z", ["meeting_held"]),
        (None, "2026-12-01T10:00:00Z", ["meeting"]),
    ],
)
def test_a_hubspot_meeting_by_its_outcome_or_by_the_clock(outcome: str | None, end: str, kinds: list[str]) -> None:
    raw = row(
        "meetings",
        "86",
        hs_timestamp="2026-11-01T09:30:00Z",
        hs_meeting_start_time="2026-11-01T09:30:00Z",
        hs_meeting_end_time=end,
        hs_meeting_outcome=outcome,
        related_contacts=["1"],
    )

    assert [activity.kind for activity in activities_of(HUBSPOT, raw)] == kinds


def test_a_meeting_lasts_from_its_start_to_its_end() -> None:
    raw = row(
        "meetings",
        "86",
        hs_meeting_start_time="2026-11-01T09:30:00Z",
        hs_meeting_end_time="2026-11-01T10:15:00Z",
        hs_meeting_outcome="COMPLETED",
        related_contacts=["1"],
    )

    assert [activity.seconds for activity in activities_of(HUBSPOT, raw)] == [45 * 60]


@pytest.mark.parametrize(
    ("fields", "kinds"),
    [
        ({"TaskSubtype": "Call", "CallDisposition": "Connected"}, ["call_connected"]),
        ({"TaskSubtype": "Call", "CallDisposition": "Not connected"}, ["call"]),
        ({"TaskSubtype": "Call", "CallDisposition": "No answer"}, ["call"]),
        ({"TaskSubtype": "Email", "Subject": "Re: our offer"}, ["email_reply"]),
        ({"TaskSubtype": "Email", "Subject": "Our offer"}, ["email_sent"]),
        ({"TaskSubtype": "Email", "Subject": None}, []),
        ({"TaskSubtype": "ListEmail", "Subject": "News"}, []),
        ({"TaskSubtype": "Task", "Subject": "Re: anything"}, []),
        ({"TaskSubtype": "Call", "IsClosed": False}, []),
        ({"TaskSubtype": "Call", "WhoId": "0011"}, []),
        ({"TaskSubtype": "Call", "WhoId": None}, []),
    ],
)
def test_a_salesforce_task_by_what_it_says(fields: dict[str, Json], kinds: list[str]) -> None:
    raw = row("Task", "00T1", **{**TASK, **fields})

    assert [activity.kind for activity in activities_of(SALESFORCE, raw)] == kinds


def test_a_task_that_hotlead_made_is_never_an_activity() -> None:
    raw = row("Task", "00T1", **{**TASK, "TaskSubtype": "Call", "CallDisposition": "Connected", "Hotlead_Key__c": "k-1"})

    assert activities_of(SALESFORCE, raw) == []


@pytest.mark.parametrize(("who", "contact"), [("00Q1", RecordKey("c", "Lead", "00Q1")), ("0031", RecordKey("c", "Contact", "0031"))])
def test_a_task_is_a_leads_or_a_contacts_by_its_id(who: str, contact: RecordKey) -> None:
    (activity,) = activities_of(SALESFORCE, row("Task", "00T1", **{**TASK, "TaskSubtype": "Call", "WhoId": who}))

    assert (activity.id, activity.contact) == ("00T1", contact)


def test_a_task_without_a_time_of_day_takes_its_day_in_the_connections_zone() -> None:
    raw = row("Task", "00T1", **{**TASK, "TaskSubtype": "Call", "CompletedDateTime": None, "ActivityDate": "2026-11-01"})

    (activity,) = activities_of(SALESFORCE, raw)

    assert activity.at == datetime(2026, 10, 31, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(("end", "kind"), [("2026-11-21T11:59:59Z", "meeting_held"), ("2026-11-21T12:00:01Z", "meeting")])
def test_an_event_is_held_once_it_has_passed(end: str, kind: str) -> None:
    raw = row("Event", "00U1", WhoId="00Q1", StartDateTime="2026-11-21T11:00:00Z", EndDateTime=end, DurationInMinutes=60)

    (activity,) = activities_of(SALESFORCE, raw, seen_at=NOW)

    assert (activity.kind, activity.seconds) == (kind, 3600)


@pytest.mark.parametrize(
    ("status", "responded", "campaign", "kind", "mark"),
    [
        ("Attended", True, "Webinar", "event_attended", ""),
        ("Responded", True, "Webinar", "campaign_response", ""),
        ("Responded", True, "Content", "download", ""),
        ("Sent", False, "Email", "campaign_response", "campaign_member_without_response"),
    ],
)
def test_a_campaign_member_by_status_and_campaign(status: str, responded: bool, campaign: str, kind: str, mark: str) -> None:
    raw = row(
        "CampaignMember",
        "00v1",
        Status=status,
        HasResponded=responded,
        ContactId="0031",
        CreatedDate="2026-10-01T00:00:00Z",
        FirstRespondedDate="2026-11-01" if responded else None,
        **{"Campaign.Type": campaign, "Campaign.Name": "Guide"},
    )

    (activity,) = activities_of(SALESFORCE, raw)

    assert (activity.kind, activity.mark, activity.campaign, activity.asset) == (kind, mark, "Guide", "Guide")
    assert activity.at.day == (31 if responded else 1)


def test_a_changed_row_gives_what_it_was_before_as_deleted() -> None:
    before = row("Task", "00T1", **{**TASK, "TaskSubtype": "Call"}).fields
    opened_again = row("Task", "00T1", **{**TASK, "TaskSubtype": "Call", "IsClosed": False})

    (gone,) = activities_of(SALESFORCE, opened_again, before=before)

    assert (gone.id, gone.deleted) == ("00T1", True)


def test_a_person_taken_off_an_activity_loses_it() -> None:
    both = row("calls", "64", hs_timestamp="2026-11-01T09:30:00Z", related_contacts=["1", "2"])
    one = row("calls", "64", hs_timestamp="2026-11-01T09:30:00Z", related_contacts=["2"])

    found = activities_of(HUBSPOT, one, before=both.fields)

    assert [(activity.id, activity.deleted) for activity in found] == [("64/2", False), ("64/1", True)]


def test_a_deleted_row_of_which_nothing_is_left_deletes_what_is_stored_of_it() -> None:
    stored = row("calls", "64", hs_timestamp="2026-11-01T09:30:00Z", related_contacts=["1"])
    gone = replace(stored, fields={}, deleted=True)

    assert [(activity.id, activity.deleted) for activity in activities_of(HUBSPOT, gone, before=stored.fields)] == [("64/1", True)]
    assert activities_of(HUBSPOT, gone, before=None) == []


def test_the_same_row_again_gives_the_same_activities() -> None:
    raw = row("calls", "64", hs_timestamp="2026-11-01T09:30:00Z", related_contacts=["1", "2"])

    assert activities_of(HUBSPOT, raw, before=raw.fields) == activities_of(HUBSPOT, raw)


def test_a_time_that_is_none_is_reported_and_no_activity() -> None:
    result = mapped(HUBSPOT, row("calls", "64", hs_timestamp="soon", related_contacts=["1"]))

    assert result.records == ()
    assert [(unknown.field, unknown.value) for unknown in result.unknown] == [("hs_timestamp", "soon")]
