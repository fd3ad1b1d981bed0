"""Tasks that the product made or is about to make, by Hotlead Key."""

import json
from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import select, update

from connector.core.people import PersonId
from connector.core.records import RecordKey
from connector.ports.crm import NewTask, Priority, TaskType
from connector.ports.people import FollowUp
from connector.store.instants import from_us, from_us_or_none, to_us, to_us_or_none
from connector.store.schema import follow_ups
from connector.store.transaction import AnyRow, Transaction, chunks
from connector.store.values import dump

OPEN = ("planned", "open")


class SqlFollowUps:
    """Fulfils `ports.people.FollowUps`."""

    __slots__ = ("_t",)

    def __init__(self, t: Transaction) -> None:
        self._t = t

    def put(self, follow_up: FollowUp) -> None:
        """Replaces the one with the same key."""
        row = {
            "key": follow_up.task.key,
            "person": follow_up.person,
            "rule": follow_up.rule,
            "trigger": follow_up.trigger,
            "connection": follow_up.connection,
            "state": follow_up.state,
            "record": follow_up.record,
            "made_at": to_us_or_none(follow_up.made_at),
            "task": task_body(follow_up.task),
        }
        self._t.upsert(follow_ups, [row])

    def open_of(self, people: Sequence[PersonId]) -> Mapping[PersonId, tuple[FollowUp, ...]]:
        """Planned and open ones, by key; persons without any are absent."""
        found: dict[PersonId, tuple[FollowUp, ...]] = {}
        for some in chunks(people):
            statement = select(follow_ups).where(follow_ups.c.person.in_(some), follow_ups.c.state.in_(OPEN)).order_by(follow_ups.c.key)
            for row in self._t.rows(statement):
                found[row.person] = (*found.get(row.person, ()), _follow_up(row))
        return found

    def get(self, key: str) -> FollowUp | None:
        row = self._t.first(select(follow_ups).where(follow_ups.c.key == key))
        return None if row is None else _follow_up(row)

    def open_in(self, connection: str, *, after: str, limit: int) -> tuple[str, ...]:
        """Ascending."""
        here = (follow_ups.c.connection == connection, follow_ups.c.state == "open", follow_ups.c.key > after)
        return tuple(row.key for row in self._t.rows(select(follow_ups.c.key).where(*here).order_by(follow_ups.c.key).limit(limit)))

    def close(self, keys: Sequence[str]) -> None:
        for some in chunks(keys):
            still_open = (follow_ups.c.key.in_(some), follow_ups.c.state == "open")
            self._t.run(update(follow_ups).where(*still_open).values(state="closed"))


def _follow_up(row: AnyRow) -> FollowUp:
    return FollowUp(
        task=task_of(row.task),
        person=row.person,
        rule=row.rule,
        trigger=row.trigger,
        connection=row.connection,
        state=row.state,
        record=row.record,
        made_at=from_us_or_none(row.made_at),
    )


def task_body(task: NewTask) -> str:
    """A task as JSON."""
    return dump(
        {
            "key": task.key,
            "contact": [task.contact.connection, task.contact.source, task.contact.id],
            "subject": task.subject,
            "body": task.body,
            "due_at": to_us(task.due_at),
            "due_on": task.due_on.isoformat(),
            "type": task.type.value,
            "priority": task.priority.value,
            "owner": task.owner,
        }
    )


def task_of(body: str) -> NewTask:
    """The task that `task_body` was given."""
    parts = json.loads(body)
    return NewTask(
        key=parts["key"],
        contact=RecordKey(*parts["contact"]),
        subject=parts["subject"],
        body=parts["body"],
        due_at=from_us(parts["due_at"]),
        due_on=date.fromisoformat(parts["due_on"]),
        type=TaskType(parts["type"]),
        priority=Priority(parts["priority"]),
        owner=parts["owner"],
    )
