"""An installation on PostgreSQL that several processes work on: they share the work, one runs the clock, and the dead are replaced."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import requests
from sqlalchemy import make_url

from tests.support.journeys import Desk, lone
from tests.support.postgres import postgres_server
from tests.support.processes import Command, Done, Forks, forks
from tests.support.sandboxes import Sandbox
from tests.support.serving import let_hubspot_push, until, up

PEOPLE = 120
TAKEN_OVER_S = 40.0
"""A lease runs out after 20 s, a silent worker is dead after as long; then somebody must look."""
HELD_S = 120


@dataclass(slots=True, kw_only=True)
class Shared:
    """A desk whose installation is on PostgreSQL."""

    desk: Desk
    address: str
    workers: list[Command] = field(default_factory=list)

    def asked(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.address, autocommit=True) as connection:
            return connection.execute(query.encode(), values or None).fetchall()

    def done(self, statement: str, *values: object) -> None:
        with psycopg.connect(self.address, autocommit=True) as connection:
            connection.execute(statement.encode(), values or None)

    def work(self, *words: str) -> Command:
        """One more `hotlead work`, ready."""
        command = self.desk.start("--json", "work", *words)
        self.workers.append(command)
        until(lambda: command.out.exists() and '"ready"' in command.out.read_text(encoding="utf-8"), what=lambda: command.err.read_text())
        return command

    def holder(self, lease: str) -> int:
        """The process that holds a lease right now; 0: nobody."""
        found = self.asked(
            "SELECT holder FROM leases WHERE name = %s AND holder <> '' AND until > extract(epoch FROM now()) * 1000000", lease
        )
        return int(found[0][0].split(":")[1]) if found else 0


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Forks, str]]:
    folder = tmp_path_factory.mktemp("shared")
    with forks(folder / "said") as server, postgres_server() as address:
        yield server, address


@pytest.fixture
def shared(running: tuple[Forks, str], tmp_path: Path) -> Iterator[Shared]:
    """HubSpot connected, installed, pulled, scored, and live with its fields."""
    with one_installation(*running, folder=tmp_path) as made:
        yield made


@contextmanager
def one_installation(server: Forks, address: str, *, folder: Path) -> Iterator[Shared]:
    name = f"hotlead_{uuid4().hex}"
    with psycopg.connect(address, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
    url = make_url(address).set(drivername="postgresql+psycopg", database=name).render_as_string(hide_password=False)
    with ExitStack() as stack:
        sandbox: Sandbox = stack.enter_context(server.sandbox("hubspot", people=PEOPLE))
        desk = Desk(forks=server, folder=folder, sandboxes={"hubspot": sandbox})
        desk.environment.update(HOTLEAD_DATABASE_URL=url, HOTLEAD_LOG_LEVEL="info")
        made = Shared(desk=desk, address=url.replace("+psycopg", ""))
        desk.ok("init")
        assert desk.connect("hubspot").code == 0
        for words in (
            ("install",),
            ("pull",),
            ("score",),
            ("go-live", "hubspot", "fields", "--everybody"),
            ("write-back", "--allow", "10000"),
        ):
            desk.ok(*words)
        yield made
        for worker in made.workers:
            stop(worker)


def stop(worker: Command) -> Done | None:
    try:
        os.kill(worker.pid, signal.SIGTERM)
    except ProcessLookupError:
        return None
    return worker.wait()


def hottest(shared: Shared) -> str:
    ((contact,),) = shared.asked(lone("contacts"))
    return str(contact)


def test_workers_share_what_one_receives(shared: Shared) -> None:
    contact, hubspot = hottest(shared), shared.desk.sandboxes["hubspot"]
    first, second = shared.work("--metrics-port", "0"), shared.work()
    figures = json.loads(first.out.read_text(encoding="utf-8"))["metrics"]
    with up(shared.desk) as serving:
        let_hubspot_push(shared.desk, serving)
        until(lambda: serving.health()["connections"][0]["receiving"], what="the process that receives to see that it does")

        has_followed = shared.desk.change_rank("hubspot", "contacts", contact)
        hubspot.flush_pushes()

        until(has_followed, what="the new score in HubSpot")
        assert sorted(role for (role,) in shared.asked("SELECT role FROM workers")) == ["up", "work", "work"]
        until(lambda: "hotlead_job_seconds_count{" in requests.get(figures, timeout=10).text, what="a job among this worker's figures")
        assert figures.startswith("http://127.0.0.1:"), "nobody else reads them unless that is asked for"
        assert serving.stop().code == 0
    assert [one.code for one in (stop(first), stop(second)) if one is not None] == [0, 0]
    assert shared.asked("SELECT count(*) FROM workers") == [(0,)]


def test_one_process_runs_the_clock_and_another_takes_over_when_it_dies(shared: Shared) -> None:
    pids = {shared.work().pid, shared.work().pid}
    first = until(lambda: shared.holder("scheduler"), what="a scheduler")

    os.kill(first, signal.SIGKILL)

    second = until(
        lambda: shared.holder("scheduler") not in (0, first) and shared.holder("scheduler"), what="another", seconds=TAKEN_OVER_S
    )
    assert {first, second} == pids
    ((fence,),) = shared.asked("SELECT fence FROM leases WHERE name = 'scheduler'")
    assert fence >= 2


def test_the_job_of_a_worker_that_died_is_run_again_by_another(shared: Shared) -> None:
    contact, hubspot = hottest(shared), shared.desk.sandboxes["hubspot"]
    shared.work()
    shared.work()
    hubspot.edit("contacts", contact, {"jobtitle": "Intern"})
    hubspot.fault("*", "timeout_before", every=1, seconds=HELD_S)
    shared.done("DELETE FROM cursors WHERE source IN (SELECT no FROM sources WHERE source = '@poll')")
    victim = until(lambda: shared.holder("read:hubspot"), what="a worker that pulls")
    until(hubspot.bitten, what="a call that hangs")

    os.kill(victim, signal.SIGKILL)
    hubspot.heal()

    until(
        lambda: shared.holder("read:hubspot") not in (0, victim) or polled_again(shared),
        what="another that pulls",
        seconds=TAKEN_OVER_S * 2,
    )
    until(lambda: shared.desk.value("hubspot", "contacts", contact, "jobtitle") == "Intern" and polled_again(shared), what="the pull's end")
    assert shared.asked("SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing' AND worker_id IS NULL") == [(0,)]


def polled_again(shared: Shared) -> bool:
    found = shared.asked("SELECT count(*) FROM cursors c JOIN sources o ON o.no = c.source WHERE o.source = '@poll'")
    return bool(found[0][0])


def test_the_night_is_cut_into_ranges_that_are_done_once_each(shared: Shared) -> None:
    shared.work()
    until(lambda: marks(shared), what="the first look at the nights")
    for worker in shared.workers:
        stop(worker)
    shared.done(
        "UPDATE cursors SET cursor = '2026-01-01T01:00:00+00:00' WHERE source IN (SELECT no FROM sources WHERE connection = '@jobs')"
    )
    before = len(score_runs(shared))

    shared.work()
    shared.work()
    until(lambda: {"daily", "write_everybody"} <= fresh(shared), what=lambda: f"the night's end: {marks(shared)}", seconds=90)

    ranges = [name for name in marks(shared) if name.startswith("score_shards")]
    assert sorted(ranges) == ["score_shards 0-15", "score_shards 16-31", "score_shards 32-47", "score_shards 48-63"]
    assert len(score_runs(shared)) - before == 4
    ((people,),) = shared.asked("SELECT count(DISTINCT person) FROM scores")
    assert sum(score_runs(shared)[before:]) >= people - 1


def marks(shared: Shared) -> dict[str, str]:
    """Night that each job, or piece of one, has done."""
    return dict(shared.asked("SELECT o.source, c.cursor FROM cursors c JOIN sources o ON o.no = c.source WHERE o.connection = '@jobs'"))


def fresh(shared: Shared) -> set[str]:
    return {name for name, night in marks(shared).items() if not night.startswith("2026-01-01")}


def score_runs(shared: Shared) -> list[int]:
    """People scored by each run that scored a range or everybody, oldest first."""
    found = shared.asked("SELECT counts::json->>'scored' FROM runs WHERE verb = 'score' AND state = 'done' ORDER BY id")
    return [int(scored or 0) for (scored,) in found]
