"""Cut connections, limits, expired tokens, refused rows and tasks while writing: one record, one task, the rest lands, the refused heal."""

import sqlite3
from collections import Counter
from contextlib import closing

import pytest

from tests.support.journeys import CRMS, TASKS, Desk, Town

FIELDS = {"salesforce": "*/composite/sobjects", "hubspot": "*/objects/contacts/batch/update"}
MAKING_TASKS = {"salesforce": "*/composite/sobjects/Task/*", "hubspot": "*/objects/tasks/batch/create"}
HOUR_US = 3_600_000_000


@pytest.fixture(scope="module")
def ready(small: Town) -> Town:
    """Both CRMs live up to tasks for everybody; two people of each CRM have asked to be contacted since, nothing is written."""

    def go_live(desk: Desk) -> None:
        desk.go_live("tasks")
        only_hubspot = [email for email in desk.emails_in("hubspot", many=60) if email not in desk.emails_in("salesforce", many=60)]
        for email in [*desk.emails_in(*CRMS, many=2), *only_hubspot[:2]]:
            desk.inquires(email)
        desk.ok("pull")
        desk.ok("score")

    return small.after(go_live)


def _tasks_made(desk: Desk, crm: str) -> int:
    return len({name.split("/")[1] for name in desk.writes() if name.startswith(f"{crm} {TASKS[crm]}/")})


@pytest.mark.parametrize("fault", ["reset_after", "cut_body", "timeout_after"])
@pytest.mark.parametrize("crm", CRMS)
def test_a_connection_that_drops_after_the_effect_leaves_one_value_and_one_task(ready: Town, crm: str, fault: str) -> None:
    with ready.fresh() as desk:
        desk.connect(crm, timeout_s="2")
        for path in (FIELDS[crm], MAKING_TASKS[crm]):
            desk.sandboxes[crm].fault(path, fault, calls=[1], seconds=4)

        done = desk.hotlead("write-back")
        desk.heal()
        if done.code:
            desk.ok("write-back")

        assert _tasks_made(desk, crm) == 2, done.said()
        assert desk.rows("SELECT count(*) FROM follow_ups WHERE connection = ? AND state = 'open'", crm) == [(2,)]
        assert desk.rows("SELECT count(*) FROM journal") == desk.rows("SELECT count(DISTINCT source || id || field) FROM journal")
        desk.forget_counts()
        desk.ok("write-back")
        assert desk.writes() == {}


@pytest.mark.parametrize("status", [429, 503])
def test_bursts_of_refused_calls_are_waited_out(ready: Town, status: int) -> None:
    with ready.fresh() as desk:
        for sandbox in desk.sandboxes.values():
            sandbox.fault("*", "status", status=status, times=2, body={"message": "not just now"}, headers={"Retry-After": "1"})

        done = desk.hotlead("run")

        assert done.code == 0, done.said()
        assert all(count == 1 for count in desk.writes().values())
        assert {crm: _tasks_made(desk, crm) for crm in CRMS} == {"salesforce": 2, "hubspot": 2}


def test_a_token_that_expires_in_the_middle_is_renewed_without_a_word(ready: Town) -> None:
    with ready.fresh() as desk:
        desk.sandboxes["salesforce"].fault("*/composite/sobjects*", "expired_token", calls=[1, 3])

        desk.ok("write-back")

        assert all(count == 1 for count in desk.writes().values())
        assert _tasks_made(desk, "salesforce") == 2


def test_one_poisoned_row_in_ten_does_not_stop_the_other_nine(ready: Town) -> None:
    with ready.fresh() as desk:
        dry = desk.told("write-back", "--dry-run")
        for crm in CRMS:
            desk.sandboxes[crm].fault(FIELDS[crm], "rows", rows={"error": "SOME_NEW_CODE", "message": "never seen before", "every": 10})

        done = desk.hotlead("write-back")

        rows = Counter(c["key"]["connection"] for c in dry["changes"])
        landed = Counter(
            name.split(" ")[0] for name in {n.rsplit("/", 1)[0] for n in desk.writes() if "Task/" not in n and "tasks/" not in n}
        )
        assert done.code == 6
        assert landed == {crm: many - many // 10 for crm, many in rows.items()}
        assert len(desk.told("runs", "--refused", "--limit", "100")["parked"]) == sum(m // 10 for m in rows.values())


@pytest.mark.parametrize("crm", CRMS)
def test_a_refused_task_is_parked_and_made_once_its_cause_is_gone(ready: Town, crm: str) -> None:
    with ready.fresh() as desk:
        desk.sandboxes[crm].fault(MAKING_TASKS[crm], "rows", rows={"error": "VALIDATION_ERROR", "message": "no tasks today", "every": 1})

        done = desk.hotlead("write-back")

        assert done.code == 6
        assert _tasks_made(desk, crm) == 0
        assert {p["refusal"]["message"] for p in desk.told("runs", "--refused")["parked"]} == {"no tasks today"}
        assert desk.rows("SELECT DISTINCT state FROM follow_ups WHERE connection = ?", crm) == [("refused",)]
        desk.heal()
        desk.ok("write-back")
        assert _tasks_made(desk, crm) == 0, "not before its time"
        with closing(sqlite3.connect(desk.data / "hotlead.db")) as database, database:
            database.execute("UPDATE parked SET next_try_at = next_try_at - ?", (HOUR_US,))
        desk.ok("write-back")
        assert _tasks_made(desk, crm) == 2
        assert desk.rows("SELECT DISTINCT state FROM follow_ups WHERE connection = ?", crm) == [("open",)]
        assert desk.told("runs", "--refused")["parked"] == []
