"""The job `write_everybody`: after the night's scoring everybody is planned, also whose score stayed: some things are due by time alone."""

from connector.flows.road_back import write_stretch
from connector.flows.runs import recorded
from connector.ports.store import LiveStep
from jobs.daily import SCHEDULE, WRITE_EVERYBODY, left_tonight
from jobs.job import Job, Looked
from jobs.locks import WRITE_BACK, always
from jobs.work import Work


def run(work: Work, key: str) -> Looked:
    """Writes what differs, under the limit of each connection; nothing where no connection is live."""
    del key
    if left_tonight(work, night=SCHEDULE.latest(work.clock(), settings=work.settings)):
        return Looked(finished=False)
    with work.store.read() as tx:
        live = [c for c in tx.connections.all() if c.live is not LiveStep.OFF]
    if not live:
        return Looked()
    with recorded(store=work.store, verb="write-back", clock=work.clock, worker=work.worker) as running:
        done = write_stretch(work.road, connections=live, running=running)
        running.failures.extend(done.failures)
    return Looked(failures=done.failures)


JOB = Job(
    name=WRITE_EVERYBODY,
    says="Plans everybody after the night's scoring, and writes what differs.",
    run=run,
    lock=always(WRITE_BACK),
    schedule=SCHEDULE,
    priority=4,
)
