"""The job `write_back`: people whose score was looked at anew are written into the CRMs, as far as these are live."""

from datetime import timedelta

from connector.flows.write_due import write_due
from connector.ports.inbox import Lane
from connector.ports.telemetry import Timing
from connector.settings import Settings
from jobs.job import Every, Job, Looked
from jobs.locks import WRITE_BACK, always
from jobs.work import Work


def run(work: Work, key: str) -> Looked:
    """Everybody who waits to be written, under the limits of each connection; where nobody does, one slice of those of the night.

    Between two slices the lease is given back, and whoever came meanwhile goes first.
    """
    del key
    written = write_due(work.road, memory=work.memory, going=work.going, worker=work.worker)
    for lag in written.lags_s:
        work.meter.observe(Timing.LAG, seconds=lag)
    return Looked(again_at=written.again_at, failures=written.failures)


def waiting(work: Work) -> tuple[str, ...]:
    """Whether somebody waits, or a plan was cut off."""
    with work.store.read() as tx:
        return ("",) if {Lane.WRITE, Lane.NIGHT} & set(tx.marks.waiting()) or tx.plans.unfinished() else ()


def interval(settings: Settings) -> timedelta:
    del settings
    return timedelta(minutes=1)


JOB = Job(
    name="write_back",
    says="Writes scores, stages and tasks of the people who wait for it into the CRMs that are live.",
    run=run,
    lock=always(WRITE_BACK),
    schedule=Every(interval),
    keys=waiting,
    priority=70,
)
