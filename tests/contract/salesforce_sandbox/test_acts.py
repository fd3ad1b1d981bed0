"""What people and Salesforce itself do beyond editing, in the sandbox, and what its Outbound Messages tell of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import requests
from simple_salesforce.exceptions import SalesforceError

from tests.support.push_receiver import Receiver
from tests.support.salesforce_pushes import act, all_rows, flush, leads, message
from tests.support.served_salesforce import NOW, Served, error_of, new_lead

pytestmark = pytest.mark.usefixtures("standing_clock")


def test_deleting_is_not_told_and_a_lead_comes_back_with_its_tasks(served: Served, listener: Receiver) -> None:
    lead = new_lead(served)
    task = served.client.Task.create({"WhoId": lead, "Subject": "Call", "Status": "Not Started", "Priority": "Normal"})["id"]
    message(served, listener)

    act(served, act="delete", source="Lead", record=lead)
    binned = served.client.query(f"SELECT Id FROM Task WHERE Id = '{task}'")["totalSize"]
    act(served, act="undelete", source="Lead", record=lead)
    flush(served)

    assert (binned, listener.received) == (0, [])
    assert served.client.query(f"SELECT Id FROM Task WHERE Id = '{task}'")["totalSize"] == 1
    assert [one["IsDeleted"] for one in all_rows(served, lead)] == [False]


def test_a_merge_tells_of_the_winner_and_the_loser_can_come_back_by_itself(served: Served, listener: Receiver) -> None:
    winner, loser = new_lead(served), new_lead(served, Email="b@example.com")
    message(served, listener, when="field_changes")

    act(served, act="merge", source="Lead", winner=winner, losers=[loser])
    flush(served)
    lost = all_rows(served, loser)
    act(served, act="undelete", source="Lead", record=loser)

    assert [record for _, record in leads(listener)] == [winner]
    assert [(one["IsDeleted"], one["MasterRecordId"]) for one in lost] == [(True, winner)]
    assert [(one["IsDeleted"], one["MasterRecordId"]) for one in all_rows(served, loser)] == [(False, None)]


def test_an_erased_lead_is_gone_from_query_all_but_listed_as_deleted_and_its_id_never_comes_again(served: Served) -> None:
    lead = new_lead(served)

    act(served, act="erase", source="Lead", record=lead)
    served.control("PUT", "clock", {"advance_s": 60})
    start, end = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
    listed = served.client.Lead.deleted(start, end)["deletedRecords"]

    assert all_rows(served, lead) == []
    assert [one["id"] for one in listed] == [lead]
    assert new_lead(served) != lead


def test_a_workflow_rewrites_a_field_in_the_same_save_and_is_no_api_write(served: Served) -> None:
    served.control("POST", "workflows", {"source": "Lead", "when_field": "Rating", "set": {"Rating": "Cold"}})
    lead = new_lead(served)

    served.client.Lead.update(lead, {"Rating": "Hot"})

    found = served.client.Lead.get(lead)
    writes = served.control("GET", "counters")["writes"]
    assert found["Rating"] == "Cold"
    assert found["LastModifiedById"] == found["CreatedById"]
    assert writes[f"Lead/{lead}/Rating"] == 1
    assert served.control("GET", "workflows")["fired"] == 1


def test_an_import_finds_people_by_address(served: Served) -> None:
    known = new_lead(served, Email="a@example.com")

    rows = [{"Email": "A@example.com", "Title": "Buyer"}, {"Email": "b@example.com", "LastName": "B", "Company": "Oak"}]
    ids = act(served, act="import", source="Lead", rows=rows)["ids"]

    assert ids[0] == known
    assert served.client.Lead.get(known)["Title"] == "Buyer"
    assert served.client.query("SELECT COUNT() FROM Lead")["totalSize"] == 2


def test_the_daily_limit_can_be_set_low(served: Served) -> None:
    served.control("PUT", "limits", {"daily": 3, "used": 2})

    served.client.query("SELECT Id FROM Lead")
    with pytest.raises(SalesforceError) as refused:
        served.client.query("SELECT Id FROM Lead")

    assert error_of(refused) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert served.control("GET", "limits") == {"daily": 3, "used": 3}


def test_an_act_the_org_does_not_know_is_refused(served: Served) -> None:
    answer = requests.post(f"{served.url}/_sandbox/acts", json={"act": "convert", "source": "Contact", "record": "x"}, timeout=5)

    assert (answer.status_code, "only a Lead" in answer.text) == (400, True)
