"""Executes a stored plan: exactly its fields and tasks, row by row, able to go on after a kill at any point without writing twice.

Every batch is committed as *sending* before its call. After a kill the rows found so are read again in the CRM: those that already hold
what was to be written are done, the others are sent. Tasks carry a key of their own, so sending them again makes no second one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from connector.flows.outbox import Clock, Work, is_looked_at, leave_out, rows_together, send_batch
from connector.flows.places import Place
from connector.flows.plan_checks import checked, model_of
from connector.flows.progress import Progress, Step
from connector.flows.published import Published
from connector.flows.task_outbox import leave_tasks_out, send_tasks
from connector.ports.connections import LiveStep
from connector.ports.crm import Crm
from connector.ports.errors import CrmError, CrmLimit, HotleadError
from connector.ports.plans import PlanState
from connector.ports.store import Store, Tx

UNDECIDED = (PlanState.PENDING, PlanState.SENDING)
ROWS_LEFT_OUT_AT_ONCE = 500
OFF = "the connection is off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of a plan: rows by `<connection> <fields|tasks> <state>`.

    `failures`: what stopped single connections; their rows stay as they are, and the plan is finished by the next write-back.
    """

    plan: int
    tally: Mapping[str, int]
    failures: tuple[HotleadError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """One connection of the plan: how to write there, or None where the connection is gone."""

    connection: str
    place: Place | None
    crm: Crm | None

    @property
    def step(self) -> LiveStep:
        return self.place.connection.live if self.place is not None and self.crm is not None else LiveStep.OFF


def write_back(
    *,
    store: Store,
    plan: int,
    run: int,
    places: Sequence[Place],
    crms: Mapping[str, Crm],
    unreached: Mapping[str, HotleadError],
    documents: Published,
    clock: Clock,
    progress: Progress,
    look_again: bool,
    allow: int | None = None,
) -> Written:
    """Carries out the plan. `look_again` reads every row in the CRM first (for a plan that has been lying), else only fields not ours.

    One connection that fails does not stop the others; one that is `unreached` could not even be opened, and its rows wait with that
    failure. Raises UsageError, with nothing written, for a plan that may not be carried out (`plan_checks.checked`).
    """
    by_name = {p.connection.name: p for p in places}
    found = checked(store=store, plan=plan, run=run, places=by_name, model=documents.model.name, allow=allow)
    store.write(partial(_begin, plan=plan, run=run, now=clock()))
    with store.read() as tx:
        tally, targets = tx.plans.tally(plan), tx.plans.targets(plan)
        work = Work(store=store, plan=plan, run=run, model=model_of(tx, name=documents.model.name, plan=found), clock=clock)
    done = 0
    failures: list[HotleadError] = []
    for name in sorted({key.rsplit(" ", 2)[0] for key in tally}):
        if name in unreached:
            failures.append(unreached[name])
            continue
        reach = Reach(connection=name, place=by_name.get(name), crm=crms.get(name))
        try:
            for settled in _connection(work, reach=reach, sources=[s for c, s in targets if c == name], look_again=look_again):
                done += settled
                progress(Step(name="writing back", done=done, of=sum(tally.values())))
        except CrmError as err:
            failures.append(err)
    if not failures:
        store.write(lambda tx: tx.plans.end(plan, at=clock()))
    with store.read() as tx:
        return Written(plan=plan, tally=tx.plans.tally(plan), failures=tuple(failures))


def _begin(tx: Tx, *, plan: int, run: int, now: datetime) -> None:
    """From here on the plan's stage moves are true and its tasks are promised: in one unit, whatever its size, for half of it would lose
    tasks. People who were joined to another since are left to the next plan.
    """
    found = tx.plans.get(plan)
    if found is not None and found.begun_at is not None:
        return
    states, moves = tx.plans.ladder(plan)
    alive = {person.id for person in tx.people.load([s.person for s in states])}
    tx.ladder.put([s for s in states if s.person in alive], moves=[m for m in moves if m.person in alive], run=run)
    tx.plans.begin(plan, run=run, at=now)


def _connection(work: Work, *, reach: Reach, sources: Sequence[str], look_again: bool) -> Iterator[int]:
    """Rows settled, batch by batch: fields of each source, then tasks, which the CRM's quota bears longest. Raises CrmError."""
    held_up: CrmLimit | None = None
    for source in sources:
        try:
            yield from _fields(work, reach=reach, source=source, look_again=look_again)
        except CrmLimit as err:
            held_up = err
            break
    yield from _tasks(work, reach=reach)
    if held_up is not None:
        raise held_up


def _fields(work: Work, *, reach: Reach, source: str, look_again: bool) -> Iterator[int]:
    after = 0
    size = reach.place.abilities.write_batch if reach.place is not None else ROWS_LEFT_OUT_AT_ONCE
    limit = rows_together(size)
    while True:
        with work.store.read() as tx:
            rows = tx.plans.changes(work.plan, connection=reach.connection, source=source, states=UNDECIDED, after=after, limit=limit)
        if not rows:
            return
        after = rows[-1].seq
        rows = tuple(sorted(rows, key=lambda row: not is_looked_at(row, look_again=look_again)))
        for batch in (rows[start : start + size] for start in range(0, len(rows), size)):
            if reach.place is None or reach.crm is None or reach.step is LiveStep.OFF:
                leave_out(work, batch, note=OFF)
            else:
                send_batch(work, place=reach.place, crm=reach.crm, source=source, batch=batch, look_again=look_again)
            yield len(batch)


def _tasks(work: Work, *, reach: Reach) -> Iterator[int]:
    after = 0
    limit = reach.place.abilities.task_batch if reach.place is not None else ROWS_LEFT_OUT_AT_ONCE
    while True:
        with work.store.read() as tx:
            batch = tx.plans.tasks(work.plan, connection=reach.connection, states=UNDECIDED, after=after, limit=limit)
        if not batch:
            return
        after = batch[-1].seq
        if reach.crm is None or reach.step is not LiveStep.TASKS:
            leave_tasks_out(work, batch, note="the connection makes no tasks now")
        else:
            send_tasks(work, crm=reach.crm, batch=batch)
        yield len(batch)
