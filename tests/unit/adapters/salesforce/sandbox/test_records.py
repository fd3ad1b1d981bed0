"""Writing records: what is worked out, what is refused and with which code."""

from typing import Any

import pytest

from adapters.salesforce.sandbox.conversions import convert_lead, merge_records
from adapters.salesforce.sandbox.custom_fields import custom_field, save_custom_field
from adapters.salesforce.sandbox.errors import ApiRefusal, RowRefusal
from adapters.salesforce.sandbox.org import API_USER_ID
from tests.unit.adapters.salesforce.sandbox.small_org import SmallOrg


@pytest.fixture
def org() -> SmallOrg:
    return SmallOrg()


def test_new_record_is_stamped_with_the_clock_cut_to_seconds_and_the_api_user(org: SmallOrg) -> None:
    row = org.raw("Lead", org.create("Lead", LastName="Abe", FirstName="Rin", Company="x"))

    assert row["SystemModstamp"] == row["CreatedDate"] == "2026-11-20T09:30:15.000+0000"
    assert row["LastModifiedById"] == row["OwnerId"] == API_USER_ID
    assert (row["Name"], row["Status"], row["IsConverted"]) == ("Rin Abe", "New", 0)


def test_every_write_moves_the_stamp_even_without_a_change(org: SmallOrg) -> None:
    lead = org.create("Lead", LastName="Abe", Company="x")
    org.clock.adjust(advance_s=7)

    org.update("Lead", lead, LastName="Abe")

    assert org.raw("Lead", lead)["SystemModstamp"] == "2026-11-20T09:30:22.000+0000"
    assert org.raw("Lead", lead)["CreatedDate"] == "2026-11-20T09:30:15.000+0000"


def test_empty_text_is_null(org: SmallOrg) -> None:
    lead = org.create("Lead", LastName="Abe", Company="x", Email="a@b.example", Phone=" ")

    org.update("Lead", lead, Email="")

    assert org.raw("Lead", lead)["Email"] is None
    assert org.raw("Lead", lead)["Phone"] is None


@pytest.mark.parametrize(
    ("name", "values", "code"),
    [
        ("Lead", {"LastName": "A"}, "REQUIRED_FIELD_MISSING"),
        ("Lead", {"LastName": "A" * 81, "Company": "x"}, "STRING_TOO_LONG"),
        ("Lead", {"LastName": "A", "Company": "x", "CreatedDate": "2026-01-01T00:00:00Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ("Lead", {"LastName": "A", "Company": "x", "Email": "nobody"}, "INVALID_EMAIL_ADDRESS"),
        ("Lead", {"LastName": "A", "Company": "x", "CurrencyIsoCode": "XXX"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ("Lead", {"LastName": "A", "Company": "x", "NumberOfEmployees": 10**8}, "NUMBER_OUTSIDE_VALID_RANGE"),
        ("Lead", {"LastName": "A", "Company": "x", "OwnerId": "005"}, "MALFORMED_ID"),
        ("Lead", {"LastName": "A", "Company": "x", "OwnerId": "001Hs0000000001"}, "MALFORMED_ID"),
        ("Lead", {"LastName": "A", "Company": "x", "OwnerId": "005Hs0000000zzz"}, "INVALID_CROSS_REFERENCE_KEY"),
        ("Event", {"Subject": "x", "DurationInMinutes": 5}, "REQUIRED_FIELD_MISSING"),
        ("User", {"LastName": "x"}, "INVALID_TYPE_FOR_OPERATION"),
    ],
)
def test_record_against_the_rules_is_refused(org: SmallOrg, name: str, values: dict[str, Any], code: str) -> None:
    before = org.total(f"SELECT COUNT() FROM {name}")

    with pytest.raises(RowRefusal) as refusal:
        org.create(name, **values)

    assert refusal.value.code == code
    assert org.total(f"SELECT COUNT() FROM {name}") == before


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"Nope": 1}, "INVALID_FIELD"),
        ({"NumberOfEmployees": "many"}, "JSON_PARSER_ERROR"),
        ({"HasOptedOutOfEmail": "perhaps"}, "JSON_PARSER_ERROR"),
        ({"EmailBouncedDate": "last week"}, "JSON_PARSER_ERROR"),
        ({"Company": {"name": "x"}}, "JSON_PARSER_ERROR"),
    ],
)
def test_value_that_cannot_be_parsed_spoils_the_request(org: SmallOrg, values: dict[str, Any], code: str) -> None:
    with pytest.raises(ApiRefusal) as refusal:
        org.create("Lead", **{"LastName": "A", "Company": "x", **values})

    assert (refusal.value.status, refusal.value.code) == (400, code)


def test_unrestricted_picklist_takes_any_value(org: SmallOrg) -> None:
    lead = org.create("Lead", LastName="A", Company="x", Industry="Basket weaving")

    assert org.raw("Lead", lead)["Industry"] == "Basket weaving"


def test_required_field_cannot_be_emptied(org: SmallOrg) -> None:
    lead = org.create("Lead", LastName="A", Company="x")

    with pytest.raises(RowRefusal, match="REQUIRED_FIELD_MISSING"):
        org.update("Lead", lead, Company=None)


def test_task_of_a_lead_takes_no_account(org: SmallOrg) -> None:
    lead, account = org.create("Lead", LastName="A", Company="x"), org.create("Account", Name="x")

    with pytest.raises(RowRefusal, match="FIELD_INTEGRITY_EXCEPTION"):
        org.create("Task", WhoId=lead, WhatId=account)


def test_task_works_out_closing_account_and_last_activity(org: SmallOrg) -> None:
    account = org.create("Account", Name="x")
    contact = org.create("Contact", LastName="A", AccountId=account)
    task = org.create("Task", WhoId=contact, Priority="High", ActivityDate="2026-11-18")

    org.update("Task", task, Status="Completed")

    row = org.raw("Task", task)
    assert (row["IsClosed"], row["IsHighPriority"], row["AccountId"], row["TaskSubtype"]) == (1, 1, account, "Task")
    assert row["CompletedDateTime"] == "2026-11-20T09:30:15.000+0000"
    assert org.raw("Contact", contact)["LastActivityDate"] == "2026-11-18"


def test_event_works_out_its_end(org: SmallOrg) -> None:
    row = org.raw("Event", org.create("Event", Subject="x", ActivityDateTime="2026-11-18T23:50:00Z", DurationInMinutes=20))

    assert (row["EndDateTime"], row["ActivityDate"]) == ("2026-11-19T00:10:00.000+0000", "2026-11-18")


def test_opportunity_follows_its_stage(org: SmallOrg) -> None:
    deal = org.create("Opportunity", Name="x", StageName="Prospecting", CloseDate="2026-12-31", Amount=1000)
    assert (org.raw("Opportunity", deal)["Probability"], org.raw("Opportunity", deal)["IsClosed"]) == (10.0, 0)

    org.update("Opportunity", deal, StageName="Closed Won")

    row = org.raw("Opportunity", deal)
    assert (row["IsClosed"], row["IsWon"], row["Probability"], row["ExpectedRevenue"], row["FiscalQuarter"]) == (1, 1, 100.0, 1000.0, 4)


def test_campaign_member_responds_by_status_and_is_there_once(org: SmallOrg) -> None:
    lead, campaign = org.create("Lead", LastName="A", Company="x"), org.create("Campaign", Name="Expo")
    member = org.create("CampaignMember", LeadId=lead, CampaignId=campaign)
    assert org.raw("CampaignMember", member)["HasResponded"] == 0

    org.update("CampaignMember", member, Status="Attended")

    assert org.raw("CampaignMember", member)["FirstRespondedDate"] == "2026-11-20"
    with pytest.raises(RowRefusal, match="Already a campaign member"):
        org.create("CampaignMember", LeadId=lead, CampaignId=campaign)


def test_deleting_an_account_takes_its_contacts_and_their_tasks_along(org: SmallOrg) -> None:
    account = org.create("Account", Name="x")
    contact = org.create("Contact", LastName="A", AccountId=account)
    task = org.create("Task", WhoId=contact)

    org.delete("Account", account)

    assert [org.raw(name, one)["IsDeleted"] for name, one in (("Contact", contact), ("Task", task))] == [1, 1]
    with pytest.raises(RowRefusal, match="ENTITY_IS_DELETED"):
        org.update("Contact", contact, LastName="B")


def test_converted_lead_is_closed_to_writes_and_points_to_its_contact(org: SmallOrg) -> None:
    lead = org.create("Lead", LastName="A", Company="Oak", Email="a@oak.example")
    task = org.create("Task", WhoId=lead)
    with org.org.database.writing() as db:
        made = convert_lead(org.org, db, lead, opportunity="Oak 1")

    row = org.raw("Lead", lead)
    assert (row["IsConverted"], row["Status"], row["ConvertedDate"]) == (1, "Qualified", "2026-11-20")
    assert row["ConvertedContactId"] == made["contact"]
    assert org.raw("Contact", str(made["contact"]))["Email"] == "a@oak.example"
    assert org.raw("Task", task)["WhoId"] == made["contact"]
    with pytest.raises(RowRefusal, match="CANNOT_UPDATE_CONVERTED_LEAD"):
        org.update("Lead", lead, Rating="Hot")
    with pytest.raises(RowRefusal, match="CANNOT_UPDATE_CONVERTED_LEAD"):
        org.create("Task", WhoId=lead)


def test_merge_leaves_the_loser_deleted_and_pointing_to_the_winner(org: SmallOrg) -> None:
    winner = org.create("Lead", LastName="A", Company="x")
    loser = org.create("Lead", LastName="A", Company="x", Phone="1")
    task = org.create("Task", WhoId=loser)

    with org.org.database.writing() as db:
        merge_records(org.org, db, winner, [loser])

    assert (org.raw("Lead", loser)["IsDeleted"], org.raw("Lead", loser)["MasterRecordId"]) == (1, winner)
    assert org.raw("Lead", winner)["Phone"] == "1"
    assert org.raw("Task", task)["WhoId"] == winner


def test_activity_field_appears_on_tasks_and_events_and_never_on_task_alone(org: SmallOrg) -> None:
    field = custom_field("Key__c", {"type": "Text", "label": "Key", "length": "80", "externalId": "true", "unique": "true"})
    with org.org.database.writing() as db:
        save_custom_field(org.org, db, owner="Activity", field=field)

    assert org.org.catalogue.known("Task").has("Key__c")
    assert org.org.catalogue.known("Event").has("Key__c")
    with org.org.database.writing() as db, pytest.raises(RowRefusal, match="bad value for restricted picklist field: Task"):
        save_custom_field(org.org, db, owner="Task", field=field)


def test_field_without_a_grant_does_not_exist_and_a_read_only_one_cannot_be_written(org: SmallOrg) -> None:
    field = custom_field("Score__c", {"type": "Number", "label": "Score", "precision": 3, "scale": 0})
    with org.org.database.writing() as db:
        save_custom_field(org.org, db, owner="Lead", field=field)
    with pytest.raises(ApiRefusal, match="No such column 'Score__c' on sobject of type Lead"):
        org.create("Lead", LastName="A", Company="x", Score__c=1)

    granted = org.create("PermissionSet", Name="Some", Label="Some")
    org.create("PermissionSetAssignment", PermissionSetId=granted, AssigneeId=API_USER_ID)
    right = org.create("FieldPermissions", ParentId=granted, SobjectType="Lead", Field="Lead.Score__c", PermissionsRead=True)

    with pytest.raises(RowRefusal, match="INVALID_FIELD_FOR_INSERT_UPDATE"):
        org.create("Lead", LastName="A", Company="x", Score__c=1)
    org.update("FieldPermissions", right, PermissionsEdit=True)
    assert org.raw("Lead", org.create("Lead", LastName="A", Company="x", Score__c=1))["Score__c"] == 1.0


def test_number_is_rounded_half_up_to_its_scale(org: SmallOrg) -> None:
    deal = org.create("Opportunity", Name="x", StageName="Prospecting", CloseDate="2026-12-31", Amount=10.125)

    assert org.raw("Opportunity", deal)["Amount"] == 10.13


@pytest.mark.parametrize(
    ("name", "metadata", "code"),
    [
        ("Score", {"type": "Number", "label": "x", "precision": 3, "scale": 0}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Two__Parts__c", {"type": "Checkbox", "label": "x"}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Score__c", {"type": "Integer", "label": "x"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ("Score__c", {"type": "Number", "label": "x"}, "REQUIRED_FIELD_MISSING"),
        ("Score__c", {"type": "Text", "length": 80}, "REQUIRED_FIELD_MISSING"),
        ("Score__c", {"type": "Text", "label": "x", "length": 256}, "NUMBER_OUTSIDE_VALID_RANGE"),
        ("Score__c", {"type": "LongTextArea", "label": "x", "length": 32000}, "REQUIRED_FIELD_MISSING"),
        ("Score__c", {"type": "Picklist", "label": "x"}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Score__c", {"type": "DateTime", "label": "x", "externalId": True}, "INVALID_FIELD"),
    ],
)
def test_custom_field_the_platform_would_not_take_is_refused(name: str, metadata: dict[str, Any], code: str) -> None:
    with pytest.raises(RowRefusal) as refusal:
        custom_field(name, metadata)

    assert refusal.value.code == code
