"""SOQL over a few records: what is found, in which order, and how it looks."""

from datetime import timedelta

import pytest

from adapters.salesforce.sandbox.errors import ApiRefusal
from tests.unit.adapters.salesforce.sandbox.small_org import NOW, SmallOrg


@pytest.fixture
def org() -> SmallOrg:
    """Three leads made a minute apart (Abe without e-mail), an account with two contacts, and a deal."""
    small = SmallOrg()
    small.create("Lead", LastName="Abe", Company="Aoki", AnnualRevenue=5)
    small.clock.adjust(advance_s=60)
    small.create("Lead", LastName="Baker", Company="Birch", Email="b_1@birch.example", Status="Contacted", AnnualRevenue=90)
    small.clock.adjust(advance_s=60)
    small.create("Lead", LastName="Chiba", Company="Cedar", Email="BX1@cedar.example", Rating="Hot")
    account = small.create("Account", Name="Oak", Industry="Technology")
    dean = small.create("Contact", LastName="Dean", AccountId=account)
    small.create("Contact", LastName="Ito")
    deal = small.create("Opportunity", Name="Oak 1", StageName="Closed Won", CloseDate="2026-10-01", AccountId=account, Amount=10)
    small.create("OpportunityContactRole", OpportunityId=deal, ContactId=dean, Role="Champion", IsPrimary=True)
    return small


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("Email = null", ["Abe"]),
        ("Email != null", ["Baker", "Chiba"]),
        ("Email != 'b_1@birch.example'", ["Abe", "Chiba"]),
        ("Email = 'bx1@CEDAR.example'", ["Chiba"]),
        ("Email LIKE 'b_1@%'", ["Baker", "Chiba"]),
        (r"Email LIKE 'b\_1@%'", ["Baker"]),
        ("NOT Email LIKE 'b%'", ["Abe"]),
        ("(NOT Email LIKE 'b%') OR LastName = 'Chiba'", ["Abe", "Chiba"]),
        ("AnnualRevenue > 5", ["Baker"]),
        ("AnnualRevenue <= 5.0", ["Abe"]),
        ("AnnualRevenue < 1000", ["Abe", "Baker"]),
        ("Status IN ('New', 'Nurturing')", ["Abe", "Chiba"]),
        ("Status NOT IN ('New')", ["Baker"]),
        ("Rating NOT IN ('Cold')", ["Abe", "Baker", "Chiba"]),
        ("Rating IN ('Hot', null)", ["Abe", "Baker", "Chiba"]),
        ("IsConverted = false AND Rating = 'Hot'", ["Chiba"]),
        ("CreatedDate > 2026-11-20T09:30:15Z", ["Baker", "Chiba"]),
        ("CreatedDate = 2026-11-20T18:31:15.000+09:00", ["Baker"]),
        ("CreatedDate = TODAY", ["Abe", "Baker", "Chiba"]),
        ("CreatedDate < LAST_N_DAYS:3", []),
        ("Owner.Name = 'Integration User'", ["Abe", "Baker", "Chiba"]),
        ("Owner.Type = 'Queue'", []),
        ("OwnerId IN (SELECT Id FROM User WHERE IsActive = true)", ["Abe", "Baker", "Chiba"]),
        ("OwnerId NOT IN (SELECT Id FROM User)", []),
        ("l.LastName >= 'baker'", ["Baker", "Chiba"]),
    ],
)
def test_condition_finds_exactly_these(org: SmallOrg, where: str, names: list[str]) -> None:
    assert org.names(f"SELECT LastName FROM Lead l WHERE {where} ORDER BY LastName") == names


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("AnnualRevenue", ["Chiba", "Abe", "Baker"]),
        ("AnnualRevenue NULLS LAST", ["Abe", "Baker", "Chiba"]),
        ("AnnualRevenue DESC", ["Baker", "Abe", "Chiba"]),
        ("AnnualRevenue DESC NULLS FIRST", ["Chiba", "Baker", "Abe"]),
        ("CreatedDate DESC LIMIT 2", ["Chiba", "Baker"]),
        ("CreatedDate LIMIT 1 OFFSET 2", ["Chiba"]),
    ],
)
def test_order_puts_nulls_where_soql_does(org: SmallOrg, order: str, names: list[str]) -> None:
    assert org.names(f"SELECT LastName FROM Lead ORDER BY {order}") == names


def test_keyset_walks_over_equal_stamps_without_missing_or_repeating(org: SmallOrg) -> None:
    org.clock.adjust(advance_s=60)
    for number in range(7):
        org.create("Lead", LastName=f"Same {number}", Company="x")
    seen: list[str] = []
    after = ""
    while page := org.records(
        f"SELECT Id, SystemModstamp, LastName FROM Lead WHERE SystemModstamp >= 2026-01-01T00:00:00Z {after} "
        "ORDER BY SystemModstamp, Id LIMIT 3"
    ):
        seen += [record["LastName"] for record in page]
        stamp, last = page[-1]["SystemModstamp"], page[-1]["Id"]
        after = f"AND (SystemModstamp > {stamp} OR (SystemModstamp = {stamp} AND Id > '{last}'))"

    assert seen == ["Abe", "Baker", "Chiba", *(f"Same {number}" for number in range(7))]


def test_parent_fields_nest_and_an_empty_reference_is_null(org: SmallOrg) -> None:
    dean, ito = org.records("SELECT LastName, Account.Name, Account.Owner.IsActive FROM Contact ORDER BY LastName")

    assert dean["Account"]["attributes"]["type"] == "Account"
    assert dean["Account"]["Name"] == "Oak"
    assert dean["Account"]["Owner"]["IsActive"] is True
    assert ito["Account"] is None


def test_polymorphic_parent_tells_its_type(org: SmallOrg) -> None:
    lead = org.records("SELECT Id FROM Lead WHERE LastName = 'Abe'")[0]["Id"]
    org.create("Task", Subject="Call", WhoId=lead)

    (task,) = org.records("SELECT Who.Name, Who.Type, What.Name FROM Task")

    assert task["Who"] == {
        "attributes": {"type": "Name", "url": f"/services/data/v66.0/sobjects/Lead/{lead}"},
        "Name": "Abe",
        "Type": "Lead",
    }
    assert task["What"] is None


def test_children_come_as_a_result_of_their_own_and_none_is_null(org: SmallOrg) -> None:
    org.create("Opportunity", Name="Oak 2", StageName="Prospecting", CloseDate="2026-12-01")

    first, second = org.records(
        "SELECT Name, (SELECT Contact.LastName, Role FROM OpportunityContactRoles WHERE IsPrimary = true) FROM Opportunity ORDER BY Name"
    )

    assert first["OpportunityContactRoles"]["totalSize"] == 1
    assert first["OpportunityContactRoles"]["records"][0]["Role"] == "Champion"
    assert second["OpportunityContactRoles"] is None


def test_count_groups_and_aggregates(org: SmallOrg) -> None:
    assert org.total("SELECT COUNT() FROM Lead WHERE Email != null") == 2
    assert org.total("SELECT COUNT() FROM Lead LIMIT 1") == 1
    grouped = org.records("SELECT Status, COUNT(Id) n, MAX(AnnualRevenue) FROM Lead GROUP BY Status ORDER BY COUNT(Id) DESC")

    assert [(row["Status"], row["n"], row["expr0"]) for row in grouped] == [("New", 2, 5.0), ("Contacted", 1, 90.0)]
    assert grouped[0]["attributes"] == {"type": "AggregateResult"}


def test_having_keeps_only_the_groups_it_names(org: SmallOrg) -> None:
    grouped = org.records("SELECT Status FROM Lead GROUP BY Status HAVING COUNT(Id) > 1")

    assert [row["Status"] for row in grouped] == ["New"]


def test_deleted_rows_show_in_query_all_only(org: SmallOrg) -> None:
    org.delete("Lead", org.records("SELECT Id FROM Lead WHERE LastName = 'Abe'")[0]["Id"])

    assert org.names("SELECT LastName FROM Lead ORDER BY LastName") == ["Baker", "Chiba"]
    shown = org.records("SELECT LastName, IsDeleted FROM Lead WHERE IsDeleted = true", all_rows=True)
    assert [(row["LastName"], row["IsDeleted"]) for row in shown] == [("Abe", True)]


def test_closed_activities_older_than_a_year_are_archived(org: SmallOrg) -> None:
    old = (NOW - timedelta(days=370)).date().isoformat()
    org.create("Task", Subject="old and closed", Status="Completed", ActivityDate=old)
    org.create("Task", Subject="old and open", ActivityDate=old)
    org.create("Event", Subject="old meeting", ActivityDateTime=f"{old}T09:00:00Z", DurationInMinutes=30)

    assert [row["Subject"] for row in org.records("SELECT Subject FROM Task")] == ["old and open"]
    assert org.total("SELECT Id FROM Event") == 0
    everything = org.records("SELECT Subject, IsArchived FROM Task ORDER BY Subject", all_rows=True)
    assert [(row["Subject"], row["IsArchived"]) for row in everything] == [("old and closed", True), ("old and open", False)]


@pytest.mark.parametrize(
    ("soql", "code", "words"),
    [
        ("SELECT Nope__c FROM Lead", "INVALID_FIELD", "No such column 'Nope__c' on entity 'Lead'. If you are attempting"),
        ("SELECT Id FROM Nope", "INVALID_TYPE", "sObject type 'Nope' is not supported."),
        ("SELECT Id FROM Lead WHERE LastName = 5", "INVALID_FIELD", "field 'LastName' must be of type string and should be enclosed"),
        ("SELECT Id FROM Lead WHERE AnnualRevenue = '5'", "INVALID_FIELD", "must be of type currency and should not be enclosed"),
        ("SELECT Id FROM Lead WHERE CreatedDate > 2026-01-01", "INVALID_FIELD", "must be of type dateTime"),
        ("SELECT Id FROM Opportunity WHERE CloseDate > '2026-01-01'", "INVALID_FIELD", "must be of type date and"),
        ("SELECT Id FROM Lead WHERE IsConverted > false", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator on boolean field"),
        ("SELECT Id FROM Lead WHERE OwnerId = 'me'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: me"),
        ("SELECT Id FROM Lead WHERE Description = 'x'", "INVALID_FIELD", "'Description' can not be filtered in a query call"),
        ("SELECT Id FROM Lead ORDER BY Description", "INVALID_FIELD", "can not be sorted in a query call"),
        ("SELECT Id, id FROM Lead", "INVALID_FIELD", "duplicate field selected: Id"),
        ("SELECT Boss.Name FROM Lead", "INVALID_FIELD", "Didn't understand relationship 'Boss' in field path"),
        ("SELECT Id, (SELECT Id FROM Cousins) FROM Lead", "INVALID_TYPE", "Didn't understand relationship 'Cousins'"),
        ("SELECT Id FROM Lead OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000"),
        ("SELECT FIELDS(ALL) FROM Lead", "MALFORMED_QUERY", "must have a LIMIT of at most 200"),
        ("SELECT Status, COUNT(Id) FROM Lead", "MALFORMED_QUERY", "Field must be grouped or aggregated: Status"),
        ("SELECT Id FROM Lead WHERE COUNT(Id) = 5", "MALFORMED_QUERY", "Aggregate functions are not allowed in WHERE"),
        ("SELECT Id FROM CustomField", "INVALID_TYPE", "sObject type 'CustomField' is not supported."),
    ],
)
def test_query_that_does_not_fit_the_org_is_refused_in_the_apis_words(org: SmallOrg, soql: str, code: str, words: str) -> None:
    with pytest.raises(ApiRefusal) as refusal:
        org.records(soql)

    assert (refusal.value.status, refusal.value.code) == (400, code)
    assert words in refusal.value.message


def test_refusal_points_at_the_column(org: SmallOrg) -> None:
    with pytest.raises(ApiRefusal) as refusal:
        org.records("SELECT Id, Nope__c FROM Lead")

    assert refusal.value.message.startswith("\nSELECT Id, Nope__c FROM Lead\n           ^\nERROR at Row:1:Column:12\n")


def test_row_held_back_is_not_seen_by_a_window_until_its_time(org: SmallOrg) -> None:
    window = "SELECT LastName FROM Lead WHERE SystemModstamp >= 2026-01-01T00:00:00Z AND LastName = 'Late'"
    org.control.set_lag(seconds=120)
    late = org.create("Lead", LastName="Late", Company="x")

    assert org.names(window) == []
    org.clock.adjust(advance_s=120)
    assert org.names(window) == ["Late"]
    assert org.raw("Lead", late)["SystemModstamp"] == "2026-11-20T09:32:15.000+0000"
