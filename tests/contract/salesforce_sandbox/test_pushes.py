"""The Salesforce sandbox sends Outbound Messages: the documented envelope, taken only when acknowledged, tried again for a day."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from adapters.salesforce.sandbox.org import ORG_ID
from adapters.salesforce.sandbox.seed_setup import API_USERNAME
from tests.support.push_receiver import Receiver
from tests.support.salesforce_pushes import ACK, OUT, SF, XSI, flush, leads, message, notifications
from tests.support.served_salesforce import NOW, Served, new_lead

pytestmark = pytest.mark.usefixtures("standing_clock")


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
