"""What tests and reps ask of the HubSpot sandbox: faults, lag, people's edits, the seeded world, its pages, its process."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import pytest
import requests
from hubspot import HubSpot
from hubspot.crm.contacts import (
    BatchInputSimplePublicObjectBatchInput,
)
from hubspot.crm.contacts.exceptions import ApiException as ContactsApiException
from hubspot.crm.properties import PropertyCreate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.hubspot_portal import Served, world


def test_planted_expired_token_is_hubspots_401(empty: Served) -> None:
    requests.post(f"{empty.url}/_sandbox/faults", json={"path": "/crm/*", "fault": "expired_token", "times": 1}, timeout=5)

    with pytest.raises(ContactsApiException) as expired:
        empty.client.crm.contacts.basic_api.get_page()

    assert json.loads(expired.value.body)["category"] == "EXPIRED_AUTHENTICATION"
    assert empty.client.crm.contacts.basic_api.get_page().results == []


def test_row_written_under_lag_is_readable_at_once_and_searchable_later(empty: Served) -> None:
    requests.put(f"{empty.url}/_sandbox/clock", json={"frozen": True}, timeout=5)
    requests.put(f"{empty.url}/_sandbox/lag", json={"seconds": 30, "every": 1}, timeout=5)
    contact = empty.contact(email="late@example.com")

    at_once = empty.search(filter_groups=[]).total
    read = empty.client.crm.contacts.basic_api.get_by_id(contact).id
    requests.put(f"{empty.url}/_sandbox/clock", json={"advance_s": 31}, timeout=5)

    assert (at_once, read) == (0, contact)
    assert empty.search(filter_groups=[]).total == 1


def test_person_and_api_are_told_apart_in_history_and_counters(empty: Served) -> None:
    contact = empty.contact(email="a@example.com", hs_lead_status="NEW")
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
    first, second = empty.contact(email="a@example.com"), empty.contact(email="b@example.com")
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
    contact = empty.contact(email="a@example.com")
    requests.put(f"{empty.url}/_sandbox/clock", json={"advance_s": 3600}, timeout=5)
    before = empty.client.crm.contacts.basic_api.get_by_id(contact).updated_at

    requests.post(f"{empty.url}/_sandbox/records/events", json={"contact": contact, "subject": "/pricing", "seconds": 40}, timeout=5)

    after = empty.client.crm.contacts.basic_api.get_by_id(contact, properties=["hs_analytics_num_page_views"])
    event = empty.client.events.events_api.get_page(object_type="contact", object_id=int(contact)).results[0]
    assert after.properties["hs_analytics_num_page_views"] == "1"
    assert after.updated_at > before
    assert event.properties["hs_url"].endswith("/pricing")


def test_custom_event_that_was_sent_is_read_back(empty: Served) -> None:
    contact = empty.contact(email="a@example.com")
    name = f"pe{empty.made.portal.settings.portal_id}_trial_started"
    sent = {"eventName": name, "email": "a@example.com", "occurredAt": "2026-11-19T10:00:00Z", "properties": {"plan": "team"}}

    reply = requests.post(f"{empty.url}/events/v3/send", json=sent, headers=empty.headers, timeout=5)
    found = empty.client.events.events_api.get_page(object_type="contact", object_id=int(contact), event_type=name).results
    types = empty.client.events.events_api.get_types().event_types

    assert reply.status_code == 204
    assert [(one.occurred_at.isoformat(), one.properties) for one in found] == [("2026-11-19T10:00:00+00:00", {"plan": "team"})]
    assert name in types


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
    people = world()
    list(people.people())
    held = {deal.index: deal for deal in people.deals() if people.companies[deal.company].hubspot}

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
    empty.contact(lastname="Cold", hotlead_score="9")
    hot = empty.contact(lastname="Hot", hotlead_score="81", hotlead_reasons="Pricing page twice +12")

    listed = requests.get(f"{empty.url}/", timeout=5).text
    record = requests.get(f"{empty.url}/record/contacts/{hot}", timeout=5).text

    assert 0 < listed.index(">Hot<") < listed.index(">Cold<")
    assert "81" in record
    assert "Pricing page twice +12" in record


_WORD_TEXT = """
inputs properties id idProperty filterGroups filters propertyName operator value values sorts limit after associations
types to from associationTypeId primaryObjectId objectIdToMerge objectId name label type fieldType groupName options
eventName occurredAt tokenKey query objectWriteTraceId
"""
_VALUES: list[Any] = [
    None, "", 0, -1, 1.5, True, "x", "9" * 30, 10**30, "EQ", "IN", "email", "hs_object_id", "createdate", [], [1], {}, ["a"],
]  # fmt: skip
_BODIES = st.recursive(
    st.sampled_from(_VALUES),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(_WORD_TEXT.split()), inner, max_size=5)),
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
