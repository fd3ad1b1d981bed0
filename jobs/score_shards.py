"""The job `score_shards`: everybody of a range of shards is scored anew. Its key is the range, such as `0-15`; many workers take many."""

from functools import partial

from connector.flows.runs import recorded
from connector.flows.score import score_all
from connector.ports.inbox import Lane
from jobs.daily import SCHEDULE, SCORE_SHARDS, is_done
from jobs.job import Job, Looked, OnWake, never
from jobs.locks import DAILY, shards
from jobs.nights import mark_as_run
from jobs.work import Work


def run(work: Work, key: str) -> Looked:
    """Whose score differs then waits to be written back. A range that is done this night is not scored again."""
    night = SCHEDULE.latest(work.clock(), settings=work.settings)
    with work.store.read() as tx:
        if is_done(tx, shards=key, night=night):
            return Looked()
    first, last = (int(n) for n in key.split("-"))
    with work.shards() as pool, recorded(store=work.store, verb="score", clock=work.clock, worker=work.worker) as running:
        scored = score_all(
            store=work.store,
            pool=pool,
            models=work.road.documents().models,
            now=work.clock(),
            clock=work.clock,
            progress=work.progress,
            shards=range(first, last + 1),
            lane=Lane.NIGHT,
        )
        running.counts.update({"scored": scored.people, "scores changed": scored.changed, "excluded": scored.excluded})
        work.store.write(partial(mark_as_run, job=SCORE_SHARDS, key=key, at=night))
    work.store.write(lambda tx: tx.wake(DAILY))
    return Looked()


JOB = Job(
    name=SCORE_SHARDS,
    says="Scores everybody of some shards anew; many workers take many ranges.",
    run=run,
    lock=shards,
    schedule=OnWake(),
    keys=never,
    priority=7,
)
