"""What is special to reading Salesforce: conversions, merges, contact roles, archived activities, rows of one stamp."""

from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.salesforce.adapter import SalesforceCrm
from connector.core.records import RecordKey
from connector.ports.crm import Ask, RawRecord
from tests.support.connected_org import new_lead, opened, org_of
from tests.support.crm_reads import cursor_after, rows_of
from tests.support.sandboxes import Sandbox


def test_an_empty_org_gives_one_page_and_a_next_run() -> None:
    with org_of(people=0) as sandbox:
        crm = opened(sandbox)

        pages = list(crm.read(Ask(source="Lead", fields=("Email",))))
        again = list(crm.read(Ask(source="Lead", fields=("Email",), cursor=pages[-1].cursor)))

    assert [len(page.records) for page in pages] == [0]
    assert pages[0].expected == 0
    assert all(not page.records for page in again)


def test_a_converted_lead_names_the_contact_that_lives_on(crm: SalesforceCrm) -> None:
    converted = [lead for lead in rows_of(crm, Ask(source="Lead", fields=("Email",))) if lead.survivor is not None]

    contacts = {contact.key.id for contact in rows_of(crm, Ask(source="Contact", fields=("Email",)))}

    assert converted
    assert all(lead.survivor is not None and lead.survivor.source == "Contact" and lead.survivor.id in contacts for lead in converted)
    assert not any(lead.deleted for lead in converted)


def test_a_lead_converted_since_the_last_run_comes_with_its_contact(crm: SalesforceCrm, org: Sandbox) -> None:
    ask = Ask(source="Lead", fields=("LastName",))
    lead = new_lead(org, "Convert")
    cursor = cursor_after(crm, ask)
    made = org.order("convert", {"lead": lead})

    changes = {record.key.id: record for record in rows_of(crm, Ask(source="Lead", fields=("LastName",), cursor=cursor))}

    assert changes[lead].survivor == RecordKey("sf", "Contact", made["contact"])
    assert not changes[lead].deleted


@pytest.mark.parametrize("source", ["Lead", "Contact", "Account"])
def test_a_merged_record_comes_deleted_with_its_winner(crm: SalesforceCrm, org: Sandbox, source: str) -> None:
    fields = {"Lead": {"LastName": "M", "Company": "M"}, "Contact": {"LastName": "M"}, "Account": {"Name": "M"}}[source]
    winner, loser = org.create(source, fields), org.create(source, fields)
    cursor = cursor_after(crm, Ask(source=source, fields=()))
    org.order("merge", {"master": winner, "losers": [loser]})

    changes = [record for record in rows_of(crm, Ask(source=source, fields=(), cursor=cursor)) if record.key.id == loser]

    assert [(record.deleted, record.survivor) for record in changes] == [(True, RecordKey("sf", source, winner))]


def test_a_contact_role_added_later_brings_its_opportunity_again(crm: SalesforceCrm, org: Sandbox) -> None:
    ask = Ask(source="Opportunity", fields=("Name",), related=("Contact",))
    deal = rows_of(crm, ask)[0]
    cursor = cursor_after(crm, ask)
    contact = org.create("Contact", {"LastName": "Champion"})
    role = org.create("OpportunityContactRole", {"OpportunityId": deal.key.id, "ContactId": contact, "Role": "Champion"})

    added = rows_of(crm, Ask(source="Opportunity", fields=("Name",), related=("Contact",), cursor=cursor))
    org.delete("OpportunityContactRole", role)
    removed = rows_of(crm, Ask(source="Opportunity", fields=("Name",), related=("Contact",), cursor=cursor))

    before = deal.fields["@Contact"]
    assert isinstance(before, list)
    assert _people_of(added, deal.key.id) == [*before, {"id": contact, "role": "Champion"}]
    assert _people_of(removed, deal.key.id) == before


def _people_of(records: list[RawRecord], deal: str) -> Any:
    return next(record.fields["@Contact"] for record in reversed(records) if record.key.id == deal)


def test_activities_tell_whose_they_are_and_parents_stand_under_dotted_names(crm: SalesforceCrm) -> None:
    tasks = rows_of(crm, Ask(source="Task", fields=("Subject", "Who.Type", "Owner.Name"), related=("Lead", "Contact")))

    about_leads = [task for task in tasks if task.fields["Who.Type"] == "Lead"]
    about_contacts = [task for task in tasks if task.fields["Who.Type"] == "Contact"]
    assert about_leads
    assert about_contacts
    assert all(task.fields["@Contact"] == [] and _one_id(task, "@Lead").startswith("00Q") for task in about_leads)
    assert all(task.fields["@Lead"] == [] and _one_id(task, "@Contact").startswith("003") for task in about_contacts)
    assert all(task.fields["Owner.Name"] for task in tasks)


def _one_id(record: RawRecord, name: str) -> str:
    related: Any = record.fields[name]
    (one,) = related
    return str(one["id"])


def test_activities_older_than_a_year_come_too_though_salesforce_has_archived_them(crm: SalesforceCrm) -> None:
    tasks = rows_of(crm, Ask(source="Task", fields=("IsArchived", "ActivityDate")))

    assert any(task.fields["IsArchived"] for task in tasks)


def test_a_date_bounds_a_first_load_by_day(crm: SalesforceCrm) -> None:
    everything = rows_of(crm, Ask(source="Task", fields=("ActivityDate",)))
    days = sorted(str(task.fields["ActivityDate"]) for task in everything if task.fields["ActivityDate"])
    since = datetime.fromisoformat(days[len(days) // 2]).replace(hour=15, tzinfo=UTC)

    bounded = rows_of(crm, Ask(source="Task", fields=("ActivityDate",), since=since, since_field="ActivityDate"))

    assert len(bounded) == sum(day >= since.date().isoformat() for day in days)


def test_where_limits_rows_to_named_values(crm: SalesforceCrm) -> None:
    members = rows_of(crm, Ask(source="CampaignMember", fields=("Status", "Campaign.Name"), related=("Lead", "Contact")))

    responded = rows_of(crm, Ask(source="CampaignMember", fields=("Status",), where={"Status": ("Responded", "Attended")}))

    assert {member.fields["Status"] for member in responded} <= {"Responded", "Attended"}
    assert len(responded) == sum(member.fields["Status"] in ("Responded", "Attended") for member in members)
    assert all(member.fields["Campaign.Name"] for member in members)


def test_twelve_thousand_rows_of_one_stamp_come_in_seven_pages_or_less() -> None:
    with org_of(people=21_000, options=("--activities-per-person", "0")) as sandbox:
        crm = opened(sandbox)
        ask = Ask(source="Lead", fields=("Email",))
        cursor = cursor_after(crm, ask)
        sandbox.advance(3600)
        sandbox.touch("Lead", count=12_000)

        pages = list(crm.read(Ask(source="Lead", fields=("Email",), cursor=cursor)))

    told = [record.key.id for page in pages for record in page.records]
    assert len(told) == len(set(told)) == 12_000
    assert sum(bool(page.records) for page in pages) <= 7


def test_an_unchanged_run_costs_two_calls_a_source(crm: SalesforceCrm) -> None:
    ask = Ask(source="Lead", fields=("Email",))
    cursor = cursor_after(crm, ask)
    before = crm.usage().calls["read"]

    list(crm.read(Ask(source="Lead", fields=("Email",), cursor=cursor)))

    assert crm.usage().calls["read"] == before + 2
