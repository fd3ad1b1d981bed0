"""One run of one job: under its lease, with safe points, counted and logged, whatever becomes of it. Both engines run jobs through here."""

import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from uuid import uuid4

import structlog
from structlog.contextvars import bound_contextvars

from connector.flows.error_texts import logged, told
from connector.flows.stopping import Stopped
from connector.ports.errors import HotleadError
from connector.ports.inbox import LeaseLost
from connector.ports.telemetry import Count, Timing
from jobs.job import Job, Looked, Nightly
from jobs.leased import LeaseBusy, LeaseKeeper
from jobs.nights import mark_as_run
from jobs.work import Work

PLACES = 12
"""Innermost calls that are logged of a fault of our own."""
BUSY_AGAIN = timedelta(seconds=2)
"""How soon a job looks again whose lease somebody else holds."""

log = structlog.get_logger()


class Outcome(StrEnum):
    DONE = "done"
    FAILED = "failed"
    BUSY = "busy"
    """Somebody else holds its lease; nothing was done."""
    LOST = "lost"
    """Somebody else took its lease over meanwhile; what it had kept before stands."""
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a run ended. `again_in`: look again after so long; None: when it is woken or due."""

    outcome: Outcome
    again_in: timedelta | None = None
    error: str = ""
    """What happened and what to do, in sentences (`error_texts.told`); empty where nothing did."""
    at: datetime | None = None


Span = Callable[[str, str], AbstractContextManager[object]]
"""Job and key → a trace around its run."""


def no_span(job: str, key: str) -> AbstractContextManager[object]:
    """Nobody traces."""
    del job, key
    return nullcontext()


def nothing_more() -> None:
    """For whoever wants to hear nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """Runs jobs in this process; safe for several threads."""

    work: Work
    leases: LeaseKeeper
    span: Span = no_span
    after: Callable[[], None] = nothing_more
    """Called after each run."""

    def run(self, job: Job, key: str, *, tried: int = 0) -> Ended:
        """Runs it once and says how it ended; raises nothing. `tried`: failures in a row before this run."""
        began = time.monotonic()
        with _bound(job, key), self.span(job.name, key):
            ended = self._attempt(job, key, tried=tried)
            seconds = time.monotonic() - began
            log.debug("job ended", outcome=ended.outcome.value, seconds=round(seconds, 3))
        if ended.outcome is not Outcome.BUSY:
            self.work.meter.observe(Timing.JOB, seconds=seconds, job=job.name)
            self.after()
        return replace(ended, at=self.work.clock())

    def _attempt(self, job: Job, key: str, *, tried: int) -> Ended:
        try:
            with self.leases.under(job.lock(key)) as held:
                looked = self._run(job, key, work=self.work.over(held.store))
        except LeaseBusy:
            return Ended(outcome=Outcome.BUSY, again_in=BUSY_AGAIN)
        except LeaseLost as error:
            return self._failed(job, error, outcome=Outcome.LOST, tried=0)
        except Stopped:
            log.info("job stopped at a safe point")
            return Ended(outcome=Outcome.STOPPED)
        except HotleadError as error:
            return self._failed(job, error, outcome=Outcome.FAILED, tried=tried)
        except Exception as error:  # noqa: BLE001 - the worker: whatever broke is recorded, and the lane is looked at again
            log.error("a fault in hotlead itself", error=type(error).__name__, where=_where(error))
            return self._failed(job, error, outcome=Outcome.FAILED, tried=tried)
        return self._looked(job, looked)

    def _run(self, job: Job, key: str, *, work: Work) -> Looked:
        night = job.schedule.latest(work.clock(), settings=work.settings) if isinstance(job.schedule, Nightly) else None
        looked = job.run(work, key)
        if night is not None and looked.finished and not looked.failures and work.going():
            work.store.write(partial(mark_as_run, job=job.name, key=key, at=night))
        return looked

    def _looked(self, job: Job, looked: Looked) -> Ended:
        for failure in looked.failures:
            self.work.meter.count(Count.ERRORS, job=job.name, error=type(failure).__name__)
            log.warning("a part of the job failed", **logged(failure))
        again = None if looked.again_at is None else max(looked.again_at - self.work.clock(), timedelta(0))
        return Ended(outcome=Outcome.DONE, again_in=again, error=told(looked.failures[0]) if looked.failures else "")

    def _failed(self, job: Job, error: Exception, *, outcome: Outcome, tried: int) -> Ended:
        kind = type(error).__name__
        again = job.retry.after(tried + 1, error, now=self.work.clock())
        self.work.meter.count(Count.ERRORS, job=job.name, error=kind)
        log.warning("job failed", **logged(error), again_in_s=None if again is None else round(again.total_seconds(), 1))
        return Ended(outcome=outcome, again_in=again, error=told(error))


def _where(error: BaseException) -> list[str]:
    """The places that the error came through, without its message: that may hold what a person typed."""
    frames = traceback.extract_tb(error.__traceback__)[-PLACES:]
    return [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames]


@contextmanager
def _bound(job: Job, key: str) -> Iterator[None]:
    """Every log line of the run carries which one it is."""
    with bound_contextvars(job=job.name, key=key, job_run=uuid4().hex[:12]):
        yield
