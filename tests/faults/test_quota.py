"""Ten times more is to be read than the day's quota leaves: no call over it, what a rep waits for goes out, the rest on the next days (P7).

Everybody is at the same instant, adapters too, so that days pass in seconds; the CRMs count calls by that clock, as the real ones do.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

import adapters.hubspot.client as hubspot_client
import adapters.hubspot.events as hubspot_events
import adapters.hubspot.links as hubspot_links
import adapters.hubspot.read as hubspot_read
import adapters.salesforce.adapter as salesforce_adapter
import adapters.salesforce.client as salesforce_client
import adapters.salesforce.read as salesforce_read
import connector.store.budgets as budgets
from connector.flows.polling import is_due, poll
from connector.flows.runs import Running
from connector.ports.errors import CrmLimit, HotleadError
from tests.support.fault_tally import as_many, tally
from tests.support.journeys import CRMS, TASKS, Desk, Town, scored_town
from tests.support.simulated import Simulated, simulated

HUBSPOT = ("--tier", "professional", "--burst", "0", "--search-rate", "0")
USED = {"salesforce": "used", "hubspot": "used_today"}
DAILY = 1000
BULK_UNTIL, REPS_UNTIL = 900, 970
BULK_A_DAY = as_many(quick=24, full=45)
"""Calls that other programs leave each day for reading in bulk."""
PAGE_ROWS = 1
KEYS = {"salesforce": "Hotlead_Key__c", "hubspot": "hotlead_key"}
TITLE = {"salesforce": "Title", "hubspot": "jobtitle"}
BEATS_A_DAY = as_many(quick=3, full=24)
LONGEST_WAIT_S = 60


@dataclass(slots=True, kw_only=True)
class AdaptersClock:
    """The clock of the simulated world: who sleeps moves it on."""

    world: Simulated | None = None
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        assert self.world is not None
        return self.world.clock()

    def monotonic(self) -> float:
        return self.now().timestamp()

    def sleep(self, seconds: float) -> None:
        assert self.world is not None
        self.slept.append(seconds)
        self.world.advance(seconds)


@pytest.fixture(scope="module")
def live_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Everything live in both CRMs and written once. The portal opens no events, so that what people do shows in their contact."""

    def go_live(desk: Desk) -> None:
        assert desk.connect("hubspot", calls_per_10s="off", searches_per_second="off").code == 0
        desk.go_live("tasks")
        desk.ok("write-back")

    people = as_many(quick=70, full=300)
    with scored_town(tmp_path_factory.mktemp("quota"), people=people, more={"hubspot": HUBSPOT}) as town:
        yield replace(town, any_page=True).after(go_live)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> AdaptersClock:
    """What adapters that are opened from now on read and sleep by, and the budgets that they share."""
    clock = AdaptersClock()
    monkeypatch.setattr(budgets, "time", clock)
    for module in (hubspot_client, salesforce_adapter):
        monkeypatch.setattr(module, "SystemClock", lambda: clock)
    return clock


@pytest.fixture
def world(live_town: Town, clock: AdaptersClock) -> Iterator[Simulated]:
    with live_town.fresh() as desk, simulated(desk) as world:
        clock.world = world
        yield world


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few rows a call, so that a small town is many calls."""
    monkeypatch.setattr(salesforce_client, "PAGE_ROWS", PAGE_ROWS)
    monkeypatch.setitem(salesforce_read.Reader.__init__.__kwdefaults__ or {}, "page_rows", PAGE_ROWS)
    for name in ("LIST_ROWS", "SEARCH_ROWS", "INPUTS_A_CALL"):
        monkeypatch.setattr(hubspot_read, name, PAGE_ROWS)
    monkeypatch.setattr(hubspot_links, "INPUTS_A_CALL", PAGE_ROWS)
    monkeypatch.setattr(hubspot_events, "PAGE_ROWS", (PAGE_ROWS, PAGE_ROWS))


@dataclass(slots=True, kw_only=True)
class Days:
    """An installation at work hour by hour, and what its CRMs counted meanwhile."""

    world: Simulated
    zone: ZoneInfo
    """Of the portal, whose day ends at its midnight."""
    read: set[str] = field(default_factory=set)
    """Connections of which a poll came to its end."""
    refused: Counter[str] = field(default_factory=Counter)
    """What the quota kept back, by connection."""
    broken: list[str] = field(default_factory=list)

    def morning(self, used: int) -> None:
        """Other programs of the customer have used so many calls of this day."""
        for crm, sandbox in self.world.desk.sandboxes.items():
            sandbox.limit(**{"daily": DAILY, USED[crm]: used})

    def suddenly(self, used: int) -> None:
        """The same in the middle of a day, and an answer tells it."""
        self.morning(used)
        for crm in CRMS:
            self.world.beside.road.crm(self.world.beside.connection(crm)).users()

    def beat(self) -> None:
        """What is due by now: polls, and whatever waits."""
        beside, used = self.world.beside, used_today(self.world.desk)
        for crm in CRMS:
            with beside.here.store.read() as tx:
                due = is_due(tx, connection=crm, now=self.world.clock())
            if due:
                self._poll(crm, used=used[crm])
        self._hear([failure for one in beside.drain().values() for failure in one.reread.failures])
        beside.score()
        self._hear(beside.write().failures)
        self.broken += [f"{crm}: {used} calls of {DAILY}" for crm, used in used_today(self.world.desk).items() if used > DAILY]

    def _poll(self, crm: str, *, used: int) -> None:
        """As the job does. One call may look how the quota stands, where the CRM does not say when it is whole again."""
        beside, running = self.world.beside, Running(id=0)
        connection = beside.connection(crm)
        calls = beside.road.crm(connection).usage().calls.get("read", 0)
        poll(beside.road, connection=connection, is_receiving=False, running=running)
        calls = beside.road.crm(connection).usage().calls.get("read", 0) - calls
        self.read |= set() if running.failures else {crm}
        self._hear(running.failures)
        if calls > max(0, BULK_UNTIL - used) + 1:
            self.broken.append(f"{crm}: {calls} calls to read in bulk after {used} of {DAILY}")

    def _hear(self, failures: Sequence[HotleadError]) -> None:
        for failure in failures:
            if isinstance(failure, CrmLimit):
                self.refused[failure.connection] += 1
            else:
                self.broken.append(str(failure))

    def hours_without_a_call_left(self, hours: int) -> None:
        """One call an hour may look whether there are any again, and that only where the CRM does not say when."""
        before = _calls(self.world.desk)
        for _ in range(hours):
            self.world.advance(3600)
            self.beat()
        for crm, made in _calls(self.world.desk).items():
            if made - before[crm] > hours:
                self.broken.append(f"{crm}: {made - before[crm]} calls that it would not take")

    def to_next_day(self) -> None:
        """Half past midnight."""
        now = self.world.clock().astimezone(self.zone)
        to = datetime(now.year, now.month, now.day, 0, 30, tzinfo=self.zone) + timedelta(days=1)
        self.world.advance((to - now).total_seconds())

    def day(self) -> None:
        """The next day, on which other programs leave little again, until late in the evening."""
        self.to_next_day()
        self.morning(BULK_UNTIL - BULK_A_DAY)
        for _ in range(BEATS_A_DAY):
            self.beat()
            self.world.advance(20 * 3600 / BEATS_A_DAY)


def _calls(desk: Desk) -> dict[str, int]:
    """Calls so far, without logins: those are not counted."""
    return {crm: sum(many for path, many in sandbox.calls().items() if "oauth2" not in path) for crm, sandbox in desk.sandboxes.items()}


def used_today(desk: Desk) -> dict[str, int]:
    """Calls of the day as each CRM itself counts them."""
    return {crm: sandbox.limits()[USED[crm]] for crm, sandbox in desk.sandboxes.items()}


def _change_everything(desk: Desk) -> None:
    """Everything is to be read again: a program has stamped every row, and every contact has another title."""
    sources = desk.rows("SELECT connection, source FROM sources WHERE source NOT LIKE '@%' AND source NOT LIKE 'events:%'")
    for crm, source in sources:
        desk.sandboxes[crm].touch(source, count=1_000_000)
    for crm, source, record in _contacts(desk):
        desk.sandboxes[crm].edit(source, record, {TITLE[crm]: f"Chief {record}"})


def _contacts(desk: Desk) -> list[tuple[str, str, str]]:
    """Rows of people, as connection, source, and id in the CRM."""
    return desk.rows(
        "SELECT o.connection, o.source, r.id FROM raw r JOIN sources o ON o.no = r.source WHERE o.source IN ('Lead', 'Contact', 'contacts')"
        " AND NOT r.deleted AND r.survivor IS NULL AND coalesce(json_extract(r.fields, '$.IsConverted'), 0) = 0 ORDER BY r.id"
    )


def _not_read(desk: Desk) -> list[str]:
    """People whose new title is not here."""
    titles = {
        (crm, record): title
        for crm, record, title in desk.rows(
            "SELECT o.connection, r.id, coalesce(json_extract(r.fields, '$.Title'), json_extract(r.fields, '$.jobtitle'))"
            " FROM raw r JOIN sources o ON o.no = r.source WHERE o.source IN ('Lead', 'Contact', 'contacts')"
        )
    }
    return [f"{crm} {record}" for crm, _, record in _contacts(desk) if titles[crm, record] != f"Chief {record}"]


def _askers(desk: Desk) -> tuple[list[tuple[int, str, str]], list[tuple[int, str, str]]]:
    """Two groups of cold leads without any reason for a task yet: person, contact in HubSpot, address; some are in Salesforce too."""
    found = desk.rows(
        "SELECT l.person, min(CASE WHEN o.source = 'contacts' THEN m.id END) AS contact, p.email FROM ladder_states l"
        " JOIN members m ON m.person = l.person JOIN sources o ON o.no = m.source"
        " JOIN persons p ON p.id = l.person JOIN scores s ON s.person = l.person"
        " WHERE l.stage = 'lead' AND s.excluded = '' AND s.temperature = 'cold' AND s.fired = '{}'"
        " GROUP BY l.person HAVING contact IS NOT NULL ORDER BY count(DISTINCT o.connection) DESC, l.person"
    )
    some = [*found[:4], *found[-4:]]
    return some[::2], some[1::2]


def _ask(world: Simulated, askers: Sequence[tuple[int, str, str]]) -> None:
    """These people send the contact form, and HubSpot pushes that."""
    for _, contact, email in askers:
        world.desk.inquires(email)
        world.beside.hint("hubspot", "contacts", contact)


def _unserved(desk: Desk, askers: Sequence[tuple[int, str, str]], *, stage: str) -> list[str]:
    """Who of them has not exactly one task in the CRMs, or not this stage in HubSpot."""
    tasks: Counter[str] = Counter()
    for crm, key in KEYS.items():
        made = {name.split("/")[1] for name in desk.sandboxes[crm].writes() if name.startswith(f"{TASKS[crm]}/")}
        tasks.update(str(desk.value(crm, TASKS[crm], record, key)) for record in made)
    promised = dict(desk.rows("SELECT person, key FROM follow_ups"))
    return [
        f"{email}: {tasks[promised.get(person, '')]} tasks, {held}"
        for person, contact, email in askers
        for held in [desk.value("hubspot", "contacts", contact, "hotlead_stage")]
        if tasks[promised.get(person, "")] != 1 or held != stage
    ]


def test_ten_times_what_the_day_leaves_is_read_on_the_days_after_and_reps_come_first(world: Simulated, small_pages: None) -> None:
    zone = ZoneInfo(world.beside.road.crm(world.beside.connection("hubspot")).identity().zone)
    desk, days, (early, late) = world.desk, Days(world=world, zone=zone), _askers(world.desk)
    days.to_next_day()
    world.pull()
    world.beside.settle()
    world.advance(600)
    _change_everything(desk)
    desk.forget_counts()
    days.suddenly(BULK_UNTIL - BULK_A_DAY)
    days.beat()
    held_up = dict(days.refused)

    _ask(world, early)
    days.beat()
    days.broken += _unserved(desk, early, stage="mql")

    _ask(world, late)
    world.beside.drain()
    world.beside.score()
    days.suddenly(REPS_UNTIL + 10)
    days.beat()
    days.broken += _unserved(desk, late, stage="lead")
    days.morning(DAILY)
    days.hours_without_a_call_left(3)

    took = 1
    while (days.read != set(CRMS) or world.beside.waiting()) and took < 30:
        took += 1
        days.day()
    assert set(held_up) == set(CRMS)
    assert took >= 10, "ten times what a day leaves"
    days.broken += _unserved(desk, [*early, *late], stage="mql")
    days.broken += [f"{one} was not read" for one in _not_read(desk)]
    assert {crm for (crm,) in desk.rows("SELECT connection FROM follow_ups")} == set(CRMS)
    assert world.beside.waiting() == {}
    tally("P7", "call of a backlog of ten days' quota", injected=sum(desk.calls().values()), violations=days.broken)
    tally("P7", "look at a CRM whose quota is used up", injected=sum(days.refused.values()), violations=days.broken)


@pytest.mark.parametrize("seconds", [20, 1800])
def test_a_crm_that_asks_to_be_left_alone_is_not_called_before_that_is_over(world: Simulated, clock: AdaptersClock, seconds: int) -> None:
    desk, askers = world.desk, [one for group in _askers(world.desk) for one in group]
    zone = ZoneInfo(world.beside.road.crm(world.beside.connection("hubspot")).identity().zone)
    days = Days(world=world, zone=zone)
    world.pull()
    world.beside.settle()
    for crm, source, record in _contacts(desk)[:20]:
        desk.sandboxes[crm].edit(source, record, {TITLE[crm]: f"Chief {record}"})
        world.beside.hint(crm, source, record)
    _ask(world, askers)
    for sandbox in desk.sandboxes.values():
        sandbox.fault("*", "status", status=429, body={"message": "later"}, headers={"Retry-After": str(seconds)}, times=1)
    began, clock.slept = world.clock(), []
    before = _calls(desk)
    days.beat()
    refused = sum(sandbox.bitten() for sandbox in desk.sandboxes.values())
    assert seconds > LONGEST_WAIT_S or max(clock.slept) >= seconds, "so short a time is waited for"
    while world.clock() < began + timedelta(seconds=seconds - LONGEST_WAIT_S):
        world.advance(LONGEST_WAIT_S)
        days.beat()
        days.broken += [f"{crm} was called {made - before[crm]} times" for crm, made in _calls(desk).items() if made - before[crm] > 1]
    for _ in range(2):
        world.advance(16 * 60)
        days.beat()
    assert refused == len(CRMS)
    assert world.beside.waiting() == {}
    days.broken += _unserved(desk, askers, stage="mql")
    tally("P7", "answer that asks to be left alone for a while", injected=refused, violations=days.broken)
