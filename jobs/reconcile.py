"""The job `reconcile`: each night, what no push and no poll told of one connection is looked for."""

from datetime import timedelta

from connector.flows.reconcile import reconcile
from jobs.job import Job, Looked, Nightly, every_connection
from jobs.work import Work


def run(work: Work, key: str) -> Looked:
    """Hints at every row that differs; the drain reads these again."""
    connection = work.connection(key)
    if connection is None:
        return Looked()
    reconciled = reconcile(work.road, connection=connection, going=work.going, progress=work.progress)
    return Looked(failures=reconciled.failures)


JOB = Job(
    name="reconcile",
    says="Holds every record of one connection against what is stored, and has those that differ read again.",
    run=run,
    lock=lambda key: f"reconcile:{key}",
    schedule=Nightly(after=timedelta(hours=1)),
    keys=every_connection,
    priority=5,
)
