"""Jobs over a store of tests: the work they get, with a clock that stands where it is put."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connector.flows.progress import silent
from connector.flows.road import Road
from connector.flows.stopping import Stopping
from connector.flows.write_lane import LaneMemory
from connector.ports.connections import Connection
from connector.ports.crm import Crm
from connector.ports.store import ShardPool, Store
from connector.ports.telemetry import NoMeter
from connector.settings import Settings
from jobs.work import Work
from tests.support.stores import START


@dataclass(slots=True)
class Standing:
    """A clock that stands still until it is moved."""

    now: datetime = field(default=START)

    def __call__(self) -> datetime:
        return self.now

    def move(self, by: timedelta) -> None:
        self.now += by


def nobody(connection: Connection) -> Crm:
    raise AssertionError(f"{connection.name} was opened")


def no_pool() -> ShardPool:
    raise AssertionError("a pool was asked for")


def work_over(store: Store, *, clock: Callable[[], datetime], worker: str = "one", settings: Settings | None = None) -> Work:
    """Work over a store without any CRM."""
    road = Road(store=store, open=nobody, pool=no_pool, clock=clock, progress=silent, deal_history=timedelta(days=1), worker=worker)
    return Work(
        road=road,
        settings=settings or Settings(),
        meter=NoMeter(),
        kinds={},
        stopping=Stopping(),
        memory=LaneMemory(),
        receives=lambda name: False,
        shards=lambda: nullcontext(no_pool()),
        is_shared=False,
        retry_stalled=lambda: 0,
    )
