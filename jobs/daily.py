"""The job `daily`: scores fade without any event, so once a night everybody is scored anew, shards at a time, then everybody is planned.

This job only deals out ranges of shards and sees that all of them get done; `score_shards` and `write_everybody` do the work.
"""

from datetime import datetime

from connector.core.people import SHARDS
from connector.ports.store import Tx
from jobs.job import Job, Looked, Nightly
from jobs.locks import DAILY, always
from jobs.nights import ran_at
from jobs.work import Work

RANGE = 16
"""Shards that one worker takes at a time."""
RANGES = tuple(f"{first}-{first + RANGE - 1}" for first in range(0, SHARDS, RANGE))
SCORE_SHARDS = "score_shards"
WRITE_EVERYBODY = "write_everybody"
"""The job that follows."""
SCHEDULE = Nightly()


def run(work: Work, key: str) -> Looked:
    """Wakes the ranges that are not done yet this night; once all are, everybody is planned."""
    del key
    night = SCHEDULE.latest(work.clock(), settings=work.settings)
    left = left_tonight(work, night=night)
    work.store.write(lambda tx: _wake(tx, left))
    return Looked(finished=not left)


def left_tonight(work: Work, *, night: datetime) -> tuple[str, ...]:
    """The ranges that are not scored yet this night."""
    with work.store.read() as tx:
        return tuple(one for one in RANGES if not is_done(tx, shards=one, night=night))


def is_done(tx: Tx, *, shards: str, night: datetime) -> bool:
    """Whether these shards were scored this night."""
    last = ran_at(tx, job=SCORE_SHARDS, key=shards)
    return last is not None and last >= night


def _wake(tx: Tx, left: tuple[str, ...]) -> None:
    for one in left:
        tx.wake(SCORE_SHARDS, key=one)
    if not left:
        tx.wake(WRITE_EVERYBODY)


JOB = Job(
    name=DAILY,
    says="Sees that everybody is scored anew and planned once a night, because scores fade without any event.",
    run=run,
    lock=always("daily:all"),
    schedule=SCHEDULE,
    priority=6,
)
