"""The job `release_held`: events of web pages and products whose person was not known then act once the person is."""

from datetime import timedelta

from connector.flows.site_events import release_held
from connector.ports.inbox import SITE
from connector.settings import Settings
from jobs.job import Every, Job, Looked
from jobs.locks import always
from jobs.work import Work


def run(work: Work, key: str) -> Looked:
    """Lets every held event act whose address belongs to somebody by now."""
    del key
    release_held(store=work.store, clock=work.clock, going=work.going)
    return Looked()


def held(work: Work) -> tuple[str, ...]:
    """Whether any event is held."""
    with work.store.read() as tx:
        return ("",) if tx.held_events.count() else ()


def interval(settings: Settings) -> timedelta:
    del settings
    return timedelta(minutes=5)


JOB = Job(
    name="release_held",
    says="Counts what visitors did before it was known who they are, once it is.",
    run=run,
    lock=always(SITE),
    schedule=Every(interval),
    keys=held,
    priority=15,
)
