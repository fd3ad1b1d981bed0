"""What pulls, scores, goes live or writes back is a run: begun, ended, counted, and shown by `hotlead runs` whatever became of it."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from connector.ports.errors import HotleadError
from connector.ports.store import Store, Tx

Clock = Callable[[], datetime]

DRY_RUN = "dry run"
LOOK_AHEAD = "look ahead"
"""A dry run as if connections were further live than they are."""

REAL_TIME = "real time"
"""A write-back of the people who waited for one, while `hotlead up` runs."""

NIGHTLY = "night"
"""A slice of everybody, written back by night while `hotlead up` runs."""

MOVING = frozenset({"write-back", "run", "go-live", REAL_TIME, NIGHTLY})
"""Runs that may change stages, tasks or baselines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A run under way; `counts` is what it will show."""

    id: int
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[HotleadError] = field(default_factory=list)
    """What stopped single connections while the others went on."""

    def raise_failures(self) -> None:
        """Raises what stopped single connections, for whoever is told how the run ended; the first one says what to do."""
        if len(self.failures) == 1:
            raise self.failures[0]
        if self.failures:
            hints = "\n".join(dict.fromkeys(f.hint for f in self.failures if f.hint))
            several = HotleadError("\n".join(str(f) for f in self.failures), hint=hints)
            several.action = self.failures[0].action
            raise several


@contextmanager
def recorded(*, store: Store, verb: str, clock: Clock, worker: str = "") -> Iterator[Running]:
    """Keeps the run with how it ended: `done`, `failed` with the message, or `stopped` by a person. What was raised is raised on.

    `worker` names the process among those that show themselves; without it the process is alone.
    """
    running = Running(id=store.write(lambda tx: tx.runs.start(verb=verb, at=clock(), worker=worker)))
    state, message = "failed", "a fault in hotlead itself; the error was printed"
    try:
        yield running
        state, message = ("failed", _said(running.failures)) if running.failures else ("done", "")
    except KeyboardInterrupt as err:
        state, message = "stopped", str(err) or "by Ctrl-C"
        raise
    except HotleadError as err:
        message = str(err)
        raise
    finally:
        store.write(partial(_finish, running=running, clock=clock, state=state, message=message))


def _said(failures: Sequence[HotleadError]) -> str:
    return " ".join(str(f) for f in failures)


def _finish(tx: Tx, *, running: Running, clock: Clock, state: str, message: str) -> None:
    tx.runs.finish(running.id, at=clock(), state=state, counts=dict(running.counts), message=message)
