"""Executes a stored plan: exactly its fields and tasks, row by row, able to go on after a kill at any point without writing twice.

Every batch is committed as *sending* before its call. After a kill the rows found so are read again in the CRM: those that already hold
what was to be written are done, the others are sent. Tasks carry a key of their own, so sending them again makes no second one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from connector.flows.outbox import Clock, Work, leave_out, park, send_batch
from connector.flows.plan import Place
from connector.flows.progress import Progress, Step
from connector.flows.published import Published
from connector.ports.crm import Crm, Outcome
from connector.ports.errors import UsageError
from connector.ports.store import FollowUp, LiveStep, PlannedTask, PlanState, Store, Tx

UNDECIDED = (PlanState.PENDING, PlanState.SENDING)
ROWS_LEFT_OUT_AT_ONCE = 500
RUNS_LOOKED_AT = 1_000
MOVING_VERBS = frozenset({"write-back", "run", "go-live"})
"""Runs after which stages and tasks decided earlier no longer hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of a plan: rows by `<connection> <fields|tasks> <state>`."""

    plan: int
    tally: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """One connection of the plan: how to write there, or None where the connection is gone or off."""

    connection: str
    place: Place | None
    crm: Crm | None

    def is_open(self) -> bool:
        return self.place is not None and self.crm is not None and self.place.connection.live is not LiveStep.OFF


def write_back(
    *,
    store: Store,
    plan: int,
    run: int,
    places: Sequence[Place],
    crms: Mapping[str, Crm],
    documents: Published,
    clock: Clock,
    progress: Progress,
    look_again: bool,
    allow: int | None = None,
) -> Written:
    """Carries out the plan. `look_again` reads every row in the CRM first (for a plan that has been lying), else only fields not ours.

    Raises UsageError, with nothing written, when the plan is not there, is done already, is older than a run that has moved people, or
    changes more records of a connection than its limit; `allow` raises that limit for this plan.
    """
    work = Work(store=store, plan=plan, run=run, documents=documents, clock=clock)
    by_name = {p.connection.name: p for p in places}
    _check(work, places=by_name, allow=allow)
    store.write(partial(_begin, plan=plan, run=run, now=clock()))
    with store.read() as tx:
        targets = tx.plans.targets(plan)
        total = sum(tx.plans.tally(plan).values())
    done = 0
    for connection, source in targets:
        reach = Reach(connection=connection, place=by_name.get(connection), crm=crms.get(connection))
        for settled in _fields(work, reach=reach, source=source, look_again=look_again):
            done += settled
            progress(Step(name="writing back", done=done, of=total))
    for connection in sorted({c for c, _ in targets} | set(crms)):
        reach = Reach(connection=connection, place=by_name.get(connection), crm=crms.get(connection))
        for settled in _tasks(work, reach=reach):
            done += settled
            progress(Step(name="writing back", done=done, of=total))
    store.write(lambda tx: tx.plans.end(plan, at=clock()))
    with store.read() as tx:
        return Written(plan=plan, tally=tx.plans.tally(plan))


def _check(work: Work, *, places: Mapping[str, Place], allow: int | None) -> None:
    with work.store.read() as tx:
        plan = tx.plans.get(work.plan)
        tally = tx.plans.tally(work.plan)
        later = [r for r in tx.runs.recent(limit=RUNS_LOOKED_AT) if plan is not None and plan.run < r.id != work.run]
    if plan is None or not plan.closed:
        raise UsageError(f"There is no finished plan {work.plan}.", hint="`hotlead write-back --dry-run` makes one and prints its number.")
    if plan.executed_at is not None:
        raise UsageError(f"Plan {work.plan} has been executed already.", hint="`hotlead write-back --dry-run` makes a new one.")
    overtaken = next((r for r in later if r.verb in MOVING_VERBS), None)
    if plan.begun_at is None and overtaken is not None:
        raise UsageError(
            f"Plan {work.plan} is out of date: run {overtaken.id} ({overtaken.verb}) has moved people since. Nothing was written.",
            hint="`hotlead write-back --dry-run` makes a new plan.",
        )
    for name, place in places.items():
        rows = tally.get(f"{name} fields {PlanState.PENDING.value}", 0)
        limit = allow if allow is not None else place.connection.write_limit
        if rows > limit:
            raise UsageError(
                f"Plan {work.plan} would change {rows:,} records in '{name}', more than its limit of {limit:,}. Nothing was written.",
                hint=f"Look: `hotlead runs --plan {work.plan}`. If it is right: `hotlead write-back --plan {work.plan} --allow {rows}`.",
            )


def _begin(tx: Tx, *, plan: int, run: int, now: datetime) -> None:
    """From here on the plan's stage moves are true and its tasks are promised."""
    found = tx.plans.get(plan)
    if found is not None and found.begun_at is not None:
        return
    states, moves = tx.plans.ladder(plan)
    tx.ladder.put(states, moves=moves, run=run)
    tx.plans.begin(plan, run=run, at=now)


def _fields(work: Work, *, reach: Reach, source: str, look_again: bool) -> Iterator[int]:
    """Rows settled, batch by batch."""
    after = 0
    limit = reach.place.abilities.write_batch if reach.place is not None else ROWS_LEFT_OUT_AT_ONCE
    while True:
        with work.store.read() as tx:
            batch = tx.plans.changes(work.plan, connection=reach.connection, source=source, states=UNDECIDED, after=after, limit=limit)
        if not batch:
            return
        after = batch[-1].seq
        if reach.place is not None and reach.crm is not None and reach.is_open():
            send_batch(work, place=reach.place, crm=reach.crm, source=source, batch=batch, look_again=look_again)
        else:
            leave_out(work, batch, note="the connection is off")
        yield len(batch)


def _tasks(work: Work, *, reach: Reach) -> Iterator[int]:
    """Tasks settled, batch by batch."""
    after = 0
    limit = reach.place.abilities.task_batch if reach.place is not None else ROWS_LEFT_OUT_AT_ONCE
    while True:
        with work.store.read() as tx:
            batch = tx.plans.tasks(work.plan, connection=reach.connection, states=UNDECIDED, after=after, limit=limit)
        if not batch:
            return
        after = batch[-1].seq
        if reach.place is not None and reach.crm is not None and reach.place.connection.live is LiveStep.TASKS:
            _send_tasks(work, crm=reach.crm, batch=batch)
        else:
            work.store.write(partial(_leave_tasks_out, plan=work.plan, batch=batch))
        yield len(batch)


def _leave_tasks_out(tx: Tx, *, plan: int, batch: Sequence[PlannedTask]) -> None:
    tx.plans.set_tasks(plan, [t.seq for t in batch], state=PlanState.LEFT_OUT, note="the connection makes no tasks now")


def _send_tasks(work: Work, *, crm: Crm, batch: Sequence[PlannedTask]) -> None:
    work.store.write(partial(_mark_tasks_sending, plan=work.plan, batch=batch))
    outcomes: list[tuple[PlannedTask, Outcome]] = []
    try:
        for task, outcome in zip(batch, crm.make_tasks([t.task for t in batch]), strict=True):
            outcomes.append((task, outcome))
    finally:
        work.store.write(partial(_record_tasks, work=work, outcomes=tuple(outcomes)))


def _mark_tasks_sending(tx: Tx, *, plan: int, batch: Sequence[PlannedTask]) -> None:
    tx.plans.set_tasks(plan, [t.seq for t in batch], state=PlanState.SENDING)
    for planned in batch:
        tx.follow_ups.put(_follow_up(planned, state="planned"))


def _record_tasks(tx: Tx, *, work: Work, outcomes: Sequence[tuple[PlannedTask, Outcome]]) -> None:
    now = work.clock()
    parked = tx.parked.get([p.task.contact for p, o in outcomes if not o.ok])
    for planned, outcome in outcomes:
        if outcome.refusal is None:
            tx.plans.set_tasks(work.plan, [planned.seq], state=PlanState.DONE)
            tx.follow_ups.put(_follow_up(planned, state="open", record=outcome.record, made_at=now))
            tx.parked.clear([(planned.task.contact, planned.task.key)])
            continue
        refusal = outcome.refusal
        tx.plans.set_tasks(work.plan, [planned.seq], state=PlanState.REFUSED, note=f"{refusal.code}: {refusal.message}")
        tx.follow_ups.put(_follow_up(planned, state="refused"))
        key = planned.task.contact
        earlier = parked.get((key, planned.task.key))
        tx.parked.put([park(key, what=planned.task.key, person=planned.person, refusal=refusal, earlier=earlier, now=now)])


def _follow_up(planned: PlannedTask, *, state: str, record: str = "", made_at: datetime | None = None) -> FollowUp:
    return FollowUp(
        task=planned.task,
        person=planned.person,
        rule=planned.rule,
        trigger=planned.trigger,
        connection=planned.task.contact.connection,
        state=state,
        record=record,
        made_at=made_at,
    )
