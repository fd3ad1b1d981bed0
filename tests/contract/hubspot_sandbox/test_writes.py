"""Writing to the HubSpot sandbox through the unchanged hubspot-api-client: batches, stages, merges, properties."""

from __future__ import annotations

import json

import pytest
import requests
from hubspot.crm.contacts import (
    BatchInputSimplePublicObjectBatchInput,
    BatchInputSimplePublicObjectBatchInputUpsert,
    PublicGdprDeleteInput,
    PublicMergeInput,
    SimplePublicObjectInput,
)
from hubspot.crm.contacts.exceptions import ApiException as ContactsApiException
from hubspot.crm.properties import PropertyCreate, PropertyGroupCreate
from hubspot.crm.properties.exceptions import ApiException as PropertiesApiException

from tests.support.hubspot_portal import Served


def test_batch_update_tells_refused_rows_by_trace_id(empty: Served) -> None:
    first, second = empty.contact(email="a@example.com"), empty.contact(email="b@example.com")

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
    first, second = empty.contact(email="a@example.com"), empty.contact(email="b@example.com")

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


def test_record_named_twice_in_a_batch_refuses_the_batch(empty: Served) -> None:
    contact = empty.contact(email="a@example.com")

    with pytest.raises(ContactsApiException) as refused:
        empty.client.crm.contacts.batch_api.update(
            BatchInputSimplePublicObjectBatchInput(inputs=[{"id": contact, "properties": {"city": city}} for city in ("Ube", "Nara")])
        )

    assert refused.value.status == 400
    assert empty.client.crm.contacts.basic_api.get_by_id(contact, properties=["city"]).properties["city"] is None


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
    known = empty.contact(email="known@example.com")

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
    contact = empty.contact(email="a@example.com", lifecyclestage="salesqualifiedlead")
    api = empty.client.crm.contacts.basic_api

    ignored = api.update(contact, SimplePublicObjectInput(properties={"lifecyclestage": "lead"}))
    api.update(contact, SimplePublicObjectInput(properties={"lifecyclestage": ""}))
    moved = api.update(contact, SimplePublicObjectInput(properties={"lifecyclestage": "lead"}))

    assert ignored.properties["lifecyclestage"] == "salesqualifiedlead"
    assert moved.properties["lifecyclestage"] == "lead"


def test_merge_makes_a_new_id_that_both_old_ids_find(empty: Served) -> None:
    one, two = empty.contact(email="one@example.com"), empty.contact(email="two@example.com", city="Nara")
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
    erased, binned = empty.contact(email="gone@example.com"), empty.contact(email="binned@example.com")

    api.basic_api.purge(PublicGdprDeleteInput(object_id=erased))
    api.basic_api.archive(binned)

    with pytest.raises(ContactsApiException) as missing:
        api.basic_api.get_by_id(erased)
    assert missing.value.status == 404
    assert [one.id for one in api.basic_api.get_page(archived=True).results] == [binned]
    assert api.basic_api.get_page().results == []
    assert empty.search(filter_groups=[]).total == 0


def test_same_address_twice_is_a_conflict_that_names_the_record(empty: Served) -> None:
    known = empty.contact(email="a@example.com")

    with pytest.raises(ContactsApiException) as refused:
        empty.contact(email=" A@Example.com ")

    assert refused.value.status == 409
    assert json.loads(refused.value.body)["message"] == f"Contact already exists. Existing ID: {known}"


def test_deal_brings_its_contact_forward(empty: Served) -> None:
    contact = empty.contact(email="a@example.com", lifecyclestage="lead")
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
