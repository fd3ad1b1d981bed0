"""Processes that work on this store, as they last showed themselves."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select

from connector.ports.inbox import Worker
from connector.store.instants import from_us, to_us
from connector.store.schema import workers
from connector.store.transaction import Transaction
from connector.store.values import dump, load

ALIVE_FOR = timedelta(seconds=60)
"""A worker that has not shown itself for so long counts as dead."""


class SqlWorkers:
    """Fulfils `ports.inbox.Workers`."""

    __slots__ = ("_t",)

    def __init__(self, t: Transaction) -> None:
        self._t = t

    def beat(self, worker: Worker) -> None:
        row = {"name": worker.name, "role": worker.role, "started_at": to_us(worker.started_at), "beat_at": to_us(worker.beat_at)}
        self._t.upsert(workers, [{**row, "facts": dump(dict(worker.facts))}])

    def all(self) -> tuple[Worker, ...]:
        """By name, dead ones too."""
        return tuple(
            Worker(name=row.name, role=row.role, started_at=from_us(row.started_at), beat_at=from_us(row.beat_at), facts=load(row.facts))
            for row in self._t.rows(select(workers).order_by(workers.c.name))
        )

    def gone(self, name: str) -> None:
        self._t.run(delete(workers).where(workers.c.name == name))


def alive(t: Transaction, *, at: datetime) -> tuple[str, ...]:
    """Names of the workers that have shown themselves lately."""
    return tuple(row.name for row in t.rows(select(workers.c.name).where(workers.c.beat_at >= to_us(at - ALIVE_FOR))))
