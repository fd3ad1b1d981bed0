"""The engine inside one process: a bounded pool of threads that looks at lanes as they are woken, the most urgent first.

Nothing is kept here that is not rows in the store: what is queued when the process dies is found again when the next one opens.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

import structlog

from connector.flows.stopping import Stopping
from jobs.job import URGENT_FROM, Job, kept_free
from jobs.runner import Ended, Outcome

log = structlog.get_logger()

Lane = tuple[str, str]
"""Job and key."""


ASKED_EVERY_S = 0.5
"""How soon somebody who waits for a lock can be told to give up."""


def no_hurry() -> None:
    """For whoever waits as long as it takes."""


class RunJob(Protocol):
    """Runs a job once and says how it ended; raises nothing."""

    def __call__(self, job: Job, key: str, *, tried: int) -> Ended: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneState:
    """How the last run of a lane ended."""

    job: str
    key: str
    ended: Ended
    failures: int
    """In a row, up to now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineState:
    """What the engine is doing right now."""

    running: tuple[Lane, ...]
    queued: tuple[Lane, ...]
    lanes: tuple[LaneState, ...]


@dataclass(slots=True)
class _Lane:
    """One job at one key. At most one run is under way and at most one further run waits, however often it is woken."""

    job: Job
    key: str
    due: float | None = None
    """By the monotonic clock; None: nothing waits."""
    since: float = 0.0
    rest_until: float = 0.0
    """After a failure: being woken brings the next try no nearer than this."""
    is_running: bool = False
    failures: int = 0
    last: Ended | None = None


@dataclass(slots=True)
class _Shared:
    """What the threads share, under one condition."""

    changed: threading.Condition = field(default_factory=threading.Condition)
    lanes: dict[Lane, _Lane] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    """Names of locks taken in this process: a lane whose lock is among them waits without asking the database."""
    stopping: bool = False


class EmbeddedEngine:
    """Runs the jobs of a registry. `wake` costs nothing worth naming and never blocks."""

    def __init__(self, *, registry: Mapping[str, Job], run: RunJob, stopping: Stopping, threads: int) -> None:
        self._registry = registry
        self._run = run
        self._stopping = stopping
        self._shared = _Shared()
        self._most_long = threads - kept_free(threads)
        """Jobs side by side that nobody waits for."""
        self._threads = [threading.Thread(target=self._serve, name=f"hotlead-job-{n}", daemon=True) for n in range(1, threads + 1)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wake(self, job: str, key: str = "") -> None:
        """This lane is looked at soon: once, however often it is woken before that, and once more where it runs already.

        One that has just failed waits out its pause first.
        """
        with self._shared.changed:
            self._due(self._lane(job, key), at=time.monotonic())
            self._shared.changed.notify_all()

    def forgive(self) -> None:
        """Every lane that failed is looked at now: something was mended, such as the credentials of a connection."""
        with self._shared.changed:
            for lane in self._shared.lanes.values():
                if lane.failures:
                    lane.rest_until = 0.0
                    lane.due = None
                    self._due(lane, at=time.monotonic())
            self._shared.changed.notify_all()

    @contextmanager
    def alone(self, locks: Sequence[str], *, waiting: Callable[[], None] = no_hurry) -> Iterator[None]:
        """No job runs under these locks until the block ends; waits for those that do. `waiting` is called now and then and may raise."""
        wanted = set(locks)
        with self._shared.changed:
            while not self._shared.changed.wait_for(lambda: not wanted & self._shared.held, timeout=ASKED_EVERY_S):
                waiting()
            self._shared.held |= wanted
        try:
            yield
        finally:
            with self._shared.changed:
                self._shared.held -= wanted
                self._shared.changed.notify_all()

    def stop(self, *, within: timedelta) -> bool:
        """Begins nothing more, asks what runs to end at its next safe point, and waits for it; whether all of it ended in time."""
        self._stopping.ask("hotlead was stopped")
        with self._shared.changed:
            self._shared.stopping = True
            self._shared.changed.notify_all()
        until = time.monotonic() + within.total_seconds()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(timeout=max(0.0, until - time.monotonic()))
        left = [t.name for t in self._threads if t.is_alive()]
        if left:
            log.warning("jobs did not reach a safe point in time; the next start finds their work", threads=len(left))
        return not left

    def retry_stalled(self) -> int:
        """Jobs end with their process: none is left behind."""
        return 0

    def state(self) -> EngineState:
        with self._shared.changed:
            lanes = tuple(self._shared.lanes.values())
            return EngineState(
                running=tuple((n.job.name, n.key) for n in lanes if n.is_running),
                queued=tuple((n.job.name, n.key) for n in lanes if n.due is not None),
                lanes=tuple(LaneState(job=n.job.name, key=n.key, ended=n.last, failures=n.failures) for n in lanes if n.last is not None),
            )

    def _lane(self, job: str, key: str) -> _Lane:
        if (job, key) not in self._shared.lanes:
            self._shared.lanes[job, key] = _Lane(job=self._registry[job], key=key)
        return self._shared.lanes[job, key]

    def _serve(self) -> None:
        while (lane := self._next()) is not None:
            ended = self._run(lane.job, lane.key, tried=lane.failures)
            self._put_back(lane, ended)

    def _next(self) -> _Lane | None:
        """The most urgent lane that may run, marked as running; waits for one. None once the engine stops."""
        with self._shared.changed:
            while not self._shared.stopping:
                now = time.monotonic()
                ready = [n for n in self._shared.lanes.values() if self._may_run(n, now)]
                if self._long_ones() >= self._most_long:
                    ready = [n for n in ready if n.job.priority >= URGENT_FROM]
                if ready:
                    lane = max(ready, key=lambda n: (n.job.priority, -n.since))
                    lane.due, lane.is_running = None, True
                    self._shared.held.add(lane.job.lock(lane.key))
                    return lane
                self._shared.changed.wait(timeout=self._pause(now))
        return None

    def _may_run(self, lane: _Lane, now: float) -> bool:
        return lane.due is not None and lane.due <= now and not lane.is_running and lane.job.lock(lane.key) not in self._shared.held

    def _long_ones(self) -> int:
        return sum(n.is_running and n.job.priority < URGENT_FROM for n in self._shared.lanes.values())

    def _pause(self, now: float) -> float | None:
        """Until the next lane is due; None: until somebody wakes one or a lock is free."""
        later = [n.due - now for n in self._shared.lanes.values() if n.due is not None and n.due > now]
        return min(later, default=None)

    def _put_back(self, lane: _Lane, ended: Ended) -> None:
        with self._shared.changed:
            lane.is_running = False
            self._shared.held.discard(lane.job.lock(lane.key))
            now = time.monotonic()
            if ended.outcome is not Outcome.BUSY:
                lane.last = ended
                lane.failures = lane.failures + 1 if ended.outcome is Outcome.FAILED else 0
            if ended.outcome is Outcome.FAILED:
                lane.rest_until = now + (ended.again_in or lane.job.retry.most).total_seconds()
            if ended.again_in is not None:
                self._due(lane, at=now + ended.again_in.total_seconds())
            elif lane.due is not None:
                lane.due = max(lane.due, lane.rest_until)
            self._shared.changed.notify_all()

    def _due(self, lane: _Lane, *, at: float) -> None:
        """Sets when it is looked at next; an earlier time that is set already stays, unless it rests until later."""
        if lane.due is None:
            lane.since = time.monotonic()
        lane.due = max(at if lane.due is None else min(at, lane.due), lane.rest_until)
