"""A command beside others on the same database: it shows itself, and takes the leases of what it does before it does it."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial

from connector.bootstrap import Installation
from connector.flows.fenced import FencedStore
from connector.ports.errors import StoreBusy
from connector.ports.store import Store
from connector.serving.keys import key_facts
from connector.serving.names import worker_name
from jobs.leased import LeaseBusy, LeaseKeeper
from jobs.presence import Presence

WAITS_S = 120.0
"""How long a command waits for a job that does the same kind of work."""
ASKED_EVERY_S = 0.5


@contextmanager
def sharing(here: Installation, *, role: str, locks: Sequence[str]) -> Iterator[Installation]:
    """The installation with nobody else under these locks, in any process. Raises StoreBusy where somebody keeps one for too long."""
    name = worker_name()
    with ExitStack() as stack:
        presence = Presence(store=here.store, clock=here.clock, worker=name, role=role, measured=partial(key_facts, here))
        presence.start()
        stack.callback(presence.stop)
        leases = LeaseKeeper(store=here.store, clock=here.clock, worker=name)
        stack.callback(leases.close)
        store: Store = here.store
        until = time.monotonic() + WAITS_S
        for lock in sorted(set(locks)):
            store = replace(_waited_for(leases, lock, until=until, stack=stack), store=store)
        yield replace(here, store=store, worker=name)


def _waited_for(leases: LeaseKeeper, lock: str, *, until: float, stack: ExitStack) -> FencedStore:
    while True:
        try:
            return stack.enter_context(leases.under(lock)).store
        except LeaseBusy as busy:
            if time.monotonic() > until:
                raise StoreBusy(
                    f"Another process has been at the same work ('{lock}') for {WAITS_S:.0f} s.",
                    hint="Give the command again later; `hotlead runs` shows what runs.",
                ) from busy
        time.sleep(ASKED_EVERY_S)
