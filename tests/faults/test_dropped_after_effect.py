"""The connection drops after a write has had its effect, again and again, in both CRMs: one value a field, one task a follow-up (P4)."""

import json
from collections import Counter
from collections.abc import Iterator

import pytest

from connector.flows import write_due
from tests.support.fault_tally import as_many, tally
from tests.support.journeys import CRMS, TASKS, Desk, Town, alike, scored_town
from tests.support.simulated import Simulated, simulated

PATHS = {
    "salesforce": ("*/composite/sobjects", "*/composite/sobjects/Task/*"),
    "hubspot": ("*/objects/contacts/batch/update", "*/objects/tasks/batch/create"),
}
"""Calls that write fields, and calls that make tasks."""
DROPS = ("reset_after", "cut_body")
KEYS = {"salesforce": "Hotlead_Key__c", "hubspot": "hotlead_key"}
NO_LIMITS = {"hubspot": ("--burst", "0", "--search-rate", "0")}
A_WHILE_S = 16 * 60
"""Longer than anything waits before it is tried again."""


@pytest.fixture(scope="module")
def asking(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Both CRMs live up to tasks for some people; nothing is written yet, and each of them asks to be contacted since."""

    def go_live(desk: Desk) -> None:
        assert desk.connect("hubspot", calls_per_10s="off", searches_per_second="off").code == 0
        asking = desk.emails_in("hubspot", many=as_many(quick=13, full=200))
        (desk.folder / "people.txt").write_text("\n".join(asking), encoding="utf-8")
        desk.go_live("tasks", "--people", "@people.txt")
        for email in asking:
            desk.inquires(email)

    people = as_many(quick=0, full=400)
    if not people:
        yield request.getfixturevalue("small").after(go_live)
        return
    with scored_town(tmp_path_factory.mktemp("town"), people=people, more=NO_LIMITS) as town:
        yield town.after(go_live)


@pytest.fixture
def world(asking: Town) -> Iterator[Simulated]:
    with asking.fresh() as desk, simulated(desk) as world:
        yield world


def _settled(world: Simulated) -> None:
    """Everybody who waits is written, however often a connection drops on the way."""
    for _ in range(10_000):
        world.beside.write()
        if not any(lane.startswith("write") for lane in world.beside.waiting()):
            return
        world.advance(A_WHILE_S)
    raise AssertionError(f"still waiting: {world.beside.waiting()}")


def test_one_value_a_field_and_one_task_a_follow_up(world: Simulated, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_due, "SLICE_PEOPLE", 1)  # a call for each person, so that each drop is one of many
    world.pull()
    world.beside.score()
    world.desk.forget_counts()
    for crm in CRMS:
        for path in PATHS[crm]:
            for number, drop in enumerate(DROPS):
                world.desk.sandboxes[crm].fault(path, drop, every=2 + number)
    _settled(world)
    dropped = sum(sandbox.bitten() for sandbox in world.desk.sandboxes.values())
    world.desk.heal()

    assert dropped >= as_many(quick=60, full=1000)
    tally("P4", "connection dropped after the effect of a write", injected=dropped, violations=[*_twice(world), *_untrue(world)])
    world.desk.forget_counts()
    world.night()
    assert world.desk.writes() == {}, "what was written is known to be"


def _twice(world: Simulated) -> list[str]:
    """Follow-ups with another number of tasks than one, and fields with more than one entry in the journal."""
    tasks: Counter[str] = Counter()
    for crm in CRMS:
        made = {name.split("/")[1] for name in world.desk.writes() if name.startswith(f"{crm} {TASKS[crm]}/")}
        for record in made:
            held = world.desk.sandboxes[crm].record(TASKS[crm], record)
            tasks[str((held["properties"] if crm == "hubspot" else held)[KEYS[crm]])] += 1
    promised = {key for (key,) in world.desk.rows("SELECT key FROM follow_ups WHERE state = 'open'")}
    assert len(promised) >= as_many(quick=8, full=150)
    entries = world.desk.rows("SELECT source, id, field FROM journal")
    doubled = [str(entry) for entry, times in Counter(entries).items() if times > 1]
    return [f"{tasks[key]} tasks of {key}" for key in promised | set(tasks) if tasks[key] != 1] + doubled


def _untrue(world: Simulated) -> list[str]:
    """Fields that the journal says we wrote and that hold something else in the CRM."""
    entries = world.desk.rows("SELECT o.connection, o.source, j.id, j.field, j.after FROM journal j JOIN sources o ON o.no = j.source")
    return [
        f"{crm} {source}/{record}/{name}"
        for crm, source, record, name, after in entries
        if not alike(world.desk.value(crm, source, record, name), json.loads(after))
    ]
