"""The HubSpot sandbox tells a subscriber what changes, as HubSpot's webhooks do: events, signatures, batches, retries."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta

import pytest
import requests

from tests.support.hubspot_portal import NOW, Served
from tests.support.hubspot_pushes import EMAIL, SECRET, flush, is_signed_v3, subscribe, told
from tests.support.push_receiver import Receiver


def test_api_write_is_told_with_the_documented_fields_and_a_v3_signature(portal: Served, listener: Receiver) -> None:
    subscribe(portal, listener, {"subscriptionType": "contact.creation"}, EMAIL)

    contact = portal.contact(email="aoi@例え.example", firstname="葵")
    flush(portal)

    (request,) = listener.received
    created, changed = json.loads(request.body)
    stamp = int(NOW.timestamp() * 1000)
    assert created.pop("eventId") != changed.pop("eventId")
    assert created == {
        "subscriptionId": created["subscriptionId"], "portalId": 24681357, "appId": 77, "occurredAt": created["occurredAt"],
        "subscriptionType": "contact.creation", "attemptNumber": 0, "objectId": int(contact), "changeFlag": "NEW",
        "changeSource": "INTEGRATION", "sourceId": "1357911",
    }  # fmt: skip
    assert abs(created["occurredAt"] - stamp) < 60_000
    assert (changed["propertyName"], changed["propertyValue"]) == ("email", "aoi@例え.example")
    assert is_signed_v3(request, f"{listener.url}/hooks/hs")
    assert request.headers["x-hubspot-signature"] == hashlib.sha256(SECRET.encode() + request.body).hexdigest()


def test_v3_signs_the_uri_with_only_the_listed_escapes_decoded(portal: Served, listener: Receiver) -> None:
    subscribe(portal, listener, EMAIL, path="/hooks/hs?a=%3A%2F%40&b=%20%23")

    portal.contact(email="a@example.com")
    flush(portal)

    assert listener.received[0].path == "/hooks/hs?a=%3A%2F%40&b=%20%23"
    assert is_signed_v3(listener.received[0], f"{listener.url}/hooks/hs?a=:/@&b=%20%23")


def test_v1_and_v2_are_hex_digests_and_carry_no_v3(portal: Served, listener: Receiver) -> None:
    subscribe(portal, listener, EMAIL, path="/one", signature="v1")
    subscribe(portal, listener, EMAIL, path="/two", signature="v2")

    portal.contact(email="a@example.com")
    flush(portal)

    by_path = {one.path: one for one in listener.received}
    one, two = by_path["/one"], by_path["/two"]
    assert one.headers["x-hubspot-signature"] == hashlib.sha256(SECRET.encode() + one.body).hexdigest()
    v2 = SECRET.encode() + b"POST" + f"{listener.url}/two".encode() + two.body
    assert two.headers["x-hubspot-signature"] == hashlib.sha256(v2).hexdigest()
    assert [r.headers["x-hubspot-signature-version"] for r in (one, two)] == ["v1", "v2"]
    assert not any("x-hubspot-signature-v3" in r.headers for r in listener.received)


def test_a_public_address_is_signed_and_reached_through_the_proxy_that_stands_for_it(portal: Served, listener: Receiver) -> None:
    public = "https://leads.example.com/hooks/hs"
    body = {"target": public, "via": listener.url, "secret": SECRET, "subscriptions": [EMAIL]}
    assert requests.post(f"{portal.url}/_sandbox/pushes", json=body, timeout=5).ok
    refused = requests.post(f"{portal.url}/_sandbox/pushes", json={**body, "via": ""}, timeout=5)

    portal.contact(email="a@example.com")
    flush(portal)

    assert refused.status_code == 400
    assert listener.received[0].headers["host"] == "leads.example.com"
    assert is_signed_v3(listener.received[0], public)


def test_a_person_is_told_apart_from_the_api_and_silent_properties_are_not_told(portal: Served, listener: Receiver) -> None:
    contact = portal.contact(email="a@example.com", hs_lead_status="NEW")
    names = ("hs_lead_status", "lastmodifieddate", "hs_lastmodifieddate", "num_unique_conversion_events")
    subscribe(portal, listener, *({"subscriptionType": "contact.propertyChange", "propertyName": name} for name in names))

    requests.patch(f"{portal.url}/_sandbox/records/contacts/{contact}", json={"hs_lead_status": "CONNECTED"}, timeout=5)
    flush(portal)

    user = portal.made.portal.owners()[0].user_id
    assert [(one["propertyName"], one["propertyValue"], one["changeSource"], one["sourceId"]) for one in told(listener)] == [
        ("hs_lead_status", "CONNECTED", "CRM_UI", f"userId:{user}")
    ]


def test_generic_types_carry_the_object_type_id(portal: Served, listener: Receiver) -> None:
    hsmeta = {
        "crmObjects": [{"subscriptionType": "object.creation", "objectType": "CONTACT", "active": True}],
        "legacyCrmObjects": [{"subscriptionType": "contact.creation", "active": False}],
    }
    body = {"target": listener.url, "secret": SECRET, "subscriptions": hsmeta}
    requests.post(f"{portal.url}/_sandbox/pushes", json=body, timeout=5).raise_for_status()

    contact = portal.contact(email="a@example.com")
    flush(portal)

    assert [(one["subscriptionType"], one["objectTypeId"], one["objectId"]) for one in told(listener)] == [
        ("object.creation", "0-1", int(contact))
    ]


def test_a_write_that_changes_nothing_or_is_taken_back_is_not_told(portal: Served, listener: Receiver) -> None:
    contact = portal.contact(email="a@example.com")
    subscribe(portal, listener, EMAIL, {"subscriptionType": "contact.creation"})

    url, headers = f"{portal.url}/crm/v3/objects/contacts", portal.headers
    requests.patch(f"{url}/{contact}", json={"properties": {"email": "a@example.com"}}, headers=headers, timeout=5)
    rows = [{"properties": {"email": "b@example.com"}}, {"properties": {"email": "c@example.com", "nope": "1"}}]
    refused = requests.post(f"{url}/batch/create", json={"inputs": rows}, headers=headers, timeout=5)
    listed = flush(portal)

    assert refused.status_code == 400
    assert (listener.received, listed["subscribers"][0]["letters"]) == ([], 0)


def test_an_association_is_told_from_both_sides_and_the_primary_one_also_plainly(portal: Served, listener: Receiver) -> None:
    headers = portal.headers
    company = requests.post(
        f"{portal.url}/crm/v3/objects/companies", json={"properties": {"name": "Oak"}}, headers=headers, timeout=5
    ).json()["id"]
    contact = portal.contact(email="a@example.com")
    subscribe(portal, listener, *({"subscriptionType": f"{one}.associationChange"} for one in ("contact", "company")))

    path = f"/crm/v4/objects/contacts/{contact}/associations/default/companies/{company}"
    requests.put(portal.url + path, headers=headers, timeout=5).raise_for_status()
    flush(portal)

    person, firm = int(contact), int(company)
    seen = {
        (e["associationType"], e["fromObjectId"], e["toObjectId"], e["isPrimaryAssociation"], e["associationRemoved"])
        for e in told(listener)
    }
    assert seen == {
        ("CONTACT_TO_COMPANY", person, firm, False, False),
        ("CONTACT_TO_COMPANY", person, firm, True, False),
        ("COMPANY_TO_CONTACT", firm, person, False, False),
        ("COMPANY_TO_CONTACT", firm, person, True, False),
    }
    assert not any("objectId" in event for event in told(listener))


def test_arrays_hold_at_most_a_hundred_events(portal: Served, listener: Receiver) -> None:
    subscribe(portal, listener, EMAIL, {"subscriptionType": "contact.creation"})

    inputs = [{"properties": {"email": f"p{n}@example.com"}} for n in range(100)]
    made = requests.post(f"{portal.url}/crm/v3/objects/contacts/batch/create", json={"inputs": inputs}, headers=portal.headers, timeout=10)
    flush(portal)

    assert made.status_code == 201
    assert sorted(len(json.loads(one.body)) for one in listener.received) == [100, 100]


def test_a_refused_array_comes_again_with_the_next_attempt_number_until_ten_retries_are_over(portal: Served, listener: Receiver) -> None:
    subscribe(portal, listener, EMAIL)
    listener.status = 503

    portal.contact(email="a@example.com")
    listed = flush(portal)
    due: list[datetime] = []
    while listed["next_due"] and len(due) < 20:
        due.append(datetime.fromisoformat(listed["next_due"]))
        requests.put(f"{portal.url}/_sandbox/clock", json={"now": listed["next_due"]}, timeout=5).raise_for_status()
        listed = flush(portal)

    (counts,) = listed["subscribers"]
    assert [one["attemptNumber"] for one in told(listener)] == list(range(11))
    assert (counts["dropped"], counts["waiting"], counts["failed"]) == (1, 0, 11)
    assert timedelta(hours=18) < due[-1] - NOW < timedelta(hours=24)


@pytest.mark.parametrize("status", [401, 302])
def test_other_answers_and_silence_are_retried_too_and_success_ends_it(portal: Served, listener: Receiver, status: int) -> None:
    subscribe(portal, listener, EMAIL, timeout_s=0.2)
    listener.statuses = [status]

    portal.contact(email="a@example.com")
    flush(portal)
    listener.seconds = 0.5
    slow = flush(portal, advance_s=120)
    listener.seconds = 0
    done = flush(portal, advance_s=600)

    assert slow["subscribers"][0]["failed"] == 2
    assert (done["subscribers"][0]["delivered"], done["waiting"]) == (1, 0)
    assert [one["attemptNumber"] for one in told(listener)] == [0, 1, 2]


def test_duplicates_losses_and_delay_come_as_told(portal: Served, listener: Receiver) -> None:
    mischief = {"duplicate_every": 2, "copies": 2, "drop_every": 5, "shuffle": True, "delay_s": 60, "seed": 3}
    subscribe(portal, listener, EMAIL, mischief=mischief)

    for n in range(10):
        portal.contact(email=f"p{n}@example.com")
    early = flush(portal)
    late = flush(portal, advance_s=61)["subscribers"][0]

    emails = [one["propertyValue"] for one in told(listener)]
    times = {n: emails.count(f"p{n - 1}@example.com") for n in range(1, 11)}
    assert early["waiting"] == 8 + 4 * 2
    assert times == {1: 1, 2: 3, 3: 1, 4: 3, 5: 0, 6: 3, 7: 1, 8: 3, 9: 1, 10: 0}
    assert (late["lost"], late["duplicated"], late["delivered"]) == (2, 8, 16)
    assert emails != sorted(emails)


def test_each_letter_can_be_told_one_to_five_times(portal: Served, listener: Receiver) -> None:
    subscribe(portal, listener, EMAIL, mischief={"duplicate_every": 1, "copies": [0, 4], "seed": 1})

    for n in range(40):
        portal.contact(email=f"p{n}@example.com")
    flush(portal)

    emails = [one["propertyValue"] for one in told(listener)]
    assert {emails.count(f"p{n}@example.com") for n in range(40)} == {1, 2, 3, 4, 5}


def test_no_more_requests_at_once_than_the_app_allows(portal: Served, listener: Receiver) -> None:
    subscribe(portal, listener, EMAIL, max_concurrent=2)
    listener.seconds = 0.5

    inputs = [{"properties": {"email": f"p{n}@example.com"}} for n in range(100)]
    for number in range(5):
        for one in inputs:
            one["properties"]["email"] = f"n{number}{one['properties']['email']}"
        path = "/crm/v3/objects/contacts/batch/create"
        requests.post(portal.url + path, json={"inputs": inputs}, headers=portal.headers, timeout=10).raise_for_status()
    listed = flush(portal)

    assert listed["subscribers"][0]["delivered"] == 500
    assert listener.most_at_once == 2


def test_nobody_is_told_after_the_subscription_ends(portal: Served, listener: Receiver) -> None:
    number = subscribe(portal, listener, EMAIL)
    requests.delete(f"{portal.url}/_sandbox/pushes/{number}", timeout=5).raise_for_status()

    portal.contact(email="a@example.com")
    listed = flush(portal)

    assert (listed["subscribers"], listener.received) == ([], [])
    assert requests.delete(f"{portal.url}/_sandbox/pushes/{number}", timeout=5).status_code == 404
