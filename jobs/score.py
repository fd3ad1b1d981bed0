"""The job `score`: people about whom something new came in are scored at once."""

from datetime import timedelta

from connector.flows.score import score_due
from connector.ports.inbox import Lane
from connector.settings import Settings
from jobs.job import Every, Job, Looked
from jobs.locks import SCORE, always
from jobs.work import Work


def run(work: Work, key: str) -> Looked:
    """Everybody who waits to be scored; they then wait to be written back."""
    del key
    models = work.road.documents().models
    while work.going() and score_due(store=work.store, models=models, clock=work.clock) is not None:
        pass
    return Looked()


def waiting(work: Work) -> tuple[str, ...]:
    """Whether somebody waits."""
    with work.store.read() as tx:
        return ("",) if Lane.SCORE in tx.marks.waiting() else ()


def interval(settings: Settings) -> timedelta:
    del settings
    return timedelta(minutes=1)


JOB = Job(
    name="score",
    says="Scores the people about whom something new came in.",
    run=run,
    lock=always(SCORE),
    schedule=Every(interval),
    keys=waiting,
    priority=60,
)
