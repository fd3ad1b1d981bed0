"""SIGKILL of `hotlead pull` in every outbound call and right before every commit, then the same command again: the store ends the same."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
import requests

from tests.support.journeys import CRMS, SECRETS, Desk, Town, town
from tests.support.processes import Command
from tests.support.sandboxes import Sandbox

SIGKILLED = -9
TASKS = 205
"""More rows than Salesforce's smallest page, 200."""
NO_LIMITS = ("--burst", "0", "--search-rate", "0")
Everything = dict[str, list[tuple[Any, ...]]]

KIND = "(SELECT w.word FROM words w JOIN lists l ON l.no = w.list WHERE l.name = 'activity.kind' AND w.id = a.kind)"
TOLD = {
    "raw": "SELECT o.connection, o.source, r.id, r.fields, r.deleted, r.survivor FROM raw r JOIN sources o ON o.no = r.source",
    "people": "SELECT p.name, p.email, p.live, o.connection, o.source, m.id, m.why, m.confidence FROM members m"
    " JOIN persons p ON p.id = m.person JOIN sources o ON o.no = m.source",
    "contacts": "SELECT o.source, m.id, c.mapped, c.deleted, c.survivor FROM contacts c JOIN members m ON m.no = c.no"
    " JOIN sources o ON o.no = m.source",
    "companies": "SELECT o.source, c.id, c.mapped, c.deleted, c.survivor FROM companies c JOIN sources o ON o.no = c.source",
    "deals": "SELECT o.source, d.id, d.mapped, d.state, d.contacts, d.deleted FROM deals d JOIN sources o ON o.no = d.source",
    "activities": f"SELECT p.email, {KIND}, a.at, a.seconds FROM activities a JOIN persons p ON p.id = a.person",
    "history": "SELECT o.source, h.id, h.field, h.before, h.after FROM history h JOIN sources o ON o.no = h.source",
    "identity": "SELECT what, members, why, confidence, state FROM identity_events",
    "unknown": "SELECT o.source, u.field, u.value, u.rows FROM unknown_values u JOIN sources o ON o.no = u.source",
    "waiting": "SELECT p.email FROM marks k JOIN persons p ON p.id = k.person",
}
READ = {
    ("salesforce", "first"): {"POST /services/oauth2/token": 1, "GET /services/data/<version>/queryAll": 8},
    ("hubspot", "first"): {
        "GET /crm/v3/objects/<kind>": 3,
        "GET /events/v3/events": 3,
        "POST /crm/v3/objects/<kind>/search": 4,
        "POST /crm/v4/associations/<from_kind>/<to_kind>/batch/read": 2,
    },
    ("salesforce", "next"): {"GET /services/data/<version>/queryAll": 8, "GET /services/data/<version>/sobjects/<name>/deleted": 7},
    ("hubspot", "next"): {
        "GET /crm/v3/objects/<kind>": 6,
        "GET /events/v3/events": 3,
        "POST /crm/v3/objects/<kind>/search": 6,
        "POST /crm/v4/associations/<from_kind>/<to_kind>/batch/read": 1,
    },
}
"""Calls that a pull makes at least: seven and eight sources, of which some take several pages, links apart, and what was deleted."""


@dataclass(slots=True, kw_only=True)
class Reader(Desk):
    """A desk whose commands read small pages."""

    def start(self, *words: str, die_at_commit: int = 0) -> Command:
        return self.forks.start(
            "hotlead",
            *words,
            folder=self.folder,
            environment=self.environment,
            die_at_commit=die_at_commit,
            small_pages=True,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is to be pulled, and what a pull that nobody kills leaves and calls."""

    which: str
    town: Town
    sandboxes: Mapping[str, Sandbox]
    told: dict[str, Everything]
    calls: dict[str, dict[str, int]]

    def reader(self) -> Reader:
        desk = self.town.desk(self.sandboxes)
        return Reader(forks=desk.forks, folder=desk.folder, sandboxes=self.sandboxes)

    def ends_the_same(self, reader: Reader, *, crm: str, killed: str) -> None:
        again = reader.hotlead("pull", crm)

        assert again.code == 0, f"{killed}: {again.said()}"
        assert _told(reader) == self.told[crm], killed


def _told(desk: Desk) -> Everything:
    """What the store knows, without when it learned it and how it numbers things."""
    return {name: sorted(desk.rows(query), key=repr) for name, query in TOLD.items()}


def _connect(desk: Desk) -> None:
    """Both CRMs connected at full pace, fields installed, many tasks done in Salesforce, and a deal in each; nothing is read."""
    desk.ok("init")
    for crm, pace in (("salesforce", {}), ("hubspot", {"calls_per_10s": "off", "searches_per_second": "off"})):
        done = desk.connect(crm, **pace)
        assert done.code == 0, done.said()
    desk.ok("install")
    aside, salesforce, hubspot = _pulled_aside(desk), desk.sandboxes["salesforce"], desk.sandboxes["hubspot"]
    closes, account, contact = datetime.now(UTC) + timedelta(days=60), _live(aside, "Account")[0], _live(aside, "contacts")[0]
    deal = {"Name": "Oak", "StageName": "Prospecting", "CloseDate": f"{closes:%Y-%m-%d}", "AccountId": account}
    salesforce.create("Opportunity", deal)
    hubspot.create("deals", {"dealname": "Oak", "dealstage": "qualifiedtobuy", "associations": {"contacts": [contact]}})
    lead = _live(aside, "Lead")[0]
    for number in range(TASKS):
        done_call = {"WhoId": lead, "Subject": f"Call {number}", "Status": "Completed", "TaskSubtype": "Call"}
        salesforce.create("Task", done_call)
    salesforce.touch("Task", count=TASKS, at=datetime.now(UTC) - timedelta(days=2))


def _pulled_aside(desk: Desk) -> Desk:
    """Another desk beside the same CRMs that has read them."""
    aside = Desk(forks=desk.forks, folder=desk.folder.with_name(f"{desk.folder.name}-aside"), sandboxes=desk.sandboxes)
    shutil.copytree(desk.data, aside.data)
    aside.ok("pull")
    return aside


def _live(desk: Desk, source: str) -> list[str]:
    return [
        record
        for (record,) in desk.rows(
            "SELECT r.id FROM raw r JOIN sources o ON o.no = r.source WHERE o.source = ? AND NOT r.deleted ORDER BY r.id", source
        )
    ]


def _pull_and_change(desk: Desk) -> None:
    """Everything is read once; since then people have edited, thrown away, merged and done things in both CRMs."""
    desk.ok("pull")
    salesforce, hubspot = desk.sandboxes["salesforce"], desk.sandboxes["hubspot"]
    edited, thrown_away, master, loser, called, *_ = _live(desk, "Lead")
    salesforce.edit("Lead", edited, {"Title": "Chief Executive Officer"})
    salesforce.delete("Lead", thrown_away)
    salesforce.order("merge", {"master": master, "losers": [loser]})
    salesforce.create("Task", {"WhoId": called, "Subject": "Call back", "Status": "Completed", "TaskSubtype": "Call"})
    salesforce.edit("Account", _live(desk, "Account")[0], {"Name": "Renamed Ltd."})
    edited, thrown_away, primary, other, called, *_ = _live(desk, "contacts")
    hubspot.edit("contacts", edited, {"jobtitle": "Chief Executive Officer"})
    hubspot.delete("contacts", thrown_away)
    _merge(hubspot, primary=primary, other=other)
    hubspot.create("events", {"contact": called, "eventType": "e_visited_page", "subject": "/pricing", "seconds": 40})
    held = {"hs_timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"), "hs_call_status": "COMPLETED"}
    hubspot.create("calls", {**held, "associations": {"contacts": [called]}})
    hubspot.edit("companies", _live(desk, "companies")[0], {"name": "Renamed Ltd."})


def _merge(hubspot: Sandbox, *, primary: str, other: str) -> None:
    answer = requests.post(
        f"{hubspot.url}/crm/v3/objects/contacts/merge",
        json={"primaryObjectId": primary, "objectIdToMerge": other},
        headers={"Authorization": f"Bearer {SECRETS['hubspot'][1]}"},
        timeout=10,
    )
    assert answer.ok, answer.text


@pytest.fixture(scope="module")
def connected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(tmp_path_factory.mktemp("pull"), people=40, more={"hubspot": NO_LIMITS}) as made:
        yield made.after(_connect)


@pytest.fixture(scope="module", params=["first", "next"])
def scene(request: pytest.FixtureRequest, connected: Town) -> Iterator[Scene]:
    """The first pull there is, and one after changes. Reading changes nothing, so that one pair of CRMs is enough for all desks."""
    stages: dict[str, Callable[[], Town]] = {"first": lambda: connected, "next": lambda: connected.after(_pull_and_change)}
    began = stages[request.param]()
    with began.crms() as sandboxes:
        made = Scene(which=request.param, town=began, sandboxes=sandboxes, told={}, calls={})
        for crm in CRMS:
            reader = made.reader()
            reader.forget_counts()
            reader.ok("pull", crm)
            made.told[crm] = _told(reader)
            made.calls[crm] = sandboxes[crm].calls()
        yield made


@pytest.mark.parametrize("crm", CRMS)
def test_what_is_pulled_has_all_that_a_pull_may_meet(scene: Scene, crm: str) -> None:
    told, calls = scene.told[crm], scene.calls[crm]

    assert {path: many for path, many in READ[crm, scene.which].items() if calls.get(path, 0) < many} == {}, calls
    assert all(told[name] for name in ("raw", "people", "companies", "deals", "activities", "waiting"))
    if scene.which == "next":
        deleted = {(connection, source) for connection, source, _, _, is_deleted, _ in told["raw"] if is_deleted}
        survivors = [survivor for connection, *_, survivor in told["raw"] if connection == crm and survivor]
        assert (crm, {"salesforce": "Lead", "hubspot": "contacts"}[crm]) in deleted
        assert survivors
        assert {field for _, _, field, _, _ in told["history"]} >= {"title", "name", "@deleted"}


@pytest.mark.parametrize("crm", CRMS)
def test_killed_in_any_call_it_reads_on_to_the_same_end(scene: Scene, crm: str) -> None:
    calls = sum(scene.calls[crm].values())

    for nth in range(1, calls + 1):
        reader = scene.reader()
        killed = reader.killed_in_call("pull", crm, crm=crm, nth=nth)

        assert killed.code == SIGKILLED, f"call {nth}: {killed.said()}"
        scene.ends_the_same(reader, crm=crm, killed=f"killed in call {nth} of {calls}")


@pytest.mark.parametrize("crm", CRMS)
def test_killed_right_before_any_commit_it_reads_on_to_the_same_end(scene: Scene, crm: str) -> None:
    commits = 0

    for nth in count(1):
        reader = scene.reader()
        killed = reader.start("pull", crm, die_at_commit=nth).wait()
        if killed.code != SIGKILLED:
            break
        commits += 1
        scene.ends_the_same(reader, crm=crm, killed=f"killed before commit {nth}")

    assert commits >= len([source for connection, source in _sources(scene) if connection == crm]) + 2, "one a source, run begun, run ended"


def _sources(scene: Scene) -> set[tuple[str, str]]:
    return {(connection, source) for connection, source, *_ in scene.told["salesforce"]["raw"] + scene.told["hubspot"]["raw"]}


def test_a_pull_that_ended_says_so_after_one_that_was_killed(scene: Scene) -> None:
    reader = scene.reader()
    earlier = len(reader.rows("SELECT id FROM runs"))
    reader.killed_in_call("pull", "salesforce", crm="salesforce", nth=4)

    reader.ok("pull", "salesforce")

    states = [state for (state,) in reader.rows("SELECT state FROM runs WHERE verb = 'pull' ORDER BY id")]
    assert states[earlier:] == ["killed", "done"]
