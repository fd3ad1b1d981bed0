"""`hotlead work`: one of any number of processes that take jobs of a PostgreSQL installation; it receives nothing."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack

from connector.bootstrap import opened
from connector.ports.errors import UsageError
from connector.ports.telemetry import NoMeter
from connector.serving.bell import Bell
from connector.serving.station import open_station
from connector.serving.telemetry import open_spans
from connector.settings import Settings

ENDS_WITHIN_S = 25.0
"""A job that has not come to a safe point by then is left as it is: its work is state, and its lease runs out."""


def _leave() -> None:
    """Ends the process, whatever still waits in it."""
    sys.stderr.flush()
    os._exit(0)


def work(settings: Settings, *, threads: int, told: Callable[[str], None]) -> None:
    """Works until SIGTERM or SIGINT; `told` hears the worker's name once it does. Raises UsageError where only one process may write."""
    ending = threading.Event()

    def end(*_: object) -> None:
        ending.set()
        last = threading.Timer(ENDS_WITHIN_S, _leave)
        last.daemon = True
        last.start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    spans = open_spans()
    with ExitStack() as stack:
        stack.callback(spans.flush)
        here = stack.enter_context(opened(settings, command="hotlead work", writing=True))
        if not here.is_shared:
            raise UsageError(
                "On SQLite one process does everything, and that is `hotlead up`.",
                hint="Workers on several machines need PostgreSQL: `hotlead migrate-store` moves this installation there.",
            )
        station = open_station(here, role="work", threads=threads, meter=NoMeter(), bell=Bell(), spans=spans, closing=stack)
        told(station.here.worker)
        ending.wait()
