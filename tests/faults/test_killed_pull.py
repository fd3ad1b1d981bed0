"""SIGKILL of `hotlead pull` in outbound calls and right before commits, then the same command again: the store ends the same."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from tests.support.journeys import CRMS, Desk, Town, town
from tests.support.sandboxes import Sandbox

SIGKILLED = -9
Everything = dict[str, list[tuple[Any, ...]]]

TOLD = {
    "raw": "SELECT o.connection, o.source, r.id, r.fields, r.deleted, r.survivor FROM raw r JOIN sources o ON o.no = r.source",
    "people": "SELECT p.name, p.email, o.connection, o.source, m.id, m.why, m.confidence FROM members m"
    " JOIN persons p ON p.id = m.person JOIN sources o ON o.no = m.source",
    "activities": "SELECT p.email, a.at, a.seconds FROM activities a JOIN persons p ON p.id = a.person",
    "unknown": "SELECT source, field, value FROM unknown_values",
    "waiting": "SELECT p.email FROM marks k JOIN persons p ON p.id = k.person",
}


def _told(desk: Desk) -> Everything:
    """What the store knows, without when it learned it and how it numbers things."""
    return {name: sorted(desk.rows(query), key=repr) for name, query in TOLD.items()}


@pytest.fixture(scope="module")
def connected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town whose desks are connected and have read nothing yet."""
    with town(tmp_path_factory.mktemp("pull"), people=40) as made:
        yield made.after(Desk.set_up)


@pytest.fixture(scope="module")
def crms(connected: Town) -> Iterator[dict[str, Sandbox]]:
    """Reading changes nothing, so that one pair of CRMs is enough."""
    with connected.crms() as sandboxes:
        yield sandboxes


@pytest.fixture(scope="module")
def unkilled(connected: Town, crms: dict[str, Sandbox]) -> tuple[Everything, dict[str, int]]:
    """What a pull that nobody killed leaves, and its calls by CRM."""
    desk = connected.desk(crms)
    desk.forget_counts()
    desk.ok("pull")
    told = _told(desk)
    assert all(told[name] for name in ("raw", "people", "activities", "waiting"))
    return told, {crm: sum(sandbox.calls().values()) for crm, sandbox in crms.items()}


def _same_in_the_end(desk: Desk, told: Everything) -> None:
    again = desk.hotlead("pull")

    assert again.code == 0, again.said()
    assert _told(desk) == told


@pytest.mark.parametrize("crm", CRMS)
def test_killed_in_its_calls_it_reads_on_to_the_same_end(
    connected: Town, crms: dict[str, Sandbox], unkilled: tuple[Everything, dict[str, int]], crm: str
) -> None:
    told, calls = unkilled

    for nth in range(1, calls[crm] + 1, 4 if crm == "hubspot" else 2):
        desk = connected.desk(crms)
        killed = desk.killed_in_call("pull", crm=crm, nth=nth)

        assert killed.code == SIGKILLED, f"call {nth}: {killed.said()}"
        _same_in_the_end(desk, told)


def test_killed_right_before_its_commits_it_reads_on_to_the_same_end(
    connected: Town, crms: dict[str, Sandbox], unkilled: tuple[Everything, dict[str, int]]
) -> None:
    told, _ = unkilled
    points = 0

    for nth in count(1, 5):
        desk = connected.desk(crms)
        killed = desk.start("pull", die_at_commit=nth).wait()
        if killed.code != SIGKILLED:
            break
        points += 1
        _same_in_the_end(desk, told)

    assert points > 3, "a pull commits once a page at least"


def test_a_pull_that_ended_says_so_after_one_that_was_killed(connected: Town, crms: dict[str, Sandbox]) -> None:
    desk = connected.desk(crms)
    desk.killed_in_call("pull", crm="salesforce", nth=4)

    desk.ok("pull")

    states = [state for (state,) in desk.rows("SELECT state FROM runs WHERE verb = 'pull' ORDER BY id")]
    assert states == ["killed", "done"]
