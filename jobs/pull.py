"""The job `pull`: polls one connection for what is new. Pushes make it rare, not needless: no CRM promises that none gets lost."""

from datetime import timedelta

from connector.flows.road import pull_stretch
from connector.flows.runs import recorded
from connector.settings import Settings
from jobs.job import Every, Job, Looked, every_connection
from jobs.locks import reading
from jobs.work import Work


def run(work: Work, key: str) -> Looked:
    """Everything new in the connection; people it touches wait to be scored."""
    connection = work.connection(key)
    if connection is None:
        return Looked()
    with recorded(store=work.store, verb="pull", clock=work.clock, worker=work.worker) as running:
        pull_stretch(work.road, connections=[connection], running=running)
    running.raise_failures()
    return Looked()


def interval(settings: Settings) -> timedelta:
    del settings
    return timedelta(minutes=5)


JOB = Job(
    name="pull",
    says="Reads what is new in one connection.",
    run=run,
    lock=reading,
    schedule=Every(interval),
    keys=every_connection,
    priority=20,
)
