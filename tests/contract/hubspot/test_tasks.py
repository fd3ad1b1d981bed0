"""What is special to tasks in HubSpot: one for a key whichever call is cut; over a socket to the sandbox."""

import pytest

from connector.ports.crm import Ask
from connector.ports.errors import Action
from tests.support.connected_portal import NUMBERS, Portal, a_task
from tests.support.crm_reads import run_through


@pytest.mark.parametrize("path", ["batch/read", "batch/create"])
@pytest.mark.parametrize("fault", ["reset_after", "reset_before", "cut_body", "timeout_after"])
def test_a_task_is_made_once_with_its_contact_whichever_call_is_cut(portal: Portal, path: str, fault: str) -> None:
    crm = portal.open(timeout_s="1")
    contact, key = portal.contact("Follow"), f"cut-{next(NUMBERS)}"
    seconds = {"seconds": 2} if fault == "timeout_after" else {}
    portal.sandbox.fault(f"*/objects/tasks/{path}", fault, times=1, **seconds)

    (outcome,) = crm.make_tasks([a_task(contact, key)])

    found, _ = run_through(crm, Ask(source="tasks", fields=("hotlead_key",), related=("contacts",), where={"hotlead_key": (key,)}))
    assert outcome.ok
    assert list(found) == [outcome.record]
    assert found[outcome.record].fields["@contacts"] == [{"id": contact, "role": ""}]


def test_a_task_holds_what_was_asked(portal: Portal) -> None:
    crm = portal.open()
    contact, key = portal.contact("Follow"), f"held-{next(NUMBERS)}"

    (outcome,) = crm.make_tasks([a_task(contact, key)])

    held = portal.sandbox.record("tasks", outcome.record)["properties"]
    assert held["hs_task_subject"] == "Call: asked for a price"
    assert held["hs_task_body"] == "Pricing page &lt; 3 days ago<br>Webinar &amp; demo"
    assert held["hs_timestamp"] == "2026-12-01T01:00:00.000Z"
    assert (held["hs_task_type"], held["hs_task_priority"], held["hs_task_status"]) == ("CALL", "MEDIUM", "NOT_STARTED")
    assert "hubspot_owner_id" not in held


def test_a_task_for_a_contact_that_is_gone_is_refused_and_none_is_made(portal: Portal) -> None:
    crm = portal.open()
    alive, gone = portal.contact("Alive"), portal.contact("Gone")
    portal.sandbox.delete("contacts", gone)
    keys = [f"gone-{next(NUMBERS)}", f"alive-{next(NUMBERS)}"]

    outcomes = list(crm.make_tasks([a_task(gone, keys[0]), a_task(alive, keys[1])]))

    found, _ = run_through(crm, Ask(source="tasks", fields=("hotlead_key",), where={"hotlead_key": tuple(keys)}))
    assert [outcome.ok for outcome in outcomes] == [False, True]
    assert outcomes[0].refusal is not None
    assert outcomes[0].refusal.action is Action.SKIP_RECORD
    assert list(found) == [outcomes[1].record]
