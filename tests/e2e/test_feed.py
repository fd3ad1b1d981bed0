"""Nobody reaches this machine from outside: HubSpot's journal tells what changed, and it is back in HubSpot as score, stage and task."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import pytest

from connector.core.facts import Activities, People
from connector.flows.feed import Heard, follow, is_fed
from connector.flows.feed import is_due as is_look_due
from connector.flows.polling import is_due, poll
from connector.flows.runs import Running
from connector.flows.unreadable import unreadable_lately
from connector.ports.store import Store, Tx
from connector.web.metrics import PrometheusMeter
from jobs.registry import REGISTRY
from tests.support.jobs import work_over
from tests.support.journeys import Desk, Town, scored_town
from tests.support.real_time import Lanes, always, lanes
from tests.support.serving import until, up

T = TypeVar("T")
FOUR_DAYS_S = 4 * 24 * 3600.0


@pytest.fixture(scope="module")
def fed_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """HubSpot is live with its fields. It opens no events, so that the journal speaks of everything that is read."""

    def prepare(desk: Desk) -> None:
        desk.go_live("fields", crms=("hubspot",))
        desk.ok("write-back", "--allow", "100000")

    with scored_town(tmp_path_factory.mktemp("town"), people=60, more={"hubspot": ("--tier", "professional")}) as town:
        yield town.after(prepare)


@pytest.fixture
def desk(fed_town: Town) -> Iterator[Desk]:
    """Connected with an app whose journal is there; each portal has its own."""
    with fed_town.fresh() as desk:
        keys = desk.sandboxes["hubspot"].credentials
        done = desk.connect("hubspot", journal_client_id=keys["client_id"], journal_client_secret=keys["client_secret"])
        assert done.code == 0, done.said()
        yield desk


@pytest.fixture
def beside(desk: Desk) -> Iterator[Lanes]:
    with lanes(desk) as here:
        here.settle()
        yield here


def contacts(desk: Desk, *, many: int) -> list[str]:
    found = desk.rows(
        "SELECT m.id FROM members m JOIN sources o ON o.no = m.source WHERE o.source = 'contacts' ORDER BY m.id LIMIT ?", many
    )
    return [contact for (contact,) in found]


def hear(beside: Lanes) -> Heard:
    heard = follow(beside.road, connection=beside.connection("hubspot"), going=always)
    assert heard is not None
    return heard


def hinted(beside: Lanes) -> set[str]:
    with beside.here.store.read() as tx:
        return {hint.key.id for hint in tx.hints.next(connection="hubspot", at=beside.road.clock(), limit=1000)}


def test_a_change_that_the_journal_tells_is_back_in_the_crm(desk: Desk) -> None:
    with up(desk) as serving:
        said = {one["name"]: (one["receiving"], one["changes"]) for one in serving.said()[0]["connections"]}
        assert said == {"salesforce": (False, "polling"), "hubspot": (False, "feed")}
        shown = {"salesforce": "polling", "hubspot": "feed"}
        until(lambda: {c["name"]: c["receiving_by"] for c in serving.health()["connections"]} == shown, what=lambda: str(serving.health()))

        has_followed = desk.change_rank("hubspot", "contacts", desk.lone("contacts"))
        began = time.monotonic()

        until(has_followed, what="the new score in HubSpot")
        assert time.monotonic() - began < 20
        assert serving.health()["state"] == "ok"
        assert serving.stop().code == 0


def test_what_the_mapping_does_not_read_is_left_and_what_it_reads_waits_once(desk: Desk, beside: Lanes) -> None:
    one, two = contacts(desk, many=2)
    first = hear(beside)
    for contact in (one, two, one):
        desk.sandboxes["hubspot"].edit("contacts", contact, {"jobtitle": f"Head of {time.monotonic_ns()}"})

    told = hear(beside)
    again = hear(beside)

    assert (first.events, first.failure) == (0, None)
    assert (told.events, told.hinted, told.bad, told.lost) == (3, 3, (), 0)
    assert (again.events, again.hinted) == (0, 0)
    assert hinted(beside) == {one, two}
    beside.drain("hubspot")
    assert beside.waiting().get("hints hubspot", 0) == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Killed:
    """A store whose process is killed at its n-th unit: before it, or right after it became durable."""

    store: Store
    left: list[int]
    after: bool

    def read(self) -> AbstractContextManager[Tx]:
        return self.store.read()

    def write(self, unit: Callable[[Tx], T]) -> T:
        self.left[0] -= 1
        if self.left[0] == 0 and not self.after:
            raise KeyboardInterrupt
        done = self.store.write(unit)
        if self.left[0] == 0:
            raise KeyboardInterrupt
        return done

    def load_people(self, people: object, *, facts: object, since: datetime) -> tuple[People, Activities]:
        raise AssertionError((people, facts, since))

    def backup(self, to: Path) -> None:
        raise AssertionError(to)

    def close(self) -> None: ...


@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_unit_it_loses_nothing_and_repeats_nothing(desk: Desk, beside: Lanes, after: bool) -> None:
    changed = contacts(desk, many=4)
    hear(beside)
    feed = beside.road.crm(beside.connection("hubspot")).feed()
    assert feed is not None
    for contact in changed:
        desk.sandboxes["hubspot"].edit("contacts", contact, {"jobtitle": "Head of Kills"})
        list(feed.hints(None))  # each ask ends a file, so that every change is a page of its own

    for kept in range(1, 5):
        killed = replace(beside.road, store=Killed(store=beside.here.store, left=[1 if after else 2], after=after))
        with pytest.raises(KeyboardInterrupt):
            follow(killed, connection=beside.connection("hubspot"), going=always)
        assert len(hinted(beside)) == kept
    heard = hear(beside)

    assert (heard.events, heard.lost) == (0, 0)
    assert hinted(beside) == set(changed)


def test_a_journal_that_let_go_asks_for_a_pull_and_begins_anew(desk: Desk, beside: Lanes) -> None:
    old, lost, new = contacts(desk, many=3)
    hubspot = beside.connection("hubspot")
    running = Running(id=0)
    hear(beside)
    desk.sandboxes["hubspot"].edit("contacts", old, {"jobtitle": "Head of Old"})
    hear(beside)
    beside.settle()
    poll(beside.road, connection=hubspot, is_receiving=False, is_fed=True, running=running)
    with beside.here.store.read() as tx:
        assert not is_due(tx, connection="hubspot", now=beside.road.clock() + timedelta(minutes=59))
    desk.sandboxes["hubspot"].edit("contacts", lost, {"jobtitle": "Head of Lost"})
    desk.sandboxes["hubspot"].advance(FOUR_DAYS_S)

    heard = hear(beside)

    assert (heard.lost, heard.failure) == (1, None)
    with beside.here.store.read() as tx:
        assert is_due(tx, connection="hubspot", now=beside.road.clock())
    pulled = poll(beside.road, connection=hubspot, is_receiving=False, is_fed=True, running=running)
    assert sum(one.fresh for one in pulled if one.source == "contacts") == 1
    desk.sandboxes["hubspot"].edit("contacts", new, {"jobtitle": "Head of New"})
    assert (hear(beside).events, hear(beside).lost) == (1, 0)
    assert hinted(beside) == {new}


def test_a_pull_under_way_when_the_journal_let_go_is_followed_by_another(desk: Desk, beside: Lanes) -> None:
    hubspot = beside.connection("hubspot")
    hear(beside)
    desk.sandboxes["hubspot"].edit("contacts", contacts(desk, many=1)[0], {"jobtitle": "Head of Old"})
    hear(beside)
    poll(beside.road, connection=hubspot, is_receiving=False, is_fed=True, running=Running(id=0))
    desk.sandboxes["hubspot"].advance(FOUR_DAYS_S)
    heard: list[Heard] = []

    def meanwhile(step: object) -> None:
        if step and not heard:
            heard.append(hear(beside))

    poll(replace(beside.road, progress=meanwhile), connection=hubspot, is_receiving=False, is_fed=True, running=Running(id=0))

    assert [one.lost for one in heard] == [1]
    with beside.here.store.read() as tx:
        assert is_due(tx, connection="hubspot", now=beside.road.clock())


def test_a_feed_that_fails_is_not_taken_for_one_that_works(desk: Desk, beside: Lanes) -> None:
    hear(beside)
    desk.sandboxes["hubspot"].fault("/webhooks-journal/*", "status", status=403)

    refused = hear(beside)

    assert refused.failure is not None
    assert refused.again_at - beside.road.clock() > timedelta(minutes=10)
    with beside.here.store.read() as tx:
        now = beside.road.clock()
        assert is_fed(tx, connection="hubspot", now=now)
        assert not is_fed(tx, connection="hubspot", now=now + timedelta(minutes=31))
        assert not is_look_due(tx, connection="hubspot", now=now)
        assert is_look_due(tx, connection="hubspot", now=now - timedelta(hours=3)), "the clock was set back"


def test_events_that_cannot_be_read_are_counted_and_stop_no_other(desk: Desk, beside: Lanes) -> None:
    hear(beside)
    contact, meter = contacts(desk, many=1)[0], PrometheusMeter()
    standing = work_over(beside.here.store, clock=beside.road.clock)
    work = replace(standing, road=beside.road, kinds=beside.here.kinds, meter=meter)
    sandbox = desk.sandboxes["hubspot"]
    bad = {"url": f"{sandbox.url}/bad-file", "currentOffset": str(UUID(int=7))}
    sandbox.fault("/webhooks-journal/*/next", "status", status=200, body=bad, times=1)
    sandbox.fault("/bad-file", "status", status=200, body={"journalEvents": ["nonsense", 7]})
    sandbox.edit("contacts", contact, {"jobtitle": "Chief Executive Officer"})

    REGISTRY["feed"].run(work, "hubspot")

    with beside.here.store.read() as tx:
        noted = unreadable_lately(tx, lanes=["hubspot"], now=beside.road.clock())
    assert [(one.events, one.reason) for one in noted] == [(2, "not an event of a portal")]
    assert b'hotlead_unreadable_total{lane="hubspot"} 2.0' in meter.text()
    assert contact in hinted(beside)


def test_a_connection_without_an_app_has_no_feed(beside: Lanes) -> None:
    assert follow(beside.road, connection=beside.connection("salesforce"), going=always) is None
