"""Ending early in order: work is asked to stop, and stops before it reads on, never between a CRM's answer and its being kept.

Station: around the store and the progress that a flow is given. What a flow has kept by then stands, and the next run goes on from there.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from connector.core.facts import Activities, People
from connector.core.people import PersonId
from connector.flows.progress import Progress, Step
from connector.ports.store import Store, Tx

T = TypeVar("T")


class Stopped(KeyboardInterrupt):
    """Somebody asked the work to end; raised at its next safe point. The message says who or why."""


@dataclass(frozen=True, slots=True)
class Stopping:
    """Whether work is to end. Asking is safe from any thread and repeatable; the first reason stays."""

    _asked: threading.Event = field(default_factory=threading.Event)
    _why: list[str] = field(default_factory=list)

    def ask(self, why: str) -> None:
        self._why.append(why)
        self._asked.set()

    @property
    def is_asked(self) -> bool:
        return self._asked.is_set()

    def wait(self, seconds: float) -> bool:
        """Whether it was asked within so many seconds."""
        return self._asked.wait(seconds)

    def check(self) -> None:
        """Raises Stopped where the work is to end."""
        if self._asked.is_set():
            raise Stopped(self._why[0])


def stoppable(progress: Progress, *, stopping: Stopping) -> Progress:
    """The same progress; telling it of a step is a safe point."""

    def tell(step: Step) -> None:
        progress(step)
        stopping.check()

    return tell


@dataclass(frozen=True, slots=True, kw_only=True)
class StoppableStore:
    """Fulfils `ports.store.Store`: reading is a safe point, writing is not, so that what a CRM did is always kept."""

    store: Store
    stopping: Stopping

    @contextmanager
    def read(self) -> Iterator[Tx]:
        self.stopping.check()
        with self.store.read() as tx:
            yield tx

    def write(self, unit: Callable[[Tx], T]) -> T:
        return self.store.write(unit)

    def load_people(self, people: Sequence[PersonId], *, facts: Sequence[str], since: datetime) -> tuple[People, Activities]:
        self.stopping.check()
        return self.store.load_people(people, facts=facts, since=since)

    def backup(self, to: Path) -> None:
        self.store.backup(to)

    def close(self) -> None:
        """The store belongs to whoever opened it; it stays open."""
