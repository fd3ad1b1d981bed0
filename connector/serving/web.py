"""What the web face gets of the process it runs in."""

from collections.abc import Callable
from functools import partial
from importlib.metadata import version

from connector.flows.health import health
from connector.flows.health_states import Health, JobState
from connector.flows.receive import receive
from connector.ports.errors import StoreError
from connector.serving.calls import CallCounter
from connector.serving.engines import Engine
from connector.serving.known import Known
from connector.serving.station import Station
from connector.web.parts import WebParts


def web_parts(station: Station, *, states: Callable[[], tuple[JobState, ...]], metrics: Callable[[], bytes]) -> WebParts:
    """What the web face gets of the worker. `states` tells how jobs stand, `metrics` gives what the station's meter has collected."""
    here, known, calls, stopping = station.here, station.known, station.calls, station.stopping

    def how_it_stands() -> Health:
        return health(
            store=here.store,
            now=here.clock(),
            version=version("hotlead"),
            jobs=states(),
            calls=calls.today(),
            receives=known.receives,
        )

    return WebParts(
        receive=lambda bodies: receive(store=here.store, bodies=bodies),
        hook_of=known.hook_of,
        sites=known.sites,
        skew_of=partial(_skew, calls, known),
        overloaded=lambda: stopping.is_asked,
        health=how_it_stands,
        meter=station.meter,
        metrics=metrics,
        clock=here.clock,
        version=version("hotlead"),
        public_url=here.settings.public_url,
        trust_proxy=here.settings.trust_proxy,
        page_views_per_minute=here.settings.page_views_per_minute,
        metrics_token=here.settings.metrics_token.get_secret_value(),
    )


def _skew(calls: CallCounter, known: Known, connection: str) -> float | None:
    """As this process measured it, or another one of this machine did, whose clock is the same."""
    mine = calls.skew_of(connection)
    if mine is not None:
        return mine
    try:
        return known.skew_of(connection)
    except StoreError:
        return None


def job_states(engine: Engine) -> tuple[JobState, ...]:
    """How each lane stands, for the health page."""
    state = engine.state()
    running = set(state.running)
    return tuple(
        JobState(job=n.job, key=n.key, running=(n.job, n.key) in running, last_run_at=n.ended.at, last_error=n.ended.error)
        for n in state.lanes
    )
