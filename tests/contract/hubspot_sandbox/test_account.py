"""The HubSpot sandbox as an account: tokens, scopes, tiers, limits, owners, and state that outlives the process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests
from flask.testing import FlaskClient
from hubspot import HubSpot
from hubspot.crm.contacts import PublicObjectSearchRequest
from hubspot.crm.contacts.exceptions import ApiException as ContactsApiException

from adapters.hubspot.sandbox.app import make_app
from adapters.hubspot.sandbox.credentials import ALL_SCOPES, Token
from adapters.hubspot.sandbox.limits import LimitSettings
from adapters.kit.sandbox.control import Control
from adapters.kit.sandbox.storage import SandboxDatabase
from tests.support.hubspot_portal import Served, serve_portal, world


def test_events_need_the_enterprise_tier() -> None:
    with serve_portal(tier="professional") as served:
        reply = requests.get(f"{served.url}/events/event-occurrences/2026-03", headers=served.headers, timeout=5)

        assert reply.status_code == 403


def test_wrong_token_and_missing_scope_say_so() -> None:
    reader = Token(text="pat-na1-reader", scopes=frozenset({"crm.objects.contacts.read"}))
    with serve_portal(tokens=(reader,)) as served:
        with pytest.raises(ContactsApiException) as unknown:
            HubSpot(access_token="pat-na1-wrong", host=served.url).crm.contacts.basic_api.get_page()
        with pytest.raises(ContactsApiException) as forbidden:
            served.contact(email="a@example.com")

        assert unknown.value.status == 401
        assert json.loads(unknown.value.body)["category"] == "INVALID_AUTHENTICATION"
        assert forbidden.value.status == 403
        body = json.loads(forbidden.value.body)
        assert body["category"] == "MISSING_SCOPES"
        assert body["errors"][0]["context"]["requiredGranularScopes"] == ["crm.objects.contacts.write"]


def test_burst_and_search_limits_answer_429_with_their_policy() -> None:
    with serve_portal(limits=LimitSettings(burst=2, search_rate=1, daily=100)) as served:
        _, _, headers = served.client.crm.contacts.basic_api.get_page_with_http_info()
        served.client.crm.contacts.basic_api.get_page()
        with pytest.raises(ContactsApiException) as burst:
            served.client.crm.contacts.basic_api.get_page()
        _, _, search_headers = served.client.crm.contacts.search_api.do_search_with_http_info(PublicObjectSearchRequest())
        with pytest.raises(ContactsApiException) as search:
            served.search()

        assert headers["X-HubSpot-RateLimit-Remaining"] == "1"
        assert headers["X-HubSpot-RateLimit-Daily-Remaining"] == "99"
        assert burst.value.status == 429
        assert json.loads(burst.value.body)["policyName"] == "TEN_SECONDLY_ROLLING"
        assert json.loads(search.value.body)["policyName"] == "SECONDLY"
        assert not [name for name in search_headers if name.startswith("X-HubSpot-RateLimit")]


def test_account_owners_and_pipeline_are_there(seeded: Served) -> None:
    details = requests.get(f"{seeded.url}/account-info/v3/details", headers=seeded.headers, timeout=5).json()
    owners = seeded.client.crm.owners.owners_api.get_page(limit=100).results
    stages = seeded.client.crm.pipelines.pipelines_api.get_all("deals").results[0].stages

    assert details["timeZone"] == "Asia/Tokyo"
    assert len(owners) == len(world().owners)
    assert [one.id for one in stages][-2:] == ["closedwon", "closedlost"]


def test_token_tells_its_scopes_and_account() -> None:
    reader = Token(text="pat-na1-reader", scopes=frozenset({"crm.objects.contacts.read", "oauth"}))
    with serve_portal(tokens=(reader,)) as served:
        told = requests.post(
            f"{served.url}/oauth/v2/private-apps/get/access-token-info",
            json={"tokenKey": reader.text},
            headers=served.headers,
            timeout=5,
        ).json()

    assert told["scopes"] == ["crm.objects.contacts.read", "oauth"]
    assert told["hubId"] == served.made.portal.settings.portal_id


def test_daily_usage_counts_the_calls_of_the_day() -> None:
    with serve_portal(limits=LimitSettings(burst=0, search_rate=0, daily=3)) as served:
        path = f"{served.url}/account-info/2026-03/api-usage/daily/private-apps"
        first = requests.get(path, headers=served.headers, timeout=5).json()["results"][0]
        second = requests.get(path, headers=served.headers, timeout=5).json()["results"][0]
        served.client.crm.contacts.basic_api.get_page()
        with pytest.raises(ContactsApiException) as refused:
            served.client.crm.contacts.basic_api.get_page()

    assert (first["usageLimit"], first["currentUsage"], second["currentUsage"]) == (3, 1, 2)
    assert first["resetsAt"] == "2026-11-20T15:00:00.000Z"
    assert json.loads(refused.value.body)["policyName"] == "DAILY"


def test_portal_in_a_file_is_the_same_when_opened_again(tmp_path: Path) -> None:
    file = str(tmp_path / "portal.sqlite")
    headers = {"Authorization": "Bearer pat-na1-mine"}
    tokens = (Token(text="pat-na1-mine", scopes=frozenset(ALL_SCOPES)),)

    def opened() -> tuple[SandboxDatabase, FlaskClient]:
        database = SandboxDatabase(file=file)
        return database, make_app(control=Control(), database=database, tokens=tokens).app.test_client()

    database, client = opened()
    score = {
        "name": "mine",
        "label": "Mine",
        "type": "enumeration",
        "fieldType": "select",
        "groupName": "contactinformation",
        "options": [{"label": "A", "value": "a"}],
    }
    client.post("/crm/v3/properties/contacts", json=score, headers=headers)
    body = {"properties": {"email": "a@example.com", "mine": "a"}}
    record_id = client.post("/crm/v3/objects/contacts", json=body, headers=headers).get_json()["id"]
    database.close()
    _, client = opened()
    found = client.get(f"/crm/v3/objects/contacts/{record_id}?properties=mine", headers=headers).get_json()
    again = client.post("/crm/v3/properties/contacts", json=score, headers=headers)

    assert found["properties"]["mine"] == "a"
    assert again.status_code == 409
