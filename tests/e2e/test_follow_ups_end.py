"""A follow-up ends when a rep completes its task or throws it away; only then may the next one come."""

from typing import Any, NamedTuple

import pytest

from tests.support.journeys import CRMS, TASKS, Desk

DONE = {"salesforce": {"Status": "Completed"}, "hubspot": {"hs_task_status": "COMPLETED"}}
QUIET = """
    SELECT p.email, min(m.id) FILTER (WHERE o.source = 'contacts') AS contact FROM persons p
    JOIN members m ON m.person = p.id JOIN sources o ON o.no = m.source JOIN contacts c ON c.no = m.no JOIN scores s ON s.person = p.id
    WHERE c.deleted = 0 AND p.email <> '' AND s.excluded = '' AND s.temperature = 'cold' AND s.fired = '{}'
    GROUP BY p.id HAVING contact IS NOT NULL AND count(*) FILTER (WHERE o.connection = 'salesforce') > 0 = ? ORDER BY p.id LIMIT ?
"""
"""Nobody has a reason to call these people, whom HubSpot knows, and Salesforce too or not."""


class Told(NamedTuple):
    """Somebody who asked for the brochure, and the task that a rep has because of it."""

    person: int
    email: str
    crm: str
    task: str

    def rep_completes(self, desk: Desk) -> None:
        desk.sandboxes[self.crm].edit(TASKS[self.crm], self.task, DONE[self.crm])

    def rep_throws_away(self, desk: Desk) -> None:
        desk.sandboxes[self.crm].delete(TASKS[self.crm], self.task)

    def follow_ups(self, desk: Desk) -> list[tuple[str, str]]:
        """Rule and state of each, oldest first; the first one's rule is no matter."""
        (_, first), *later = desk.rows("SELECT rule, state FROM follow_ups WHERE person = ? ORDER BY made_at", self.person)
        return [("first", first), *((str(rule), str(state)) for rule, state in later)]


@pytest.fixture
def told(desk: Desk) -> dict[str, list[Told]]:
    """Everything live, and by CRM the people for whom a rep has a task there: three in Salesforce, two in HubSpot."""
    desk.go_live("tasks")
    desk.ok("write-back")
    quiet = [*desk.rows(QUIET, 1, 3), *desk.rows(QUIET, 0, 2)]
    for _, contact in quiet:
        desk.sandboxes["hubspot"].create("events", {"contact": contact, "eventType": "e_submitted_form", "subject": "brochure"})
    desk.ok("run")
    made = [
        Told(*row)
        for row in desk.rows("SELECT f.person, p.email, f.connection, f.record FROM follow_ups f JOIN persons p ON p.id = f.person")
        if (row[1],) in {(email,) for email, _ in quiet}
    ]
    by_crm = {crm: [one for one in made if one.crm == crm] for crm in CRMS}
    assert {crm: len(some) for crm, some in by_crm.items()} == {"salesforce": 3, "hubspot": 2}
    return by_crm


def _done(ran: Any) -> int:
    return sum(count for name, count in ran["tally"].items() if name.endswith("tasks done"))


def test_an_inquiry_makes_the_next_task_once_a_rep_has_ended_the_first(desk: Desk, told: dict[str, list[Told]]) -> None:
    (completed, thrown_away, waiting), (completed_too, thrown_away_too) = told["salesforce"], told["hubspot"]
    ended = (completed, completed_too, thrown_away, thrown_away_too)
    completed.rep_completes(desk)
    completed_too.rep_completes(desk)
    thrown_away.rep_throws_away(desk)
    thrown_away_too.rep_throws_away(desk)
    for one in (*ended, waiting):
        desk.inquires(one.email)

    ran = desk.told("run")

    assert _done(ran) == 4
    assert [one.follow_ups(desk) for one in ended] == [[("first", "closed"), ("answer_inquiry", "open")]] * 4
    assert waiting.follow_ups(desk) == [("first", "open")]
    assert desk.told("run")["tally"] == {}, "the same inquiries act once"

    waiting.rep_completes(desk)
    later = desk.told("run")

    assert _done(later) == 1, "the inquiry has waited for the rep, and is not forgotten"
    assert waiting.follow_ups(desk) == [("first", "closed"), ("answer_inquiry", "open")]


def test_a_pull_learns_which_tasks_have_ended_in_one_call_and_says_how_many(desk: Desk, told: dict[str, list[Told]]) -> None:
    for crm in CRMS:
        told[crm][0].rep_completes(desk)

        pulled, again = desk.told("pull", crm), desk.told("pull", crm)

        assert [one["calls"][crm]["reread"] for one in (pulled, again)] == [1, 1]
        assert [run["counts"].get(f"{crm} tasks closed") for run in desk.told("runs")["runs"][:2]] == [None, 1], "newest first"
        (explained,) = desk.told("explain", told[crm][0].email)
        assert explained["open_tasks"] == []


def test_without_open_tasks_a_pull_asks_for_none(desk: Desk) -> None:
    calls = desk.told("pull")["calls"]

    assert [by.get("reread", 0) for by in calls.values()] == [0, 0]
