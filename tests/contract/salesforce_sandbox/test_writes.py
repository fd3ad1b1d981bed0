"""The Salesforce sandbox through the unchanged simple-salesforce: collections, upserts, composite, bulk writes, refusals."""

from __future__ import annotations

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from simple_salesforce.exceptions import (
    SalesforceMalformedRequest,
    SalesforceResourceNotFound,
)

from tests.support.served_salesforce import (
    Served,
    error_of,
    install_key,
    new_lead,
)


def test_collection_gives_each_row_its_own_result_in_order(served: Served) -> None:
    good, gone = new_lead(served), new_lead(served)
    served.client.Lead.delete(gone)
    rows = [
        {"attributes": {"type": "Lead"}, "Id": good, "Rating": "Hot"},
        {"attributes": {"type": "Lead"}, "Id": good, "LastName": "x" * 81},
        {"attributes": {"type": "Lead"}, "Id": gone, "Rating": "Hot"},
        {"attributes": {"type": "Lead"}, "id": good[:15], "Title": "CTO"},
    ]

    done = served.client.restful("composite/sobjects", method="PATCH", json={"allOrNone": False, "records": rows})

    assert [one["success"] for one in done] == [True, False, False, True]
    assert [one["errors"][0]["statusCode"] for one in done if not one["success"]] == ["STRING_TOO_LONG", "ENTITY_IS_DELETED"]
    assert done[1]["errors"][0]["fields"] == ["LastName"]
    read = served.client.Lead.get(good)
    assert (read["Rating"], read["Title"], read["LastName"]) == ("Hot", "CTO", "Abe")


def test_all_or_none_takes_everything_back(served: Served) -> None:
    rows = [{"attributes": {"type": "Lead"}, "LastName": "A", "Company": "x"}, {"attributes": {"type": "Lead"}, "LastName": "B"}]

    done = served.client.restful("composite/sobjects", method="POST", json={"allOrNone": True, "records": rows})

    assert [one["errors"][0]["statusCode"] for one in done] == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert served.client.query("SELECT COUNT() FROM Lead")["totalSize"] == 0


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([{"attributes": {"type": "Lead"}, "LastName": "A", "Company": "x"}] * 201, "EXCEEDED_ID_LIMIT"),
        ([{"attributes": {"type": name}, "LastName": "A"} for _ in range(6) for name in ("Lead", "Contact")], "LIMIT_EXCEEDED"),
        ([{"attributes": {"type": "Lead"}, "LastName": "A", "Company": "x", "Nope__c": 1}], "INVALID_FIELD"),
        ([{"attributes": {"type": "Nope"}, "LastName": "A"}], "INVALID_TYPE"),
    ],
)
def test_collection_that_is_not_well_formed_fails_whole(served: Served, rows: list[dict[str, Any]], code: str) -> None:
    with pytest.raises(SalesforceMalformedRequest) as failure:
        served.client.restful("composite/sobjects", method="POST", json={"records": rows})

    assert error_of(failure) == (400, code)
    assert served.client.query("SELECT COUNT() FROM Lead")["totalSize"] == 0


def test_task_upserted_twice_by_its_key_is_one_task(served: Served) -> None:
    install_key(served)
    lead = new_lead(served)
    body = {"records": [{"attributes": {"type": "Task"}, "Key__c": "k-1", "WhoId": lead, "Subject": "Call Abe"}]}

    done = [served.client.restful("composite/sobjects/Task/Key__c", method="PATCH", json=body)[0] for _ in range(2)]

    assert [one["created"] for one in done] == [True, False]
    assert done[0]["id"] == done[1]["id"]
    assert served.client.query("SELECT COUNT() FROM Task")["totalSize"] == 1


def test_upsert_survives_a_connection_cut_after_the_effect(served: Served) -> None:
    install_key(served)
    served.control("POST", "faults", {"path": "*/composite/sobjects/Task/*", "fault": "reset_after", "calls": [1]})
    body = {"records": [{"attributes": {"type": "Task"}, "Key__c": "k-1", "Subject": "Call"}]}

    with pytest.raises(requests.ConnectionError):
        served.client.restful("composite/sobjects/Task/Key__c", method="PATCH", json=body)
    again = served.client.restful("composite/sobjects/Task/Key__c", method="PATCH", json=body)

    assert again[0]["created"] is False


def test_same_key_twice_in_one_call_is_refused_and_a_taken_key_too(served: Served) -> None:
    install_key(served)
    rows = [{"attributes": {"type": "Task"}, "Key__c": "K-1", "Subject": "x"}, {"attributes": {"type": "Task"}, "Key__c": "k-1"}]

    done = served.client.restful("composite/sobjects/Task/Key__c", method="PATCH", json={"records": rows})
    served.client.Task.create({"Key__c": "k-2"})

    assert [one["errors"][0]["statusCode"] for one in done] == ["DUPLICATE_VALUE", "DUPLICATE_VALUE"]
    with pytest.raises(SalesforceMalformedRequest) as failure:
        served.client.Task.create({"Key__c": "K-2"})
    assert error_of(failure) == (400, "DUPLICATE_VALUE")


def test_single_upsert_says_created_then_not(served: Served) -> None:
    install_key(served)

    first = served.client.restful("sobjects/Task/Key__c/a%2Fb", method="PATCH", json={"Subject": "x"})
    second = served.client.restful("sobjects/Task/Key__c/a%2Fb", method="PATCH", json={"Subject": "y"})

    assert (first["created"], second["created"]) == (True, False)
    assert served.client.Task.get_by_custom_id("Key__c", "a/b")["Subject"] == "y"
    with pytest.raises(SalesforceResourceNotFound) as failure:
        served.client.restful("sobjects/Task/Subject/x", method="PATCH", json={})
    assert error_of(failure) == (404, "NOT_FOUND")


def test_bulk_job_writes_what_it_can_and_reports_the_rest(served: Served) -> None:
    good = new_lead(served, Rating="Hot", Title="CTO")
    rows = [
        {"Id": good, "Rating": "#N/A", "Title": "", "Email": "abe@oak.example"},
        {"Id": good, "Rating": "", "Title": "x" * 129, "Email": ""},
    ]

    (done,) = served.client.bulk2.Lead.update(records=rows, wait=0.01)

    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (2, 1)
    failed = list(csv.DictReader(io.StringIO(served.client.bulk2.Lead.get_failed_records(done["job_id"]))))
    assert failed[0]["sf__Error"].startswith("STRING_TOO_LONG:")
    read = served.client.Lead.get(good)
    assert (read["Rating"], read["Title"], read["Email"]) == (None, "CTO", "abe@oak.example")


def test_many_threads_lose_no_write(served: Served) -> None:
    lead = new_lead(served)
    bearer = {"Authorization": f"Bearer {served.client.session_id}"}

    def log_calls(worker: int) -> int:
        with requests.Session() as session:
            answers = [
                session.post(
                    f"{served.url}/services/data/v66.0/sobjects/Task",
                    json={"WhoId": lead, "Subject": f"Call {worker}-{n}"},
                    headers=bearer,
                    timeout=10,
                ).status_code
                for n in range(20)
            ]
        return answers.count(201)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(log_calls, range(8))) == 160

    found = served.client.query_all("SELECT Id FROM Task")
    assert len({record["Id"] for record in found["records"]}) == 160


def test_rows_refused_on_demand_are_reported_with_their_error(served: Served) -> None:
    one, two = new_lead(served), new_lead(served)
    refusal = {"error": "UNABLE_TO_LOCK_ROW", "message": "unable to obtain exclusive access to this record", "ids": [two]}
    served.control("POST", "faults", {"path": "*/composite/sobjects*", "fault": "rows", "times": 1, "rows": refusal})
    rows = [{"attributes": {"type": "Lead"}, "Id": lead, "Rating": "Hot"} for lead in (one, two)]

    done = [served.client.restful("composite/sobjects", method="PATCH", json={"records": rows}) for _ in range(2)]

    assert [[row["success"] for row in call] for call in done] == [[True, False], [True, True]]
    assert done[0][1]["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"
    assert served.control("GET", "counters")["writes"][f"Lead/{one}/Rating"] == 2
    assert served.control("GET", "counters")["writes"][f"Lead/{two}/Rating"] == 1


def test_composite_runs_calls_in_order_and_counts_as_one(served: Served) -> None:
    before = served.client.limits()["DailyApiRequests"]["Remaining"]
    base = "/services/data/v66.0/sobjects"
    body = {
        "allOrNone": True,
        "compositeRequest": [
            {"method": "POST", "url": f"{base}/Account", "referenceId": "oak", "body": {"Name": "Oak"}},
            {"method": "POST", "url": f"{base}/Contact", "referenceId": "abe", "body": {"LastName": "Abe", "AccountId": "@{oak.id}"}},
        ],
    }

    done = served.client.restful("composite", method="POST", json=body)["compositeResponse"]

    assert [one["httpStatusCode"] for one in done] == [201, 201]
    assert served.client.Contact.get(done[1]["body"]["id"])["AccountId"] == done[0]["body"]["id"]
    assert before - served.client.limits()["DailyApiRequests"]["Remaining"] == 3

    body["compositeRequest"][1]["body"] = {}  # type: ignore[index]  # a contact without a name
    failed = served.client.restful("composite", method="POST", json=body)["compositeResponse"]
    assert [one["body"][0]["errorCode"] for one in failed] == ["PROCESSING_HALTED", "REQUIRED_FIELD_MISSING"]
    assert served.client.query("SELECT COUNT() FROM Account")["totalSize"] == 1


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "composite", {"compositeRequest": [None]}),
        ("POST", "composite/sobjects", {"records": [1]}),
        ("POST", "composite/sobjects/Lead", {"ids": [None], "fields": ["Id"]}),
        ("POST", "sobjects/Lead", [1]),
        ("POST", "sobjects/Lead", {"LastName": {"a": 1}, "Company": "x"}),
        ("POST", "jobs/query", {"operation": "query", "query": 5}),
        ("POST", "tooling/sobjects/CustomField", {"FullName": 5}),
        ("POST", "metadata/deployRequest", {}),
    ],
)
def test_nonsense_is_a_400_with_an_error_body(served: Served, method: str, path: str, body: Any) -> None:
    with pytest.raises(SalesforceMalformedRequest) as failure:
        served.client.restful(path, method=method, json=body)

    assert failure.value.status == 400
    error: Any = failure.value.content[0]
    assert set(error) >= {"errorCode", "message"}


def test_record_that_never_was_is_404_alone_and_a_row_error_in_a_collection(served: Served) -> None:
    never = "00QHs0000000zzzMAA"
    with pytest.raises(SalesforceResourceNotFound) as failure:
        served.client.Lead.update(never, {"Rating": "Hot"})
    rows = [{"attributes": {"type": "Lead"}, "Id": never, "Rating": "Hot"}]

    (done,) = served.client.restful("composite/sobjects", method="PATCH", json={"records": rows})

    assert failure.value.status == 404
    assert done["errors"][0]["statusCode"] == "INVALID_CROSS_REFERENCE_KEY"
