"""What the product asks of its store for real time: bodies as they arrived, hints by record, leases, workers.

Work is state: whatever is still to be done stands here as rows, written in the unit that caused it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from connector.core.people import PersonId
from connector.core.records import RecordKey
from connector.ports.errors import Action, StoreError
from connector.ports.hooks import Hint, HintKind

SITE = "site"
"""The lane of first-party events, beside those of the connections; no connection may be called so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """One raw body. `lane` is the connection's name, or `SITE`."""

    lane: str
    body: bytes
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBody:
    no: int
    lane: str
    body: bytes
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """How much of one kind is waiting, and since when."""

    waiting: int
    oldest_at: datetime


class Inbox(Protocol):
    def put(self, bodies: Sequence[Arrived]) -> None: ...
    def next(self, *, lane: str, limit: int) -> tuple[StoredBody, ...]:
        """Oldest first."""

    def done(self, numbers: Sequence[int]) -> None:
        """Split and kept as hints: the bodies go."""

    def waiting(self) -> Mapping[str, Backlog]:
        """By lane; lanes without a body are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingHint:
    """One record to be re-read. Every further hint about it gives it a higher `turn`, so that one that comes meanwhile is not lost."""

    key: RecordKey
    kind: HintKind
    turn: int
    arrived_at: datetime
    """When the oldest hint that still waits arrived."""
    tries: int = 0


class Hints(Protocol):
    def put(self, hints: Sequence[Hint], *, connection: str, arrived_at: datetime) -> int:
        """Coalesced by record. An event that was seen before adds nothing. How many were new."""

    def next(self, *, connection: str, at: datetime, limit: int) -> tuple[WaitingHint, ...]:
        """Those that may be tried at `at`, by source, the oldest first within one; at most `limit` of each, so that none waits long."""

    def done(self, hints: Sequence[WaitingHint]) -> None:
        """Re-read and kept; one that got a further turn since stays."""

    def later(self, hints: Sequence[WaitingHint], *, next_try_at: datetime) -> None:
        """Counts a try; one that got a further turn since may be tried at once."""

    def waiting(self) -> Mapping[str, Backlog]:
        """By connection."""

    def forget_events(self, *, before: datetime) -> int:
        """Takes away the memory of events seen before then; how many."""


class Lane(StrEnum):
    """The lanes that people wait in."""

    SCORE = "score"
    WRITE = "write"
    NIGHT = "night"
    """To be planned because the night has come, for time alone changes what is due; only while nobody waits in `WRITE`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A person whom a lane is to look at; `since` is when the oldest reason reached us."""

    person: PersonId
    turn: int
    since: datetime


class Marks(Protocol):
    """People that wait in a lane.

    Turns are given out ascending, once each, for ever. Read the marks (or `high`) first, the facts in the same or a later snapshot; then
    take away only marks of those turns: what came meanwhile has a higher one and stays.
    """

    def put(self, people: Sequence[PersonId], *, lane: Lane, since: datetime) -> None:
        """A person who waits already gets a new turn and keeps the older `since`."""

    def high(self) -> int:
        """The newest turn given out."""

    def next(self, *, lane: Lane, limit: int, above: int = 0) -> tuple[Mark, ...]:
        """The longest waiting first; only those whose turn is higher than `above`."""

    def in_turn(self, *, lane: Lane, limit: int, above: int = 0) -> tuple[Mark, ...]:
        """By turn, from the first one above `above`: for going through a lane in which some stay."""

    def done(self, people: Sequence[PersonId], *, lane: Lane, until: int) -> None:
        """Takes these people's marks away where their turn is at most `until`."""

    def move(self, people: Sequence[PersonId], *, lane: Lane, to: Lane, until: int) -> tuple[PersonId, ...]:
        """As `done`; who was taken away waits in `to`, since as long. They are given back."""

    def waiting(self) -> Mapping[Lane, Backlog]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Sole right to do something until a time. `fence` is higher than that of every earlier holder."""

    name: str
    holder: str
    fence: int
    until: datetime


class LeaseLost(StoreError):
    """Somebody else took over meanwhile; nothing of the unit was stored."""

    action = Action.WAIT


class Leases(Protocol):
    """Where machines share the database, its clock decides, for theirs differ: of `at` and `until` only the distance counts then."""

    def take(self, name: str, *, holder: str, at: datetime, until: datetime) -> Lease | None:
        """None while another holder's lease has not run out. The holder itself gets it again, with a new fence."""

    def renew(self, lease: Lease, *, at: datetime, until: datetime) -> Lease:
        """Raises LeaseLost where the fence has moved on."""

    def holder(self, name: str, *, at: datetime) -> str:
        """Who holds it right now; empty: nobody."""

    def require(self, lease: Lease) -> None:
        """Raises LeaseLost where the fence has moved on: called first in every unit that the lease protects."""

    def release(self, lease: Lease) -> None:
        """Nothing happens where it is lost already."""

    def all(self) -> tuple[Lease, ...]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One process that works on this store, as it last showed itself."""

    name: str
    role: str
    """`up` or `work`."""
    started_at: datetime
    beat_at: datetime
    facts: Mapping[str, float] = field(default_factory=dict)
    """What it measures of itself, such as `<connection> clock skew` in seconds."""


class Workers(Protocol):
    def beat(self, worker: Worker) -> None: ...
    def all(self) -> tuple[Worker, ...]: ...
    def gone(self, name: str) -> None:
        """It ended in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldEvent:
    """A first-party event whose person is not known yet: nobody holds the address, or the visitor has not said who they are."""

    id: str
    visitor: str
    email: str
    at: datetime
    text: str
    """The event as JSON."""


class HeldEvents(Protocol):
    def is_new(self, ids: Sequence[str]) -> frozenset[str]:
        """Those of these event ids that were never seen; in a unit, so that two deliveries cannot both be new."""

    def seen(self, ids: Sequence[str], *, at: datetime) -> None: ...
    def put(self, events: Sequence[HeldEvent]) -> None: ...
    def name(self, visitors: Mapping[str, str], *, at: datetime) -> None:
        """Visitor → normalised address, as an event said it. A visitor keeps the newest one."""

    def names(self, visitors: Sequence[str]) -> Mapping[str, str]: ...
    def of(self, *, visitors: Sequence[str], emails: Sequence[str]) -> tuple[HeldEvent, ...]:
        """Held events of these visitors or addresses, oldest first."""

    def addresses(self, *, after: str, limit: int) -> tuple[str, ...]:
        """Addresses that events are held for, ascending, above `after`."""

    def release(self, ids: Sequence[str]) -> None: ...
    def forget(self, *, before: datetime) -> int:
        """Held events and memories of events from before then; how many."""

    def count(self) -> int: ...
