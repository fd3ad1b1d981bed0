"""The one worker process of `hotlead up`: store, receivers, clock and jobs in one place, opened and closed together."""

import os
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

import structlog
from flask import Flask

from connector.bootstrap import Installation, opened
from connector.flows.progress import silent
from connector.flows.stopping import Stopping
from connector.flows.write_due import LaneMemory
from connector.ports.telemetry import Meter
from connector.serving.calls import CallCounter
from connector.serving.known import Known, known_of
from connector.serving.names import worker_name
from connector.serving.orders import Carrier, OrderDesk
from connector.serving.web import job_states, web_parts
from connector.settings import Settings
from connector.web.app import create_app
from connector.web.metrics import PrometheusMeter
from jobs.clockwork import Clockwork
from jobs.embedded import EmbeddedEngine
from jobs.leased import LeaseKeeper, release_all
from jobs.pools import PoolShelf
from jobs.presence import Presence, clear_the_dead
from jobs.registry import REGISTRY
from jobs.runner import Runner
from jobs.timetable import Timetable
from jobs.work import Work

COMMAND = "hotlead up"
STOPS_WITHIN = timedelta(seconds=18)
"""How long running jobs have to reach a safe point; with the rest of closing it stays below half a minute."""

log = structlog.get_logger()


@dataclass(slots=True)
class Bell:
    """Passes wakes on to whoever listens by now; what is woken before that is found when the clock starts."""

    listener: Callable[[str, str], None] | None = None

    def ring(self, wakes: frozenset[tuple[str, str]]) -> None:
        if self.listener is not None:
            for job, key in wakes:
                if job in REGISTRY:
                    self.listener(job, key)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSaid:
    """One connection, as the line that says that all is ready shows it."""

    name: str
    crm: str
    live: str
    receiving: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the worker says once it is ready."""

    port: int
    pid: int
    connections: tuple[ConnectionSaid, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """Everything the worker process holds. `close` ends it in order, from any thread, once."""

    here: Installation
    engine: EmbeddedEngine
    leases: LeaseKeeper
    stopping: Stopping
    known: Known
    app: Flask
    closing: ExitStack
    _closing_once: threading.Lock = field(default_factory=threading.Lock)

    def close(self) -> None:
        if self._closing_once.acquire(blocking=False):
            self.closing.close()

    def said(self, port: int) -> Said:
        """What is connected, live and receiving right now."""
        connections = tuple(
            ConnectionSaid(name=c.name, crm=c.crm, live=c.live.value, receiving=self.known.receives(c.name))
            for c in self.here.connections_if_any()
        )
        return Said(port=port, pid=os.getpid(), connections=connections)


def open_serving(settings: Settings, *, carry: Carrier) -> Serving:
    """The worker's parts, working; `carry` carries out commands given elsewhere. Raises what opening a store raises."""
    bell = Bell()
    with ExitStack() as stack:
        here = stack.enter_context(opened(settings, command=COMMAND, writing=True, on_wake=bell.ring))
        release_all(here.store)
        clear_the_dead(here.store)
        name, stopping, meter = worker_name(), Stopping(), PrometheusMeter()
        here = replace(here, worker=name)
        leases = LeaseKeeper(store=here.store, clock=here.clock, worker=name)
        stack.callback(leases.close)
        known = known_of(here)
        pools = PoolShelf(here.pool)
        stack.callback(pools.close)
        work = work_of(here, meter=meter, stopping=stopping, known=known, pools=pools)
        calls = CallCounter(crms=here.crms, meter=meter)
        runner = Runner(work=work, leases=leases, after=calls.note)
        engine = EmbeddedEngine(registry=REGISTRY, run=runner.run, stopping=stopping, threads=settings.job_threads)
        bell.listener = engine.wake
        presence = Presence(store=here.store, clock=here.clock, worker=name, role="up", measured=calls.skews)
        presence.start()
        stack.callback(presence.stop)
        engine.start()
        stack.callback(engine.stop, within=STOPS_WITHIN)
        clockwork = Clockwork(leases=leases, timetable=partial(timetable_of, work, engine.wake))
        clockwork.start()
        stack.callback(clockwork.stop)
        desk = OrderDesk(here=here, engine=engine, leases=leases, carry=carry, changed=known.forget)
        desk.start()
        stack.callback(desk.stop)
        parts = web_parts(here, states=partial(job_states, engine), stopping=stopping, meter=meter, calls=calls, known=known)
        return Serving(
            here=here,
            engine=engine,
            leases=leases,
            stopping=stopping,
            known=known,
            app=create_app(parts),
            closing=stack.pop_all(),
        )


def nothing_stalls() -> int:
    """Jobs end with their process: none is left behind."""
    return 0


def work_of(
    here: Installation,
    *,
    meter: Meter,
    stopping: Stopping,
    known: Known,
    pools: PoolShelf,
    retry_stalled: Callable[[], int] = nothing_stalls,
) -> Work:
    """What the jobs of this process get."""
    return Work(
        road=here.road(progress=silent),
        settings=here.settings,
        meter=meter,
        kinds=here.kinds,
        stopping=stopping,
        memory=LaneMemory(),
        receives=known.receives,
        shards=pools.lend,
        is_shared=here.is_shared,
        retry_stalled=retry_stalled,
    )


def timetable_of(work: Work, wake: Callable[[str, str], None], store: object) -> Timetable:
    """The timetable of one process; it wakes lanes in the process itself, so the fence of its lease has nothing to guard."""
    del store
    return Timetable(registry=REGISTRY, work=work, wake=wake)
