"""Stages and tasks: silent about what was there before, at once for what is new, one task in one CRM."""

from datetime import datetime
from typing import Any

import pytest

from tests.support.journeys import CRMS, Desk


@pytest.fixture
def fields_live(desk: Desk) -> Desk:
    """Both connections at the step `fields`, everything written."""
    desk.go_live("fields")
    desk.ok("write-back")
    desk.forget_counts()
    return desk


def test_going_live_is_silent_about_what_was_true_before(fields_live: Desk) -> None:
    desk = fields_live
    for crm in CRMS:
        desk.ok("go-live", crm, "stages")
        desk.ok("go-live", crm, "tasks")

    desk.ok("write-back")

    assert desk.rows("SELECT * FROM stage_moves") == []
    assert desk.rows("SELECT * FROM follow_ups") == []
    assert [name for name in desk.writes() if " Task/" in name or " tasks/" in name] == []
    assert desk.rows("SELECT * FROM journal WHERE after LIKE '%marketingqualifiedlead%' OR after LIKE '%mql%'") == []


def test_stages_are_written_from_the_step_stages_on(fields_live: Desk) -> None:
    desk = fields_live
    stage_fields = {"Hotlead_Stage__c", "Hotlead_Stage_Since__c", "hotlead_stage", "hotlead_stage_since"}
    assert desk.rows("SELECT field FROM journal WHERE field LIKE '%tage%'") == []

    for crm in CRMS:
        desk.ok("go-live", crm, "stages")
    desk.ok("write-back")

    written = {name.rsplit("/", 1)[1] for name in desk.writes()}
    assert stage_fields <= written
    (told,) = desk.told("explain", desk.emails_in(*CRMS, many=1)[0])
    keys = [m["contact"]["key"] for m in told["person"]["members"] if not m["contact"]["deleted"] and m["contact"]["survivor"] is None]
    held = {desk.value(k["connection"], k["source"], k["id"], _stage_field(k["connection"])) for k in keys}
    assert held == {told["state"]["stage"]}


def _stage_field(connection: str) -> str:
    return {"salesforce": "Hotlead_Stage__c", "hubspot": "hotlead_stage"}[connection]


def test_the_hottest_who_may_act_at_once_get_one_task_in_one_crm(fields_live: Desk) -> None:
    desk = fields_live
    for crm in CRMS:
        desk.ok("go-live", crm, "stages")
    desk.ok("write-back")
    for crm in CRMS:
        desk.ok("go-live", crm, "tasks", "--include-existing", "6")
    dry = desk.told("write-back", "--dry-run")
    desk.forget_counts()

    desk.ok("write-back")

    assert 1 <= len(dry["tasks"]) <= 6
    made = desk.rows("SELECT person, connection, record, state FROM follow_ups")
    assert len(made) == len({person for person, *_ in made}) == len(dry["tasks"])
    assert {state for *_, state in made} == {"open"}
    assert any(planned["task"]["owner"] for planned in dry["tasks"])
    for planned in dry["tasks"]:
        _task_says(desk, planned)
    desk.forget_counts()
    assert desk.told("run")["tally"] == {}
    assert desk.writes() == {}


def _task_says(desk: Desk, planned: Any) -> None:
    """The task in the CRM is the planned one: due, owned, with the score and the reasons in it."""
    task = planned["task"]
    ((connection, record, key),) = desk.rows("SELECT connection, record, key FROM follow_ups WHERE person = ?", planned["person"])
    due = datetime.fromisoformat(task["due_at"])
    (told,) = desk.told("explain", str(planned["person"]))
    assert f"Score {told['score']['total']} (fit {told['score']['fit']}, engagement {told['score']['engagement']})" in task["body"]
    assert any(reason["text"] in task["body"] for reason in told["reasons"])
    if connection == "salesforce":
        held = desk.sandboxes["salesforce"].record("Task", record)
        assert (held["Subject"], held["Description"]) == (task["subject"], task["body"])
        assert held["OwnerId"] == task["owner"] or not task["owner"]
        assert held["ActivityDate"] == task["due_on"]
        assert (held["Hotlead_Key__c"], held["WhoId"]) == (key, task["contact"]["id"])
    else:
        held = desk.sandboxes["hubspot"].record("tasks", record)["properties"]
        assert (held["hs_task_subject"], held["hotlead_key"]) == (task["subject"], key)
        assert held.get("hubspot_owner_id") == task["owner"] or not task["owner"]
        assert datetime.fromisoformat(held["hs_timestamp"]) == due


def test_an_inquiry_after_going_live_makes_an_mql_and_exactly_one_task(fields_live: Desk) -> None:
    desk = fields_live
    for crm in CRMS:
        desk.ok("go-live", crm, "stages")
        desk.ok("go-live", crm, "tasks")
    desk.ok("write-back")
    person, contact = _quiet_contact(desk)

    _inquires(desk, contact)
    ran = desk.told("run")

    assert ran["tally"].get("hubspot tasks done", 0) + ran["tally"].get("salesforce tasks done", 0) == 1
    ((before, after, by),) = desk.rows("SELECT before, after, by FROM stage_moves WHERE person = ?", person)
    assert (before, after, by) == ("lead", "mql", "hotlead")
    ((rule, trigger),) = desk.rows("SELECT rule, trigger FROM follow_ups WHERE person = ?", person)
    assert (rule, trigger) == ("answer_inquiry", "hand_off.inquiry")
    assert desk.value("hubspot", "contacts", contact, "hotlead_stage") == "mql"
    assert desk.value("hubspot", "contacts", contact, "lifecyclestage") == "marketingqualifiedlead"
    assert desk.told("run")["tally"] == {}, "the same inquiry acts once"


def _quiet_contact(desk: Desk, *, but: int = 0) -> tuple[int, str]:
    """A lead of whom HubSpot holds a row and no CRM a deal, beyond a person: the person's number and the row's id."""
    found = desk.rows(
        "SELECT l.person, min(m.id) FROM ladder_states l JOIN members m ON m.person = l.person JOIN sources o ON o.no = m.source"
        " JOIN scores s ON s.person = l.person JOIN contacts c ON c.no = m.no"
        " WHERE l.stage = 'lead' AND s.excluded = '' AND s.temperature = 'cold' AND o.source = 'contacts' AND s.fired = '{}'"
        " AND l.person > ? GROUP BY l.person HAVING count(*) = 1 ORDER BY l.person LIMIT 1",
        but,
    )
    (person, contact) = found[0]
    return int(person), str(contact)


def test_what_happened_to_people_before_their_turn_came_makes_no_task_when_everybody_goes_live(fields_live: Desk) -> None:
    desk = fields_live
    listed = ",".join(desk.emails_in(*CRMS, many=2))
    for crm in CRMS:
        desk.ok("go-live", crm, "stages", "--people", listed)
        desk.ok("go-live", crm, "tasks", "--people", listed)
    desk.ok("write-back")
    person, contact = _quiet_contact(desk)
    later, other = _quiet_contact(desk, but=person)
    _inquires(desk, contact)
    assert _tasks_of(desk.told("run")) == 0, "not listed, so not acted for"

    for crm in CRMS:
        desk.ok("go-live", crm, "tasks", "--everybody")
    silent = desk.told("run")
    _inquires(desk, other)
    acted = desk.told("run")

    assert (_tasks_of(silent), _tasks_of(acted)) == (0, 1)
    assert desk.rows("SELECT person FROM follow_ups") == [(later,)]


def _tasks_of(ran: Any) -> int:
    return sum(count for name, count in ran["tally"].items() if name.endswith("tasks done"))


def _inquires(desk: Desk, contact: str) -> None:
    """A person behind a HubSpot contact sends the contact form of the web site."""
    desk.sandboxes["hubspot"].create("events", {"contact": contact, "eventType": "e_submitted_form", "subject": "contact_sales"})
