"""The queue in PostgreSQL: a job that was put off holds up neither its own lane, once that is woken, nor others of the same lease."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine

from jobs.queueing import Queue, bring_up, conninfo
from jobs.registry import REGISTRY
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
