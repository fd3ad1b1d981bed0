"""How the parts of an installation stand: what a snapshot of its health is made of.

Station: made by `flows.health`; shown by the pages, the metrics and the commands.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from connector.flows.asking import Question
from connector.flows.unreadable import Unreadable


class State(StrEnum):
    OK = "ok"
    DEGRADED = "degraded"
    """It works, and somebody should look."""
    DOWN = "down"
    """Nothing can be taken in or decided."""


class Arrival(StrEnum):
    """How we hear of changes in a CRM at the soonest."""

    PUSH = "push"
    FEED = "feed"
    """It is asked for what it would push."""
    POLLING = "polling"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobState:
    """How one job stands, as the engine that runs it knows it. `key` is what it is for, such as a connection; often empty."""

    job: str
    key: str = ""
    running: bool = False
    last_run_at: datetime | None = None
    next_run_at: datetime | None = None
    last_error: str = ""
    """What the last run ended with and what to do about it, in sentences; empty where it ended well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsToday:
    """Calls to one CRM since the day's count began; `budget` is how many may be made in a day, None where nobody set or knows it."""

    made: int
    budget: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """One kind of waiting work. `kind`: bodies, hints, people."""

    kind: str
    name: str
    waiting: int
    oldest_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionState:
    name: str
    crm: str
    production: bool
    live: str
    receiving: bool
    calls_today: int | None
    calls_budget: int | None
    clock_skew_s: float | None
    last_pull_at: datetime | None
    """When it was last read to its end, by a poll or by hand; None where it never was."""
    receiving_by: Arrival = Arrival.POLLING
    trouble: str = ""
    """Why its secrets cannot be opened, and what to do; empty where they can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedCause:
    """Rows that were refused for one cause, and who can mend it."""

    code: str
    cause: str
    mended_by: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerState:
    name: str
    role: str
    alive: bool
    seen_s: int
    """How long ago it showed itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """`warnings` says in sentences what keeps `state` from being ok."""

    state: State
    version: str
    at: datetime
    database: str
    """`ok`, or the class of the error."""
    warnings: tuple[str, ...] = ()
    queues: tuple[Queue, ...] = ()
    held_events: int = 0
    jobs: tuple[JobState, ...] = ()
    connections: tuple[ConnectionState, ...] = ()
    parked: int = 0
    parked_causes: tuple[ParkedCause, ...] = ()
    flipping: int = 0
    """Rows that were written again and again and are left alone for now."""
    scheduler: str = ""
    """Who runs the clock; empty: nobody."""
    workers: tuple[WorkerState, ...] = ()
    questions: tuple[Question, ...] = ()
    """What waits for somebody's decision, because a limit is reached."""
    unreadable: tuple[Unreadable, ...] = ()
    """Events of the last day that could not be read."""
