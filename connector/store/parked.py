"""Rows that could not be written, with why, until they are retried."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, literal, select, tuple_

from connector.core.records import RecordKey
from connector.ports.crm import Refusal
from connector.ports.errors import Action
from connector.ports.runs import SET_BACK, Parked
from connector.store.instants import from_us, to_us
from connector.store.schema import parked
from connector.store.transaction import AnyRow, Transaction, chunks
from connector.store.values import dump, dump_key, load_key

_CLEAR = delete(parked).where(
    parked.c.source == bindparam("of_source"), parked.c.id == bindparam("of_id"), parked.c.what == bindparam("of_what")
)

_ORDER = (parked.c.next_try_at, parked.c.source, parked.c.id, parked.c.what)


class SqlParked:
    """Fulfils `ports.runs.ParkedRows`."""

    __slots__ = ("_t",)

    def __init__(self, t: Transaction) -> None:
        self._t = t

    def put(self, rows: Sequence[Parked]) -> None:
        """Replaces what is parked for the same row and the same thing."""
        self._t.upsert(parked, [_columns(self._t, row) for row in rows])

    def get(self, keys: Sequence[RecordKey]) -> Mapping[tuple[RecordKey, str], Parked]:
        found: dict[tuple[RecordKey, str], Parked] = {}
        for some in chunks(keys):
            for row in self._t.rows(select(parked).where(self._t.among(parked.c.source, parked.c.id, some))):
                found[self._t.key(row.source, row.id), row.what] = _parked(self._t, row)
        return found

    def clear(self, rows: Sequence[tuple[RecordKey, str]]) -> None:
        there = self.get([key for key, _ in rows])
        gone = [(*self._t.pair(key), what) for key, what in rows if (key, what) in there]
        self._t.run(_CLEAR, [{"of_source": source, "of_id": id_, "of_what": what} for source, id_, what in gone])

    def all(self, *, limit: int) -> tuple[Parked, ...]:
        """Newest first."""
        statement = select(parked).order_by(parked.c.at.desc(), parked.c.source, parked.c.id, parked.c.what).limit(limit)
        return tuple(_parked(self._t, row) for row in self._t.rows(statement))

    def due(self, *, at: datetime, connections: Collection[str], limit: int, after: Parked | None = None) -> tuple[Parked, ...]:
        sources = [no for name in connections for no in self._t.sources_of(name)]
        is_due = (parked.c.next_try_at <= to_us(at)) | (parked.c.at > to_us(at + SET_BACK))
        statement = select(parked).where(is_due, parked.c.source.in_(sources))
        if after is not None:
            source, id_ = self._t.pair(after.key)
            statement = statement.where(tuple_(*_ORDER) > tuple_(literal(to_us(after.next_try_at)), source, id_, after.what))
        return tuple(_parked(self._t, row) for row in self._t.rows(statement.order_by(*_ORDER).limit(limit)))

    def count(self) -> int:
        return int(self._t.value(select(func.count()).select_from(parked)))


def _columns(t: Transaction, row: Parked) -> dict[str, Any]:
    refusal = {**asdict(row.refusal), "survivor": dump_key(row.refusal.survivor)}
    return {
        "source": t.source(row.key.connection, row.key.source),
        "id": row.key.id,
        "what": row.what,
        "person": row.person,
        "refusal": dump(refusal),
        "at": to_us(row.at),
        "tries": row.tries,
        "next_try_at": to_us(row.next_try_at),
    }


def _parked(t: Transaction, row: AnyRow) -> Parked:
    refusal = json.loads(row.refusal)
    refusal.update(action=Action(refusal["action"]), survivor=load_key(refusal["survivor"]))
    return Parked(
        key=t.key(row.source, row.id),
        what=row.what,
        person=row.person,
        refusal=Refusal(**refusal),
        at=from_us(row.at),
        tries=row.tries,
        next_try_at=from_us(row.next_try_at),
    )
