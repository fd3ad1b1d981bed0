"""The HubSpot sandbox's webhooks journal: a pull of what changed, in order, for three days."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.support.hubspot_portal import Served

PORTAL = 24_681_357
BASE = "/webhooks-journal/journal/2026-03"
SCOPES = "developer.webhooks_journal.read developer.webhooks_journal.subscriptions.write"


def token(portal: Served, **changed: str) -> requests.Response:
    """The answer to the app's question for a token."""
    keys = portal.made.keys
    form = {"grant_type": "client_credentials", "client_id": keys.client_id, "client_secret": keys.client_secret, "scope": SCOPES}
    return requests.post(f"{portal.url}/oauth/2026-03/token", data={**form, **changed}, timeout=5)


def ask(portal: Served, path: str, bearer: str) -> requests.Response:
    """The answer of the journal."""
    return requests.get(portal.url + BASE + path, headers={"Authorization": f"Bearer {bearer}"}, timeout=5)


def subscribe(portal: Served, bearer: str, *actions: str, **more: Any) -> None:
    """Wants these actions of contacts in the journal."""
    body = {"subscriptionType": "OBJECT", "portalId": PORTAL, "objectTypeId": "0-1", "actions": list(actions), **more}
    headers = {"Authorization": f"Bearer {bearer}"}
    requests.post(f"{portal.url}/webhooks-journal/subscriptions/2026-03", json=body, headers=headers, timeout=5).raise_for_status()


def events(answer: requests.Response) -> list[dict[str, Any]]:
    """The events of the file an answer leads to."""
    file = requests.get(answer.json()["url"], timeout=5)
    assert file.ok, file.text
    assert file.json()["offset"] == answer.json()["currentOffset"]
    return list(file.json()["journalEvents"])


def advance(portal: Served, **time: float) -> None:
    """Moves the portal's clock."""
    requests.put(f"{portal.url}/_sandbox/clock", json={"advance_s": time["hours"] * 3600}, timeout=5)


def test_changes_are_read_in_order_file_by_file_up_to_the_newest(portal: Served) -> None:
    bearer = token(portal).json()["access_token"]
    subscribe(portal, bearer, "CREATE", "UPDATE", "DELETE", properties=["email", "jobtitle"])

    empty = ask(portal, "/earliest", bearer)
    contact = int(portal.contact(email="a@example.com", city="Kobe"))
    first = ask(portal, "/earliest", bearer)
    portal.client.crm.contacts.basic_api.archive(str(contact))
    second = ask(portal, f"/offset/{first.json()['currentOffset']}/next", bearer)
    end = ask(portal, f"/offset/{second.json()['currentOffset']}/next", bearer)

    assert (empty.status_code, end.status_code) == (204, 204)
    created, changed = events(first)
    assert (created["action"], created["objectTypeId"], created["objectId"], created["portalId"]) == ("CREATE", "0-1", contact, PORTAL)
    assert (changed["action"], changed["propertyChanges"]) == ("UPDATE", {"email": "a@example.com"})
    assert [(one["action"], one["objectId"]) for one in events(second)] == [("DELETE", contact)]
    assert ask(portal, "/latest", bearer).json()["currentOffset"] == second.json()["currentOffset"]


def test_files_and_offsets_are_gone_after_three_days_and_addresses_sooner(portal: Served) -> None:
    bearer = token(portal).json()["access_token"]
    subscribe(portal, bearer, "CREATE")
    portal.contact(email="a@example.com")
    entry = ask(portal, "/latest", bearer).json()

    advance(portal, hours=0.5)
    stale = requests.get(entry["url"], timeout=5)
    later = token(portal).json()["access_token"]
    still = ask(portal, "/earliest", later)
    advance(portal, hours=72)
    last = token(portal).json()["access_token"]
    gone = ask(portal, f"/offset/{entry['currentOffset']}/next", last)

    assert (stale.status_code, still.json()["currentOffset"]) == (403, entry["currentOffset"])
    assert (gone.status_code, gone.json()["category"]) == (404, "OBJECT_NOT_FOUND")
    assert ask(portal, "/earliest", last).status_code == 204


def test_only_the_apps_own_tokens_read_and_they_end_after_thirty_minutes(portal: Served) -> None:
    bearer = token(portal).json()["access_token"]

    crm = ask(portal, "/earliest", portal.made.tokens[0].text)
    contacts = requests.get(f"{portal.url}/crm/v3/objects/contacts", headers={"Authorization": f"Bearer {bearer}"}, timeout=5)
    wrong = token(portal, client_secret="guess")
    advance(portal, hours=0.51)
    expired = ask(portal, "/earliest", bearer)

    assert (crm.status_code, crm.json()["category"]) == (403, "MISSING_SCOPES")
    assert (contacts.status_code, wrong.status_code) == (403, 400)
    assert (expired.status_code, expired.json()["category"]) == (401, "EXPIRED_AUTHENTICATION")


def test_merges_and_associations_are_there_when_subscribed_to(portal: Served) -> None:
    bearer = token(portal).json()["access_token"]
    one, two = portal.contact(email="a@example.com"), portal.contact(email="b@example.com")
    rows = {"act": "import", "source": "companies", "rows": [{"name": "Oak"}]}
    company = requests.post(f"{portal.url}/_sandbox/acts", json=rows, timeout=5).json()["ids"][0]
    subscribe(portal, bearer, "MERGE")
    subscribe(portal, bearer, "ASSOCIATION_ADDED", subscriptionType="ASSOCIATION", associatedObjectTypeIds=["0-2"])

    linked = {"act": "associate", "source": "contacts", "record": one, "to_source": "companies", "to": company}
    requests.post(f"{portal.url}/_sandbox/acts", json=linked, timeout=5).raise_for_status()
    told_links = events(ask(portal, "/latest", bearer))
    merge = {"act": "merge", "source": "contacts", "winner": one, "losers": [two]}
    merged = requests.post(f"{portal.url}/_sandbox/acts", json=merge, timeout=5).json()["id"]
    told_merge = events(ask(portal, "/latest", bearer))

    assert {(e["action"], e["fromObjectId"], e["toObjectId"], e["isPrimary"]) for e in told_links} == {
        ("ASSOCIATION_ADDED", int(one), int(company), False),
        ("ASSOCIATION_ADDED", int(one), int(company), True),
    }
    assert ("MERGE", int(merged), [int(two)]) in [(e["action"], e["objectId"], e.get("mergedObjectIds")) for e in told_merge]


@pytest.mark.parametrize(
    "changed",
    [
        {"objectIds": ["x"]}, {"objectIds": 7}, {"actions": "CREATE"}, {"actions": []}, {"actions": ["ASSOCIATION_ADDED"]},
        {"objectTypeId": "9-9"}, {"objectTypeId": None}, {"portalId": 1}, {"properties": [1]}, {"subscriptionType": "EVENT"},
    ],
)  # fmt: skip
def test_a_subscription_that_makes_no_sense_is_refused(portal: Served, changed: dict[str, Any]) -> None:
    bearer = token(portal).json()["access_token"]
    body = {"subscriptionType": "OBJECT", "portalId": PORTAL, "objectTypeId": "0-1", "actions": ["CREATE"], **changed}

    answer = requests.post(
        f"{portal.url}/webhooks-journal/subscriptions/2026-03", json=body, headers={"Authorization": f"Bearer {bearer}"}, timeout=5
    )

    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")
