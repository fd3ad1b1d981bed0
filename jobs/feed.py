"""The job `feed`: asks one CRM for what it would push, where its connection can be asked so."""

from datetime import timedelta

import structlog

from connector.flows.feed import follow, has_feed, is_due
from connector.settings import Settings
from jobs.job import Every, Job, Looked
from jobs.unreadable import tell
from jobs.work import Work

log = structlog.get_logger()


def run(work: Work, key: str) -> Looked:
    """Keeps as hints what the connection's feed tells; the drain looks at them."""
    connection = work.connection(key)
    if connection is None:
        return Looked()
    heard = follow(work.road, connection=connection, going=work.going)
    if heard is None:
        return Looked()
    if heard.bad:
        tell(work, lane=key, events=len(heard.bad), first=heard.bad[0].reason)
    if heard.lost:
        log.warning("the feed no longer tells all of what changed; the connection is pulled")
    return Looked(again_at=heard.again_at, failures=() if heard.failure is None else (heard.failure,))


def due(work: Work) -> tuple[str, ...]:
    """Connections that have a feed whose time has come."""
    now = work.clock()
    with work.store.read() as tx:
        named = [c for c in tx.connections.all() if is_due(tx, connection=c.name, now=now)]
    return tuple(c.name for c in named if has_feed(work.road, connection=c))


def lock(key: str) -> str:
    """A feed is followed beside pulls and drains, for it only hints."""
    return f"feed:{key}"


def interval(settings: Settings) -> timedelta:
    """How often it is asked whose time has come; a look names the time of the next one by itself."""
    del settings
    return timedelta(minutes=1)


JOB = Job(
    name="feed",
    says="Asks one CRM for what it would push, where nobody can reach this machine: changes become hints.",
    run=run,
    lock=lock,
    schedule=Every(interval),
    keys=due,
    priority=45,
)
