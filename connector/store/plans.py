"""Stored plans of a write-back. A plan's rows are the outbox: their state says what of it has been done."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, func, select, update

from connector.core.qualification import LadderState, StageMove
from connector.ports.errors import UsageError
from connector.ports.plans import Plan, PlannedChange, PlannedField, PlannedTask, PlanState
from connector.store.follow_ups import task_body, task_of
from connector.store.instants import from_us, from_us_or_none, to_us
from connector.store.ladder import body_of, move_body, move_of, state_of
from connector.store.schema import plan_changes, plan_ladder, plan_tasks, plans
from connector.store.transaction import AnyRow, Transaction, chunks
from connector.store.values import dump, load


class SqlPlans:
    """Fulfils `ports.plans.Plans`."""

    __slots__ = ("_t",)

    def __init__(self, t: Transaction) -> None:
        self._t = t

    def create(self, *, run: int, at: datetime) -> int:
        plan = self._t.next_number(plans.c.id)
        row = {"id": plan, "run": run, "created_at": to_us(at), "calls": None, "begun_by": None, "begun_at": None, "executed_at": None}
        self._t.insert(plans, [row])
        return plan

    def add(
        self,
        plan: int,
        *,
        changes: Sequence[PlannedChange],
        tasks: Sequence[PlannedTask],
        states: Sequence[LadderState],
        moves: Sequence[StageMove],
    ) -> None:
        """Raises UsageError where the plan is closed already."""
        row = self._t.first(select(plans.c.calls).where(plans.c.id == plan))
        if row is None or row.calls is not None:
            raise UsageError(f"Plan {plan} {'does not exist' if row is None else 'is closed'}; nothing can be added to it.")
        self._t.insert(plan_changes, [_change_columns(self._t, plan, change) for change in changes])
        self._t.insert(plan_tasks, [_task_columns(plan, task) for task in tasks])
        ladder = [("state", body_of(state)) for state in states] + [("move", move_body(move)) for move in moves]
        self._t.insert(plan_ladder, [{"plan": plan, "what": what, "body": body} for what, body in ladder])

    def close(self, plan: int, *, calls: Mapping[str, int]) -> None:
        self._t.run(update(plans).where(plans.c.id == plan).values(calls=dump(dict(calls))))

    def get(self, plan: int) -> Plan | None:
        row = self._t.first(select(plans).where(plans.c.id == plan))
        return None if row is None else _plan(row)

    def unfinished(self) -> tuple[Plan, ...]:
        """Oldest first."""
        statement = select(plans).where(plans.c.calls.is_not(None), plans.c.begun_at.is_not(None), plans.c.executed_at.is_(None))
        return tuple(_plan(row) for row in self._t.rows(statement.order_by(plans.c.id)))

    def begin(self, plan: int, *, run: int, at: datetime) -> None:
        """Raises UsageError where the plan is not closed or was executed to its end. Beginning again after a kill is right."""
        found = self.get(plan)
        if found is None or not found.closed:
            raise UsageError(f"There is no plan {plan} that can be executed.", hint="`hotlead write-back --dry-run` makes one.")
        if found.executed_at is not None:
            raise UsageError(f"Plan {plan} has been executed already.", hint="Make a new one with `hotlead write-back --dry-run`.")
        self._t.run(update(plans).where(plans.c.id == plan).values(begun_by=run, begun_at=to_us(at)))

    def end(self, plan: int, *, at: datetime) -> None:
        self._t.run(update(plans).where(plans.c.id == plan).values(executed_at=to_us(at)))

    def changes(
        self, plan: int, *, connection: str, source: str, states: Sequence[PlanState], after: int, limit: int
    ) -> tuple[PlannedChange, ...]:
        here = plan_changes.c.source == self._t.known_source(connection, source)
        return tuple(_change(self._t, row) for row in self._some(plan_changes, plan, here, states, after, limit))

    def tasks(self, plan: int, *, connection: str, states: Sequence[PlanState], after: int, limit: int) -> tuple[PlannedTask, ...]:
        """By `seq`, from the first one above `after`."""
        return tuple(_task(row) for row in self._some(plan_tasks, plan, plan_tasks.c.connection == connection, states, after, limit))

    def targets(self, plan: int) -> tuple[tuple[str, str], ...]:
        """Ascending."""
        rows = self._t.rows(select(plan_changes.c.source).where(plan_changes.c.plan == plan).distinct())
        keys = (self._t.key(row.source, "") for row in rows)
        return tuple(sorted((key.connection, key.source) for key in keys))

    def ladder(self, plan: int) -> tuple[tuple[LadderState, ...], tuple[StageMove, ...]]:
        """In the order added."""
        rows = self._t.rows(select(plan_ladder).where(plan_ladder.c.plan == plan).order_by(plan_ladder.c.no))
        states = tuple(state_of(row.body) for row in rows if row.what == "state")
        return states, tuple(move_of(row.body) for row in rows if row.what == "move")

    def set_changes(self, plan: int, seqs: Sequence[int], *, state: PlanState, note: str = "") -> None:
        self._set(plan_changes, plan, seqs, state, note)

    def set_tasks(self, plan: int, seqs: Sequence[int], *, state: PlanState, note: str = "") -> None:
        self._set(plan_tasks, plan, seqs, state, note)

    def tally(self, plan: int) -> Mapping[str, int]:
        tally: dict[str, int] = {}
        by_source = select(plan_changes.c.source, plan_changes.c.state, func.count()).where(plan_changes.c.plan == plan)
        for source, state, rows in self._t.rows(by_source.group_by(plan_changes.c.source, plan_changes.c.state)):
            name = f"{self._t.key(source, '').connection} fields {state}"
            tally[name] = tally.get(name, 0) + rows
        by_connection = select(plan_tasks.c.connection, plan_tasks.c.state, func.count()).where(plan_tasks.c.plan == plan)
        for connection, state, rows in self._t.rows(by_connection.group_by(plan_tasks.c.connection, plan_tasks.c.state)):
            tally[f"{connection} tasks {state}"] = rows
        return dict(sorted(tally.items()))

    def forget(self, *, before: datetime, limit: int) -> int:
        """The newest plan stays whatever its age: numbers never come back."""
        finished = plans.c.begun_at.is_(None) | plans.c.executed_at.is_not(None)
        newest = select(func.max(plans.c.id)).scalar_subquery()
        old = select(plans.c.id).where(plans.c.created_at < to_us(before), finished, plans.c.id < newest)
        plan = self._t.value(old.order_by(plans.c.id).limit(1))
        if plan is None:
            return 0
        gone = 0
        for table, row in ((plan_changes, plan_changes.c.seq), (plan_tasks, plan_tasks.c.seq), (plan_ladder, plan_ladder.c.no)):
            some = select(row).where(table.c.plan == plan).order_by(row).limit(limit - gone)
            gone += self._t.run(delete(table).where(table.c.plan == plan, row.in_(some)))
            if gone >= limit:
                return gone
        return gone + self._t.run(delete(plans).where(plans.c.id == plan))

    def _some(
        self, table: Table, plan: int, here: ColumnElement[bool], states: Sequence[PlanState], after: int, limit: int
    ) -> Sequence[AnyRow]:
        wanted = table.c.state.in_([state.value for state in states])
        return self._t.rows(select(table).where(table.c.plan == plan, here, table.c.seq > after, wanted).order_by(table.c.seq).limit(limit))

    def _set(self, table: Table, plan: int, seqs: Sequence[int], state: PlanState, note: str) -> None:
        for some in chunks(seqs):
            self._t.run(update(table).where(table.c.plan == plan, table.c.seq.in_(some)).values(state=state.value, note=note))


def _plan(row: AnyRow) -> Plan:
    return Plan(
        id=row.id,
        run=row.run,
        created_at=from_us(row.created_at),
        closed=row.calls is not None,
        calls={} if row.calls is None else load(row.calls),
        begun_at=from_us_or_none(row.begun_at),
        executed_at=from_us_or_none(row.executed_at),
    )


def _common(plan: int, row: PlannedChange | PlannedTask) -> dict[str, Any]:
    return {"plan": plan, "seq": row.seq, "person": row.person, "person_name": row.person_name, "state": row.state.value, "note": row.note}


def _change_columns(t: Transaction, plan: int, change: PlannedChange) -> dict[str, Any]:
    fields = dump([[f.field, f.name, f.before, f.after, f.ours] for f in change.fields])
    return {**_common(plan, change), "source": t.source(change.key.connection, change.key.source), "id": change.key.id, "fields": fields}


def _change(t: Transaction, row: AnyRow) -> PlannedChange:
    return PlannedChange(
        seq=row.seq,
        key=t.key(row.source, row.id),
        person=row.person,
        person_name=row.person_name,
        fields=tuple(
            PlannedField(field=field, name=name, before=before, after=after, ours=ours)
            for field, name, before, after, ours in load(row.fields)
        ),
        state=PlanState(row.state),
        note=row.note,
    )


def _task_columns(plan: int, task: PlannedTask) -> dict[str, Any]:
    body = {"connection": task.task.contact.connection, "rule": task.rule, "trigger": task.trigger}
    return {**_common(plan, task), **body, "task": task_body(task.task)}


def _task(row: AnyRow) -> PlannedTask:
    return PlannedTask(
        seq=row.seq,
        task=task_of(row.task),
        person=row.person,
        person_name=row.person_name,
        rule=row.rule,
        trigger=row.trigger,
        state=PlanState(row.state),
        note=row.note,
    )
