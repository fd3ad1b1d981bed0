"""What a job gets: the store behind its lease, the road with the CRMs, the clock, the settings. Made by `connector.bootstrap`."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime

from connector.flows.progress import Progress
from connector.flows.road import Road
from connector.flows.stopping import StoppableStore, Stopping, stoppable
from connector.flows.write_lane import LaneMemory
from connector.ports.connections import Connection
from connector.ports.crm import CrmKind
from connector.ports.store import ShardPool, Store
from connector.ports.telemetry import Meter
from connector.settings import Settings

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One worker's means. What a job is run with is this `over` the store behind its lease."""

    road: Road
    """CRMs stay open between jobs, and are opened anew when their credentials change."""
    settings: Settings
    meter: Meter
    kinds: Mapping[str, CrmKind]
    stopping: Stopping
    memory: LaneMemory
    """What this process knows of the people who wait to be written."""
    receives: Callable[[str], bool]
    """Whether a connection pushes, so that polling it is only for what a push may have missed."""
    shards: Callable[[], AbstractContextManager[ShardPool]]
    """Child processes for whole shards, for one user in this process at a time."""
    is_shared: bool
    """Whether other processes work on the same store."""
    retry_stalled: Callable[[], int]
    """Has the jobs of workers that died run again; how many. Nothing to do where jobs end with their process."""

    @property
    def store(self) -> Store:
        return self.road.store

    @property
    def worker(self) -> str:
        """This process, as the leases and the list of workers know it."""
        return self.road.worker

    @property
    def clock(self) -> Clock:
        return self.road.clock

    @property
    def progress(self) -> Progress:
        return self.road.progress

    def over(self, store: Store) -> "Work":
        """The same over another face of the store, with safe points where reading goes on."""
        guarded = StoppableStore(store=store, stopping=self.stopping)
        return replace(self, road=replace(self.road, store=guarded, progress=stoppable(self.progress, stopping=self.stopping)))

    def going(self) -> bool:
        """Whether there is time for another batch."""
        return not self.stopping.is_asked

    def connection(self, name: str) -> Connection | None:
        """None where there is none of that name any more."""
        with self.store.read() as tx:
            return tx.connections.get(name)
