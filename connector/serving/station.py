"""What every process holds that works on jobs: leases, engine, clock, and its name among the others."""

import gc
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from connector.bootstrap import Installation, database_of
from connector.flows.progress import silent
from connector.flows.road import Road
from connector.flows.stopping import Stopping
from connector.flows.write_lane import LaneMemory
from connector.ports.store import Store, Tx
from connector.ports.telemetry import Meter
from connector.serving.bell import Bell
from connector.serving.calls import CallCounter
from connector.serving.engines import Engine, Wake, distributed_engine, embedded_engine
from connector.serving.keys import key_facts, require_key
from connector.serving.known import Known, known_of
from connector.serving.names import worker_name
from connector.serving.telemetry import Spans
from jobs.clockwork import Clockwork
from jobs.leased import LeaseKeeper, release_all
from jobs.pools import PoolShelf
from jobs.presence import Presence, clear_the_dead
from jobs.registry import REGISTRY
from jobs.runner import Runner
from jobs.timetable import Timetable
from jobs.work import Work

STOPS_WITHIN = timedelta(seconds=15)
"""How long running jobs have to reach a safe point; with the rest of closing it stays below half a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """Working from when it is made until `closing` is closed."""

    here: Installation
    road: Road
    leases: LeaseKeeper
    engine: Engine
    stopping: Stopping
    known: Known
    calls: CallCounter
    meter: Meter


def open_station(here: Installation, *, role: str, threads: int, meter: Meter, bell: Bell, spans: Spans, closing: ExitStack) -> Station:
    """Begins to work. What belongs to dead processes is cleared first, where this one holds the data directory alone."""
    require_key(here)
    if not here.is_shared:
        release_all(here.store)
        clear_the_dead(here.store)
    stopping = Stopping()
    here = replace(here, worker=worker_name())
    leases = LeaseKeeper(store=here.store, clock=here.clock, worker=here.worker)
    closing.callback(leases.close)
    known, calls = known_of(here), CallCounter(crms=here.crms, meter=meter)
    pools = PoolShelf(here.pool)
    closing.callback(pools.close)
    later = _Later()
    work = Work(
        road=here.road(progress=silent),
        settings=here.settings,
        meter=meter,
        kinds=here.kinds,
        stopping=stopping,
        memory=LaneMemory(),
        receives=known.receives,
        shards=pools.lend,
        is_shared=here.is_shared,
        retry_stalled=later.retry_stalled,
    )
    runner = Runner(work=work, leases=leases, span=spans.around_job, after=calls.note)
    if here.is_shared:
        engine: Engine = distributed_engine(url=database_of(here.settings), run=runner.run, stopping=stopping, threads=threads)
    else:
        engine, bell.listener = embedded_engine(run=runner.run, stopping=stopping, threads=threads)
    later.engine = engine
    presence = Presence(
        store=here.store, clock=here.clock, worker=here.worker, role=role, measured=lambda: {**calls.skews(), **key_facts(here)}
    )
    presence.start()
    closing.callback(presence.stop)
    _keep_what_is_there()
    engine.start()
    closing.callback(engine.stop, within=STOPS_WITHIN)
    clockwork = Clockwork(leases=leases, timetable=partial(_timetable, work, bell.listener))
    clockwork.start()
    closing.callback(clockwork.stop)
    closing.callback(here.end_soon)  # before anything is waited for, so that no times add up
    return Station(here=here, road=work.road, leases=leases, engine=engine, stopping=stopping, known=known, calls=calls, meter=meter)


LOOKED_AFTER = (10_000, 20, 50)
"""How much is made before Python looks for cycles that may go; by itself it looks after 700, which costs a pull a twelfth of its CPU."""


def _keep_what_is_there() -> None:
    """It looks no more among all that was opened: each time held everything up for an eighth of a second."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*LOOKED_AFTER)


@dataclass(slots=True)
class _Later:
    """The engine, once there is one: the work that it runs is made before it."""

    engine: Engine | None = None

    def retry_stalled(self) -> int:
        return 0 if self.engine is None else self.engine.retry_stalled()


def _timetable(work: Work, wake: Wake | None, store: Store) -> Timetable:
    """Wakes lanes in this process; or, shared with others, in the queue, as far as the lease of the clock is still held."""
    return Timetable(registry=REGISTRY, work=work, wake=wake or _waking(store))


def _waking(store: Store) -> Callable[[str, str], None]:
    def wake(job: str, key: str) -> None:
        def unit(tx: Tx) -> None:
            tx.wake(job, key=key)

        store.write(unit)

    return wake
