"""A dry run is a stored plan: what it shows is what is written, field by field, for the calls it named; what changed since is left out."""

import random
from typing import Any

import pytest

from tests.support.journeys import CRMS, Desk, alike, planned_values


@pytest.mark.parametrize("seed", [1, 2])
def test_a_dry_run_for_any_people_shows_exactly_the_writes_and_the_calls_of_the_real_run(desk: Desk, seed: int) -> None:
    everybody = sorted({email for crm in CRMS for email in desk.emails_in(crm, many=1000)})
    chosen = random.Random(seed).sample(everybody, 12 * seed)
    for crm in CRMS:
        desk.ok("go-live", crm, "fields", "--people", ",".join(chosen))
        desk.ok("go-live", crm, "stages", "--people", ",".join(chosen))
    dry = desk.told("write-back", "--dry-run")
    desk.forget_counts()

    done = desk.told("write-back", "--plan", str(dry["plan"]["id"]))

    wanted = planned_values(dry)
    assert desk.writes() == dict.fromkeys(wanted, 1)
    _holds(desk, wanted)
    assert sum(dry["plan"]["calls"].values()) == _at_work(done) == sum(desk.calls().values()) - _signing_in(done)
    assert {name.rsplit(" ", 1)[1] for name in dry["plan"]["calls"]} == {"fields", "re-reads"}


def _at_work(done: Any) -> int:
    """Calls that read again or wrote, as the command counted them."""
    return sum(count for by in done["calls"].values() for purpose, count in by.items() if purpose in ("write", "reread"))


def _signing_in(done: Any) -> int:
    return sum(by.get("auth", 0) for by in done["calls"].values())


def _holds(desk: Desk, wanted: dict[str, Any]) -> None:
    for name, value in wanted.items():
        crm, _, place = name.partition(" ")
        assert alike(desk.value(crm, *place.split("/")), value), f"{name}: {value!r}"


def test_tasks_cost_the_calls_that_the_dry_run_named_for_them(desk: Desk) -> None:
    desk.go_live("stages")
    desk.ok("write-back")
    for crm in CRMS:
        desk.ok("go-live", crm, "tasks", "--include-existing", "6")
    dry = desk.told("write-back", "--dry-run")

    done = desk.told("write-back", "--plan", str(dry["plan"]["id"]))

    asked_for = {f"{one['task']['contact']['connection']} tasks" for one in desk.plan(dry["plan"]["id"])["tasks"]}
    assert asked_for and {what for what in dry["plan"]["calls"] if what.endswith(" tasks")} == asked_for
    assert sum(dry["plan"]["calls"].values()) == _at_work(done), "stages of those who may move at last included, whom the hour decides"


def test_a_plan_made_before_another_model_was_published_is_refused_with_nothing_written(desk: Desk) -> None:
    for crm in CRMS:
        desk.ok("go-live", crm, "fields", "--people", ",".join(desk.emails_in(*CRMS, many=5)))
    dry = desk.told("write-back", "--dry-run")
    _changed_model(desk)
    desk.ok("score")
    desk.forget_counts()

    refused = desk.hotlead("write-back", "--plan", str(dry["plan"]["id"]))

    assert refused.code == 3
    assert "out of date" in refused.err and "`hotlead write-back --dry-run` makes a new one" in refused.err
    assert desk.writes() == {}


def _changed_model(desk: Desk) -> None:
    text = desk.told("publish", "scoring", "b2b_default")["current"]["text"]
    file = desk.folder / "model.yaml"
    file.write_text(text.replace("points: 25", "points: 5"), encoding="utf-8")
    desk.ok("publish", "scoring", "b2b_default", str(file))


def test_a_plan_is_carried_out_once(desk: Desk) -> None:
    desk.ok("go-live", "hubspot", "fields", "--people", desk.emails_in("hubspot", many=1)[0])
    number = str(desk.told("write-back", "--dry-run")["plan"]["id"])
    desk.ok("write-back", "--plan", number)
    desk.forget_counts()

    again = desk.hotlead("write-back", "--plan", number)
    unknown = desk.hotlead("write-back", "--plan", "77")

    assert (again.code, unknown.code) == (3, 3)
    assert f"Plan {number} has been executed already." in again.err
    assert "`hotlead write-back --dry-run` makes" in again.err and "`hotlead write-back --dry-run` makes" in unknown.err
    assert desk.writes() == {}


@pytest.mark.parametrize(("crm", "source", "field", "theirs"), [
    ("salesforce", "Contact", "Hotlead_Next_Action__c", "I call her on Monday"),
    ("hubspot", "contacts", "hotlead_next_action", "I call her on Monday"),
])  # fmt: skip
def test_a_field_that_a_person_changed_since_the_plan_is_left_out_and_listed(
    desk: Desk, crm: str, source: str, field: str, theirs: str
) -> None:
    desk.ok("go-live", crm, "fields", "--people", ",".join(desk.emails_in(*CRMS, many=12)))
    dry = desk.told("write-back", "--dry-run")
    record = next(c["key"]["id"] for c in dry["changes"] if c["key"]["source"] == source)
    desk.sandboxes[crm].edit(source, record, {field: theirs})
    desk.forget_counts()

    desk.ok("write-back", "--plan", str(dry["plan"]["id"]))

    name = f"{crm} {source}/{record}/{field}"
    wanted = planned_values(dry)
    assert desk.writes() == dict.fromkeys(wanted.keys() - {name}, 1)
    assert desk.value(crm, source, record, field) == theirs
    shown = desk.ok("runs", "--plan", str(dry["plan"]["id"]), "--all").out
    assert f"changed in the CRM since the plan: {field}" in shown


def test_more_records_than_the_limit_stop_the_run_with_nothing_written_and_say_how_to_go_on(desk: Desk) -> None:
    desk.environment["HOTLEAD_WRITE_LIMIT"] = "5"
    assert desk.connect("salesforce").code == 0
    desk.ok("go-live", "salesforce", "fields", "--everybody")
    desk.forget_counts()

    stopped = desk.hotlead("write-back")

    assert stopped.code == 3, stopped.said()
    assert "more than its limit of" in stopped.err and "--allow" in stopped.err and "Nothing was written" in stopped.err
    assert desk.writes() == {}
