"""What is special to writing Salesforce: converted and merged leads, locked rows, field-level security."""

import pytest

from adapters.salesforce.adapter import SalesforceCrm
from connector.core.records import RecordKey
from connector.ports.crm import Ask, Outcome, Severity
from connector.ports.errors import Action, CrmField
from tests.support.connected_org import lead_write, new_lead, opened, org_of
from tests.support.crm_reads import rows_of
from tests.support.sandboxes import Sandbox


def test_writing_a_converted_lead_is_refused_with_its_contact(crm: SalesforceCrm, org: Sandbox) -> None:
    converted = next(lead for lead in rows_of(crm, Ask(source="Lead", fields=("Email",))) if lead.survivor is not None)
    alive = new_lead(org)

    outcomes = list(crm.write([lead_write(converted.key.id, {"Hotlead_Score__c": 5}), lead_write(alive, {"Hotlead_Score__c": 5})]))

    assert [outcome.ok for outcome in outcomes] == [False, True]
    refusal = outcomes[0].refusal
    assert refusal is not None
    assert refusal.code == "CANNOT_UPDATE_CONVERTED_LEAD"
    assert refusal.survivor == converted.survivor


def test_writing_a_merged_lead_is_refused_with_its_winner(crm: SalesforceCrm, org: Sandbox) -> None:
    winner, loser, deleted = new_lead(org), new_lead(org), new_lead(org)
    org.order("merge", {"master": winner, "losers": [loser]})
    org.delete("Lead", deleted)

    outcomes = list(crm.write([lead_write(one, {"Hotlead_Score__c": 1}) for one in (loser, deleted, winner)]))

    assert [outcome.ok for outcome in outcomes] == [False, False, True]
    assert [outcome.refusal.survivor for outcome in outcomes if outcome.refusal] == [RecordKey("sf", "Lead", winner), None]
    assert crm.usage().calls["reread"] == 1


def test_locked_rows_are_tried_again_alone_until_they_are_free(crm: SalesforceCrm, org: Sandbox) -> None:
    locked, free = new_lead(org), new_lead(org)
    rows = {"error": "UNABLE_TO_LOCK_ROW", "message": "unable to obtain exclusive access to this record", "ids": [locked]}
    org.fault("*/composite/sobjects", "rows", rows=rows, times=2)

    outcomes = list(crm.write([lead_write(locked, {"Hotlead_Score__c": 8}), lead_write(free, {"Hotlead_Score__c": 9})]))

    assert [outcome.ok for outcome in outcomes] == [True, True]
    assert org.record("Lead", locked)["Hotlead_Score__c"] == 8
    assert org.writes()[f"Lead/{free}/Hotlead_Score__c"] == 1
    assert crm.usage().calls["write"] == 3


def test_a_row_that_stays_locked_is_given_up_for_now(crm: SalesforceCrm, org: Sandbox) -> None:
    locked, free = new_lead(org), new_lead(org)
    rows = {"error": "UNABLE_TO_LOCK_ROW", "message": "unable to obtain exclusive access to this record", "ids": [locked]}
    org.fault("*/composite/sobjects", "rows", rows=rows)

    outcomes = list(crm.write([lead_write(locked, {"Hotlead_Score__c": 8}), lead_write(free, {"Hotlead_Score__c": 9})]))

    assert [outcome.ok for outcome in outcomes] == [False, True]
    refusal = outcomes[0].refusal
    assert refusal is not None
    assert (refusal.action, refusal.mended_by) == (Action.RETRY, "nobody")
    assert crm.usage().calls["write"] == 6


def test_a_field_that_is_not_there_spoils_only_the_rows_that_carry_it(crm: SalesforceCrm, org: Sandbox) -> None:
    leads = [new_lead(org) for _ in range(3)]
    writes = [
        lead_write(leads[0], {"Hotlead_Score__c": 1}),
        lead_write(leads[1], {"Nope__c": 1}),
        lead_write(leads[2], {"Hotlead_Score__c": 3}),
    ]

    outcomes = list(crm.write(writes))

    assert [outcome.ok for outcome in outcomes] == [True, False, True]
    refusal = outcomes[1].refusal
    assert refusal is not None
    assert (refusal.action, refusal.field) == (Action.FIX_MAPPING, "Nope__c")
    assert org.record("Lead", leads[2])["Hotlead_Score__c"] == 3


def test_one_row_of_a_form_that_salesforce_cannot_read_is_found_among_two_hundred(crm: SalesforceCrm, org: Sandbox) -> None:
    leads = [new_lead(org) for _ in range(200)]
    writes = [lead_write(lead, {"Hotlead_Score__c": "many" if number == 137 else number}) for number, lead in enumerate(leads)]

    outcomes = list(crm.write(writes))

    refused = [outcome for outcome in outcomes if not outcome.ok]
    assert [outcome.key for outcome in refused] == [leads[137]]
    assert refused[0].refusal is not None
    assert refused[0].refusal.action is Action.FIX_MAPPING
    assert org.record("Lead", leads[199])["Hotlead_Score__c"] == 199


def test_a_hidden_field_is_named_with_the_permission_set_that_grants_it() -> None:
    with org_of(options=("--hide-field", "Lead.Rating")) as sandbox:
        crm = opened(sandbox)

        with pytest.raises(CrmField) as refusal:
            list(crm.read(Ask(source="Lead", fields=("Email", "Rating"))))
        findings = crm.check(reads={"Lead": ("Email", "Rating")}, writes={})

    assert refusal.value.field == "Rating"
    assert "Hotlead_Integration" in refusal.value.hint
    assert any("Lead.Rating" in finding.message and finding.severity is Severity.ERROR for finding in findings)


def test_the_outcome_of_a_write_names_the_full_id(crm: SalesforceCrm, org: Sandbox) -> None:
    lead = new_lead(org)

    outcomes: list[Outcome] = list(crm.write([lead_write(lead[:15], {"Hotlead_Score__c": 4})]))

    assert outcomes == [Outcome(key=lead[:15], ok=True, record=lead)]
