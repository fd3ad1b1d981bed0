"""`hotlead work`: one of any number of processes that take jobs of a PostgreSQL installation; it receives nothing."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from ipaddress import ip_address

from connector.bootstrap import opened
from connector.ports.errors import UsageError
from connector.serving.asked_to_end import once_apart
from connector.serving.bell import Bell
from connector.serving.listening import FIGURES, require_free
from connector.serving.station import open_station
from connector.serving.telemetry import open_spans
from connector.settings import Settings
from connector.web.metrics import PrometheusMeter

ENDS_WITHIN_S = 25.0
"""A job that has not come to a safe point by then is left as it is: its work is state, and its lease runs out."""


def _leave() -> None:
    """Ends the process, whatever still waits in it."""
    sys.stderr.flush()
    os._exit(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FiguresAt:
    """Where a worker shows its figures to Prometheus; port 0 takes a free one. Who reads them there is asked for no token."""

    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Working:
    """What a worker says once it works."""

    worker: str
    figures: str | None
    """The address of its figures; None where it shows none."""


def work(settings: Settings, *, threads: int, told: Callable[[Working], None], figures: FiguresAt | None = None) -> None:
    """Works until SIGTERM or SIGINT. Raises UsageError where only one process may write, or where `figures` cannot be shown."""
    if figures is not None:
        _refuse_unasked(figures, token=settings.metrics_token.get_secret_value())
    ending = threading.Event()

    def end() -> None:
        ending.set()
        last = threading.Timer(ENDS_WITHIN_S, _leave)
        last.daemon = True
        last.start()

    asked = once_apart(end)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, asked)
    spans = open_spans()
    with ExitStack() as stack:
        stack.callback(spans.flush)
        here = stack.enter_context(opened(settings, command="hotlead work", writing=True))
        if not here.is_shared:
            raise UsageError(
                "On SQLite one process does everything, and that is `hotlead up`.",
                hint="Workers on several machines need PostgreSQL: `hotlead migrate-store` moves this installation there.",
            )
        meter = PrometheusMeter()
        shown = None if figures is None else _show(meter, at=figures, closing=stack)
        station = open_station(here, role="work", threads=threads, meter=meter, bell=Bell(), spans=spans, closing=stack)
        told(Working(worker=station.here.worker, figures=shown))
        ending.wait()


def _refuse_unasked(at: FiguresAt, *, token: str) -> None:
    if token and not _is_this_machine(at.host):
        raise UsageError(
            "A worker's figures ask for no token, and `metrics_token` says that figures should.",
            hint="Leave --metrics-host out: this machine alone reads them then, or a proxy on it that asks.",
        )


def _show(meter: PrometheusMeter, *, at: FiguresAt, closing: ExitStack) -> str:
    """Where they are shown until the end."""
    port = require_free(at.host, at.port, named=FIGURES)
    closing.callback(meter.serve(host=at.host, port=port))
    return f"http://{at.host}:{port}/metrics"


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
