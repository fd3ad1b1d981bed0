"""Reading the HubSpot sandbox through the unchanged hubspot-api-client over a socket: what the documentation promises."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import requests
from hubspot import HubSpot
from hubspot.crm.associations.v4 import BatchInputPublicFetchAssociationsBatchRequest
from hubspot.crm.contacts import (
    BatchReadInputSimplePublicObjectId,
    PublicObjectSearchRequest,
)
from hubspot.crm.contacts.exceptions import ApiException as ContactsApiException

from adapters.hubspot.sandbox.credentials import Token
from adapters.hubspot.sandbox.limits import LimitSettings
from adapters.hubspot.sandbox.seed import contact_id_of
from tests.support.hubspot_portal import PEOPLE, Served, serve_portal, world


@pytest.fixture(scope="module")
def seeded() -> Iterator[Served]:
    """Five hundred people; tests that use it change nothing they count."""
    with serve_portal(people=PEOPLE) as served:
        yield served


@pytest.fixture
def empty() -> Iterator[Served]:
    """A new portal with owners and nothing else."""
    with serve_portal() as served:
        yield served


def test_list_pages_give_every_contact_once(seeded: Served) -> None:
    api = seeded.client.crm.contacts.basic_api
    seen: list[str] = []
    after = None

    while True:
        page = api.get_page(limit=100, after=after, properties=["email", "lifecyclestage", "no_such_property"])
        seen += [one.id for one in page.results]
        if page.paging is None:
            break
        after = page.paging.next.after

    held = sum(person.hubspot for person in world().people())
    assert len(seen) == len(set(seen)) == held


def test_properties_are_text_or_null_and_only_those_asked_for(seeded: Served) -> None:
    person = next(one for one in world().people() if one.hubspot and one.email)

    found = requests.get(
        f"{seeded.url}/crm/v3/objects/contacts/{contact_id_of(person.index)}",
        params={"properties": "lastname,zip,unknown_one"},
        headers=seeded.headers,
        timeout=5,
    ).json()

    assert set(found["properties"]) == {"lastname", "zip", "createdate", "lastmodifieddate", "hs_object_id"}
    assert found["properties"]["zip"] is None
    assert found["properties"]["lastname"] == person.last_name
    assert found["properties"]["hs_object_id"] == found["id"]
    assert found["updatedAt"].endswith("Z")


def test_dated_paths_answer_as_v3_does(seeded: Served) -> None:
    answers = [
        requests.get(f"{seeded.url}{path}?limit=3", headers=seeded.headers, timeout=5).json()
        for path in ("/crm/v3/objects/contacts", "/crm/objects/2026-09/contacts", "/crm/objects/2026-03/0-1")
    ]

    assert [one["id"] for one in answers[0]["results"]] == [one["id"] for one in answers[1]["results"]]
    assert answers[1]["results"] == answers[2]["results"]


def test_keyset_search_finds_more_rows_of_one_stamp_than_a_query_may_give(empty: Served) -> None:
    store, count, stamp = empty.made.portal.store, 10_350, 1_790_000_000_000
    rows = ((1_000 + n, stamp, stamp, stamp, 0, json.dumps({"lastname": str(n)})) for n in range(count))
    with store.turn():
        store.connection.executemany("INSERT INTO contacts VALUES (?,?,?,?,?,?)", rows)
    seen: list[str] = []
    last = "0"

    while True:
        page = empty.search(
            filter_groups=[
                {
                    "filters": [
                        {"propertyName": "lastmodifieddate", "operator": "GTE", "value": str(stamp)},
                        {"propertyName": "lastmodifieddate", "operator": "LT", "value": str(stamp + 1)},
                        {"propertyName": "hs_object_id", "operator": "GT", "value": last},
                    ]
                }
            ],
            sorts=["hs_object_id"],
            limit=200,
        )
        if not page.results:
            break
        seen += [one.id for one in page.results]
        last = page.results[-1].id

    assert len(seen) == len(set(seen)) == count


def test_search_refuses_to_page_beyond_ten_thousand(empty: Served) -> None:
    with pytest.raises(ContactsApiException) as refused:
        empty.search(filter_groups=[], limit=200, after="9900")

    assert refused.value.status == 400


def test_search_knows_its_limits(empty: Served) -> None:
    one = {"propertyName": "email", "operator": "HAS_PROPERTY"}
    for body in (
        {"filterGroups": [{"filters": [one]}] * 6},
        {"filterGroups": [{"filters": [one] * 7}]},
        {"filterGroups": [{"filters": [one] * 4}] * 5},
        {"limit": 201},
        {"sorts": ["email", "lastname"]},
        {"filterGroups": [{"filters": [{"propertyName": "email", "operator": "LIKE", "value": "x"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "no_such", "operator": "EQ", "value": "x"}]}]},
        {"query": "x" * 3_000},
    ):
        reply = requests.post(f"{empty.url}/crm/v3/objects/contacts/search", json=body, headers=empty.headers, timeout=5)
        assert (reply.status_code, reply.json()["category"]) == (400, "VALIDATION_ERROR"), body
        assert reply.json()["correlationId"]


def test_batch_read_names_the_missing_in_a_207(empty: Served) -> None:
    known = empty.contact(email="known@example.com", lastname="Known")

    body, status, _ = empty.client.crm.contacts.batch_api.read_with_http_info(
        BatchReadInputSimplePublicObjectId(
            id_property="email",
            inputs=[{"id": "Known@Example.com"}, {"id": "nobody@example.com"}],
            properties=["lastname"],
            properties_with_history=[],
        )
    )

    assert (status, [one.id for one in body.results]) == (207, [known])
    assert body.errors[0].context["ids"] == ["nobody@example.com"]


def test_associations_batch_read_gives_types_and_names_those_without(seeded: Served) -> None:
    people = world()
    employed = next(one for one in people.people() if one.hubspot and one.company is not None and people.companies[one.company].hubspot)
    alone = next(one for one in people.people() if one.hubspot and one.company is None)
    ids = [str(contact_id_of(one.index)) for one in (employed, alone)]

    body, status, _ = seeded.client.crm.associations.v4.batch_api.get_page_with_http_info(
        "contacts",
        "companies",
        BatchInputPublicFetchAssociationsBatchRequest(inputs=[{"id": one} for one in ids]),
    )

    assert status == 207
    types = {(one.type_id, one.label) for one in body.results[0].to[0].association_types}
    assert types == {(279, None), (1, "Primary")}
    assert body.errors[0].context["fromObjectId"] == [ids[1]]
    assert body.errors[0].sub_category == "crm.associations.NO_ASSOCIATIONS_FOUND"


def test_page_views_are_read_to_the_end_by_cursor(seeded: Served) -> None:
    person = max((one for one in world().people() if one.hubspot), key=lambda one: len(one.activities))
    views = [one for one in person.activities if one.kind == "page_view"]
    api, seen, after = seeded.client.events.events_api, [], None

    while True:
        page = api.get_page(object_type="contact", object_id=contact_id_of(person.index), event_type="e_visited_page", limit=3, after=after)
        seen += page.results
        if page.paging is None:
            break
        after = page.paging.next.after

    assert len(views) > 3
    assert len(seen) == len({one.id for one in seen}) == len(views)
    assert [one.occurred_at for one in seen] == sorted((one.at for one in views), reverse=True)
    assert {int(one.properties["time_on_page_seconds"]) for one in seen} == {one.seconds for one in views}


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


def test_url_beyond_eight_kilobytes_is_414(empty: Served) -> None:
    reply = requests.get(
        f"{empty.url}/crm/v3/objects/contacts",
        params={"properties": ",".join(f"property_number_{n:04d}" for n in range(400))},
        headers=empty.headers,
        timeout=5,
    )

    assert reply.status_code == 414


def test_many_associates_come_in_pages_per_input(empty: Served) -> None:
    store = empty.made.portal.store
    contact = int(empty.contact(email="busy@example.com"))
    with store.turn():
        store.link_many(("contacts", "calls", contact, 64_000_000_001 + n, 193) for n in range(501))
    api = empty.client.crm.associations.v4.batch_api

    first = api.get_page("contacts", "calls", BatchInputPublicFetchAssociationsBatchRequest(inputs=[{"id": str(contact)}])).results[0]
    after = first.paging.next.after
    second = api.get_page(
        "contacts", "calls", BatchInputPublicFetchAssociationsBatchRequest(inputs=[{"id": str(contact), "after": after}])
    ).results[0]

    ids = [str(one.to_object_id) for one in first.to + second.to]
    assert (len(first.to), len(second.to), len(set(ids))) == (500, 1, 501)
