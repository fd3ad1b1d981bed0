"""Change events: what happened to selected objects, kept 72 hours, each at a place that can be gone back to.

Station: Salesforce sandbox, state over `adapters.kit.sandbox.changes`; served by `pubsub.py`. Source: Change Data Capture Developer Guide.
One event a record: several records of one transaction in one event are made on demand only (`tell`). In memory: a sandbox that starts
again knows no replay id of before.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from adapters.kit.sandbox.changes import Change, Changes
from adapters.kit.sandbox.control import Control

KEPT = timedelta(hours=72)
SELECTED = frozenset({"Lead", "Contact", "Account", "Opportunity", "Task", "Event", "CampaignMember"})
"""Setup > Change Data Capture: the objects whose changes are told."""
CHANGES = ("CREATE", "UPDATE", "DELETE", "UNDELETE", "GAP_CREATE", "GAP_UPDATE", "GAP_DELETE", "GAP_UNDELETE", "GAP_OVERFLOW")
_REPLAY_BYTES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeEvent:
    """One event. `number` grows, and is what its replay id says."""

    number: int
    id: str
    at: datetime
    entity: str
    change: str
    records: tuple[str, ...]
    by: str

    @property
    def replay_id(self) -> bytes:
        """Opaque to clients."""
        return replay_id(self.number)


def replay_id(number: int) -> bytes:
    """The place behind that event; 0 stands before the first."""
    return number.to_bytes(_REPLAY_BYTES, "big")


class ChangeLog:
    """The events. They are written when somebody asks, from the changes up to then."""

    def __init__(self, *, changes: Changes, control: Control) -> None:
        self._changes = changes
        self._control = control
        self._events: list[ChangeEvent] = []
        self._given = 0
        self._forgotten = 0
        self._lock = threading.Lock()
        self.woken = threading.Event()
        """Set by every change."""
        self._read_to = changes.listen(self.woken.set)

    def after(self, number: int, *, most: int) -> list[ChangeEvent]:
        """The events behind that place, oldest first."""
        with self._lock:
            self._write()
            return [one for one in self._events if one.number > number][:most]

    def newest(self) -> int:
        """The place of the newest event."""
        with self._lock:
            self._write()
            return self._given

    def place(self, replay: bytes) -> int | None:
        """The place that a replay id names; None for one that is unknown, or behind which something is no longer kept."""
        number = int.from_bytes(replay, "big") if len(replay) == _REPLAY_BYTES else -1
        with self._lock:
            self._write()
            return number if self._forgotten <= number <= self._given else None

    def tell(self, *, change: str, entity: str, records: Sequence[str]) -> None:
        """An event on demand, such as a gap. Raises ValueError for a change that there is not."""
        if change not in CHANGES:
            raise ValueError(f"change is {change!r}; it must be one of {', '.join(CHANGES)}")
        with self._lock:
            self._write()
            self._add(change=change, entity=entity, records=tuple(records), by="", at=self._control.now())
        self.woken.set()

    def _write(self) -> None:
        for change in self._changes.after(self._read_to):
            self._read_to = change.number
            if change.told["object"] in SELECTED:
                self._add(
                    change=_kind(change), entity=change.told["object"], records=(change.told["id"],), by=change.told["by"], at=change.at
                )
        oldest = self._control.now() - KEPT
        while self._events and self._events[0].at < oldest:
            self._forgotten = self._events.pop(0).number

    def _add(self, *, change: str, entity: str, records: tuple[str, ...], by: str, at: datetime) -> None:
        self._given += 1
        number, name = self._given, f"{secrets.token_hex(16)}"
        self._events.append(ChangeEvent(number=number, id=name, at=at, entity=entity, change=change, records=records, by=by))


def _kind(change: Change) -> str:
    if change.told.get("binned") is not None:
        return "DELETE" if change.told["binned"] else "UNDELETE"
    return "CREATE" if change.told["is_new"] else "UPDATE"
