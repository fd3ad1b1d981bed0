"""What a job is: a name, a sentence, when it looks, what it excludes, how it is tried again, and what it runs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from connector.ports.errors import Action, CrmError, HotleadError
from connector.settings import Settings
from jobs.work import Work

_SPREAD = Random()

URGENT_FROM = 40
"""From this priority on a job is what somebody waits for; below it, one may take hours."""


def kept_free(threads: int) -> int:
    """Of the threads of one process, those that only urgent jobs may take: real time never waits for the end of long work."""
    return min(2, threads // 2)


@dataclass(frozen=True, slots=True)
class OnWake:
    """Only when somebody wakes it, and once when a process opens."""


@dataclass(frozen=True, slots=True)
class Every:
    """Again and again, so long after the look before."""

    interval: Callable[[Settings], timedelta]


@dataclass(frozen=True, slots=True)
class Nightly:
    """Once a day, so long after the hour that the settings name; made up for when nobody was up then."""

    after: timedelta = timedelta(0)

    def latest(self, now: datetime, *, settings: Settings) -> datetime:
        """When it was last due."""
        clock = settings.night_begins
        due = datetime(now.year, now.month, now.day, clock.hour, clock.minute, tzinfo=UTC) + self.after
        while due > now:
            due -= timedelta(days=1)
        return due


Schedule = OnWake | Every | Nightly


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a run of a job says of itself. What it could not do waits in the store; none of it is lost."""

    again_at: datetime | None = None
    """When to look again although nobody wakes it; None: not before the schedule says so."""
    failures: tuple[HotleadError, ...] = ()
    """What stopped parts of it while the others went on; the job knows by itself when to try those again."""
    finished: bool = True
    """Whether this night's work is done, where it is a nightly job; else it is looked at again in a few minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How soon a job that failed looks again. After `tries` it leaves it to its schedule: the work is still there."""

    tries: int = 8
    first: timedelta = timedelta(seconds=2)
    most: timedelta = timedelta(minutes=5)

    def after(self, tried: int, error: BaseException, *, now: datetime) -> timedelta | None:
        """The pause before the next try, after `tried` failures in a row (1 or more); None: not before the schedule says so.

        A failure that a person must mend is not tried again; a quota waits until it is filled again.
        """
        if isinstance(error, HotleadError) and error.action not in (Action.RETRY, Action.WAIT):
            return None
        until = error.until if isinstance(error, CrmError) else None
        if until is not None:
            return max(until - now, self.first)
        if tried > self.tries:
            return None
        pause: timedelta = min(self.first * 2 ** (tried - 1), self.most)
        return pause * (0.75 + _SPREAD.random() / 2)


def no_keys(work: Work) -> tuple[str, ...]:
    """One lane without a key."""
    del work
    return ("",)


def never(work: Work) -> tuple[str, ...]:
    """For a job that only others wake."""
    del work
    return ()


def every_connection(work: Work) -> tuple[str, ...]:
    """One key a connection."""
    with work.store.read() as tx:
        return tuple(c.name for c in tx.connections.all())


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One entry of the registry. Running it at any time, twice, or not at all harms nothing: the work it looks at is rows in the store."""

    name: str
    says: str
    """One sentence for people."""
    run: Callable[[Work, str], Looked]
    """Looks at the lane with this key and does what is waiting there."""
    lock: Callable[[str], str]
    """Key → the name of the lease it runs under; runs under one name exclude each other, in all processes."""
    schedule: Schedule
    keys: Callable[[Work], tuple[str, ...]] = no_keys
    """The keys that are due now, asked for when the schedule comes round."""
    priority: int = 0
    """Higher goes first."""
    retry: Retry = field(default_factory=Retry)
    in_line: bool = True
    """Whether in a shared queue it waits behind a run of itself; what clears up after dead workers may not wait behind one."""
