"""The one worker process of `hotlead up`: store, receivers, clock and jobs in one place, opened and closed together."""

import os
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial

from flask import Flask

from connector.bootstrap import opened
from connector.flows.feed import has_feed
from connector.flows.health import Arrival
from connector.ports.connections import Connection
from connector.serving.bell import Bell
from connector.serving.orders import Carrier, OrderDesk
from connector.serving.station import Station, open_station
from connector.serving.telemetry import open_spans
from connector.serving.web import job_states, web_parts
from connector.settings import Settings
from connector.web.app import create_app
from connector.web.metrics import PrometheusMeter
from jobs.embedded import EmbeddedEngine

COMMAND = "hotlead up"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSaid:
    """One connection, as the line that says that all is ready shows it."""

    name: str
    crm: str
    live: str
    receiving: bool
    changes: str
    """How we hear of changes at the soonest: push, feed, polling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the worker says once it is ready."""

    port: int
    pid: int
    connections: tuple[ConnectionSaid, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """Everything the worker process holds. `close` ends it in order, from any thread, once."""

    station: Station
    app: Flask
    closing: ExitStack
    _closing_once: threading.Lock = field(default_factory=threading.Lock)

    def close(self) -> None:
        if self._closing_once.acquire(blocking=False):
            self.closing.close()

    def _changes(self, connection: Connection) -> Arrival:
        if self.station.known.receives(connection.name):
            return Arrival.PUSH
        return Arrival.FEED if has_feed(self.station.road, connection=connection) else Arrival.POLLING

    def said(self, port: int) -> Said:
        """What is connected, live and receiving right now."""
        known = self.station.known
        connections = tuple(
            ConnectionSaid(
                name=c.name,
                crm=c.crm,
                live=c.live.value,
                receiving=known.receives(c.name),
                changes=self._changes(c).value,
            )
            for c in self.station.here.connections_if_any()
        )
        return Said(port=port, pid=os.getpid(), connections=connections)


def open_serving(settings: Settings, *, carry: Carrier) -> Serving:
    """The worker's parts, working; `carry` carries out commands given elsewhere. Raises what opening a store raises."""
    bell, meter, spans = Bell(), PrometheusMeter(), open_spans()
    with ExitStack() as stack:
        stack.callback(spans.flush)
        here = stack.enter_context(opened(settings, command=COMMAND, writing=True, on_wake=bell.ring))
        station = open_station(here, role="up", threads=settings.job_threads, meter=meter, bell=bell, spans=spans, closing=stack)
        if isinstance(station.engine, EmbeddedEngine):
            desk = OrderDesk(here=station.here, engine=station.engine, leases=station.leases, carry=carry, changed=station.known.forget)
            desk.start()
            stack.callback(desk.stop)
        parts = web_parts(station, states=partial(job_states, station.engine), metrics=meter.text)
        app = create_app(parts, traced=spans.trace_requests)
        spans.around_requests(app)
        return Serving(station=station, app=app, closing=stack.pop_all())
