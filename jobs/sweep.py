"""The job `sweep`: what dead workers left behind is taken up again."""

from datetime import timedelta

from connector.settings import Settings
from jobs.job import Every, Job, Looked
from jobs.locks import always
from jobs.presence import forget_the_dead
from jobs.work import Work


def run(work: Work, key: str) -> Looked:
    """Has their jobs run again, and takes them off the list of workers."""
    del key
    work.retry_stalled()
    forget_the_dead(store=work.store, now=work.clock())
    return Looked()


def interval(settings: Settings) -> timedelta:
    del settings
    return timedelta(seconds=15)


JOB = Job(
    name="sweep",
    says="Takes up what workers that died left behind.",
    run=run,
    lock=always("sweep"),
    schedule=Every(interval),
    keys=lambda work: ("",) if work.is_shared else (),
    priority=80,
    in_line=False,
)
