"""The job `retry_parked`: rows that a CRM refused are tried again when their time has come."""

from datetime import timedelta

from connector.flows.retries import retry_parked
from connector.settings import Settings
from jobs.job import Every, Job, Looked
from jobs.locks import always
from jobs.work import Work


def run(work: Work, key: str) -> Looked:
    """Has everybody whose parked row is due written again."""
    del key
    retry_parked(store=work.store, clock=work.clock)
    return Looked()


def interval(settings: Settings) -> timedelta:
    del settings
    return timedelta(minutes=10)


JOB = Job(
    name="retry_parked",
    says="Tries rows that a CRM refused again, once their time has come.",
    run=run,
    lock=always("retry_parked"),
    schedule=Every(interval),
    priority=10,
)
