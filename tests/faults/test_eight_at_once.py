"""Eight processes of one PostgreSQL installation at the same moment: one logs in, none spends too much, all open every secret."""

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from socket import gethostname

import pytest
import requests

from connector.store.vault import key_id
from tests.support.at_once import OVER
from tests.support.fault_tally import as_many, tally
from tests.support.journeys import Desk
from tests.support.postgres import postgres_server
from tests.support.processes import Command, Forks, forks
from tests.support.sandboxes import Sandbox
from tests.support.serving import until
from tests.support.stores import postgres_database

AT_ONCE = 8
LOGIN = "POST /services/oauth2/token"
DAY_S = 86_400
SEARCHES_A_SECOND = 20
"""What hotlead keeps to in any second. The portal of these tests bears twice as many: on a busy machine the calls of two seconds may come
to it in one, and eight processes that each kept to it alone would make eight times as many."""


@dataclass(slots=True, kw_only=True)
class Crowd:
    """An installation with both CRMs, and processes that work on it at once."""

    desk: Desk
    numbers: Iterator[int] = field(default_factory=count)

    @contextmanager
    def started(self, deed: str, connection: str, *, times: int = 0) -> Iterator[list[Command]]:
        """All of them begin their deed at the moment the block begins, and do it so often, or until the block ends."""
        moment = self.desk.folder / f"moment-{next(self.numbers)}"
        words = (deed, connection, str(times), str(moment))
        commands = [
            self.desk.forks.start("tests.support.at_once", *words, folder=self.desk.folder, environment=self.desk.environment)
            for _ in range(AT_ONCE)
        ]
        for command in commands:
            until(partial(_is_ready, command), what=partial(command.err.read_text, "utf-8"), seconds=120)
        moment.touch()
        yield commands
        moment.with_suffix(OVER).touch()

    def did(self, deed: str, connection: str, *, times: int = 1) -> Counter[str]:
        """What came of the deeds of all of them."""
        with self.started(deed, connection, times=times) as commands:
            return came_of(commands)


def _is_ready(command: Command) -> bool:
    return command.out.exists() and "ready" in command.out.read_text(encoding="utf-8")


def came_of(commands: Sequence[Command]) -> Counter[str]:
    found: Counter[str] = Counter()
    for command in commands:
        done = command.wait()
        assert done.code == 0, done.said()
        found.update(json.loads(done.out.splitlines()[-1]))
    return found


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Forks, str]]:
    with forks(tmp_path_factory.mktemp("eight") / "said") as server, postgres_server() as address:
        yield server, address


@pytest.fixture(scope="module")
def crowd(running: tuple[Forks, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    server, address = running
    folder = tmp_path_factory.mktemp("crowd")
    with ExitStack() as stack:
        sandboxes: dict[str, Sandbox] = {crm: stack.enter_context(server.sandbox(crm, people=20)) for crm in ("salesforce", "hubspot")}
        desk = Desk(forks=server, folder=folder, sandboxes=sandboxes)
        desk.environment.update(HOTLEAD_DATABASE_URL=postgres_database(address, desk.data), HOTLEAD_DATA_DIR=str(desk.data))
        desk.ok("init")
        assert desk.connect("salesforce").code == 0
        assert desk.connect("hubspot", searches_per_second=str(SEARCHES_A_SECOND), calls_per_10s="off").code == 0
        desk.ok("site", "add", "www", "--test")
        desk.ok("install", "--dry-run", "salesforce")  # logs in, for all
        yield Crowd(desk=desk)


def test_one_of_eight_processes_logs_in_when_the_token_has_ended_for_all(crowd: Crowd) -> None:
    salesforce = crowd.desk.sandboxes["salesforce"]
    salesforce.advance(DAY_S)
    salesforce.reset_counters()

    first = crowd.did("ask", "salesforce")
    logins = [salesforce.calls()[LOGIN]]
    for _ in range(as_many(quick=1, full=20)):
        salesforce.advance(DAY_S)
        assert crowd.did("ask", "salesforce") == first
        logins.append(salesforce.calls()[LOGIN])

    assert (first, logins) == ({"done": AT_ONCE}, list(range(1, len(logins) + 1)))
    tally("P7", "token that 8 processes find ended at once: one of them logs in", injected=len(logins))


def admitted_and_refused(hubspot: Sandbox, *, before: int) -> tuple[int, int]:
    """Calls since the counters were reset: those that the portal let through, by its own count, and the others."""
    used = requests.get(f"{hubspot.url}/_sandbox/limits", timeout=10).json()["used_today"] - before
    return used, sum(hubspot.calls().values()) - used


def test_eight_processes_share_the_pace_of_one_connection(crowd: Crowd) -> None:
    hubspot, each = crowd.desk.sandboxes["hubspot"], as_many(quick=8, full=100)
    hubspot.limit(search_rate=SEARCHES_A_SECOND * 2, used_today=0)
    hubspot.reset_counters()

    with crowd.started("search", "hubspot", times=each) as commands:
        began = time.monotonic()
        came = came_of(commands)
        took = time.monotonic() - began

    admitted, refused = admitted_and_refused(hubspot, before=0)
    hubspot.limit(search_rate=5)
    assert came == {"done": AT_ONCE * each}
    assert took >= admitted / SEARCHES_A_SECOND - 1, "faster than the pace in every second"
    assert sum(n for path, n in hubspot.calls().items() if path.endswith("/search")) >= AT_ONCE * each
    tally("P7", "8 processes search one portal at once: searches over its pace", injected=admitted, violations=["search"] * refused)


def test_eight_processes_leave_the_last_tenth_of_the_day_alone(crowd: Crowd) -> None:
    hubspot, each = crowd.desk.sandboxes["hubspot"], as_many(quick=30, full=200)
    hubspot.limit(daily=200, used_today=0)
    hubspot.reset_counters()

    came = crowd.did("page", "hubspot", times=each)

    admitted, refused = admitted_and_refused(hubspot, before=0)
    hubspot.limit(daily=250_000, used_today=0)
    over = ["call"] * (max(0, admitted - 180) + refused)
    tally("P7", "8 processes draw on one day's quota at once: calls over it", injected=AT_ONCE * each, violations=over)
    assert admitted > 180 - 2 * AT_ONCE, f"much was left unused: {admitted} of 180"
    assert all("of 200 API calls of the day are used" in told for told in came if told != "done"), came


def test_eight_processes_open_every_secret_while_the_key_is_rotated(crowd: Crowd) -> None:
    desk, rotations = crowd.desk, as_many(quick=3, full=40)

    with crowd.started("open", "salesforce") as commands:
        keys = {desk.told("rotate-key")["key"] for _ in range(rotations)}
    came = came_of(commands)

    unopened = [told for told in came.elements() if told != "done"]
    assert len(keys) == rotations
    assert came["done"] > AT_ONCE
    tally("P15", "key rotated while 8 processes open secrets: failed to open", injected=rotations, violations=unopened)


def test_two_rotations_at_once_come_one_after_the_other(crowd: Crowd) -> None:
    desk = crowd.desk
    before = (desk.data / "key").read_text(encoding="utf-8").split()

    done = [command.wait() for command in [desk.start("--json", "rotate-key") for _ in range(2)]]

    assert [one.code for one in done] == [0, 0], [one.said() for one in done]
    first, second = sorted((one.json() for one in done), key=lambda told: len(told["retired"]))
    assert first["key"] != second["key"]
    assert {*first["retired"], *second["retired"]} & {first["key"], second["key"]}, "the second retired the key of the first"
    assert len((desk.data / "key").read_text(encoding="utf-8").split()) == len(before) == 1
    assert crowd.did("open", "salesforce") == {"done": AT_ONCE}


def test_a_process_that_cannot_know_the_new_key_is_named_and_nothing_changes_before_it_does(crowd: Crowd) -> None:
    desk = crowd.desk
    old = (desk.data / "key").read_text(encoding="utf-8").strip()
    elsewhere = replace(desk, environment={**desk.environment, "HOTLEAD_SECRET_KEY": old})
    worker = elsewhere.start("--json", "work")
    until(partial(_is_ready, worker), what=partial(worker.err.read_text, "utf-8"), seconds=120)

    refused = desk.hotlead("rotate-key", "--wait", "0")
    new = (desk.data / "key").read_text(encoding="utf-8").split()[0]
    still = crowd.did("open", "salesforce")
    worker.stop()
    knows = replace(desk, environment={**desk.environment, "HOTLEAD_SECRET_KEY": f"{old},{new}"}).start("--json", "work")
    until(partial(_is_ready, knows), what=partial(knows.err.read_text, "utf-8"), seconds=120)
    rotated = desk.told("rotate-key", "--wait", "0")

    assert (refused.code, f"hotlead work on {gethostname()} (process {worker.pid})" in refused.err) == (3, True), refused.said()
    assert f"Copy {desk.data / 'key'} there" in refused.err
    assert still == {"done": AT_ONCE}
    assert (rotated["key"], rotated["went_on"]) == (key_id(new), True)
    assert knows.stop().code == 0
