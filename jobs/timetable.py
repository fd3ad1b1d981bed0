"""The clock of the jobs: APScheduler says when a job's schedule comes round, and nothing else; what is due is only woken."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from connector.ports.errors import HotleadError
from jobs.job import Every, Job, Nightly, OnWake
from jobs.nights import mark_as_run, ran_at
from jobs.work import Work

NIGHTLY_LOOK = timedelta(minutes=5)
"""How often it is asked whether a nightly job is due: also after a night that nobody was up in."""
MISFIRE_GRACE_S = 3600
"""A look that comes late, on a machine that slept, is still made, once."""
log = structlog.get_logger()
Wake = Callable[[str, str], None]


class Timetable:
    """Wakes jobs as their schedules say, from `start` to `stop`. Looks happen in one thread, so they never overlap."""

    def __init__(self, *, registry: Mapping[str, Job], work: Work, wake: Wake) -> None:
        self._registry = registry
        self._work = work
        self._wake = wake
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": MISFIRE_GRACE_S},
            timezone="UTC",
        )

    def start(self) -> None:
        """Looks at every lane once, for whatever the last process left, then as the schedules say."""
        self._scheduler.start()
        for job in self._registry.values():
            self._scheduler.add_job(partial(self.look, job, at_start=True), name=job.name)
            if (interval := self._interval(job)) is not None:
                self._scheduler.add_job(partial(self.look, job), IntervalTrigger(seconds=int(interval.total_seconds())), name=job.name)

    def stop(self) -> None:
        """Wakes nothing any more. Repeatable."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def look(self, job: Job, *, at_start: bool = False) -> None:
        """Wakes the keys of the job that are due; a failure is logged, and the next look comes as scheduled."""
        try:
            for key in job.keys(self._work):
                if not isinstance(job.schedule, Nightly) or self._night_is_due(job, key, schedule=job.schedule):
                    self._wake(job.name, key)
        except HotleadError as error:
            log.warning("a look at what is due failed", job=job.name, error=type(error).__name__, at_start=at_start)

    def _interval(self, job: Job) -> timedelta | None:
        match job.schedule:
            case OnWake():
                return None
            case Every(interval):
                return interval(self._work.settings)
            case Nightly():
                return NIGHTLY_LOOK

    def _night_is_due(self, job: Job, key: str, *, schedule: Nightly) -> bool:
        """Whether it has not run since it was last due. A job that is seen for the first time waits for the coming night."""
        due = schedule.latest(self._work.clock(), settings=self._work.settings)
        with self._work.store.read() as tx:
            last = ran_at(tx, job=job.name, key=key)
        if last is None:
            self._work.store.write(partial(mark_as_run, job=job.name, key=key, at=due))
            return False
        return last < due
