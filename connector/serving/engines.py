"""Which engine runs the jobs: the one inside this process, or the one that many processes share."""

from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

from connector.flows.stopping import Stopping
from jobs.embedded import EmbeddedEngine, EngineState, RunJob
from jobs.registry import REGISTRY

Wake = Callable[[str, str], None]
"""Job and key → it looks soon."""


class Engine(Protocol):
    """Runs jobs from `start` to `stop`."""

    def start(self) -> None: ...
    def stop(self, *, within: timedelta) -> bool:
        """Takes nothing more and lets what runs end at a safe point; whether all of it did in time."""

    def state(self) -> EngineState: ...
    def retry_stalled(self) -> int:
        """Has the jobs of dead workers run again; how many."""


def embedded_engine(*, run: RunJob, stopping: Stopping, threads: int) -> tuple[EmbeddedEngine, Wake]:
    """The engine inside this process, and how to wake it."""
    engine = EmbeddedEngine(registry=REGISTRY, run=run, stopping=stopping, threads=threads)
    return engine, engine.wake


def distributed_engine(*, url: str, run: RunJob, stopping: Stopping, threads: int) -> Engine:
    """The engine on the queue of a PostgreSQL database."""
    from jobs.distributed import DistributedEngine

    return DistributedEngine(url=url, registry=REGISTRY, run=run, stopping=stopping, threads=threads)
