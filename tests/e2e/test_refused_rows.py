"""Every class of refusal at once, a row each, in one write-back to both CRMs: the rest lands, each is shown, each heals in its time."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest

from adapters.hubspot.errors import ROW_RULES
from adapters.salesforce.errors import ROWS
from tests.e2e.refusal_cases import CASES, HUBSPOT, LATER, NEXT_RUN, SALESFORCE, TOUCHED, Case
from tests.support.journeys import CRMS, Desk, Town
from tests.support.processes import Done

PARTLY = 6
FIELDS = {"salesforce": "*/composite/sobjects", "hubspot": "*/objects/contacts/batch/update"}
UPDATES = {"salesforce": "PATCH /services/data/<version>/composite/sobjects", "hubspot": "POST /crm/v3/objects/<kind>/batch/update"}
FIELD = {"salesforce": "Hotlead_Score__c", "hubspot": "hotlead_score"}
SOURCE = {"salesforce": "Lead", "hubspot": "contacts"}
PHONE = {"salesforce": "Phone", "hubspot": "phone"}
MADE_BY_US = {"NO_RESULT", "LIFECYCLE_STAGE_UNMOVED"}
"""Words of our own for what HubSpot leaves out without one; no row can be refused with them."""
LOCK_TRIES = 6
HOUR_US = 3_600_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What happened to the rows: `records` by case, what was planned and written, and by which later step each was."""

    records: dict[str, str]
    planned: set[str]
    done: Done
    written: set[str]
    updates: dict[str, int]
    parked: dict[str, Any]
    shown: str
    still_parked: set[str]
    healed: dict[str, set[str]]
    left: list[Any]


def _name(crm: str, record: str) -> str:
    return f"{crm} {SOURCE[crm]}/{record}"


def _written(desk: Desk) -> set[str]:
    return {name.rsplit("/", 1)[0] for name in desk.writes()}


def _parked(desk: Desk) -> dict[str, Any]:
    told = desk.told("runs", "--refused", "--limit", "500")["parked"]
    return {f"{p['key']['connection']} {p['key']['source']}/{p['key']['id']}": p for p in told}


@pytest.fixture(scope="module")
def story(scored: Town) -> Iterator[Story]:
    """Everything in one go: rows refused with every class, then three steps in which their causes are gone."""
    ready = scored.after(lambda desk: desk.go_live("fields"))
    with ready.fresh() as desk:
        changes = desk.told("write-back", "--dry-run")["changes"]
        records = _plant(desk, changes)
        desk.forget_counts()
        done = desk.hotlead("write-back")
        written = _written(desk)
        updates = {crm: desk.calls().get(f"{crm} {UPDATES[crm]}", 0) for crm in CRMS}
        parked, shown = _parked(desk), desk.ok("runs", "--refused", "--limit", "500").out
        desk.heal()
        healed = {NEXT_RUN: _step(desk, "write-back")}
        still_parked = set(_parked(desk))
        _touch(desk, [(case.crm, records[case.name]) for case in CASES if case.heals == TOUCHED])
        healed[TOUCHED] = _step(desk, "run")
        _an_hour_passes(desk)
        healed[LATER] = _step(desk, "write-back")
        yield Story(
            records=records,
            planned={f"{c['key']['connection']} {c['key']['source']}/{c['key']['id']}" for c in changes},
            done=done,
            written=written,
            updates=updates,
            parked=parked,
            shown=shown,
            still_parked=still_parked,
            healed=healed,
            left=list(_parked(desk)),
        )


def _plant(desk: Desk, changes: list[Any]) -> dict[str, str]:
    """Gives every case a row of its own that the sandbox will refuse; the record by the case's name."""
    free = {crm: iter([c["key"]["id"] for c in changes if c["key"]["source"] == SOURCE[crm]]) for crm in CRMS}
    records = {case.name: next(free[case.crm]) for case in CASES}
    for case in CASES:
        rows = {"error": case.code, "message": case.message, "fields": [FIELD[case.crm]], "ids": [records[case.name]]}
        desk.sandboxes[case.crm].fault(FIELDS[case.crm], "rows", rows=rows)
    return records


def _step(desk: Desk, command: str) -> set[str]:
    desk.forget_counts()
    desk.ok(command)
    return _written(desk)


def _touch(desk: Desk, records: list[tuple[str, str]]) -> None:
    """Their owners mend these records."""
    for sandbox in desk.sandboxes.values():
        sandbox.advance(5)
    for crm, record in records:
        desk.sandboxes[crm].edit(SOURCE[crm], record, {PHONE[crm]: "+44 20 7946 0000"})


def _an_hour_passes(desk: Desk) -> None:
    """For the rows that wait, without waiting."""
    with closing(sqlite3.connect(desk.data / "hotlead.db")) as database, database:
        database.execute("UPDATE parked SET next_try_at = next_try_at - ?", (HOUR_US,))


def test_every_class_that_an_adapter_knows_has_a_case() -> None:
    assert sorted(case.code for case in SALESFORCE) == sorted(ROWS)
    assert sorted(case.code for case in HUBSPOT) == sorted(set(ROW_RULES) - MADE_BY_US)


def test_all_other_rows_are_written_and_the_run_says_that_some_were_refused(story: Story) -> None:
    refused = {_name(case.crm, story.records[case.name]) for case in CASES}

    assert story.done.code == PARTLY, story.done.said()
    assert len(story.planned) > len(refused) * 2
    assert story.planned - story.written == refused
    assert set(story.parked) == refused


def test_rows_that_somebody_held_are_sent_again_and_only_they(story: Story) -> None:
    sources = {name.split("/")[0] for name in story.planned if name.startswith("salesforce ")}

    assert story.updates["salesforce"] == len(sources) + LOCK_TRIES - 1


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_refused_row_is_shown_with_message_cause_and_who_can_mend_it(story: Story, case: Case) -> None:
    record = story.records[case.name]
    parked = story.parked[_name(case.crm, record)]
    refusal = parked["refusal"]

    assert (refusal["action"], refusal["mended_by"], refusal["code"]) == (case.action, case.mended_by, case.code)
    assert refusal["message"] == case.message
    assert case.cause in refusal["cause"]
    assert refusal["field"] == FIELD[case.crm]
    assert parked["tries"] == 1
    head = f"{case.crm} {SOURCE[case.crm]} {record}  fields"
    said = [f"  {case.code}: {case.message}", f"  {refusal['cause']} Who can mend it: {case.mended_by}."]
    lines = story.shown.splitlines()
    place = lines.index(head)
    assert [line.rstrip() for line in lines[place + 1 : place + 3]] == said


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_refused_row_is_written_when_its_time_has_come_and_no_sooner(story: Story, case: Case) -> None:
    row = _name(case.crm, story.records[case.name])

    assert [step for step, written in story.healed.items() if row in written] == [case.heals]
    assert (row in story.still_parked) == (case.heals != NEXT_RUN)


def test_in_the_end_nothing_waits_any_more(story: Story) -> None:
    healed = set().union(*story.healed.values())

    assert story.left == []
    assert healed == {_name(case.crm, story.records[case.name]) for case in CASES}
