"""A third party's connector keeps two sandbox CRMs alike through their public APIs, and echoes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import requests

from adapters.kit.sandbox.connector_between import Connector, open_side
from tests.support.hubspot_portal import Served as Portal
from tests.support.hubspot_portal import serve_portal
from tests.support.sandboxes import REPOSITORY
from tests.support.served_salesforce import APP, new_lead, serve_org
from tests.support.served_salesforce import Served as Org

PAIRS = [("Title", "jobtitle"), ("Phone", "phone")]


@pytest.fixture
def org() -> Iterator[Org]:
    """An empty org."""
    yield from serve_org()


@pytest.fixture
def portal() -> Iterator[Portal]:
    """An empty portal."""
    with serve_portal() as served:
        yield served


def lines(org: Org, portal: Portal) -> list[dict[str, object]]:
    """What the two sandboxes print when they are ready."""
    credentials = {"client_id": APP.client_id, "client_secret": APP.client_secret}
    return [
        {"crm": "salesforce", "url": org.url, "credentials": credentials},
        {"crm": "hubspot", "url": portal.url, "credentials": {"access_token": portal.made.tokens[0].text}},
    ]


def connect(org: Org, portal: Portal) -> Connector:
    """A connector that takes its turns when told."""
    one, other = lines(org, portal)
    ours, theirs = zip(*PAIRS, strict=True)
    return Connector(open_side(one, fields=ours), open_side(other, fields=theirs), pairs=PAIRS)


def title_of(portal: Portal, contact: str) -> str:
    """The contact's job title."""
    found = requests.get(f"{portal.url}/_sandbox/records/contacts/{contact}", timeout=5).json()
    return str(found["properties"].get("jobtitle", ""))


def test_a_change_is_copied_to_the_person_of_the_same_address_echoed_once_and_then_there_is_rest(org: Org, portal: Portal) -> None:
    lead, contact = new_lead(org, Email="abe@example.com"), portal.contact(email="abe@example.com")
    connector = connect(org, portal)
    connector.turn()
    connector.turn()

    org.client.Lead.update(lead, {"Title": "Buyer"})
    copied, echoed, *rest = [connector.turn() for _ in range(5)]

    assert title_of(portal, contact) == "Buyer"
    assert (copied, echoed, rest) == (1, 1, [0, 0, 0])


def test_it_goes_both_ways_and_prefers_the_contact_to_the_lead(org: Org, portal: Portal) -> None:
    lead = new_lead(org, Email="abe@example.com")
    person = org.client.Contact.create({"LastName": "Abe", "Email": "abe@example.com"})["id"]
    contact = portal.contact(email="abe@example.com")
    connector = connect(org, portal)

    requests.patch(f"{portal.url}/_sandbox/records/contacts/{contact}", json={"jobtitle": "課長"}, timeout=5).raise_for_status()
    connector.turn()

    assert org.client.Contact.get(person)["Title"] == "課長"
    assert org.client.Lead.get(lead)["Title"] is None


def test_its_calls_and_writes_are_counted_apart_and_meet_no_planted_fault(org: Org, portal: Portal) -> None:
    connector = connect(org, portal)
    new_lead(org, Email="abe@example.com", Title="Buyer")
    contact = portal.contact(email="abe@example.com")
    requests.delete(f"{portal.url}/_sandbox/counters", timeout=5)
    requests.post(f"{portal.url}/_sandbox/faults", json={"path": "*", "fault": "status", "status": 503}, timeout=5)

    connector.turn()

    counters = requests.get(f"{portal.url}/_sandbox/counters", timeout=5).json()
    assert title_of(portal, contact) == "Buyer"
    assert (counters["calls_total"], counters["writes"]) == (0, {})
    assert counters["third_party_writes"][f"contacts/{contact}/jobtitle"] == 1
    assert counters["third_party_calls_total"] > 0


def test_a_crm_that_refuses_is_asked_again_at_the_next_turn(org: Org, portal: Portal) -> None:
    lead, contact = new_lead(org, Email="abe@example.com"), portal.contact(email="abe@example.com")
    connector = connect(org, portal)
    org.control("PUT", "limits", {"daily": 1, "used": 1})
    requests.patch(f"{portal.url}/_sandbox/records/contacts/{contact}", json={"phone": "03-1234-5678"}, timeout=5).raise_for_status()

    refused = connector.turn()
    org.control("PUT", "limits", {"daily": 1000, "used": 0})
    requests.patch(f"{portal.url}/_sandbox/records/contacts/{contact}", json={"jobtitle": "Buyer"}, timeout=5).raise_for_status()
    connector.turn()

    assert (refused, connector.refused >= 2) == (0, True)
    assert (org.client.Lead.get(lead)["Title"], org.client.Lead.get(lead)["Phone"]) == ("Buyer", "03-1234-5678")


def test_as_a_program_it_copies_within_seconds_and_ends_when_its_parent_does(org: Org, portal: Portal) -> None:
    one, other = (json.dumps(line) for line in lines(org, portal))
    contact = portal.contact(email="abe@example.com")
    command = [sys.executable, "-m", "adapters.kit.sandbox.connector_between", "--one", one, "--other", other, "--with-parent"]
    command += ["--pair", "Title=jobtitle", "--every", "0.2"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        ready = json.loads(process.stdout.readline())
        new_lead(org, Email="abe@example.com", Title="Buyer")
        deadline = time.monotonic() + 10
        while title_of(portal, contact) != "Buyer" and time.monotonic() < deadline:
            time.sleep(0.1)
        process.stdin.close()
        ended = process.wait(timeout=10)
        last = json.loads(process.stdout.readline())

    assert (ready, ended) == ({"connector": "ready"}, 0)
    assert title_of(portal, contact) == "Buyer"
    assert last["written"] >= 1
