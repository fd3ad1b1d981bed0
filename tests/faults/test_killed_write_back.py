"""SIGKILL of `hotlead write-back` in every outbound call and right before every commit, then the same command again."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from tests.support.journeys import CONTACTS, CRMS, TASKS, Desk, Town

SIGKILLED = -9
WRITES = {"salesforce": "*/composite/sobjects*", "hubspot": "*/batch/[cu]*"}
"""Calls that change something: updates of contacts, and tasks made."""
WRITING_CALLS = {"salesforce": 3, "hubspot": 2}
"""Lead fields, Contact fields, tasks; contact fields, tasks."""


@pytest.fixture(scope="session")
def promised(small: Town) -> Town:
    """Both CRMs live up to tasks for a few people, of whom four have asked to be contacted since; nothing is written yet."""

    def go_live(desk: Desk) -> None:
        contacts = desk.emails_of("contacts", "Contact", many=60)
        leads = [email for email in desk.emails_of("contacts", "Lead", many=60) if email not in contacts]
        both = [*leads[:3], *contacts[:2]]
        only_hubspot = [email for email in desk.emails_in("hubspot", many=60) if email not in desk.emails_in("salesforce", many=60)][:4]
        desk.go_live("tasks", "--people", ",".join([*both, *only_hubspot]))
        for email in [*both[:2], *only_hubspot[:2]]:
            desk.inquires(email)
        desk.ok("pull")
        desk.ok("score")

    return small.after(go_live)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What stands in the CRMs and in the store at the end, without the times at which it was done."""

    contacts: dict[str, Any]
    tasks: Counter[tuple[str, str, str]]
    journal: Counter[tuple[Any, ...]]
    ladder: list[tuple[Any, ...]]
    follow_ups: list[tuple[Any, ...]]
    raw: list[tuple[Any, ...]]
    tally: dict[str, int]


TIMED = {"Hotlead_Stage_Since__c", "hotlead_stage_since"}
"""Fields that hold when a stage was reached, which a later second changes."""


def _ended(desk: Desk) -> Ended:
    writes = desk.writes()
    records = sorted({name.rsplit("/", 1)[0] for name in writes})
    contacts: dict[str, Any] = {}
    tasks: Counter[tuple[str, str, str]] = Counter()
    for record in records:
        crm, _, place = record.partition(" ")
        source, number = place.split("/")
        held = desk.sandboxes[crm].record(source, number)
        values = held["properties"] if crm == "hubspot" else held
        if source == TASKS[crm]:
            tasks[(crm, str(values.get("Subject") or values.get("hs_task_subject")), str(values.get("WhoId")))] += 1
        else:
            assert source in CONTACTS[crm]
            contacts[record] = {k: v for k, v in values.items() if "otlead" in k and k not in TIMED}
    return Ended(
        contacts=contacts,
        tasks=tasks,
        journal=Counter(desk.rows("SELECT source, id, person, field, before, after FROM journal WHERE name NOT IN ('stage_since')")),
        ladder=desk.rows("SELECT person, stage FROM ladder_states ORDER BY 1")
        + desk.rows("SELECT person, before, after, why FROM stage_moves ORDER BY 1"),
        follow_ups=desk.rows("SELECT person, rule, trigger, connection, state FROM follow_ups ORDER BY 1, 2"),
        raw=desk.rows("SELECT source, id, deleted FROM raw ORDER BY 1, 2"),
        tally=_tally(desk),
    )


def _tally(desk: Desk) -> dict[str, int]:
    """Rows of all plans that are done or under way; a plan cut off before it began stays as it was made, and a new one is carried out."""
    rows = desk.rows("SELECT state, count(*) FROM plan_changes WHERE state <> 'pending' GROUP BY 1")
    tasks = desk.rows("SELECT state, count(*) FROM plan_tasks WHERE state <> 'pending' GROUP BY 1")
    return dict(rows) | {f"tasks {state}": many for state, many in tasks}


@pytest.fixture(scope="session")
def unkilled(promised: Town) -> tuple[Ended, dict[str, int]]:
    """The end state of a run that nobody killed, and its calls by CRM."""
    with promised.fresh() as desk:
        desk.ok("write-back")
        ended = _ended(desk)
        calls = {crm: sum(sandbox.calls().values()) for crm, sandbox in desk.sandboxes.items()}
    assert len(ended.contacts) > 10
    assert {crm for crm, *_ in ended.tasks} == set(CRMS), "the run must make tasks in both CRMs, or it proves nothing about them"
    assert set(ended.tally) == {"done", "tasks done"}
    return ended, calls


def _same_in_the_end(desk: Desk, unkilled: Ended) -> None:
    again = desk.hotlead("write-back")

    assert again.code == 0, again.said()
    assert {name: count for name, count in desk.writes().items() if count > 1} == {}, "nothing is written twice"
    ended = _ended(desk)
    assert ended.tasks == unkilled.tasks
    assert ended == unkilled


def _points(calls: dict[str, int]) -> Iterator[tuple[str, int]]:
    return ((crm, nth) for crm in CRMS for nth in range(1, calls[crm] + 1))


def test_killed_in_any_call_it_resumes_to_the_same_end(promised: Town, unkilled: tuple[Ended, dict[str, int]]) -> None:
    ended, calls = unkilled

    for crm, nth in _points(calls):
        with promised.fresh() as desk:
            killed = desk.killed_in_call("write-back", crm=crm, nth=nth)

            assert killed.code == SIGKILLED, f"{crm} call {nth}: {killed.said()}"
            _same_in_the_end(desk, ended)
            desk.forget_counts()
            desk.ok("write-back")
            assert desk.writes() == {}


@pytest.mark.parametrize("crm", CRMS)
def test_killed_after_the_effect_of_any_write_it_writes_nothing_twice(
    promised: Town, unkilled: tuple[Ended, dict[str, int]], crm: str
) -> None:
    ended, _ = unkilled

    for nth in range(1, WRITING_CALLS[crm] + 1):
        with promised.fresh() as desk:
            killed = desk.killed_in_call("write-back", crm=crm, nth=nth, path=WRITES[crm], fault="timeout_after")

            assert killed.code == SIGKILLED
            assert desk.writes() != {}, "the killed run had its effect"
            _same_in_the_end(desk, ended)


def test_killed_right_before_any_commit_it_resumes_to_the_same_end(promised: Town, unkilled: tuple[Ended, dict[str, int]]) -> None:
    ended, _ = unkilled
    points = 0

    for nth in count(1):
        with promised.fresh() as desk:
            killed = desk.start("write-back", die_at_commit=nth).wait()
            if killed.code != SIGKILLED:
                break
            points += 1
            _same_in_the_end(desk, ended)

    assert points >= 20, "a run commits as often"
