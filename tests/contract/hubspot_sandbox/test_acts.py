"""What people and HubSpot itself do beyond editing, in the sandbox, and what its webhooks tell of it."""

from __future__ import annotations

import pytest
import requests

from tests.support.hubspot_portal import Served
from tests.support.hubspot_pushes import EMAIL, act, actions, flush, subscribe, told
from tests.support.push_receiver import Receiver


def test_a_merge_is_told_with_the_new_id_and_nothing_is_created_or_deleted(portal: Served, listener: Receiver) -> None:
    one, two = portal.contact(email="a@example.com"), portal.contact(email="b@example.com", city="Kyoto", phone="1")
    subscribe(portal, listener, *actions("merge", "creation", "deletion"))

    merged = act(portal, act="merge", source="contacts", winner=one, losers=[two])["id"]
    flush(portal)

    (event,) = told(listener)
    assert (event["subscriptionType"], event["changeSource"]) == ("contact.merge", "CRM_UI")
    assert (event["primaryObjectId"], event["mergedObjectIds"], event["newObjectId"]) == (int(one), [int(two)], int(merged))
    assert event["numberOfPropertiesMoved"] == 2


def test_a_contact_in_the_bin_comes_back_with_its_company_and_address(portal: Served, listener: Receiver) -> None:
    company = act(portal, act="import", source="companies", rows=[{"name": "Oak", "domain": "oak.example"}])["ids"][0]
    contact = portal.contact(email="a@example.com")
    act(portal, act="associate", source="contacts", record=contact, to_source="companies", to=company)
    subscribe(portal, listener, *actions("deletion", "restore"))

    act(portal, act="delete", source="contacts", record=contact)
    binned = requests.get(f"{portal.url}/crm/v3/objects/contacts/{contact}", headers=portal.headers, timeout=5).status_code
    act(portal, act="undelete", source="contacts", record=contact)
    flush(portal)

    found = portal.client.crm.contacts.basic_api.get_by_id(contact, properties=["email", "associatedcompanyid"])
    assert (binned, found.properties["email"], found.properties["associatedcompanyid"]) == (404, "a@example.com", company)
    assert [(e["subscriptionType"], e["changeFlag"], e["objectId"]) for e in told(listener)] == [
        ("contact.deletion", "DELETED", int(contact)),
        ("contact.restore", "RESTORED", int(contact)),
    ]


def test_a_contact_whose_address_another_has_by_now_cannot_come_back(portal: Served) -> None:
    contact = portal.contact(email="a@example.com")
    act(portal, act="delete", source="contacts", record=contact)
    portal.contact(email="A@example.com")

    asked = {"act": "undelete", "source": "contacts", "record": contact}
    refused = requests.post(f"{portal.url}/_sandbox/acts", json=asked, timeout=5)

    assert (refused.status_code, "same email" in refused.text) == (400, True)


@pytest.mark.parametrize("by_api", [True, False])
def test_a_privacy_deletion_is_told_twice_and_leaves_nothing(portal: Served, listener: Receiver, by_api: bool) -> None:
    contact = portal.contact(email="a@example.com")
    subscribe(portal, listener, *actions("privacyDeletion", "deletion"))

    if by_api:
        path = "/crm/v3/objects/contacts/gdpr-delete"
        requests.post(portal.url + path, json={"objectId": contact}, headers=portal.headers, timeout=5).raise_for_status()
    else:
        act(portal, act="erase", source="contacts", record=contact)
    flush(portal)

    assert {(e["subscriptionType"], e["objectId"]) for e in told(listener)} == {
        ("contact.privacyDeletion", int(contact)),
        ("contact.deletion", int(contact)),
    }
    assert requests.get(f"{portal.url}/_sandbox/records/contacts/{contact}", timeout=5).status_code == 404
    assert portal.contact(email="a@example.com") != contact


def test_a_workflow_rewrites_a_field_whenever_ours_changes_and_is_no_api_write(portal: Served, listener: Receiver) -> None:
    workflow = {"source": "contacts", "when_field": "jobtitle", "set": {"jobtitle": "(checked)", "hs_lead_status": "OPEN"}}
    requests.post(f"{portal.url}/_sandbox/workflows", json=workflow, timeout=5).raise_for_status()
    contact = portal.contact(email="a@example.com")
    subscribe(portal, listener, {"subscriptionType": "contact.propertyChange", "propertyName": "jobtitle"})

    url = f"{portal.url}/crm/v3/objects/contacts/{contact}"
    answer = requests.patch(url, json={"properties": {"jobtitle": "Buyer"}}, headers=portal.headers, timeout=5).json()
    flush(portal)

    writes = requests.get(f"{portal.url}/_sandbox/counters", timeout=5).json()["writes"]
    assert [(e["propertyValue"], e["changeSource"]) for e in told(listener)] == [
        ("Buyer", "INTEGRATION"),
        ("(checked)", "AUTOMATION_PLATFORM"),
    ]
    assert answer["properties"]["hs_lead_status"] == "OPEN"
    assert writes == {f"contacts/{contact}/email": 1, f"contacts/{contact}/jobtitle": 1}


def test_contradicting_workflows_end(portal: Served) -> None:
    for value in ("one", "two"):
        workflow = {"source": "contacts", "when_field": "jobtitle", "set": {"jobtitle": value}}
        requests.post(f"{portal.url}/_sandbox/workflows", json=workflow, timeout=5).raise_for_status()

    contact = portal.contact(email="a@example.com", jobtitle="Buyer")

    state = requests.get(f"{portal.url}/_sandbox/records/contacts/{contact}", timeout=5).json()
    assert state["properties"]["jobtitle"] in ("one", "two")


def test_an_import_is_told_as_an_import_and_finds_people_by_address(portal: Served, listener: Receiver) -> None:
    known = portal.contact(email="a@example.com")
    subscribe(portal, listener, EMAIL, *actions("creation"), {"subscriptionType": "contact.propertyChange", "propertyName": "city"})

    ids = act(portal, act="import", source="contacts", rows=[{"email": "A@example.com", "city": "Kobe"}, {"email": "b@example.com"}])["ids"]
    flush(portal)

    assert ids[0] == known
    assert {e["changeSource"] for e in told(listener)} == {"IMPORT"}
    assert sorted((e["objectId"], e.get("propertyName", "")) for e in told(listener)) == [
        (int(known), "city"),
        (int(ids[1]), ""),
        (int(ids[1]), "email"),
    ]


def test_limits_can_be_set_low(portal: Served) -> None:
    requests.put(f"{portal.url}/_sandbox/limits", json={"daily": 3, "used_today": 2}, timeout=5).raise_for_status()

    url = f"{portal.url}/crm/v3/objects/contacts"
    answers = [requests.get(url, headers=portal.headers, timeout=5) for _ in range(2)]
    told_limits = requests.get(f"{portal.url}/_sandbox/limits", timeout=5).json()

    assert [one.status_code for one in answers] == [200, 429]
    assert answers[1].json()["policyName"] == "DAILY"
    assert told_limits == {"burst": 0, "search_rate": 0, "daily": 3, "used_today": 3}
