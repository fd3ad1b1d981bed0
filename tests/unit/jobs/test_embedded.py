"""The engine inside one process: what is woken runs, once for many wakes, never beside itself, the most urgent first."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from connector.flows.stopping import Stopping
from jobs.embedded import EmbeddedEngine
from jobs.job import Job, Looked, OnWake, kept_free
from jobs.runner import Ended, Outcome
from jobs.work import Work

SOON = timedelta(seconds=5)
DONE = Ended(outcome=Outcome.DONE)


@dataclass
class Runs:
    """Stands where jobs are run: keeps what ran, and holds a run up while its gate is closed."""

    ended: Callable[[str, int], Ended] = lambda name, tried: DONE
    ran: list[tuple[str, str]] = field(default_factory=list)
    tried: list[int] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    gate: threading.Event = field(default_factory=threading.Event)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def __call__(self, job: Job, key: str, *, tried: int) -> Ended:
        with self.changed:
            self.ran.append((job.name, key))
            self.tried.append(tried)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            self.changed.notify_all()
        self.gate.wait(5)
        with self.changed:
            self.at_once -= 1
            self.changed.notify_all()
        return self.ended(job.name, tried)

    def wait(self, runs: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.ran) >= runs, timeout=5), self.ran

    def settle(self) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: not self.at_once, timeout=5)


def nothing(work: Work, key: str) -> Looked:
    del work, key
    return Looked()


def job(name: str, *, lock: str = "", priority: int = 0) -> Job:
    return Job(name=name, says="", run=nothing, lock=lambda key: lock or f"{name}:{key}", schedule=OnWake(), priority=priority)


@contextmanager
def engine(runs: Runs, *jobs: Job, threads: int = 4) -> Iterator[EmbeddedEngine]:
    made = EmbeddedEngine(registry={j.name: j for j in jobs}, run=runs, stopping=Stopping(), threads=threads)
    made.start()
    try:
        yield made
    finally:
        runs.gate.set()
        made.stop(within=SOON)


def test_many_wakes_while_it_runs_make_one_further_run() -> None:
    runs = Runs()
    with engine(runs, job("drain")) as made:
        made.wake("drain", "crm")
        runs.wait(1)
        for _ in range(100):
            made.wake("drain", "crm")
        runs.gate.set()
        runs.wait(2)
        time.sleep(0.05)

        assert runs.ran == [("drain", "crm")] * 2


def test_a_lane_never_runs_beside_itself() -> None:
    runs = Runs()
    with engine(runs, job("drain")) as made:
        made.wake("drain", "crm")
        runs.wait(1)
        made.wake("drain", "crm")
        time.sleep(0.05)

        assert runs.ran == [("drain", "crm")]


def test_lanes_without_a_common_lock_run_side_by_side() -> None:
    runs = Runs()
    with engine(runs, job("drain")) as made:
        made.wake("drain", "a")
        made.wake("drain", "b")
        runs.wait(2)

        assert runs.most_at_once == 2


def test_lanes_with_a_common_lock_run_one_after_the_other() -> None:
    runs = Runs()
    with engine(runs, job("drain", lock="read"), job("pull", lock="read")) as made:
        made.wake("drain", "a")
        runs.wait(1)
        made.wake("pull", "a")
        time.sleep(0.05)
        before = list(runs.ran)
        runs.gate.set()
        runs.wait(2)

        assert before == [("drain", "a")]
        assert runs.most_at_once == 1


def test_the_more_urgent_job_goes_first() -> None:
    runs = Runs()
    with engine(runs, job("busy"), job("daily"), job("drain", priority=9), threads=1) as made:
        made.wake("busy")
        runs.wait(1)
        made.wake("daily")
        made.wake("drain")
        runs.gate.set()
        runs.wait(3)

        assert [name for name, _ in runs.ran] == ["busy", "drain", "daily"]


def test_long_work_leaves_threads_to_what_somebody_waits_for() -> None:
    runs = Runs()
    with engine(runs, job("pull", priority=20), job("drain", priority=50), threads=4) as made:
        for key in "abcd":
            made.wake("pull", key)
        runs.wait(2)
        time.sleep(0.05)
        long_ones = list(runs.ran)
        made.wake("drain", "a")
        made.wake("drain", "b")
        runs.wait(4)
        last = sorted(runs.ran[2:])
        runs.gate.set()
        runs.wait(6)

        assert len(long_ones) == 2
        assert last == [("drain", "a"), ("drain", "b")]


@pytest.mark.parametrize(("threads", "free"), [(1, 0), (2, 1), (3, 1), (4, 2), (64, 2)])
def test_threads_are_kept_free_where_there_is_more_than_one(threads: int, free: int) -> None:
    assert kept_free(threads) == free


def test_a_failed_lane_is_tried_again_with_its_failures_counted() -> None:
    again = Ended(outcome=Outcome.FAILED, again_in=timedelta(milliseconds=10))
    runs = Runs(ended=lambda name, tried: DONE if tried == 2 else again)
    runs.gate.set()
    with engine(runs, job("drain")) as made:
        made.wake("drain", "crm")
        runs.wait(3)
        runs.settle()
        time.sleep(0.05)

        assert runs.tried == [0, 1, 2]
        assert made.state().lanes[0].failures == 0


def test_waking_a_lane_that_has_just_failed_does_not_shorten_its_pause() -> None:
    runs = Runs(ended=lambda name, tried: Ended(outcome=Outcome.FAILED, again_in=timedelta(hours=1)))
    runs.gate.set()
    with engine(runs, job("drain")) as made:
        made.wake("drain", "crm")
        runs.wait(1)
        runs.settle()
        time.sleep(0.02)
        made.wake("drain", "crm")
        time.sleep(0.05)
        waited = len(runs.ran)
        made.forgive()
        runs.wait(2)

        assert waited == 1


def test_nothing_runs_under_a_lock_that_a_command_holds() -> None:
    runs = Runs()
    runs.gate.set()
    with engine(runs, job("pull", lock="read")) as made:
        with made.alone(["read"]):
            made.wake("pull", "crm")
            time.sleep(0.05)
            held = len(runs.ran)
        runs.wait(1)

        assert held == 0


def test_stopping_waits_for_what_runs_and_begins_nothing_more() -> None:
    runs = Runs()
    with engine(runs, job("drain"), threads=1) as made:
        made.wake("drain", "a")
        runs.wait(1)
        made.wake("drain", "b")
        threading.Timer(0.1, runs.gate.set).start()

        assert made.stop(within=SOON)
        assert runs.ran == [("drain", "a")]


def test_stopping_gives_up_on_a_run_that_never_ends() -> None:
    runs = Runs()
    with engine(runs, job("drain"), threads=1) as made:
        made.wake("drain", "a")
        runs.wait(1)

        assert not made.stop(within=timedelta(milliseconds=50))
