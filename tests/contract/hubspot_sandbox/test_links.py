"""Associations of the HubSpot sandbox through the unchanged client: types, primaries, pages, batches, merges."""

from __future__ import annotations

import requests
from hubspot.crm.associations.v4 import (
    BatchInputPublicAssociationMultiArchive,
    BatchInputPublicAssociationMultiPost,
    BatchInputPublicFetchAssociationsBatchRequest,
)
from hubspot.crm.contacts import PublicMergeInput
from hubspot.crm.objects.tasks import SimplePublicObjectInputForCreate as TaskCreate

from adapters.hubspot.sandbox.seed import contact_id_of
from tests.support.hubspot_portal import Served, world


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


def test_primary_company_is_the_associated_company_of_the_contact(empty: Served) -> None:
    contact = empty.contact(email="a@example.com")
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
    contact = empty.contact(email="a@example.com")

    task = empty.client.crm.objects.tasks.basic_api.create(
        TaskCreate(
            properties={"hs_timestamp": "1795000000000", "hs_task_subject": "Call"},
            associations=[{"to": {"id": contact}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 204}]}],
        )
    )
    page = empty.client.crm.associations.v4.basic_api.get_page("contacts", contact, "tasks")

    assert [str(one.to_object_id) for one in page.results] == [task.id]
    assert page.results[0].association_types[0].type_id == 203


def test_associations_are_made_and_broken_in_batches(empty: Served) -> None:
    contacts = [empty.contact(lastname=name) for name in ("One", "Two")]
    deal = _record(empty, "deals", dealname="Line 3")
    api = empty.client.crm.associations.v4.batch_api
    pair = {"from": {"id": deal}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}]}
    inputs = [pair | {"to": {"id": one}} for one in (*contacts, "999")]

    _, status, _ = api.create_with_http_info("deals", "contacts", BatchInputPublicAssociationMultiPost(inputs=inputs))
    both = _associates(empty, "deals", deal, "contacts")
    api.archive(
        "deals",
        "contacts",
        BatchInputPublicAssociationMultiArchive(inputs=[{"from": {"id": deal}, "to": [{"id": contacts[0]}]}]),
    )

    assert status == 207
    assert both == contacts
    assert _associates(empty, "deals", deal, "contacts") == [contacts[1]]
    assert _associates(empty, "contacts", contacts[0], "deals") == []


def test_wrong_association_type_is_refused(empty: Served) -> None:
    task = {
        "properties": {"hs_timestamp": "1795000000000"},
        "associations": [{"to": {"id": empty.contact(lastname="One")}, "types": [{"associationTypeId": 279}]}],
    }

    reply = requests.post(f"{empty.url}/crm/v3/objects/tasks", json=task, headers=empty.headers, timeout=5)

    assert (reply.status_code, reply.json()["category"]) == (400, "VALIDATION_ERROR")
    assert empty.client.crm.objects.tasks.basic_api.get_page().results == []


def test_binned_company_is_nobodys_company(empty: Served) -> None:
    contact, company = empty.contact(lastname="One"), _record(empty, "companies", name="Kumoi")
    empty.client.crm.associations.v4.basic_api.create_default("contacts", contact, "companies", company)

    empty.client.crm.companies.basic_api.archive(company)

    found = empty.client.crm.contacts.basic_api.get_by_id(contact, properties=["associatedcompanyid"])
    assert found.properties["associatedcompanyid"] is None
    assert _associates(empty, "contacts", contact, "companies") == []


def test_merged_contact_keeps_its_primary_company_and_gains_the_others(empty: Served) -> None:
    one, two = empty.contact(lastname="One"), empty.contact(lastname="Two")
    companies = [_record(empty, "companies", name=name) for name in ("First", "Second")]
    for contact, company in zip((one, two), companies, strict=True):
        empty.client.crm.associations.v4.basic_api.create_default("contacts", contact, "companies", company)

    merged = empty.client.crm.contacts.basic_api.merge(PublicMergeInput(primary_object_id=one, object_id_to_merge=two))

    assert merged.properties["associatedcompanyid"] == companies[0]
    assert _associates(empty, "contacts", merged.id, "companies") == companies


def _record(served: Served, kind: str, **properties: str) -> str:
    reply = requests.post(f"{served.url}/crm/v3/objects/{kind}", json={"properties": properties}, headers=served.headers, timeout=5)
    return str(reply.json()["id"])


def _associates(served: Served, kind: str, record_id: str, other: str) -> list[str]:
    page = served.client.crm.associations.v4.basic_api.get_page(kind, record_id, other)
    return [str(one.to_object_id) for one in page.results]
