"""The job `write_back`: people whose score was looked at anew are written into the CRMs, as far as these are live."""

from datetime import datetime, timedelta

from connector.flows.write_due import write_due
from connector.ports.inbox import Lane
from connector.ports.telemetry import Timing
from connector.settings import Settings
from jobs.job import Every, Job, Looked
from jobs.locks import WRITE_BACK, always
from jobs.work import Work

BURST_PEOPLE = 500
"""While so many more are on their way here, whoever is here already waits for them: together they are written with fewer calls."""
LONGEST_HELD = timedelta(seconds=10)
"""Since what they wait for reached us; on a day without bursts nobody waits here at all."""
HELD_AGAIN = timedelta(milliseconds=250)


def run(work: Work, key: str) -> Looked:
    """Everybody who waits to be written, under the limits of each connection; where nobody does, one slice of those of the night.

    Between two slices the lease is given back, and whoever came meanwhile goes first.
    """
    del key
    if _is_burst_coming(work, now=work.clock()):
        return Looked(again_at=work.clock() + HELD_AGAIN)
    written = write_due(work.road, memory=work.memory, going=work.going, worker=work.worker)
    for lag in written.lags_s:
        work.meter.observe(Timing.LAG, seconds=lag)
    return Looked(again_at=written.again_at, failures=written.failures)


def _is_burst_coming(work: Work, *, now: datetime) -> bool:
    """Whether many who are read or scored right now will be here at once, and nobody here has waited long."""
    with work.store.read() as tx:
        marks = tx.marks.waiting()
        here, scoring = marks.get(Lane.WRITE), marks.get(Lane.SCORE)
        if here is None or not timedelta(0) <= now - here.oldest_at < LONGEST_HELD:
            return False
        coming = scoring.waiting if scoring else 0
        for connection, hints in tx.hints.waiting().items():
            # Those that were put off may come in an hour; where there are fewer in all, counting the others is spared.
            if coming < BURST_PEOPLE <= coming + hints.waiting:
                coming += len(tx.hints.next(connection=connection, at=now, limit=BURST_PEOPLE))
        return coming >= BURST_PEOPLE


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
