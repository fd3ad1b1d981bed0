"""The queue in PostgreSQL, and the engine on it: neither a job that was put off nor long work holds up what somebody waits for."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine

from connector.flows.stopping import Stopping
from jobs.distributed import DistributedEngine
from jobs.job import Job
from jobs.queueing import TOLD_EVERY_S, Queue, bring_up, conninfo
from jobs.registry import REGISTRY
from jobs.runner import Ended, Outcome
from tests.support.postgres import postgres_server

PATIENCE = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The queue, and a worker that fetches from it as Procrastinate does."""

    url: str
    queue: Queue
    database: "psycopg.Connection[Any]"
    worker: int

    def put_off(self, job: str, key: str = "", *, by: timedelta = PATIENCE, tried: int = 0) -> None:
        self.queue.put(self.database, job=job, key=key, at=datetime.now(tz=UTC) + by, tried=tried)

    def wake(self, *lanes: tuple[str, str]) -> None:
        engine = create_engine(self.url.replace("postgresql:", "postgresql+psycopg:"))
        with engine.begin() as connection:
            self.queue.enqueue(connection, frozenset(lanes))
        engine.dispose()

    def fetch(self) -> list[str]:
        """Jobs that are given out now, in their order; none of them ends."""
        found: list[str] = []
        while True:
            (name,) = self.database.execute("SELECT (procrastinate_fetch_job_v2(NULL, %s)).task_name", [self.worker]).fetchone() or (None,)
            if name is None:
                return found
            found.append(name)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres_server() as url:
        bring_up(url)
        yield url


@pytest.fixture
def desk(server: str) -> Iterator[Desk]:
    with psycopg.connect(conninfo(server), autocommit=True) as database:
        database.execute("TRUNCATE procrastinate_jobs CASCADE")
        (worker,) = database.execute("SELECT procrastinate_register_worker_v1()").fetchone() or (0,)
        yield Desk(url=server, queue=Queue(REGISTRY), database=database, worker=worker)


def test_a_lane_that_was_put_off_is_looked_at_once_it_is_woken(desk: Desk) -> None:
    desk.put_off("write_back")
    before = desk.fetch()

    desk.wake(("write_back", ""))

    assert (before, desk.fetch()) == ([], ["write_back"])


def test_a_lane_that_failed_rests_although_it_is_woken(desk: Desk) -> None:
    desk.put_off("write_back", tried=1)

    desk.wake(("write_back", ""))

    assert desk.fetch() == []


def test_a_lane_that_looks_again_in_a_moment_is_not_hurried_by_every_wake(desk: Desk) -> None:
    desk.put_off("drain", "crm", by=timedelta(seconds=1.9))

    desk.wake(("drain", "crm"))

    assert desk.fetch() == []


def test_a_job_put_off_does_not_hold_up_other_jobs_of_its_lease(desk: Desk) -> None:
    desk.put_off("drain", "crm")
    desk.put_off("write_back")

    desk.wake(("pull", "crm"), ("write_everybody", ""))

    assert desk.fetch() == ["pull", "write_everybody"]


def test_a_lane_is_not_given_out_while_it_runs(desk: Desk) -> None:
    desk.wake(("drain", "crm"))
    first = desk.fetch()

    desk.wake(("drain", "crm"), ("drain", "hub"))

    assert (first, desk.fetch()) == (["drain"], ["drain"])


def test_workers_hear_again_of_a_lane_that_waits_but_not_with_every_body(desk: Desk) -> None:
    now = [100.0]
    often = replace(desk, queue=Queue(REGISTRY, tick=lambda: now[0]))
    desk.database.execute('LISTEN "procrastinate_queue_v1#hotlead"')
    heard: list[int] = []

    def wake(at: float) -> None:
        now[0] = at
        often.wake(("drain", "crm"))
        heard.append(len(list(desk.database.notifies(timeout=0.5))))

    for at in (100.0, 100.01, 100.05, 100.0 + TOLD_EVERY_S + 0.02):
        wake(at)

    assert heard == [1, 1, 0, 1]


def test_workers_do_not_hear_of_a_lane_that_is_not_due_yet(desk: Desk) -> None:
    desk.put_off("drain", "crm", by=timedelta(seconds=1.9))
    desk.database.execute('LISTEN "procrastinate_queue_v1#hotlead"')

    desk.wake(("drain", "crm"))

    assert list(desk.database.notifies(timeout=0.5)) == []


def test_workers_hear_of_a_lane_that_was_brought_forward(desk: Desk) -> None:
    desk.put_off("drain", "crm")
    desk.database.execute('LISTEN "procrastinate_queue_v1#hotlead"')

    desk.wake(("drain", "crm"))

    assert len(list(desk.database.notifies(timeout=0.5))) == 1


@dataclass(frozen=True, kw_only=True)
class Held:
    """Stands where jobs are run: every run waits until the gate opens."""

    ran: list[str] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def __call__(self, job: Job, key: str, *, tried: int) -> Ended:
        del key, tried
        with self.changed:
            self.ran.append(job.name)
            self.changed.notify_all()
        self.gate.wait(30)
        return Ended(outcome=Outcome.DONE)

    def wait(self, runs: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.ran) >= runs, timeout=30), self.ran


def test_long_work_leaves_threads_to_what_somebody_waits_for(desk: Desk) -> None:
    held = Held()
    engine = DistributedEngine(url=desk.url, registry=REGISTRY, run=held, stopping=Stopping(), threads=4)
    desk.wake(*(("pull", key) for key in "abcd"))
    engine.start()
    try:
        held.wait(2)
        desk.wake(("drain", "a"), ("drain", "b"))
        held.wait(4)
        before = list(held.ran)
        held.gate.set()
        held.wait(6)
    finally:
        held.gate.set()
        ended = engine.stop(within=timedelta(seconds=30))

    assert before == ["pull", "pull", "drain", "drain"]
    assert sorted(held.ran) == ["drain"] * 2 + ["pull"] * 4
    assert ended
    assert desk.database.execute("SELECT count(*) FROM procrastinate_jobs").fetchone() == (0,)
