"""The Salesforce sandbox sends Outbound Messages: the documented envelope, taken only when acknowledged, tried again for a day."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest
import requests
from simple_salesforce.exceptions import SalesforceError

from adapters.salesforce.sandbox.org import ORG_ID
from adapters.salesforce.sandbox.seed_setup import API_USERNAME
from tests.support.push_receiver import Received, Receiver, receiving
from tests.support.served_salesforce import NOW, Served, deploy, error_of, new_lead, serve_org

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
OUT = "{http://soap.sforce.com/2005/09/outbound}"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
SF = "{urn:sobject.enterprise.soap.sforce.com}"
ACK = (
    b'<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    b'<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse>'
    b"</soapenv:Body></soapenv:Envelope>"
)


@pytest.fixture
def served() -> Iterator[Served]:
    """An empty org whose clock stands still."""
    for one in serve_org():
        one.control("PUT", "clock", {"frozen": True, "now": NOW.isoformat()})
        yield one


@pytest.fixture
def listener() -> Iterator[Receiver]:
    """A receiver that acknowledges."""
    with receiving() as receiver:
        receiver.status, receiver.body = 200, ACK
        yield receiver


def message(served: Served, listener: Receiver, **settings: Any) -> int:
    """The number of a new outbound message about leads."""
    body = {
        "target": f"{listener.url}/hooks/sf/secret",
        "object": "Lead",
        "fields": ["Email", "LastName", "HasOptedOutOfEmail"],
        **settings,
    }
    return int(served.control("POST", "pushes", body)["number"])


def flush(served: Served, advance_s: float = 0) -> dict[str, Any]:
    """The list of subscribers, once everything due after so many seconds was answered."""
    served.control("PUT", "clock", {"advance_s": advance_s})
    return dict(served.control("POST", "pushes/flush"))


def notifications(one: Received) -> ElementTree.Element:
    """The notifications element of an envelope."""
    (body,) = ElementTree.fromstring(one.body).findall(f"{SOAP}Body")
    (found,) = body.findall(f"{OUT}notifications")
    return found


def leads(listener: Receiver) -> list[tuple[str, str]]:
    """(notification id, record id) of everything sent so far."""
    return [
        (str(one.findtext(f"{OUT}Id")), str(one.findtext(f"{OUT}sObject/{SF}Id")))
        for received in listener.received
        for one in notifications(received).findall(f"{OUT}Notification")
    ]


def test_a_saved_lead_is_told_in_the_documented_envelope(served: Served, listener: Receiver) -> None:
    message(served, listener)

    lead = new_lead(served, Email="abe@example.com", Title="課長 <i>")
    flush(served)

    (request,) = listener.received
    found = notifications(request)
    assert [child.tag.removeprefix(OUT) for child in found] == [
        "OrganizationId", "ActionId", "SessionId", "EnterpriseUrl", "PartnerUrl", "Notification"
    ]  # fmt: skip
    assert found.findtext(f"{OUT}OrganizationId") == ORG_ID
    assert str(found.findtext(f"{OUT}ActionId")).startswith("04k")
    session = found.find(f"{OUT}SessionId")
    assert session is not None and (session.get(f"{XSI}nil"), session.text) == ("true", None)
    sobject = found.find(f"{OUT}Notification/{OUT}sObject")
    assert sobject is not None and sobject.get(f"{XSI}type") == "sf:Lead"
    assert b'xmlns:sf="urn:sobject.enterprise.soap.sforce.com"' in request.body
    assert [(one.tag.removeprefix(SF), one.text) for one in sobject] == [
        ("Id", lead), ("Email", "abe@example.com"), ("HasOptedOutOfEmail", "false"), ("LastName", "Abe")
    ]  # fmt: skip
    assert request.headers["content-type"] == "text/xml; charset=utf-8"
    assert request.path == "/hooks/sf/secret"


def test_the_session_id_is_there_only_when_asked_for(served: Served, listener: Receiver) -> None:
    message(served, listener, include_session_id=True)

    new_lead(served)
    flush(served)

    assert str(notifications(listener.received[0]).findtext(f"{OUT}SessionId")).startswith(ORG_ID[:15] + "!")


def test_the_body_is_the_record_as_it_is_when_it_is_sent(served: Served, listener: Receiver) -> None:
    message(served, listener, mischief={"delay_s": 60})
    lead = new_lead(served, Email="old@example.com")
    gone = new_lead(served, Email="gone@example.com")

    served.client.Lead.update(lead, {"Email": "new@example.com"})
    served.client.Lead.delete(gone)
    before = flush(served)
    flush(served, advance_s=61)

    found = notifications(listener.received[0]).findall(f"{OUT}Notification/{OUT}sObject")
    assert before["waiting"] == 3
    assert [one.findtext(f"{SF}Email") for one in found] == ["new@example.com", "new@example.com"]
    assert {record for _, record in leads(listener)} == {lead}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        pytest.param(200, b"", id="empty 200"),
        pytest.param(200, ACK.replace(b"true", b"false"), id="Ack false"),
        pytest.param(500, ACK, id="500 with Ack"),
        pytest.param(200, b"<html>Log in</html>", id="a login page"),
    ],
)
def test_anything_but_an_acknowledged_200_is_tried_again_with_the_same_notification_id(
    served: Served, listener: Receiver, status: int, body: bytes
) -> None:
    message(served, listener)
    listener.status, listener.body = status, body

    new_lead(served)
    refused = flush(served)
    listener.status, listener.body = 200, ACK
    done = flush(served, advance_s=16)

    assert (refused["subscribers"][0]["failed"], refused["waiting"]) == (1, 1)
    assert (done["subscribers"][0]["delivered"], done["waiting"]) == (1, 0)
    first, again = leads(listener)
    assert first == again


def test_retries_grow_to_two_hours_apart_and_end_after_a_day(served: Served, listener: Receiver) -> None:
    message(served, listener)
    listener.status = 503

    new_lead(served)
    listed = flush(served)
    due = [NOW]
    while listed["next_due"] and len(due) < 50:
        due.append(datetime.fromisoformat(listed["next_due"]))
        served.control("PUT", "clock", {"now": listed["next_due"]})
        listed = flush(served)

    gaps = [later - earlier for earlier, later in pairwise(due)]
    assert gaps == sorted(gaps)
    assert (gaps[0], gaps[-1]) == (timedelta(seconds=15), timedelta(hours=2))
    assert timedelta(hours=20) < due[-1] - NOW <= timedelta(hours=24)
    assert (listed["subscribers"][0]["dropped"], len(listener.received)) == (1, len(due))


def test_a_message_carries_at_most_a_hundred_notifications(served: Served, listener: Receiver) -> None:
    message(served, listener)

    rows = [{"attributes": {"type": "Lead"}, "LastName": f"L{n}", "Company": "Oak"} for n in range(150)]
    served.client.restful("composite/sobjects", method="POST", json={"records": rows})
    flush(served)

    sizes = [len(notifications(one).findall(f"{OUT}Notification")) for one in listener.received]
    assert sorted(sizes) == [50, 100]
    assert len({record for _, record in leads(listener)}) == 150


def test_the_rule_says_which_saves_are_told(served: Served, listener: Receiver) -> None:
    message(served, listener, when="field_changes", fields=["Email"])
    lead = new_lead(served, Email="a@example.com")
    flush(served)

    served.client.Lead.update(lead, {"Title": "Buyer"})
    title = flush(served)["subscribers"][0]["letters"]
    served.control("PATCH", f"records/Lead/{lead}", {"Email": "b@example.com"})
    email = flush(served)["subscribers"][0]["letters"]

    assert (title, email) == (1, 2)


def test_saves_of_one_user_can_be_left_out(served: Served, listener: Receiver) -> None:
    message(served, listener, except_user=API_USERNAME)

    new_lead(served)
    person = served.control("POST", "records/Lead", {"LastName": "Sato", "Company": "Oak"})["id"]
    flush(served)

    assert [record for _, record in leads(listener)] == [person]


def test_rows_taken_back_are_not_told(served: Served, listener: Receiver) -> None:
    message(served, listener)

    rows = [{"attributes": {"type": "Lead"}, "LastName": "A", "Company": "Oak"}, {"attributes": {"type": "Lead"}, "LastName": "B"}]
    some = served.client.restful("composite/sobjects", method="POST", json={"records": rows})
    none = served.client.restful("composite/sobjects", method="POST", json={"allOrNone": True, "records": rows})
    flush(served)

    assert [one["success"] for one in (*some, *none)] == [True, False, False, False]
    assert [record for _, record in leads(listener)] == [some[0]["id"]]


def test_a_conversion_tells_of_the_lead_and_of_its_contact(served: Served, listener: Receiver) -> None:
    lead = new_lead(served, Email="a@example.com")
    message(served, listener)
    message(served, listener, object="Contact", fields=["Email"])

    made = served.control("POST", "convert", {"lead": lead})
    flush(served)

    assert {record for _, record in leads(listener)} == {lead, made["contact"]}


def act(served: Served, **asked: Any) -> dict[str, Any]:
    """What a person's act gives."""
    return dict(served.control("POST", "acts", asked))


def all_rows(served: Served, record: str) -> list[dict[str, Any]]:
    """What queryAll knows of a lead."""
    return list(
        served.client.query_all(f"SELECT Id, IsDeleted, MasterRecordId FROM Lead WHERE Id = '{record}'", include_deleted=True)["records"]
    )


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


METADATA = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
MANIFEST = (
    "<types><members>*</members><name>WorkflowOutboundMessage</name></types><types><members>*</members><name>WorkflowRule</name></types>"
    "<types><members>Lead</members><name>Workflow</name></types><types><members>*</members><name>Flow</name></types>"
)


def workflow(*, url: str, fields: str = "<fields>Email</fields><fields>Id</fields>", formula: str = "true", active: str = "true") -> str:
    """A workflow file of Lead: one outbound message and the rule that sends it."""
    return (
        f"<Workflow {METADATA}><outboundMessages><fullName>Told</fullName><apiVersion>66.0</apiVersion>"
        f"<endpointUrl>{url}</endpointUrl>{fields}<includeSessionId>false</includeSessionId><integrationUser>a@b.example</integrationUser>"
        "<name>Told</name><protected>false</protected><useDeadLetterQueue>false</useDeadLetterQueue></outboundMessages>"
        f"<rules><fullName>Tell</fullName><actions><name>Told</name><type>OutboundMessage</type></actions><active>{active}</active>"
        f"<formula>{formula}</formula><triggerType>onAllChanges</triggerType></rules></Workflow>"
    )


def zipped(files: dict[str, str], manifest: str = MANIFEST) -> bytes:
    """A package of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("package.xml", f"<Package {METADATA}>{manifest}<version>66.0</version></Package>")
        for name, text in files.items():
            archive.writestr(name, text)
    return out.getvalue()


def test_a_deployed_rule_sends_its_message_through_the_proxy_of_the_public_address(served: Served, listener: Receiver) -> None:
    public = "https://leads.example.com/hooks/sf/secret"

    done = deploy(served, zipped({"workflows/Lead.workflow": workflow(url=public, formula="OR(ISNEW(), ISCHANGED(Email))")}))
    lead = new_lead(served, Email="a@example.com")
    unreached = flush(served)
    served.control("PUT", "pushes/proxies", {"https://leads.example.com": listener.url})
    served.client.Lead.update(lead, {"Title": "Buyer"})
    reached = flush(served, advance_s=16)

    assert done["success"], done["details"]["componentFailures"]
    assert {one["fullName"] for one in done["details"]["componentSuccesses"]} == {"Lead.Told", "Lead.Tell"}
    assert unreached["subscribers"][0]["failed"] == 1
    assert (reached["subscribers"][0]["delivered"], reached["waiting"]) == (1, 0)
    assert (listener.received[0].path, listener.received[0].headers["host"]) == ("/hooks/sf/secret", "leads.example.com")
    assert [record for _, record in leads(listener)] == [lead]


def test_a_deploy_that_fails_or_only_checks_or_is_switched_off_sends_nothing(served: Served, listener: Receiver) -> None:
    good = workflow(url=listener.url)

    wrong = deploy(served, zipped({"workflows/Lead.workflow": workflow(url=listener.url, fields="<fields>Nope__c</fields>")}))
    checked = deploy(served, zipped({"workflows/Lead.workflow": good}), checkOnly=True)
    off = deploy(served, zipped({"workflows/Lead.workflow": workflow(url=listener.url, active="false")}))
    new_lead(served)
    silent = flush(served)["subscribers"]
    deploy(served, zipped({"workflows/Lead.workflow": good}))
    new_lead(served)
    flush(served)

    assert [one["success"] for one in (wrong, checked, off)] == [False, True, True]
    assert "Lead.Nope__c" in wrong["details"]["componentFailures"][0]["problem"]
    assert (silent, len(leads(listener))) == ([], 1)


def test_a_deployed_flow_sends_its_message_when_its_fields_change_until_it_is_removed(served: Served, listener: Receiver) -> None:
    message_only = workflow(url=listener.url, active="false")
    flow = (
        f"<Flow {METADATA}><actionCalls><name>Send</name><actionName>Lead.Told</actionName>"
        "<actionType>outboundMessage</actionType></actionCalls>"
        "<processType>AutoLaunchedFlow</processType><start><connector><targetReference>Send</targetReference></connector><filterLogic>or</filterLogic>"
        "<filters><field>Email</field><operator>IsChanged</operator><value><booleanValue>true</booleanValue></value></filters>"
        "<object>Lead</object><recordTriggerType>CreateAndUpdate</recordTriggerType><triggerType>RecordAfterSave</triggerType></start>"
        "<status>Active</status></Flow>"
    )
    wrong = flow.replace("<filterLogic>", "<filterFormula>{!$Record.Email} = 1</filterFormula><filterLogic>")
    refused = deploy(served, zipped({"workflows/Lead.workflow": message_only, "flows/Tell_Lead.flow": wrong}))
    done = deploy(served, zipped({"workflows/Lead.workflow": message_only, "flows/Tell_Lead.flow": flow}))
    lead = new_lead(served)

    served.client.Lead.update(lead, {"Title": "Buyer"})
    served.client.Lead.update(lead, {"Email": "a@example.com"})
    letters = flush(served)["subscribers"][0]["letters"]
    removal = (
        f"<Package {METADATA}><types><members>Lead.Told</members><name>WorkflowOutboundMessage</name></types>"
        "<types><members>Tell_Lead</members><name>Flow</name></types></Package>"
    )
    removed = deploy(served, zipped({"destructiveChanges.xml": removal}, manifest=""))

    assert (refused["success"], done["success"]) == (False, True)
    assert letters == 2
    assert (removed["success"], flush(served)["subscribers"]) == (True, [])
