"""Reading the HubSpot sandbox through the unchanged hubspot-api-client over a socket: what the documentation promises."""

from __future__ import annotations

import json

import pytest
import requests
from hubspot.crm.contacts import (
    BatchReadInputSimplePublicObjectId,
)
from hubspot.crm.contacts.exceptions import ApiException as ContactsApiException

from adapters.hubspot.sandbox.seed import contact_id_of
from tests.support.hubspot_portal import Served, world


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


def test_url_beyond_eight_kilobytes_is_414(empty: Served) -> None:
    reply = requests.get(
        f"{empty.url}/crm/v3/objects/contacts",
        params={"properties": ",".join(f"property_number_{n:04d}" for n in range(400))},
        headers=empty.headers,
        timeout=5,
    )

    assert reply.status_code == 414


def test_one_contact_is_found_by_its_address(seeded: Served) -> None:
    person = next(one for one in world().people() if one.hubspot and one.email and one.other_email is None)

    found = seeded.client.crm.contacts.basic_api.get_by_id(
        person.email.upper(), id_property="email", properties=["email"], associations=["companies"]
    )

    assert found.id == str(contact_id_of(person.index))
    assert found.properties["email"] == person.email.lower()


def test_search_finds_by_address_by_associated_company_and_by_word(empty: Served) -> None:
    contact = empty.contact(email="yoko@example.jp", lastname="佐藤", firstname="陽子")
    empty.contact(email="ken@example.jp", lastname="Ito")
    body = {"properties": {"name": "Kumoi"}}
    company = requests.post(f"{empty.url}/crm/v3/objects/companies", json=body, headers=empty.headers, timeout=5).json()["id"]
    empty.client.crm.associations.v4.basic_api.create_default("contacts", contact, "companies", company)

    by_address = empty.search(
        filter_groups=[{"filters": [{"propertyName": "email", "operator": "IN", "values": ["YOKO@example.jp", "nobody@example.jp"]}]}]
    )
    by_company = empty.search(filter_groups=[{"filters": [{"propertyName": "associations.company", "operator": "EQ", "value": company}]}])
    by_word = empty.search(query="佐藤", filter_groups=[])

    assert [[one.id for one in found.results] for found in (by_address, by_company, by_word)] == [[contact]] * 3


def test_archived_contacts_address_is_free_again(empty: Served) -> None:
    first = empty.contact(email="a@example.com")
    empty.client.crm.contacts.basic_api.archive(first)

    second = empty.contact(email="a@example.com")

    assert second != first
    assert empty.search(filter_groups=[]).total == 1
