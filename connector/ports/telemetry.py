"""What the product counts and times while it runs, as words that flows, jobs and web share; nothing here knows who collects them.

A label's value is one of a bounded set (a connection's name, a fault, a job), never anything that a sender or a record chose.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol


class Count(StrEnum):
    """What only ever grows."""

    RECEIVED = "received"
    """Bodies that were durable before they were answered; by `lane`."""
    REFUSED = "refused"
    """Requests not taken; by `lane` (empty where the address names none of ours) and `fault`."""
    UNREADABLE = "unreadable"
    """Events of durable bodies that could not be read and were left out; by `lane`."""
    CALLS = "calls"
    """Calls to a CRM; by `connection` and `purpose`."""
    ERRORS = "errors"
    """Errors that a job ran into; by `job` and `error`, the class of it."""


class Timing(StrEnum):
    """What takes time, in seconds."""

    LAG = "lag"
    """From the arrival of the oldest event about a person to the end of that person's write-back."""
    JOB = "job"
    """One run of a job; by `job`."""


LABELS: Mapping[Count | Timing, tuple[str, ...]] = {
    Count.RECEIVED: ("lane",),
    Count.REFUSED: ("lane", "fault"),
    Count.UNREADABLE: ("lane",),
    Count.CALLS: ("connection", "purpose"),
    Count.ERRORS: ("job", "error"),
    Timing.LAG: (),
    Timing.JOB: ("job",),
}
"""The labels each one takes, all of them every time."""


class Meter(Protocol):
    """Collects. Safe for several threads, never raises, never waits."""

    def count(self, what: Count, *, by: float = 1, **labels: str) -> None: ...
    def observe(self, what: Timing, *, seconds: float, **labels: str) -> None: ...


class NoMeter:
    """Fulfils `Meter` where nobody collects."""

    def count(self, what: Count, *, by: float = 1, **labels: str) -> None:
        del what, by, labels

    def observe(self, what: Timing, *, seconds: float, **labels: str) -> None:
        del what, seconds, labels
