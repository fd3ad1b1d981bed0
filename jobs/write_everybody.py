"""The job `write_everybody`: after the night's scoring everybody waits to be planned, for some things are due by time alone.

It only puts them into the lane of the night; `write_back` plans and writes them, a slice at a time, while nobody else waits.
"""

from connector.flows.mark_everybody import mark_everybody
from connector.ports.connections import LiveStep
from jobs.daily import SCHEDULE, WRITE_EVERYBODY, left_tonight
from jobs.job import Job, Looked
from jobs.locks import always
from jobs.work import Work


def run(work: Work, key: str) -> Looked:
    """Nothing where no connection is live."""
    del key
    if left_tonight(work, night=SCHEDULE.latest(work.clock(), settings=work.settings)):
        return Looked(finished=False)
    with work.store.read() as tx:
        is_live = any(c.live is not LiveStep.OFF for c in tx.connections.all())
    return Looked(finished=not is_live or mark_everybody(store=work.store, now=work.clock(), going=work.going))


JOB = Job(
    name=WRITE_EVERYBODY,
    says="Has everybody planned after the night's scoring, and what differs written, a slice at a time.",
    run=run,
    lock=always(WRITE_EVERYBODY),
    schedule=SCHEDULE,
    priority=4,
)
