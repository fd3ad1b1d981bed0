"""Records to be re-read, one row each however often they were hinted at."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table, bindparam, case, delete, func, select, update

from connector.core.records import RecordKey
from connector.ports.hooks import Hint, HintKind
from connector.ports.inbox import SITE, Backlog, WaitingHint
from connector.store.erased import erased_among
from connector.store.filling import inserting
from connector.store.instants import from_us, to_us
from connector.store.schema import hints, seen_events
from connector.store.seen import forget_events, new_events, remember_events
from connector.store.transaction import Transaction

KINDS = tuple(HintKind)
"""A hint is stored with the place of its kind: of two, the greater is the stronger."""

_OF = (hints.c.source == bindparam("of_source"), hints.c.id == bindparam("of_id"))
_DONE = delete(hints).where(*_OF, hints.c.turn <= bindparam("of_turn"))
_LATER = update(hints).where(*_OF, hints.c.turn <= bindparam("of_turn")).values(tries=hints.c.tries + 1, next_try_at=bindparam("then"))
AT_ONCE = 0
"""When a new hint may be tried: by any clock, for that of the machine that received it may be ahead."""


class SqlHints:
    """Fulfils `ports.inbox.Hints`."""

    __slots__ = ("_t",)

    def __init__(self, t: Transaction) -> None:
        self._t = t

    def put(self, hints_: Sequence[Hint], *, connection: str, arrived_at: datetime) -> int:
        """Rows that were erased are not hinted at again. A record that waits for its next try may be tried at once."""
        new = new_events(self._t, lane=connection, events={hint.event for hint in hints_})
        remember_events(self._t, lane=connection, events=new, at=arrived_at)
        kinds: dict[RecordKey, int] = {}
        for hint in hints_:
            if hint.event in new:
                key = RecordKey(connection, hint.source, hint.record)
                kinds[key] = max(kinds.get(key, 0), KINDS.index(hint.kind))
        for key in erased_among(self._t, kinds):
            del kinds[key]
        if kinds:
            now, first = to_us(arrived_at), self._t.next_turn(many=len(kinds))
            common = {"arrived_at": now, "tries": 0, "next_try_at": AT_ONCE}
            rows = [
                {"source": source, "id": id_, "kind": kind, "turn": first + n, **common}
                for n, ((source, id_), kind) in enumerate((self._t.pair(key), kind) for key, kind in kinds.items())
            ]
            self._t.fill(hints, rows, _coalescing)
        return len(new)

    def next(self, *, connection: str, at: datetime, limit: int) -> tuple[WaitingHint, ...]:
        due = select(hints).where(hints.c.next_try_at <= to_us(at)).order_by(hints.c.arrived_at, hints.c.turn).limit(limit)
        rows = [row for no in sorted(self._t.sources_of(connection)) for row in self._t.rows(due.where(hints.c.source == no))]
        return tuple(
            WaitingHint(
                key=self._t.key(row.source, row.id),
                kind=KINDS[row.kind],
                turn=row.turn,
                arrived_at=from_us(row.arrived_at),
                tries=row.tries,
            )
            for row in rows
        )

    def done(self, hints_: Sequence[WaitingHint]) -> None:
        self._t.run(_DONE, [self._turn(hint) for hint in hints_])

    def later(self, hints_: Sequence[WaitingHint], *, next_try_at: datetime) -> None:
        self._t.run(_LATER, [{**self._turn(hint), "then": to_us(next_try_at)} for hint in hints_])

    def waiting(self) -> Mapping[str, Backlog]:
        counted = select(hints.c.source, func.count().label("records"), func.min(hints.c.arrived_at).label("oldest"))
        found: dict[str, Backlog] = {}
        for row in self._t.rows(counted.group_by(hints.c.source)):
            connection, oldest = self._t.key(row.source, "").connection, from_us(row.oldest)
            before = found.get(connection, Backlog(waiting=0, oldest_at=oldest))
            found[connection] = Backlog(waiting=before.waiting + row.records, oldest_at=min(before.oldest_at, oldest))
        return dict(sorted(found.items()))

    def forget_events(self, *, before: datetime) -> int:
        return forget_events(self._t, before=before, lanes=seen_events.c.lane != SITE)

    def _turn(self, hint: WaitingHint) -> dict[str, Any]:
        source, id_ = self._t.pair(hint.key)
        return {"of_source": source, "of_id": id_, "of_turn": hint.turn}


def _coalescing(table: Table, dialect: str) -> Any:
    """The strongest kind, the newest turn, the oldest arrival; tries are kept."""
    statement = inserting(table, dialect)
    old, new = table.c, statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["source", "id"],
        set_={
            "kind": case((old.kind > new.kind, old.kind), else_=new.kind),
            "turn": new.turn,
            "arrived_at": case((old.arrived_at < new.arrived_at, old.arrived_at), else_=new.arrived_at),
            "next_try_at": new.next_try_at,
        },
    )
