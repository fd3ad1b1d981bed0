"""People that wait in a lane, each with the turn of the newest reason and the time of the oldest."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table, case, delete, func, select

from connector.core.people import PersonId
from connector.ports.inbox import Backlog, Lane, Mark
from connector.store.filling import inserting
from connector.store.instants import from_us, to_us
from connector.store.schema import marks
from connector.store.transaction import Transaction, chunks


class SqlMarks:
    """Fulfils `ports.inbox.Marks`."""

    __slots__ = ("_t",)

    def __init__(self, t: Transaction) -> None:
        self._t = t

    def put(self, people: Sequence[PersonId], *, lane: Lane, since: datetime) -> None:
        put_marks(self._t, dict.fromkeys(people, to_us(since)), lane=lane.value)

    def high(self) -> int:
        return self._t.last_turn()

    def next(self, *, lane: Lane, limit: int, above: int = 0) -> tuple[Mark, ...]:
        mine = (marks.c.lane == lane.value, marks.c.turn > above)
        rows = self._t.rows(select(marks).where(*mine).order_by(marks.c.since, marks.c.turn).limit(limit))
        return tuple(Mark(person=row.person, turn=row.turn, since=from_us(row.since)) for row in rows)

    def in_turn(self, *, lane: Lane, limit: int, above: int = 0) -> tuple[Mark, ...]:
        mine = (marks.c.lane == lane.value, marks.c.turn > above)
        rows = self._t.rows(select(marks).where(*mine).order_by(marks.c.turn).limit(limit))
        return tuple(Mark(person=row.person, turn=row.turn, since=from_us(row.since)) for row in rows)

    def done(self, people: Sequence[PersonId], *, lane: Lane, until: int) -> None:
        self._take_away(people, lane=lane, until=until)

    def move(self, people: Sequence[PersonId], *, lane: Lane, to: Lane, until: int) -> tuple[PersonId, ...]:
        moved = self._take_away(people, lane=lane, until=until)
        put_marks(self._t, moved, lane=to.value)
        return tuple(moved)

    def waiting(self) -> Mapping[Lane, Backlog]:
        counted = select(marks.c.lane, func.count().label("people"), func.min(marks.c.since).label("oldest")).group_by(marks.c.lane)
        return {Lane(row.lane): Backlog(waiting=row.people, oldest_at=from_us(row.oldest)) for row in self._t.rows(counted)}

    def _take_away(self, people: Sequence[PersonId], *, lane: Lane, until: int) -> dict[PersonId, int]:
        """Since when each of those taken away waited, in microseconds."""
        gone: dict[PersonId, int] = {}
        for some in chunks(people):
            mine = (marks.c.lane == lane.value, marks.c.person.in_(some), marks.c.turn <= until)
            rows = self._t.rows(select(marks.c.person, marks.c.since).where(*mine))
            if rows:
                self._t.run(delete(marks).where(*mine))
                gone.update({row.person: row.since for row in rows})
        return gone


def put_marks(t: Transaction, since: Mapping[PersonId, int], *, lane: str) -> None:
    """Person → since when they wait, in microseconds; each gets a new turn."""
    if since:
        first = t.next_turn(many=len(since))
        rows = [{"lane": lane, "person": person, "turn": first + n, "since": at} for n, (person, at) in enumerate(since.items())]
        t.fill(marks, rows, _waiting_longer)


def move_marks(t: Transaction, *, survivor: PersonId, loser: PersonId) -> None:
    """What a person waited for, the survivor waits for, since as long."""
    for row in t.rows(select(marks.c.lane, marks.c.since).where(marks.c.person == loser)):
        put_marks(t, {survivor: row.since}, lane=row.lane)
    t.run(delete(marks).where(marks.c.person == loser))


def _waiting_longer(table: Table, dialect: str) -> Any:
    """The newest turn, the oldest reason."""
    statement = inserting(table, dialect)
    older = case((table.c.since < statement.excluded.since, table.c.since), else_=statement.excluded.since)
    return statement.on_conflict_do_update(index_elements=["lane", "person"], set_={"turn": statement.excluded.turn, "since": older})
