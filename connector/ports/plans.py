"""What the store keeps of a write back before it happens: the plan, row by row, and how far its execution came."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from connector.core.people import PersonId
from connector.core.qualification import LadderState, StageMove
from connector.core.records import RecordKey
from connector.ports.crm import Json, NewTask


class PlanState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    """Committed before the call: after a kill its fate is unknown and is looked up."""
    DONE = "done"
    REFUSED = "refused"
    LEFT_OUT = "left_out"
    """Not written, because something changed since; `note` says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedField:
    field: str
    name: str
    before: Json
    after: Json
    ours: bool
    """Whether the field's ownership is `ours`; others are read again right before the write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedChange:
    seq: int
    key: RecordKey
    person: PersonId
    person_name: str
    fields: tuple[PlannedField, ...]
    state: PlanState = PlanState.PENDING
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTask:
    seq: int
    task: NewTask
    person: PersonId
    person_name: str
    rule: str
    trigger: str
    state: PlanState = PlanState.PENDING
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    id: int
    run: int
    created_at: datetime
    closed: bool
    """Whether it is complete; one that is not was cut off while being made, and is never executed."""
    calls: Mapping[str, int]
    """API calls the plan will cost, by `<connection> <purpose>`."""
    begun_at: datetime | None = None
    executed_at: datetime | None = None


class Plans(Protocol):
    def create(self, *, run: int, at: datetime) -> int: ...
    def add(
        self,
        plan: int,
        *,
        changes: Sequence[PlannedChange],
        tasks: Sequence[PlannedTask],
        states: Sequence[LadderState],
        moves: Sequence[StageMove],
    ) -> None:
        """Appends. `states` and `moves` are what becomes true when the plan is executed."""

    def close(self, plan: int, *, calls: Mapping[str, int]) -> None:
        """Nothing more will be added; only now can it be executed."""

    def get(self, plan: int) -> Plan | None: ...
    def unfinished(self) -> tuple[Plan, ...]:
        """Closed plans whose execution began and did not end."""

    def begin(self, plan: int, *, run: int, at: datetime) -> None: ...
    def end(self, plan: int, *, at: datetime) -> None: ...
    def changes(
        self, plan: int, *, connection: str, source: str, states: Sequence[PlanState], after: int, limit: int
    ) -> tuple[PlannedChange, ...]:
        """By `seq`, from the first one above `after`."""

    def tasks(self, plan: int, *, connection: str, states: Sequence[PlanState], after: int, limit: int) -> tuple[PlannedTask, ...]: ...
    def targets(self, plan: int) -> tuple[tuple[str, str], ...]:
        """Each (connection, source) that has changes in the plan."""

    def ladder(self, plan: int) -> tuple[tuple[LadderState, ...], tuple[StageMove, ...]]: ...
    def set_changes(self, plan: int, seqs: Sequence[int], *, state: PlanState, note: str = "") -> None: ...
    def set_tasks(self, plan: int, seqs: Sequence[int], *, state: PlanState, note: str = "") -> None: ...
    def tally(self, plan: int) -> Mapping[str, int]:
        """Rows by `<connection> <fields|tasks> <state>`."""

    def forget(self, *, before: datetime, limit: int) -> int:
        """Takes away plans from before then, oldest first, about `limit` rows at a time; how many rows went, 0 when none is left.

        One that was begun and not finished stays.
        """
