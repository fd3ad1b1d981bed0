"""What the store keeps of what was done: each run, every field it wrote, and the rows that were refused."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from connector.core.people import PersonId
from connector.core.records import RecordKey
from connector.ports.crm import Json, Refusal

SET_BACK = timedelta(minutes=1)
"""What was done later than now by more was done before this clock, or that of another machine, was set back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    id: int
    verb: str
    started_at: datetime
    ended_at: datetime | None = None
    state: str = "running"
    """`running`, `done`, `failed`, `stopped` (by a person), `killed` (its worker ended without it)."""
    counts: Mapping[str, int] = field(default_factory=dict)
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One field of one row, as it was and as we made it."""

    run: int
    key: RecordKey
    person: PersonId
    field: str
    name: str
    before: Json
    after: Json
    at: datetime
    model: str
    model_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """A row that could not be written, with why, until it is retried or the cause is gone."""

    key: RecordKey
    what: str
    """`fields`, or the Hotlead Key of a task."""
    person: PersonId
    refusal: Refusal
    at: datetime
    tries: int
    next_try_at: datetime

    def is_due(self, now: datetime) -> bool:
        """Whether its next try has come; one that was parked ahead of now, because the clock was set back since, is due."""
        return self.next_try_at <= now or self.at - now > SET_BACK


class Runs(Protocol):
    def start(self, *, verb: str, at: datetime, worker: str = "") -> int:
        """Marks as killed the runs left without an end by a worker that is not among `Tx.workers` (nor this one)."""

    def finish(self, run: int, *, at: datetime, state: str, counts: Mapping[str, int], message: str = "") -> None: ...
    def recent(self, *, limit: int) -> tuple[Run, ...]: ...
    def forget(self, *, before: datetime, limit: int) -> int:
        """Takes away up to `limit` runs from before then that no plan names; how many went. What they wrote stays in the journal."""


class Journal(Protocol):
    def put(self, entries: Sequence[JournalEntry]) -> None: ...
    def of_run(self, run: int) -> tuple[JournalEntry, ...]: ...
    def last_written(self, keys: Sequence[RecordKey], *, fields: Collection[str]) -> Mapping[tuple[RecordKey, str], Json]:
        """Of these fields of the CRM, by row and field name."""

    def last(self, fields: Sequence[tuple[RecordKey, str]]) -> Mapping[tuple[RecordKey, str], JournalEntry]:
        """The newest entry of each of these fields of rows that was ever written."""

    def since(self, keys: Sequence[RecordKey], *, at: datetime) -> tuple[JournalEntry, ...]:
        """What was written in these rows from then on, in the order written."""

    def busy(self, keys: Sequence[RecordKey], *, since: datetime) -> Mapping[RecordKey, int]:
        """In how many runs each row was written since then; rows that were not are left out."""


class ParkedRows(Protocol):
    def put(self, rows: Sequence[Parked]) -> None: ...
    def get(self, keys: Sequence[RecordKey]) -> Mapping[tuple[RecordKey, str], Parked]: ...
    def clear(self, rows: Sequence[tuple[RecordKey, str]]) -> None: ...
    def all(self, *, limit: int) -> tuple[Parked, ...]: ...
    def due(self, *, at: datetime, connections: Collection[str], limit: int, after: Parked | None = None) -> tuple[Parked, ...]:
        """Those of these connections whose next try has come, the longest due first; only what comes after `after`, where it is given."""

    def count(self) -> int: ...
