"""The job `drain`: what was pushed becomes rows. Its key is a connection, or the lane of first-party events."""

from collections.abc import Sequence
from datetime import timedelta

from connector.flows.drain import drain
from connector.flows.site_events import drain_site
from connector.ports.hooks import BadEvent
from connector.ports.inbox import SITE
from connector.settings import Settings
from jobs.job import Every, Job, Looked
from jobs.locks import reading
from jobs.unreadable import tell
from jobs.work import Work


def run(work: Work, key: str) -> Looked:
    """Splits the bodies that wait in this lane and reads the records they name again."""
    if key == SITE:
        drained_site = drain_site(store=work.store, clock=work.clock, going=work.going)
        if drained_site.bad:
            tell(work, lane=SITE, events=drained_site.bad, first="not what a receiver keeps")
        return Looked()
    connection = work.connection(key)
    if connection is None:
        return Looked()

    def unreadable(bad: Sequence[BadEvent]) -> None:
        tell(work, lane=key, events=len(bad), first=bad[0].reason)

    hooks = work.kinds[connection.crm].hooks
    drained = drain(work.road, connection=connection, hooks=hooks, going=work.going, unreadable=unreadable)
    return Looked(again_at=drained.reread.again_at, failures=drained.reread.failures)


def waiting(work: Work) -> tuple[str, ...]:
    """Lanes in which something waits."""
    with work.store.read() as tx:
        return tuple(sorted({*tx.inbox.waiting(), *tx.hints.waiting()}))


def interval(settings: Settings) -> timedelta:
    del settings
    return timedelta(minutes=1)


JOB = Job(
    name="drain",
    says="Turns what a CRM or a web page pushed into rows: splits bodies and reads the records they name again.",
    run=run,
    lock=reading,
    schedule=Every(interval),
    keys=waiting,
    priority=50,
)
