"""The Salesforce sandbox through the unchanged simple-salesforce: queries, cursors, describe, changes, bulk reads, pages."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta

import pytest
import requests
from simple_salesforce.exceptions import (
    SalesforceMalformedRequest,
)

from tests.support.served_salesforce import (
    NOW,
    Served,
    error_of,
    new_lead,
    serve_org,
)


@pytest.fixture(scope="module")
def crowded() -> Iterator[Served]:
    """An org of 900 seeded people and 4,500 more leads with one equal stamp; only read from."""
    for made in serve_org(people=900):
        rows = [{"attributes": {"type": "Lead"}, "LastName": f"Lead {n}", "Company": "Equal"} for n in range(4500)]
        made.org.control.clock.adjust(frozen=True)
        for start in range(0, len(rows), 200):
            body = {"records": rows[start : start + 200]}
            assert all(one["success"] for one in made.client.restful("composite/sobjects", method="POST", json=body))
        made.org.control.clock.adjust(frozen=False)
        yield made


def test_query_pages_through_everything_once(crowded: Served) -> None:
    soql = "SELECT Id, LastName FROM Lead WHERE Company = 'Equal' ORDER BY SystemModstamp, Id"
    first = crowded.client.query(soql)

    assert (first["totalSize"], first["done"], len(first["records"])) == (4500, False, 2000)
    assert first["nextRecordsUrl"].startswith("/services/data/v66.0/query/01g")
    assert first["nextRecordsUrl"].endswith("-2000")
    ids = [record["Id"] for record in crowded.client.query_all_iter(soql)]
    assert len(ids) == len(set(ids)) == 4500
    assert ids == sorted(ids)


def test_batch_size_is_asked_for_by_header(crowded: Served) -> None:
    headers = {"Sforce-Query-Options": "batchSize=250"}

    page = crowded.client.restful("query", params={"q": "SELECT Id FROM Lead"}, headers=headers)

    assert len(page["records"]) == 250
    assert page["nextRecordsUrl"].endswith("-250")


def test_unknown_cursor_is_refused(crowded: Served) -> None:
    with pytest.raises(SalesforceMalformedRequest) as failure:
        crowded.client.query_more("01gHs0000000999IAA-2000")

    assert error_of(failure) == (400, "INVALID_QUERY_LOCATOR")


def test_describe_tells_types_limits_and_permissions(served: Served) -> None:
    fields = {field["name"]: field for field in served.client.Lead.describe()["fields"]}

    assert (fields["Email"]["type"], fields["Email"]["length"], fields["Email"]["updateable"]) == ("email", 80, True)
    assert fields["SystemModstamp"]["updateable"] is False
    assert fields["Description"]["filterable"] is False
    assert fields["OwnerId"]["referenceTo"] == ["Group", "User"]
    assert [value["value"] for value in fields["Status"]["picklistValues"]] == ["New", "Contacted", "Nurturing", "Qualified", "Unqualified"]
    assert fields["LastName"]["nillable"] is False
    assert not [name for name in fields if name.startswith("Hotlead")]


def test_record_answers_by_short_and_long_id_with_nulls_present(served: Served) -> None:
    lead = new_lead(served)

    read = served.client.Lead.get(lead[:15])

    assert read["Id"] == lead
    assert read["Email"] is None
    assert served.client.Lead.get(lead, params={"fields": "Status"}).keys() == {"attributes", "Status", "Id"}


def test_deleted_and_updated_list_the_changes_of_a_window(served: Served) -> None:
    kept, gone = new_lead(served), new_lead(served)
    served.client.Lead.delete(gone)
    served.control("PUT", "clock", {"advance_s": 5})
    start, end = NOW - timedelta(days=1), NOW + timedelta(days=1)

    deleted, updated = served.client.Lead.deleted(start, end), served.client.Lead.updated(start, end)

    assert [one["id"] for one in deleted["deletedRecords"]] == [gone]
    assert updated["ids"] == [kept]
    assert deleted["latestDateCovered"] < "2026-11-20T09:01"
    with pytest.raises(SalesforceMalformedRequest) as failure:
        served.client.Lead.deleted(NOW - timedelta(days=16), end)
    assert error_of(failure) == (400, "INVALID_REPLICATION_DATE")


def test_bulk_query_job_gives_csv_pages(crowded: Served) -> None:
    pages = list(crowded.client.bulk2.Lead.query("SELECT Id, IsConverted, Email, Owner.Name FROM Lead", max_records=3000, wait=0.01))

    rows = [row for page in pages for row in csv.DictReader(io.StringIO(page))]
    total = crowded.client.query("SELECT COUNT() FROM Lead")["totalSize"]
    assert len(pages) == -(-total // 3000)
    assert len({row["Id"] for row in rows}) == total
    assert set(rows[0]) == {"Id", "IsConverted", "Email", "Owner.Name"}
    assert {row["IsConverted"] for row in rows} == {"true", "false"}


def test_campaign_members_tell_whom_they_mean(served: Served) -> None:
    lead = new_lead(served)
    campaign = served.client.Campaign.create({"Name": "Expo"})["id"]
    member = served.client.CampaignMember.create({"CampaignId": campaign, "LeadId": lead, "Status": "Attended"})["id"]

    (found,) = served.client.query("SELECT LeadOrContactId, LeadOrContact.Name, Type, HasResponded FROM CampaignMember")["records"]

    assert (found["LeadOrContactId"], found["LeadOrContact"]["Name"], found["Type"]) == (lead, "Abe", "Lead")
    assert served.client.CampaignMember.get(member)["LeadOrContactId"] == lead


def test_collection_read_gives_records_in_the_order_of_the_ids_and_null_for_none(served: Served) -> None:
    one, gone, two = new_lead(served), new_lead(served), new_lead(served)
    served.client.Lead.delete(gone)
    body = {"ids": [two, gone, one[:15]], "fields": ["Id", "LastName"]}

    found = served.client.restful("composite/sobjects/Lead", method="POST", json=body)

    assert [record and record["Id"] for record in found] == [two, None, one]


def test_touched_rows_share_one_stamp(crowded: Served) -> None:
    touched = crowded.control("POST", "bulk_touch", {"source": "Contact", "count": 150, "at": "2026-11-20T08:59:00+00:00"})

    found = crowded.client.query("SELECT COUNT() FROM Contact WHERE SystemModstamp = 2026-11-20T08:59:00Z")

    assert touched["touched"] == 150
    assert found["totalSize"] >= 150


def test_pages_show_people_and_a_record(crowded: Served) -> None:
    (lead,) = crowded.client.query("SELECT Id, Name, Company FROM Lead WHERE IsConverted = false ORDER BY Name DESC LIMIT 1")["records"]

    listed = requests.get(f"{crowded.url}/", params={"q": lead["Name"]}, timeout=10)
    page = requests.get(f"{crowded.url}/record/Lead/{lead['Id']}", timeout=10)

    assert listed.status_code == page.status_code == 200
    assert f"/record/Lead/{lead['Id']}" in listed.text
    assert lead["Company"].replace("&", "&amp;") in page.text
