"""The HubSpot sandbox through the unchanged hubspot-api-client over a socket: what its documentation promises."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from hubspot import HubSpot
from hubspot.crm.associations.v4 import BatchInputPublicFetchAssociationsBatchRequest
from hubspot.crm.contacts import (
    BatchInputSimplePublicObjectBatchInput,
    BatchInputSimplePublicObjectBatchInputUpsert,
    BatchReadInputSimplePublicObjectId,
    PublicGdprDeleteInput,
    PublicMergeInput,
    PublicObjectSearchRequest,
    SimplePublicObjectInput,
    SimplePublicObjectInputForCreate,
)
from hubspot.crm.contacts.exceptions import ApiException as ContactsApiException
from hubspot.crm.objects.tasks import SimplePublicObjectInputForCreate as TaskCreate
from hubspot.crm.properties import PropertyCreate, PropertyGroupCreate
from hubspot.crm.properties.exceptions import ApiException as PropertiesApiException
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.hubspot.sandbox.app import SandboxApp, make_app
from adapters.hubspot.sandbox.credentials import Token
from adapters.hubspot.sandbox.limits import LimitSettings
from adapters.hubspot.sandbox.portal import PortalSettings
from adapters.hubspot.sandbox.seed import contact_id_of, fill
from adapters.kit.sandbox.clock import SandboxClock
from adapters.kit.sandbox.control import Control
from adapters.kit.sandbox.server import serving
from adapters.kit.sandbox.world import World

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
NO_LIMITS = LimitSettings(burst=0, search_rate=0, daily=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A portal that is being served, and a client of it."""

    url: str
    made: SandboxApp
    client: Any

    @property
    def headers(self) -> dict[str, str]:
        """What a call without the client sends."""
        return {"Authorization": f"Bearer {self.made.tokens[0].text}"}


@contextmanager
def _serve(
    *, people: int = 0, limits: LimitSettings = NO_LIMITS, tokens: tuple[Token, ...] = (), tier: str = "enterprise"
) -> Iterator[Served]:
    control = Control(clock=SandboxClock(start=NOW))
    made = make_app(control=control, limits=limits, tokens=tokens, settings=PortalSettings(tier=tier))
    fill(made.portal, World(people=people, seed=7, now=NOW))
    with serving(made.app, control=control) as url:
        yield Served(url=url, made=made, client=HubSpot(access_token=made.tokens[0].text, host=url))


@pytest.fixture(scope="module")
def seeded() -> Iterator[Served]:
    """Five hundred people; tests that use it change nothing they count."""
    with _serve(people=500) as served:
        yield served


@pytest.fixture
def empty() -> Iterator[Served]:
    """A new portal with owners and nothing else."""
    with _serve() as served:
        yield served


def _contact(served: Served, **properties: str) -> str:
    made = served.client.crm.contacts.basic_api.create(SimplePublicObjectInputForCreate(properties=properties, associations=[]))
    return str(made.id)


def _search(served: Served, **body: Any) -> Any:
    return served.client.crm.contacts.search_api.do_search(PublicObjectSearchRequest(**body))


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

    held = sum(person.hubspot for person in World(people=500, seed=7, now=NOW).people())
    assert len(seen) == len(set(seen)) == held


def test_properties_are_text_or_null_and_only_those_asked_for(seeded: Served) -> None:
    person = next(one for one in World(people=500, seed=7, now=NOW).people() if one.hubspot and one.email)

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
        page = _search(
            empty,
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
        _search(empty, filter_groups=[], limit=200, after="9900")

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


def test_batch_update_tells_refused_rows_by_trace_id(empty: Served) -> None:
    first, second = _contact(empty, email="a@example.com"), _contact(empty, email="b@example.com")

    body, status, _ = empty.client.crm.contacts.batch_api.update_with_http_info(
        BatchInputSimplePublicObjectBatchInput(
            inputs=[
                {"id": first, "objectWriteTraceId": "row-1", "properties": {"jobtitle": "CTO"}},
                {"id": second, "objectWriteTraceId": "row-2", "properties": {"hs_lead_status": "HOTTEST"}},
                {"id": "999", "objectWriteTraceId": "row-3", "properties": {"jobtitle": "CFO"}},
            ]
        )
    )

    assert status == 207
    assert [one.id for one in body.results] == [first]
    assert body.num_errors == 2
    refused = {error.context["objectWriteTraceId"][0]: error.category for error in body.errors}
    assert refused == {"row-2": "VALIDATION_ERROR", "row-3": "OBJECT_NOT_FOUND"}


def test_batch_without_trace_ids_fails_as_a_whole(empty: Served) -> None:
    first, second = _contact(empty, email="a@example.com"), _contact(empty, email="b@example.com")

    with pytest.raises(ContactsApiException) as refused:
        empty.client.crm.contacts.batch_api.update(
            BatchInputSimplePublicObjectBatchInput(
                inputs=[
                    {"id": first, "properties": {"jobtitle": "CTO"}},
                    {"id": second, "properties": {"no_such": "x"}},
                ]
            )
        )

    assert refused.value.status == 400
    body = json.loads(refused.value.body)
    assert body["errors"][0]["code"] == "PROPERTY_DOESNT_EXIST"
    assert body["message"].startswith("Property values were not valid: [{")
    assert empty.client.crm.contacts.basic_api.get_by_id(first, properties=["jobtitle"]).properties["jobtitle"] is None


def test_batch_read_names_the_missing_in_a_207(empty: Served) -> None:
    known = _contact(empty, email="known@example.com", lastname="Known")

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


def test_upsert_by_a_unique_property_creates_once(empty: Served) -> None:
    properties = empty.client.crm.properties
    properties.core_api.create(
        "tasks",
        PropertyCreate(name="hotlead_key", label="Hotlead Key", type="string", field_type="text", group_name="task", has_unique_value=True),
    )
    url = f"{empty.url}/crm/v3/objects/tasks/batch/upsert"
    row = {"id": "k-1", "idProperty": "hotlead_key", "properties": {"hs_timestamp": "2026-11-21T00:00:00Z", "hs_task_subject": "Call"}}

    first = requests.post(url, json={"inputs": [row]}, headers=empty.headers, timeout=5).json()["results"][0]
    again = requests.post(url, json={"inputs": [row]}, headers=empty.headers, timeout=5).json()["results"][0]

    assert (first["new"], again["new"]) == (True, False)
    assert first["id"] == again["id"]
    assert empty.client.crm.objects.tasks.basic_api.get_page().results[0].properties["hs_object_id"] == first["id"]


def test_contact_upsert_by_email(empty: Served) -> None:
    known = _contact(empty, email="known@example.com")

    body, status, _ = empty.client.crm.contacts.batch_api.upsert_with_http_info(
        BatchInputSimplePublicObjectBatchInputUpsert(
            inputs=[
                {"id": "known@example.com", "idProperty": "email", "properties": {"city": "Osaka"}},
                {"id": "new@example.com", "idProperty": "email", "properties": {"city": "Kobe"}},
            ]
        )
    )

    assert status == 200
    assert [one.new for one in body.results] == [False, True]
    assert body.results[0].id == known


def test_associations_batch_read_gives_types_and_names_those_without(seeded: Served) -> None:
    world = World(people=500, seed=7, now=NOW)
    employed = next(one for one in world.people() if one.hubspot and one.company is not None and world.companies[one.company].hubspot)
    alone = next(one for one in world.people() if one.hubspot and one.company is None)
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


def test_primary_company_is_the_associated_company_of_the_contact(empty: Served) -> None:
    contact = _contact(empty, email="a@example.com")
    companies = [
        requests.post(
            f"{empty.url}/crm/v3/objects/companies", json={"properties": {"name": name}}, headers=empty.headers, timeout=5
        ).json()["id"]
        for name in ("First", "Second")
    ]
    api = empty.client.crm.associations.v4.basic_api

    for company in companies:
        api.create_default("contacts", contact, "companies", company)
    first = empty.client.crm.contacts.basic_api.get_by_id(contact, properties=["associatedcompanyid"])
    api.create(
        "contacts",
        contact,
        "companies",
        companies[1],
        [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}],
    )
    second = empty.client.crm.contacts.basic_api.get_by_id(contact, properties=["associatedcompanyid"])

    assert first.properties["associatedcompanyid"] == companies[0]
    assert second.properties["associatedcompanyid"] == companies[1]


def test_task_with_association_stands_on_the_contact(empty: Served) -> None:
    contact = _contact(empty, email="a@example.com")

    task = empty.client.crm.objects.tasks.basic_api.create(
        TaskCreate(
            properties={"hs_timestamp": "1795000000000", "hs_task_subject": "Call"},
            associations=[{"to": {"id": contact}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 204}]}],
        )
    )
    page = empty.client.crm.associations.v4.basic_api.get_page("contacts", contact, "tasks")

    assert [str(one.to_object_id) for one in page.results] == [task.id]
    assert page.results[0].association_types[0].type_id == 203


def test_existing_property_or_group_is_a_conflict(empty: Served) -> None:
    properties = empty.client.crm.properties
    group = PropertyGroupCreate(name="hotlead", label="Hotlead", display_order=1)
    score = PropertyCreate(name="hotlead_score", label="Hotlead Score", type="number", field_type="number", group_name="hotlead")
    properties.groups_api.create("contacts", group)
    properties.core_api.create("contacts", score)

    with pytest.raises(PropertiesApiException) as again:
        properties.core_api.create("contacts", score)
    with pytest.raises(PropertiesApiException) as group_again:
        properties.groups_api.create("contacts", group)

    assert (again.value.status, group_again.value.status) == (409, 409)
    assert properties.core_api.get_by_name("contacts", "hotlead_score").type == "number"


def test_lifecycle_stage_moves_back_only_in_two_requests(empty: Served) -> None:
    contact = _contact(empty, email="a@example.com", lifecyclestage="salesqualifiedlead")
    api = empty.client.crm.contacts.basic_api

    ignored = api.update(contact, SimplePublicObjectInput(properties={"lifecyclestage": "lead"}))
    api.update(contact, SimplePublicObjectInput(properties={"lifecyclestage": ""}))
    moved = api.update(contact, SimplePublicObjectInput(properties={"lifecyclestage": "lead"}))

    assert ignored.properties["lifecyclestage"] == "salesqualifiedlead"
    assert moved.properties["lifecyclestage"] == "lead"


def test_merge_makes_a_new_id_that_both_old_ids_find(empty: Served) -> None:
    one, two = _contact(empty, email="one@example.com"), _contact(empty, email="two@example.com", city="Nara")
    api = empty.client.crm.contacts

    merged = empty.client.crm.contacts.basic_api.merge(PublicMergeInput(primary_object_id=one, object_id_to_merge=two))
    found = [api.basic_api.get_by_id(old, properties=["email", "city", "hs_merged_object_ids"]) for old in (one, two)]

    assert merged.id not in (one, two)
    assert [record.id for record in found] == [merged.id, merged.id]
    assert found[0].properties["email"] == "one@example.com"
    assert found[0].properties["city"] == "Nara"
    assert found[0].properties["hs_merged_object_ids"] == f"{one};{two}"


def test_erased_contact_is_gone_and_archived_one_is_listed_apart(empty: Served) -> None:
    api = empty.client.crm.contacts
    erased, binned = _contact(empty, email="gone@example.com"), _contact(empty, email="binned@example.com")

    api.basic_api.purge(PublicGdprDeleteInput(object_id=erased))
    api.basic_api.archive(binned)

    with pytest.raises(ContactsApiException) as missing:
        api.basic_api.get_by_id(erased)
    assert missing.value.status == 404
    assert [one.id for one in api.basic_api.get_page(archived=True).results] == [binned]
    assert api.basic_api.get_page().results == []
    assert _search(empty, filter_groups=[]).total == 0


def test_same_address_twice_is_a_conflict_that_names_the_record(empty: Served) -> None:
    known = _contact(empty, email="a@example.com")

    with pytest.raises(ContactsApiException) as refused:
        _contact(empty, email=" A@Example.com ")

    assert refused.value.status == 409
    assert json.loads(refused.value.body)["message"] == f"Contact already exists. Existing ID: {known}"


def test_page_views_are_read_to_the_end_by_cursor(seeded: Served) -> None:
    person = max((one for one in World(people=500, seed=7, now=NOW).people() if one.hubspot), key=lambda one: len(one.activities))
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
    with _serve(tier="professional") as served:
        reply = requests.get(f"{served.url}/events/event-occurrences/2026-03", headers=served.headers, timeout=5)

        assert reply.status_code == 403


def test_wrong_token_and_missing_scope_say_so() -> None:
    reader = Token(text="pat-na1-reader", scopes=frozenset({"crm.objects.contacts.read"}))
    with _serve(tokens=(reader,)) as served:
        with pytest.raises(ContactsApiException) as unknown:
            HubSpot(access_token="pat-na1-wrong", host=served.url).crm.contacts.basic_api.get_page()
        with pytest.raises(ContactsApiException) as forbidden:
            _contact(served, email="a@example.com")

        assert unknown.value.status == 401
        assert json.loads(unknown.value.body)["category"] == "INVALID_AUTHENTICATION"
        assert forbidden.value.status == 403
        body = json.loads(forbidden.value.body)
        assert body["category"] == "MISSING_SCOPES"
        assert body["errors"][0]["context"]["requiredGranularScopes"] == ["crm.objects.contacts.write"]


def test_planted_expired_token_is_hubspots_401(empty: Served) -> None:
    requests.post(f"{empty.url}/_sandbox/faults", json={"path": "/crm/*", "fault": "expired_token", "times": 1}, timeout=5)

    with pytest.raises(ContactsApiException) as expired:
        empty.client.crm.contacts.basic_api.get_page()

    assert json.loads(expired.value.body)["category"] == "EXPIRED_AUTHENTICATION"
    assert empty.client.crm.contacts.basic_api.get_page().results == []


def test_burst_and_search_limits_answer_429_with_their_policy() -> None:
    with _serve(limits=LimitSettings(burst=2, search_rate=1, daily=100)) as served:
        _, _, headers = served.client.crm.contacts.basic_api.get_page_with_http_info()
        served.client.crm.contacts.basic_api.get_page()
        with pytest.raises(ContactsApiException) as burst:
            served.client.crm.contacts.basic_api.get_page()
        _, _, search_headers = served.client.crm.contacts.search_api.do_search_with_http_info(PublicObjectSearchRequest())
        with pytest.raises(ContactsApiException) as search:
            _search(served)

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
    assert len(owners) == len(World(people=500, seed=7, now=NOW).owners)
    assert [one.id for one in stages][-2:] == ["closedwon", "closedlost"]


def test_row_written_under_lag_is_readable_at_once_and_searchable_later(empty: Served) -> None:
    requests.put(f"{empty.url}/_sandbox/clock", json={"frozen": True}, timeout=5)
    requests.put(f"{empty.url}/_sandbox/lag", json={"seconds": 30, "every": 1}, timeout=5)
    contact = _contact(empty, email="late@example.com")

    at_once = _search(empty, filter_groups=[]).total
    read = empty.client.crm.contacts.basic_api.get_by_id(contact).id
    requests.put(f"{empty.url}/_sandbox/clock", json={"advance_s": 31}, timeout=5)

    assert (at_once, read) == (0, contact)
    assert _search(empty, filter_groups=[]).total == 1


def test_deal_brings_its_contact_forward(empty: Served) -> None:
    contact = _contact(empty, email="a@example.com", lifecyclestage="lead")
    body = {
        "properties": {"dealname": "Line 3", "dealstage": "appointmentscheduled"},
        "associations": [{"to": {"id": contact}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}]}],
    }
    api = empty.client.crm.contacts.basic_api

    deal = requests.post(f"{empty.url}/crm/v3/objects/deals", json=body, headers=empty.headers, timeout=5).json()["id"]
    opened = api.get_by_id(contact, properties=["lifecyclestage", "num_associated_deals"]).properties
    requests.patch(
        f"{empty.url}/crm/v3/objects/deals/{deal}",
        json={"properties": {"dealstage": "closedwon"}},
        headers=empty.headers,
        timeout=5,
    )
    won = api.get_by_id(contact, properties=["lifecyclestage"]).properties

    assert (opened["lifecyclestage"], opened["num_associated_deals"]) == ("opportunity", "1")
    assert won["lifecyclestage"] == "customer"


def test_refused_values_are_named_one_by_one(empty: Served) -> None:
    reply = requests.post(
        f"{empty.url}/crm/v3/objects/contacts",
        json={"properties": {"email": "a@example.com", "hs_email_open": "3", "hs_lead_status": "WARM"}},
        headers=empty.headers,
        timeout=5,
    )

    body = reply.json()
    assert (reply.status_code, body["category"]) == (400, "VALIDATION_ERROR")
    codes = {one["context"]["propertyName"][0]: one["code"] for one in body["errors"]}
    assert codes == {"hs_email_open": "READ_ONLY_VALUE", "hs_lead_status": "INVALID_OPTION"}
    listed = json.loads(body["message"].removeprefix("Property values were not valid: "))
    assert {one["name"] for one in listed} == {"hs_email_open", "hs_lead_status"}


def test_task_without_due_time_is_refused(empty: Served) -> None:
    reply = requests.post(
        f"{empty.url}/crm/v3/objects/tasks",
        json={"properties": {"hs_task_subject": "Call"}},
        headers=empty.headers,
        timeout=5,
    )

    assert reply.status_code == 400
    assert reply.json()["context"] == {"properties": ["hs_timestamp"]}


def test_url_beyond_eight_kilobytes_is_414(empty: Served) -> None:
    reply = requests.get(
        f"{empty.url}/crm/v3/objects/contacts",
        params={"properties": ",".join(f"property_number_{n:04d}" for n in range(400))},
        headers=empty.headers,
        timeout=5,
    )

    assert reply.status_code == 414


def test_eleventh_unique_property_is_refused(empty: Served) -> None:
    def make(number: int) -> int:
        body = {
            "groupName": "contactinformation",
            "name": f"key_{number}",
            "label": f"Key {number}",
            "type": "string",
            "fieldType": "text",
            "hasUniqueValue": True,
        }
        reply = requests.post(f"{empty.url}/crm/v3/properties/contacts", json=body, headers=empty.headers, timeout=5)
        return reply.status_code

    assert [make(number) for number in range(11)] == [201] * 10 + [400]


def test_own_property_can_be_archived_and_hubspots_cannot(empty: Served) -> None:
    api = empty.client.crm.properties.core_api
    api.create("contacts", PropertyCreate(name="mine", label="Mine", type="string", field_type="text", group_name="contactinformation"))

    api.archive("contacts", "mine")

    with pytest.raises(PropertiesApiException) as gone:
        api.get_by_name("contacts", "mine")
    with pytest.raises(PropertiesApiException) as kept:
        api.archive("contacts", "email")
    assert (gone.value.status, kept.value.status) == (404, 400)
    assert api.get_by_name("contacts", "email").has_unique_value


def test_many_associates_come_in_pages_per_input(empty: Served) -> None:
    store = empty.made.portal.store
    contact = int(_contact(empty, email="busy@example.com"))
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


def test_person_and_api_are_told_apart_in_history_and_counters(empty: Served) -> None:
    contact = _contact(empty, email="a@example.com", hs_lead_status="NEW")
    owner = empty.made.portal.owners()
    requests.patch(f"{empty.url}/_sandbox/records/contacts/{contact}", json={"hs_lead_status": "CONNECTED"}, timeout=5)

    found = requests.get(
        f"{empty.url}/crm/v3/objects/contacts/{contact}?propertiesWithHistory=hs_lead_status",
        headers=empty.headers,
        timeout=5,
    ).json()
    writes = requests.get(f"{empty.url}/_sandbox/counters", timeout=5).json()["writes"]

    past = found["propertiesWithHistory"]["hs_lead_status"]
    assert [(one["value"], one["sourceType"]) for one in past] == [("CONNECTED", "CRM_UI"), ("NEW", "INTEGRATION")]
    assert past[0]["updatedByUserId"] == owner[0].user_id
    assert writes == {f"contacts/{contact}/email": 1, f"contacts/{contact}/hs_lead_status": 1}


def test_planted_row_faults_refuse_just_those_rows(empty: Served) -> None:
    first, second = _contact(empty, email="a@example.com"), _contact(empty, email="b@example.com")
    rule = {"path": "*/batch/update", "fault": "rows", "rows": {"error": "CONFLICT", "message": "busy", "ids": [second]}}
    requests.post(f"{empty.url}/_sandbox/faults", json=rule, timeout=5)

    body, status, _ = empty.client.crm.contacts.batch_api.update_with_http_info(
        BatchInputSimplePublicObjectBatchInput(
            inputs=[{"id": one, "objectWriteTraceId": one, "properties": {"city": "Ube"}} for one in (first, second)]
        )
    )

    assert (status, [one.id for one in body.results]) == (207, [first])
    assert (body.errors[0].category, body.errors[0].context["objectWriteTraceId"]) == ("CONFLICT", [second])


def test_contact_that_visits_a_page_moves_its_roll_ups_and_stamp(empty: Served) -> None:
    contact = _contact(empty, email="a@example.com")
    requests.put(f"{empty.url}/_sandbox/clock", json={"advance_s": 3600}, timeout=5)
    before = empty.client.crm.contacts.basic_api.get_by_id(contact).updated_at

    requests.post(f"{empty.url}/_sandbox/records/events", json={"contact": contact, "subject": "/pricing", "seconds": 40}, timeout=5)

    after = empty.client.crm.contacts.basic_api.get_by_id(contact, properties=["hs_analytics_num_page_views"])
    event = empty.client.events.events_api.get_page(object_type="contact", object_id=int(contact)).results[0]
    assert after.properties["hs_analytics_num_page_views"] == "1"
    assert after.updated_at > before
    assert event.properties["hs_url"].endswith("/pricing")


def test_seeded_roll_ups_agree_with_the_seeded_events(seeded: Served) -> None:
    store = seeded.made.portal.store
    with store.turn():
        counted = dict(store.connection.execute("SELECT object_id, count(*) FROM events WHERE type='e_visited_page' GROUP BY object_id"))
        rolled = {
            row[0]: int(row[1])
            for row in store.connection.execute("SELECT id, json_extract(props, '$.hs_analytics_num_page_views') FROM contacts")
            if row[1]
        }

    assert rolled == counted
    assert len(rolled) > 50


def test_seeded_deals_are_those_of_companies_held_here(seeded: Served) -> None:
    world = World(people=500, seed=7, now=NOW)
    list(world.people())
    held = {deal.index: deal for deal in world.deals() if world.companies[deal.company].hubspot}

    found = seeded.client.crm.deals.basic_api.get_page(limit=100, properties=["dealstage", "amount", "hs_is_closed_won"]).results

    assert len(found) == len(held) > 0
    won = sum(deal.state == "won" for deal in held.values())
    assert sum(one.properties["hs_is_closed_won"] == "true" for one in found) == won


def test_process_says_where_it_listens_and_ends_with_its_parent() -> None:
    command = [sys.executable, "-m", "adapters.hubspot.sandbox", "--seed", "20", "--with-parent", "--token", "pat-na1-mine"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdin is not None
        ready = json.loads(running.stdout.readline())
        client = HubSpot(access_token="pat-na1-mine", host=ready["url"])
        found = client.crm.contacts.basic_api.get_page(limit=5).results
        running.stdin.close()
        code = running.wait(timeout=20)

    assert ready["crm"] == "hubspot"
    assert len(found) == 5
    assert code == 0


def test_rep_sees_contacts_hot_first_and_the_record(empty: Served) -> None:
    properties = empty.client.crm.properties.core_api
    for name, type_, field_type in (("hotlead_score", "number", "number"), ("hotlead_reasons", "string", "text")):
        properties.create(
            "contacts",
            PropertyCreate(name=name, label=name, type=type_, field_type=field_type, group_name="contactinformation"),
        )
    _contact(empty, lastname="Cold", hotlead_score="9")
    hot = _contact(empty, lastname="Hot", hotlead_score="81", hotlead_reasons="Pricing page twice +12")

    listed = requests.get(f"{empty.url}/", timeout=5).text
    record = requests.get(f"{empty.url}/record/contacts/{hot}", timeout=5).text

    assert 0 < listed.index(">Hot<") < listed.index(">Cold<")
    assert "81" in record
    assert "Pricing page twice +12" in record


_WORDS = [
    "inputs",
    "properties",
    "id",
    "idProperty",
    "filterGroups",
    "filters",
    "propertyName",
    "operator",
    "value",
    "values",
    "sorts",
    "limit",
    "after",
    "associations",
    "types",
    "to",
    "from",
    "associationTypeId",
    "primaryObjectId",
    "objectIdToMerge",
    "objectId",
    "name",
    "label",
    "type",
    "fieldType",
    "groupName",
    "options",
    "eventName",
    "occurredAt",
    "tokenKey",
    "query",
    "objectWriteTraceId",
]
_LEAVES = st.sampled_from(
    [None, "", 0, -1, 1.5, True, "x", "9" * 30, 10**30, "EQ", "IN", "email", "hs_object_id", "createdate", [], [1], {}, ["a"]]
)
_BODIES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(_WORDS), inner, max_size=5)),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=_BODIES, pick=st.integers(min_value=0))
def test_no_body_makes_the_portal_fail(seeded: Served, body: Any, pick: int) -> None:
    rules = [
        (method, str(rule.rule))
        for rule in seeded.made.app.url_map.iter_rules()
        if "version" not in rule.arguments and str(rule.rule).startswith(("/crm", "/events", "/oauth"))
        for method in sorted((rule.methods or set()) & {"POST", "PATCH", "PUT"})
    ]
    method, template = rules[pick % len(rules)]
    path = re.sub(r"<(\w*kind)>", "notes", template)
    path = re.sub(r"<\w+>", "97000000001", path)
    client = seeded.made.app.test_client()

    reply = client.open(path, method=method, headers=seeded.headers, json=body)

    assert reply.status_code < 500
    assert reply.status_code < 400 or reply.get_json()["correlationId"]
