"""The job `backup`: each night a checked copy of the SQLite file. PostgreSQL has ways of its own."""

from datetime import timedelta

from connector.flows.backup import back_up
from jobs.job import Job, Looked, Nightly
from jobs.locks import always
from jobs.work import Work


def run(work: Work, key: str) -> Looked:
    """One more copy; the oldest go."""
    del key
    back_up(store=work.store, folder=work.settings.backup_folder, keep=work.settings.backups, clock=work.clock)
    return Looked()


def wanted(work: Work) -> tuple[str, ...]:
    """Nothing where no copies are kept, or the database is no file of ours."""
    return ("",) if work.settings.backups and not work.is_shared else ()


JOB = Job(
    name="backup",
    says="Copies the SQLite file every night, and keeps the newest copies.",
    run=run,
    lock=always("backup"),
    schedule=Nightly(after=timedelta(hours=3, minutes=30)),
    keys=wanted,
    priority=3,
)
