"""What is special to writing HubSpot: merged records, lifecycle stages, batches refused as a whole; over a socket to the sandbox."""

from connector.ports.crm import Ask, Json, Write
from connector.ports.errors import Action
from tests.support.connected_portal import NUMBERS, Portal, a_task, key_of
from tests.support.crm_reads import run_through


def test_a_merged_record_is_reread_as_gone_and_written_as_its_survivor(portal: Portal) -> None:
    crm = portal.open()
    winner, loser = portal.contact("Winner"), portal.contact("Loser")
    merged = portal.api("POST", "/crm/v3/objects/contacts/merge", {"primaryObjectId": winner, "objectIdToMerge": loser})["id"]

    reread = list(crm.reread(source="contacts", ids=[loser, merged], fields=["email"]))
    (outcome,) = crm.write([Write(key=key_of(loser), fields={"hotlead_score": 40})])

    assert [(row.key.id, row.deleted, row.survivor) for row in reread] == [(loser, True, key_of(merged)), (merged, False, None)]
    assert (outcome.key, outcome.ok, outcome.record) == (loser, True, merged)


def test_a_lifecycle_stage_that_does_not_move_is_reported_and_the_rest_is_written(portal: Portal) -> None:
    crm = portal.open()
    customer, lead = portal.contact("Customer", lifecyclestage="customer"), portal.contact("Lead", lifecyclestage="lead")
    fields: dict[str, Json] = {"lifecyclestage": "marketingqualifiedlead", "hotlead_score": 77}

    back, forward = crm.write([Write(key=key_of(one), fields=fields) for one in (customer, lead)])

    assert back.refusal is not None
    assert (back.ok, back.refusal.action, back.refusal.code) == (False, Action.SKIP_RECORD, "LIFECYCLE_STAGE_UNMOVED")
    assert back.refusal.field == "lifecyclestage"
    assert portal.sandbox.record("contacts", customer)["properties"]["lifecyclestage"] == "customer"
    assert portal.sandbox.record("contacts", customer)["properties"]["hotlead_score"] == "77"
    assert forward.ok
    assert portal.sandbox.record("contacts", lead)["properties"]["lifecyclestage"] == "marketingqualifiedlead"


def test_a_batch_refused_as_a_whole_is_halved_until_the_good_rows_are_written(portal: Portal) -> None:
    crm = portal.open()
    ids = [portal.contact("Half") for _ in range(4)]
    refusal = {"status": "error", "category": "VALIDATION_ERROR", "message": "one of them is bad"}
    portal.sandbox.fault("*/contacts/batch/update", "status", status=400, body=refusal, calls=[1, 2, 4])

    outcomes = list(crm.write([Write(key=key_of(one), fields={"hotlead_score": 1}) for one in ids]))

    # The whole, the first half, its first row (good), its second row (bad), the second half (good).
    assert [outcome.ok for outcome in outcomes] == [True, False, True, True]
    assert portal.sandbox.calls()["POST /crm/v3/objects/<kind>/batch/update"] == 5


def test_a_property_that_is_gone_costs_its_rows_one_call_and_the_others_none(portal: Portal) -> None:
    crm = portal.open()
    ids = [portal.contact("Bear") for _ in range(3)]
    refusal = {
        "status": "error",
        "category": "VALIDATION_ERROR",
        "message": 'Property "old" does not exist',
        "errors": [{"message": "Property old does not exist", "code": "PROPERTY_DOESNT_EXIST", "context": {"propertyName": ["old"]}}],
    }
    portal.sandbox.fault("*/contacts/batch/update", "status", status=400, body=refusal, calls=[1])
    fields: list[dict[str, Json]] = [{"hotlead_score": 1}, {"hotlead_score": 2, "old": "x"}, {"old": "y"}]

    outcomes = list(crm.write([Write(key=key_of(one), fields=held) for one, held in zip(ids, fields, strict=True)]))

    assert [outcome.ok for outcome in outcomes] == [True, False, False]
    refused = outcomes[1].refusal
    assert refused is not None
    assert (refused.action, refused.field, refused.message) == (Action.FIX_MAPPING, "old", 'Property "old" does not exist')
    assert portal.sandbox.calls()["POST /crm/v3/objects/<kind>/batch/update"] == 2


def test_the_same_record_twice_is_written_in_the_order_given(portal: Portal) -> None:
    crm = portal.open()
    contact = portal.contact("Twice")

    outcomes = list(crm.write([Write(key=key_of(contact), fields={"hotlead_score": points}) for points in (10, 20)]))

    assert [outcome.ok for outcome in outcomes] == [True, True]
    assert portal.sandbox.record("contacts", contact)["properties"]["hotlead_score"] == "20"


def test_a_dated_api_version_reads_writes_and_makes_tasks_by_its_own_paths(portal: Portal) -> None:
    crm = portal.open(api_version="2026-09")
    contact = portal.contact("Dated")
    portal.sandbox.reset_counters()

    identity = crm.identity()
    found, cursor = run_through(crm, Ask(source="contacts", fields=("email",), related=("companies",)))
    run_through(crm, Ask(source="contacts", fields=("email",), related=("companies",), cursor=cursor))
    events, _ = run_through(crm, Ask(source="events:e_visited_page", fields=("hs_url",)))
    (written,) = crm.write([Write(key=key_of(contact), fields={"hotlead_score": 5})])
    (made,) = crm.make_tasks([a_task(contact, f"dated-{next(NUMBERS)}")])
    steps = crm.plan_install()

    assert identity.zone == "Asia/Tokyo"
    assert contact in found
    assert events
    assert written.ok
    assert made.ok
    assert {step.state for step in steps} == {"present"}
    assert not [path for path in portal.sandbox.calls() if "/v3/" in path or "/v4/" in path]
