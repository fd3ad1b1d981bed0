"""The job `retry_parked`: rows that a CRM refused are tried again when their time has come."""

from datetime import timedelta

from connector.flows.retries import AT_ONCE, retry_parked
from connector.settings import Settings
from jobs.job import Every, Job, Looked
from jobs.locks import always
from jobs.work import Work


def run(work: Work, key: str) -> Looked:
    """Has everybody whose parked row is due written again."""
    del key
    marked = retry_parked(store=work.store, clock=work.clock)
    return Looked(again_at=work.clock() + timedelta(minutes=1) if marked == AT_ONCE else None)


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
