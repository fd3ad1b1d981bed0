"""Sends planned follow-ups, each known by its Hotlead Key, so that sending again makes no second one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from connector.flows.outbox import Work, park
from connector.ports.crm import Crm, Outcome
from connector.ports.people import FollowUp
from connector.ports.plans import PlannedTask, PlanState
from connector.ports.store import Tx


def send_tasks(work: Work, *, crm: Crm, batch: Sequence[PlannedTask]) -> None:
    """Settles every task of the batch, or raises a CrmError with the rest still marked as sending."""
    ours = work.store.write(partial(_mark_sending, plan=work.plan, batch=batch))
    outcomes: list[tuple[PlannedTask, Outcome]] = []
    try:
        for task, outcome in zip(ours, crm.make_tasks([t.task for t in ours]), strict=True):
            outcomes.append((task, outcome))
    finally:
        work.store.write(partial(_record, work=work, outcomes=tuple(outcomes)))


def leave_tasks_out(work: Work, batch: Sequence[PlannedTask], *, note: str) -> None:
    """Settles tasks that are not to be made after all; one whose fate was open blocks no later one."""
    work.store.write(partial(_leave_out, plan=work.plan, batch=batch, note=note))


def _leave_out(tx: Tx, *, plan: int, batch: Sequence[PlannedTask], note: str) -> None:
    tx.plans.set_tasks(plan, [t.seq for t in batch], state=PlanState.LEFT_OUT, note=note)
    for planned in batch:
        if planned.state is PlanState.SENDING:
            tx.follow_ups.put(_follow_up(planned, state="closed"))


def _mark_sending(tx: Tx, *, plan: int, batch: Sequence[PlannedTask]) -> tuple[PlannedTask, ...]:
    """The tasks with the person that their contact belongs to now: rows may have been joined since the plan."""
    tx.plans.set_tasks(plan, [t.seq for t in batch], state=PlanState.SENDING)
    person_of = tx.people.of([t.task.contact for t in batch])
    ours = tuple(replace(t, person=person_of.get(t.task.contact, t.person)) for t in batch)
    for planned in ours:
        tx.follow_ups.put(_follow_up(planned, state="planned"))
    return ours


def _record(tx: Tx, *, work: Work, outcomes: Sequence[tuple[PlannedTask, Outcome]]) -> None:
    now = work.clock()
    parked = tx.parked.get([p.task.contact for p, _ in outcomes])
    for planned, outcome in outcomes:
        contact, refusal = planned.task.contact, outcome.refusal
        if refusal is None:
            tx.plans.set_tasks(work.plan, [planned.seq], state=PlanState.DONE)
            tx.follow_ups.put(_follow_up(planned, state="open", record=outcome.record, made_at=now))
            tx.parked.clear([(key, what) for key, what in parked if key == contact and what != "fields"])
            continue
        tx.plans.set_tasks(work.plan, [planned.seq], state=PlanState.REFUSED, note=f"{refusal.code}: {refusal.message}")
        tx.follow_ups.put(_follow_up(planned, state="refused"))
        before = [one for (key, what), one in parked.items() if key == contact and what != "fields"]
        tx.parked.clear([(one.key, one.what) for one in before])
        earlier = max(before, key=lambda one: one.tries, default=None)
        tx.parked.put([park(contact, what=planned.task.key, person=planned.person, refusal=refusal, earlier=earlier, now=now)])


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
