"""How the installation stands: one snapshot of every part, without a person's data, for people and for monitors."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connector.flows.asking import ANSWER, Question, open_questions
from connector.flows.error_texts import told
from connector.flows.feed import is_fed
from connector.flows.health_states import (
    Arrival,
    CallsToday,
    ConnectionState,
    Health,
    JobState,
    ParkedCause,
    Queue,
    State,
    WorkerState,
)
from connector.flows.last_pull import pulled_at
from connector.flows.receiving import skew_fact
from connector.flows.unreadable import Unreadable, unreadable_lately
from connector.ports.connections import Connection
from connector.ports.errors import SecretsError, StoreError
from connector.ports.inbox import SITE, Backlog, Lane, Worker
from connector.ports.store import Store, Tx

WAITS_TOO_LONG = timedelta(minutes=10)
"""Work that waits longer than this means that something does not keep up, or cannot."""
NIGHT_WAITS_TOO_LONG = timedelta(hours=6)
"""The people of the night wait behind everybody else."""
BEATS_EVERY = timedelta(minutes=2)
"""A worker that has not shown itself for so long is taken for dead."""
MOST_SKEW_S = 60
MOST_PARKED = 1000
"""Parked rows looked at for their causes."""
FLIPPING = "FLIPPING"
"""The code of a row that was parked because it was written again and again."""
SCHEDULER = "scheduler"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What one snapshot of the store gave."""

    connections: tuple[Connection, ...] = ()
    queues: tuple[Queue, ...] = ()
    held_events: int = 0
    parked: int = 0
    causes: tuple[ParkedCause, ...] = ()
    scheduler: str = ""
    workers: tuple[Worker, ...] = ()
    skews: Mapping[str, float] = field(default_factory=dict)
    fed: frozenset[str] = frozenset()
    """Connections whose feed works."""
    pulled: Mapping[str, datetime | None] = field(default_factory=dict)
    """When each connection was last read to its end."""
    questions: tuple[Question, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()


def health(
    *,
    store: Store,
    now: datetime,
    version: str,
    jobs: Sequence[JobState],
    calls: Mapping[str, CallsToday],
    receives: Callable[[str], bool],
) -> Health:
    """How everything stands. Never raises because of the store: where it cannot be read, the state is down and says so."""
    try:
        with store.read() as tx:
            seen = _look(tx, now=now)
        connections = tuple(_connection(c, seen=seen, calls=calls, receives=receives) for c in seen.connections)
    except StoreError as err:
        name = type(err).__name__
        said = " ".join(filter(None, (f"The database cannot be read ({name}).", err.hint)))
        return Health(state=State.DOWN, version=version, at=now, database=name, warnings=(said,), jobs=tuple(jobs))
    workers = tuple(_worker(w, now=now) for w in seen.workers)
    flipping = sum(c.rows for c in seen.causes if c.code == FLIPPING)
    warnings = tuple(
        _warnings(
            seen.queues,
            jobs=jobs,
            connections=connections,
            scheduler=seen.scheduler,
            workers=workers,
            flipping=flipping,
            questions=seen.questions,
            unreadable=seen.unreadable,
        )
    )
    return Health(
        state=State.DEGRADED if warnings else State.OK,
        version=version,
        at=now,
        database="ok",
        warnings=warnings,
        queues=seen.queues,
        held_events=seen.held_events,
        jobs=tuple(jobs),
        connections=connections,
        parked=seen.parked,
        parked_causes=seen.causes,
        flipping=flipping,
        scheduler=seen.scheduler,
        workers=workers,
        questions=seen.questions,
        unreadable=seen.unreadable,
    )


def _look(tx: Tx, *, now: datetime) -> _Seen:
    waiting: dict[tuple[str, str], Backlog] = {("bodies", lane): b for lane, b in tx.inbox.waiting().items()}
    waiting.update({("hints", name): b for name, b in tx.hints.waiting().items()})
    waiting.update({("people", lane.value): b for lane, b in tx.marks.waiting().items()})
    parked = tx.parked.all(limit=MOST_PARKED)
    causes = Counter((p.refusal.code, p.refusal.cause, p.refusal.mended_by) for p in parked)
    workers = tx.workers.all()
    connections = tx.connections.all()
    by_beat = sorted(workers, key=lambda w: w.beat_at)
    skews = {c.name: w.facts[skew_fact(c.name)] for w in by_beat for c in connections if skew_fact(c.name) in w.facts}
    return _Seen(
        connections=connections,
        queues=tuple(_queue(kind, name, b, now=now) for (kind, name), b in sorted(waiting.items())),
        held_events=tx.held_events.count(),
        parked=tx.parked.count(),
        causes=tuple(ParkedCause(code=code, cause=cause, mended_by=by, rows=n) for (code, cause, by), n in causes.most_common()),
        scheduler=tx.leases.holder(SCHEDULER, at=now),
        workers=workers,
        skews=skews,
        fed=frozenset(c.name for c in connections if is_fed(tx, connection=c.name, now=now)),
        pulled={c.name: pulled_at(tx, connection=c.name) for c in connections},
        questions=open_questions(tx, connections=connections),
        unreadable=tuple(unreadable_lately(tx, lanes=[*(c.name for c in connections), SITE], now=now)),
    )


def _queue(kind: str, name: str, backlog: Backlog, *, now: datetime) -> Queue:
    return Queue(kind=kind, name=name, waiting=backlog.waiting, oldest_s=_seconds(now - backlog.oldest_at))


def _seconds(age: timedelta) -> int:
    return max(0, int(age.total_seconds()))


def _worker(worker: Worker, *, now: datetime) -> WorkerState:
    silent = now - worker.beat_at
    return WorkerState(name=worker.name, role=worker.role, alive=silent <= BEATS_EVERY, seen_s=_seconds(silent))


def _connection(
    connection: Connection, *, seen: _Seen, calls: Mapping[str, CallsToday], receives: Callable[[str], bool]
) -> ConnectionState:
    today, receiving, trouble = calls.get(connection.name), False, ""
    try:
        receiving = receives(connection.name)
    except SecretsError as err:
        trouble = told(err)
    return ConnectionState(
        name=connection.name,
        crm=connection.crm,
        production=connection.production,
        live=connection.live.value,
        receiving=receiving,
        receiving_by=Arrival.PUSH if receiving else Arrival.FEED if connection.name in seen.fed else Arrival.POLLING,
        calls_today=None if today is None else today.made,
        calls_budget=None if today is None else today.budget,
        clock_skew_s=seen.skews.get(connection.name),
        last_pull_at=seen.pulled.get(connection.name),
        trouble=trouble,
    )


def _warnings(
    queues: Iterable[Queue],
    *,
    jobs: Iterable[JobState],
    connections: Iterable[ConnectionState],
    scheduler: str,
    workers: Sequence[WorkerState],
    flipping: int,
    questions: Iterable[Question],
    unreadable: Iterable[Unreadable],
) -> Iterable[str]:
    if not scheduler:
        yield "Nobody runs the clock: no scheduled work is started. Is `hotlead up` running?"
    for question in questions:
        yield f"{question.what} {ANSWER}"
    for worker in workers:
        if not worker.alive:
            yield f"Worker {worker.name} ({worker.role}) has not shown itself for {worker.seen_s} s."
    for queue in queues:
        most = NIGHT_WAITS_TOO_LONG if queue.name == Lane.NIGHT else WAITS_TOO_LONG
        if queue.oldest_s > most.total_seconds():
            yield f"{queue.waiting} {queue.kind} wait in '{queue.name}', the oldest for {queue.oldest_s} s."
    for job in jobs:
        if job.last_error:
            yield f"Job {' '.join(filter(None, (job.job, job.key)))} failed last time. {job.last_error}"
    for one in connections:
        if one.trouble:
            yield f"'{one.name}' is not worked with: {one.trouble}"
        if one.clock_skew_s is not None and abs(one.clock_skew_s) > MOST_SKEW_S:
            ahead = "ahead of" if one.clock_skew_s > 0 else "behind"
            yield f"Our clock is {abs(one.clock_skew_s):.0f} s {ahead} that of '{one.name}'. Set this machine's clock (NTP)."
        if one.calls_budget is not None and one.calls_today is not None and one.calls_today >= one.calls_budget:
            yield f"'{one.name}' has used its budget of {one.calls_budget} calls for today; it goes on tomorrow."
    for lost in unreadable:
        yield f"{lost.events} events of '{lost.lane}' could not be read within a day, the last at {lost.last_at:%H:%M} UTC: {lost.reason}."
    if flipping:
        yield f"{flipping} rows were written again and again and are left alone for now; something else rewrites our fields."
