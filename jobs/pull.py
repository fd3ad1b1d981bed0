"""The job `pull`: polls one connection for what is new. Pushes make it rare, not needless: no CRM promises that none gets lost."""

from datetime import timedelta

from connector.flows.feed import is_fed
from connector.flows.polling import is_due, poll
from connector.flows.runs import Running, recorded
from connector.settings import Settings
from jobs.job import Every, Job, Looked
from jobs.locks import reading
from jobs.work import Work

NEVER_STORED = 0
"""The number of a poll under way: only one that found something, or failed, becomes a run that is shown."""


def run(work: Work, key: str) -> Looked:
    """Everything new in the connection; people it touches wait to be scored."""
    connection = work.connection(key)
    if connection is None:
        return Looked()
    polled = Running(id=NEVER_STORED)
    with work.store.read() as tx:
        fed = is_fed(tx, connection=key, now=work.clock())
    pulled = poll(work.road, connection=connection, is_receiving=work.receives(key), is_fed=fed, running=polled)
    if polled.failures or any(p.fresh for p in pulled):
        with recorded(store=work.store, verb="poll", clock=work.clock, worker=work.worker) as running:
            running.counts.update(polled.counts)
            running.failures.extend(polled.failures)
    return Looked(failures=tuple(polled.failures))


def due(work: Work) -> tuple[str, ...]:
    """Connections whose time has come."""
    now = work.clock()
    with work.store.read() as tx:
        return tuple(c.name for c in tx.connections.all() if is_due(tx, connection=c.name, now=now))


def interval(settings: Settings) -> timedelta:
    """How often it is asked whose time has come."""
    del settings
    return timedelta(seconds=20)


JOB = Job(
    name="pull",
    says="Reads what is new in one connection: soon while things change, seldom while nothing does.",
    run=run,
    lock=reading,
    schedule=Every(interval),
    keys=due,
    priority=20,
)
