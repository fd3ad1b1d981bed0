"""The one worker process of `hotlead up`: store, receivers, clock and jobs in one place, opened and closed together."""

import os
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from connector.bootstrap import opened
from connector.flows.error_texts import told
from connector.flows.feed import has_feed
from connector.flows.health_states import Arrival
from connector.ports.connections import Connection
from connector.ports.errors import SecretsError
from connector.serving.bell import Bell
from connector.serving.orders import Carrier, OrderDesk
from connector.serving.station import Station, open_station
from connector.serving.telemetry import open_spans
from connector.serving.web import job_states, web_parts
from connector.settings import Settings
from connector.web.app import create_face
from connector.web.metrics import PrometheusMeter
from jobs.embedded import EmbeddedEngine

if TYPE_CHECKING:
    from a2wsgi.asgi_typing import ASGIApp

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
    trouble: str = ""
    """Why it cannot be worked with, and what to do; empty where it can. The others are served."""


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
    app: "ASGIApp"
    closing: ExitStack
    _closing_once: threading.Lock = field(default_factory=threading.Lock)

    def close(self) -> None:
        if self._closing_once.acquire(blocking=False):
            self.closing.close()

    def said(self, port: int) -> Said:
        """What is connected, live and receiving right now, or why it is not."""
        known, road = self.station.known, self.station.road
        connections = tuple(
            said_of(c, receives=known.receives, has_feed=lambda one: has_feed(road, connection=one))
            for c in self.station.here.connections_if_any()
        )
        return Said(port=port, pid=os.getpid(), connections=connections)


def said_of(connection: Connection, *, receives: Callable[[str], bool], has_feed: Callable[[Connection], bool]) -> ConnectionSaid:
    """One connection as it stands. Where its secrets cannot be opened that is said of it, and nothing is raised."""
    said = ConnectionSaid(
        name=connection.name, crm=connection.crm, live=connection.live.value, receiving=False, changes=Arrival.POLLING.value
    )
    try:
        if receives(connection.name):
            return replace(said, receiving=True, changes=Arrival.PUSH.value)
    except SecretsError as error:
        return replace(said, trouble=told(error))
    return replace(said, changes=Arrival.FEED.value) if has_feed(connection) else said


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
        face = create_face(parts, traced=spans.trace_requests)
        spans.around_requests(face.flask)
        return Serving(station=station, app=face.asgi, closing=stack.pop_all())
