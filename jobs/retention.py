"""The job `retention`: each night, what is old enough goes."""

from datetime import timedelta

from connector.flows.retention import prune
from jobs.job import Job, Looked, Nightly
from jobs.locks import always
from jobs.work import Work


def run(work: Work, key: str) -> Looked:
    """Runs, plans, and the memory of events, as long as the settings keep them."""
    del key
    prune(
        store=work.store,
        keep_runs=work.settings.keep_runs,
        keep_held=work.settings.keep_held,
        clock=work.clock,
        going=work.going,
    )
    return Looked()


JOB = Job(
    name="retention",
    says="Takes away runs, plans and memories of events that are old enough.",
    run=run,
    lock=always("retention"),
    schedule=Nightly(after=timedelta(hours=3)),
    priority=2,
)
