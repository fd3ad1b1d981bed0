"""What ran, when, how it ended and what it counted."""

import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, func, select, update

from connector.ports.runs import Run
from connector.store.instants import from_us, from_us_or_none, to_us
from connector.store.schema import plans, runs
from connector.store.transaction import AnyRow, Transaction
from connector.store.values import dump
from connector.store.workers import alive


class SqlRuns:
    """Fulfils `ports.runs.Runs`."""

    __slots__ = ("_t",)

    def __init__(self, t: Transaction) -> None:
        self._t = t

    def start(self, *, verb: str, at: datetime, worker: str = "") -> int:
        """A run without a worker's name belongs to nobody: the next start finds it killed."""
        theirs = {*alive(self._t, at=at), worker} - {""}
        left = (runs.c.ended_at.is_(None), runs.c.state == "running", runs.c.worker.not_in(sorted(theirs)))
        self._t.run(update(runs).where(*left).values(state="killed"))
        run = self._t.next_number(runs.c.id)
        row = {"id": run, "verb": verb, "started_at": to_us(at), "ended_at": None, "state": "running", "counts": "{}", "message": ""}
        self._t.insert(runs, [{**row, "worker": worker}])
        return run

    def finish(self, run: int, *, at: datetime, state: str, counts: Mapping[str, int], message: str = "") -> None:
        end = {"ended_at": to_us(at), "state": state, "counts": dump(dict(counts)), "message": message}
        self._t.run(update(runs).where(runs.c.id == run).values(end))

    def recent(self, *, limit: int) -> tuple[Run, ...]:
        """Newest first."""
        return tuple(_run(row) for row in self._t.rows(select(runs).order_by(runs.c.id.desc()).limit(limit)))

    def forget(self, *, before: datetime, limit: int) -> int:
        """The newest run stays whatever its age: numbers never come back."""
        newest = select(func.max(runs.c.id)).scalar_subquery()
        named = select(plans.c.run).union(select(plans.c.begun_by).where(plans.c.begun_by.is_not(None)))
        old = (runs.c.started_at < to_us(before), runs.c.state != "running", runs.c.id < newest, runs.c.id.not_in(named))
        some = select(runs.c.id).where(*old).order_by(runs.c.id).limit(limit)
        return self._t.run(delete(runs).where(runs.c.id.in_(some)))


def _run(row: AnyRow) -> Run:
    return Run(
        id=row.id,
        verb=row.verb,
        started_at=from_us(row.started_at),
        ended_at=from_us_or_none(row.ended_at),
        state=row.state,
        counts=json.loads(row.counts),
        message=row.message,
    )
