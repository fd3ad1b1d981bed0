"""What the web face gets of the process it runs in."""

from collections.abc import Callable
from importlib.metadata import version

from connector.flows.health import Health, JobState, health
from connector.flows.receive import receive
from connector.serving.engines import Engine
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
        skew_of=calls.skew_of,
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


def job_states(engine: Engine) -> tuple[JobState, ...]:
    """How each lane stands, for the health page."""
    state = engine.state()
    running = set(state.running)
    return tuple(
        JobState(job=n.job, key=n.key, running=(n.job, n.key) in running, last_run_at=n.ended.at, last_error=n.ended.error)
        for n in state.lanes
    )
