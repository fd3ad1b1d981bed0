"""A process that runs jobs one after the other as `hotlead up` would, and ends: so that a kill can be aimed, and what happens is the same.

`python -m tests.support.looks [--later SECONDS] ORDER…` in the folder of an installation. An order is `job:key` to run a job, `look:job`
for the clock to look whether a nightly one is due, `push:lane:FILE` for a body that a receiver takes, `hold:lock` for a lease that is
held for a while, `step:connection:step` for one that is as far live from one moment to the next, or `forget:` for workers that died.
"""

import sys
import threading
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import connector.bootstrap as bootstrap
import connector.flows.feed as feed
import jobs.leased as leased
from connector.bootstrap import Installation
from connector.flows.progress import silent
from connector.flows.receive import receive
from connector.flows.stopping import Stopping
from connector.flows.write_lane import LaneMemory
from connector.ports.connections import LiveStep
from connector.ports.inbox import Arrived
from connector.ports.telemetry import NoMeter
from connector.settings import load_settings
from jobs.leased import LeaseKeeper, release_all
from jobs.pools import PoolShelf
from jobs.presence import Presence, clear_the_dead, forget_the_dead
from jobs.registry import REGISTRY
from jobs.runner import Runner
from jobs.timetable import Timetable
from jobs.work import Work

NAME = "one that looks"
SETTLES_S = 0.4
"""Long enough that a lease is renewed while it is held."""


def main() -> None:
    """Carries out the orders in their order."""
    later, orders = timedelta(0), sys.argv[1:]
    if orders[:1] == ["--later"]:
        later, orders = timedelta(seconds=float(orders[1])), orders[2:]
    told = bootstrap.opened.__wrapped__.__kwdefaults__["clock"]  # type: ignore[attr-defined]  # as the process was told to have it

    def clock() -> datetime:
        moment: datetime = told() + later
        return moment

    leased.RENEWED_EVERY_S = SETTLES_S / 4
    feed.UNIT_EVENTS = 4
    with bootstrap.opened(load_settings(), command="looks", writing=True, clock=clock) as here, ExitStack() as closing:
        release_all(here.store)
        clear_the_dead(here.store)
        work = _work(here, closing)
        leases = LeaseKeeper(store=here.store, clock=clock, worker=NAME)
        closing.callback(leases.close)
        presence = Presence(store=here.store, clock=clock, worker=NAME, role="test", measured=dict)
        presence.start()
        closing.callback(presence.stop)
        for order in orders:
            _carry_out(order, here=here, work=work, leases=leases)


def _work(here: Installation, closing: ExitStack) -> Work:
    pools = PoolShelf(here.pool)
    closing.callback(pools.close)
    return Work(
        road=here.road(progress=silent),
        settings=here.settings,
        meter=NoMeter(),
        kinds=here.kinds,
        stopping=Stopping(),
        memory=LaneMemory(),
        receives=lambda _: True,
        shards=pools.lend,
        is_shared=False,
        retry_stalled=lambda: 0,
    )


def _carry_out(order: str, *, here: Installation, work: Work, leases: LeaseKeeper) -> None:
    what, _, key = order.partition(":")
    if what == "push":
        lane, _, path = key.partition(":")
        receive(store=here.store, bodies=[Arrived(lane=lane, body=Path(path).read_bytes(), at=here.clock())])
    elif what == "look":
        Timetable(registry=REGISTRY, work=work, wake=lambda job, key: None).look(REGISTRY[key])
    elif what == "hold":
        with leases.under(key):
            threading.Event().wait(SETTLES_S)
    elif what == "step":
        name, _, step = key.partition(":")
        live = replace(here.connections([name])[0], live=LiveStep(step))
        here.store.write(lambda tx: tx.connections.put(live))
    elif what == "forget":
        forget_the_dead(store=here.store, now=here.clock())
    else:
        ended = Runner(work=work, leases=leases).run(REGISTRY[what], key)
        sys.stdout.write(f"{order}: {ended.outcome.value} {ended.error}\n")


if __name__ == "__main__":
    main()
