"""Merges, conversions, deletions and privacy deletions arrive by hints, in whatever order, and nothing is lost or brought back."""

from collections.abc import Sequence

import pytest
import requests

from connector.ports.hooks import HintKind
from tests.support.journeys import Desk, Town
from tests.support.real_time import Lanes, ids_of, leads


@pytest.fixture(scope="module")
def home(small: Town) -> Town:
    return small


def hubspot(desk: Desk, path: str, body: dict[str, str]) -> dict[str, str]:
    sandbox = desk.sandboxes["hubspot"]
    headers = {"Authorization": f"Bearer {sandbox.credentials['access_token']}"}
    answer = requests.post(f"{sandbox.url}/crm/v3/objects/contacts/{path}", json=body, headers=headers, timeout=10)
    assert answer.ok, answer.text
    told: dict[str, str] = answer.json() if answer.content else {}
    return told


def deeds_of(beside: Lanes, person: int | None) -> set[str]:
    """Ids of what a person did."""
    assert person is not None
    with beside.here.store.read() as tx:
        return {one.id for one in tx.activities.of(person)}


def test_a_new_lead_and_its_task_come_in_whichever_hint_is_first(desk: Desk, beside: Lanes) -> None:
    made = {"LastName": "Early", "Company": "Early Ltd", "Email": "early@early.test"}
    lead = desk.sandboxes["salesforce"].create("Lead", made)
    done = {"WhoId": lead, "Subject": "Re: your offer", "Status": "Completed", "TaskSubtype": "Email"}
    task = desk.sandboxes["salesforce"].create("Task", done)

    beside.hint("salesforce", "Task", task)
    beside.drain("salesforce")

    assert beside.stored("salesforce", "Lead", [lead]) == ["live"], "the lead was asked for because its task named it"
    person = beside.person_of("salesforce", "Lead", lead)
    assert deeds_of(beside, person) == {task}
    assert desk.rows("SELECT email FROM persons WHERE id = ?", person) == [("early@early.test",)]
    assert beside.score() == 1


def test_a_converted_lead_moves_its_history_to_the_contact(desk: Desk, beside: Lanes) -> None:
    (lead,) = leads(desk, 1)
    task = desk.sandboxes["salesforce"].create(
        "Task", {"WhoId": lead, "Subject": "Re: hello", "Status": "Completed", "TaskSubtype": "Email"}
    )
    beside.hint("salesforce", "Task", task)
    beside.drain("salesforce")
    before = beside.person_of("salesforce", "Lead", lead)
    made = desk.sandboxes["salesforce"].order("convert", {"lead": lead, "opportunity": "Big one"})

    beside.hint("salesforce", "Lead", lead)
    beside.drain("salesforce")

    contact = desk.value("salesforce", "Lead", lead, "ConvertedContactId")
    assert contact, made
    assert beside.stored("salesforce", "Lead", [lead]) == [f"survived by {contact}"]
    assert beside.stored("salesforce", "Contact", [contact]) == ["live"], "the survivor was asked for"
    assert beside.person_of("salesforce", "Contact", contact) == before
    assert task in deeds_of(beside, before)


def test_merged_leads_are_one_person_who_did_what_both_did(desk: Desk, beside: Lanes) -> None:
    winner, loser = leads(desk, 2)
    persons = [beside.person_of("salesforce", "Lead", one) for one in (winner, loser)]
    both = deeds_of(beside, persons[0]) | deeds_of(beside, persons[1])
    desk.sandboxes["salesforce"].order("merge", {"master": winner, "losers": [loser]})

    beside.hint("salesforce", "Lead", loser)
    beside.drain("salesforce")

    assert beside.stored("salesforce", "Lead", [loser]) == [f"survived by {winner}"]
    person = beside.person_of("salesforce", "Lead", winner)
    assert beside.person_of("salesforce", "Lead", loser) == person
    assert both <= deeds_of(beside, person)


@pytest.mark.parametrize("told", [(0, 1, 2), (2, 1, 0), (0,), (2,)])
def test_merged_hubspot_contacts_lead_to_the_new_record(desk: Desk, beside: Lanes, told: Sequence[int]) -> None:
    first, second = ids_of(desk, "hubspot", "contacts", 2)
    merged = hubspot(desk, "merge", {"primaryObjectId": first, "objectIdToMerge": second})["id"]
    rows = [first, second, merged]

    for n in told:
        beside.hint("hubspot", "contacts", rows[n])
        beside.drain("hubspot")

    assert beside.stored("hubspot", "contacts", [merged]) == ["live"]
    gone = [rows[n] for n in told if rows[n] != merged]
    assert beside.stored("hubspot", "contacts", gone) == [f"survived by {merged}"] * len(gone)
    assert {beside.person_of("hubspot", "contacts", one) for one in [merged, *gone]} == {beside.person_of("hubspot", "contacts", merged)}


def test_a_deleted_contact_goes_and_comes_back_when_it_is_restored(desk: Desk, beside: Lanes) -> None:
    (contact,) = ids_of(desk, "hubspot", "contacts", 1)
    person = beside.person_of("hubspot", "contacts", contact)
    sandbox = desk.sandboxes["hubspot"]
    sandbox.delete("contacts", contact)

    beside.hint("hubspot", "contacts", contact, kind=HintKind.DELETED)
    beside.drain("hubspot")
    gone = beside.stored("hubspot", "contacts", [contact])
    sandbox.order("acts", {"act": "undelete", "source": "contacts", "record": contact})
    beside.hint("hubspot", "contacts", contact)
    beside.drain("hubspot")

    assert gone == ["deleted"]
    assert beside.stored("hubspot", "contacts", [contact]) == ["live"]
    assert beside.person_of("hubspot", "contacts", contact) == person


def test_a_hint_of_a_deletion_that_is_not_so_deletes_nothing(desk: Desk, beside: Lanes) -> None:
    (contact,) = ids_of(desk, "hubspot", "contacts", 1)

    beside.hint("hubspot", "contacts", contact, kind=HintKind.DELETED)
    beside.drain("hubspot")

    assert beside.stored("hubspot", "contacts", [contact]) == ["live"]


def test_who_asked_to_be_forgotten_is_not_brought_back_by_what_names_them(desk: Desk, beside: Lanes) -> None:
    (contact,) = ids_of(desk, "hubspot", "contacts", 1)
    person = beside.person_of("hubspot", "contacts", contact)
    call = desk.sandboxes["hubspot"].create(
        "calls", {"hs_timestamp": desk.sandboxes["hubspot"].now().isoformat(), "associations": {"contacts": [contact]}}
    )
    desk.forget_counts()

    beside.hint("hubspot", "contacts", contact, kind=HintKind.ERASED)
    beside.hint("hubspot", "calls", call)
    drained = beside.drain("hubspot")["hubspot"].reread
    beside.hint("hubspot", "contacts", contact)
    beside.drain("hubspot")

    assert drained.erased == 1
    assert beside.stored("hubspot", "contacts", [contact]) == ["unknown"]
    assert beside.person_of("hubspot", "contacts", contact) is None
    assert desk.rows("SELECT id FROM persons WHERE id = ? AND live", person) == []
    assert beside.waiting().keys() <= {"score"}


def test_a_record_that_was_never_here_and_is_gone_leaves_nothing(beside: Lanes) -> None:
    beside.hint("hubspot", "contacts", "999000111222")
    drained = beside.drain("hubspot")["hubspot"].reread

    assert (drained.read, drained.left_out, drained.fresh) == (1, 1, 0)
    assert beside.stored("hubspot", "contacts", ["999000111222"]) == ["unknown"]
    assert beside.person_of("hubspot", "contacts", "999000111222") is None


def test_sources_that_are_not_read_are_left_out(beside: Lanes) -> None:
    beside.hint("hubspot", "tickets", "1", "2")

    drained = beside.drain("hubspot")["hubspot"].reread

    assert (drained.left_out, drained.read) == (2, 0)
    assert beside.waiting() == {}
