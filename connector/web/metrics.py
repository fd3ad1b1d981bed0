"""`GET /metrics`: what was counted and timed in this process, and how the store stands at this moment, as Prometheus reads it."""

import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence

from flask import Blueprint, Response, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    generate_latest,
    start_http_server,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from connector.flows.health_states import Health, State
from connector.ports.telemetry import LABELS, Count, Timing
from connector.web.answers import problem
from connector.web.parts import WebParts

_COUNTS: Mapping[Count, tuple[str, str]] = {
    Count.RECEIVED: ("hotlead_received", "Requests whose body was durable before they were answered."),
    Count.REFUSED: ("hotlead_refused", "Requests not taken, by why."),
    Count.UNREADABLE: ("hotlead_unreadable", "Events that could not be read and were left out."),
    Count.CALLS: ("hotlead_calls", "Calls to a CRM, by what for."),
    Count.ERRORS: ("hotlead_errors", "Errors that jobs ran into, by class."),
}
_TIMINGS: Mapping[Timing, tuple[str, str, Sequence[float]]] = {
    Timing.LAG: (
        "hotlead_event_to_write_back_seconds",
        "From the arrival of an event to the end of the write-back of its person.",
        (0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 14_400, 86_400),
    ),
    Timing.JOB: ("hotlead_job_seconds", "Runs of jobs.", (0.01, 0.05, 0.1, 0.5, 1, 5, 30, 60, 300, 1800, 7200)),
}
_STATES = {State.OK: 0, State.DEGRADED: 1, State.DOWN: 2}


class PrometheusMeter:
    """Fulfils `ports.telemetry.Meter`. Each has a registry of its own, so that several may live in one process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._counters = {
            what: Counter(name, text, labelnames=LABELS[what], registry=self._registry) for what, (name, text) in _COUNTS.items()
        }
        self._histograms = {
            what: Histogram(name, text, labelnames=LABELS[what], buckets=buckets, registry=self._registry)
            for what, (name, text, buckets) in _TIMINGS.items()
        }

    def count(self, what: Count, *, by: float = 1, **labels: str) -> None:
        counter = self._counters[what]
        (counter.labels(**labels) if labels else counter).inc(by)

    def observe(self, what: Timing, *, seconds: float, **labels: str) -> None:
        histogram = self._histograms[what]
        (histogram.labels(**labels) if labels else histogram).observe(max(0.0, seconds))

    def text(self) -> bytes:
        """Everything collected so far."""
        return generate_latest(self._registry)

    def serve(self, *, host: str, port: int) -> Callable[[], None]:
        """Shows it there, at any path, until what is given back is called. Raises OSError where nobody may listen there."""
        server, thread = start_http_server(port, addr=host, registry=self._registry)

        def close() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        return close


def metrics_blueprint(parts: WebParts) -> Blueprint:
    blueprint = Blueprint("metrics", __name__)

    @blueprint.get("/metrics")
    def metrics() -> Response:
        if not _may_read(request.headers.get("Authorization", ""), token=parts.metrics_token):
            answer = problem(401, error="unauthorized")
            answer.headers["WWW-Authenticate"] = "Bearer"
            return answer
        return Response(parts.metrics() + standing(parts.health()), content_type=CONTENT_TYPE_LATEST)

    return blueprint


def standing(health: Health) -> bytes:
    """How everything stands, as gauges."""
    registry = CollectorRegistry()
    registry.register(_Standing(health))
    return generate_latest(registry)


def _may_read(authorization: str, *, token: str) -> bool:
    return not token or hmac.compare_digest(f"Bearer {token}".encode(), authorization.encode("utf-8", "surrogateescape"))


class _Standing(Collector):
    def __init__(self, health: Health) -> None:
        self._health = health

    def collect(self) -> Iterator[GaugeMetricFamily]:
        health = self._health
        yield _gauge("state", "0 ok, 1 degraded, 2 down.", (), [((), _STATES[health.state])])
        yield _gauge("database_up", "Whether the database can be read.", (), [((), health.database == "ok")])
        if health.database != "ok":
            return
        yield _gauge("waiting", "Waiting work.", ("kind", "name"), [((q.kind, q.name), q.waiting) for q in health.queues])
        yield _gauge(
            "oldest_seconds", "Age of the oldest waiting work.", ("kind", "name"), [((q.kind, q.name), q.oldest_s) for q in health.queues]
        )
        yield _gauge("held_events", "First-party events of people not known yet.", (), [((), health.held_events)])
        yield _gauge("parked_rows", "Rows that could not be written.", (), [((), health.parked)])
        by_code: dict[str, int] = {}
        for cause in health.parked_causes:
            by_code[cause.code] = by_code.get(cause.code, 0) + cause.rows
        yield _gauge(
            "parked_rows_by_code", "The same by the CRM's code, newest thousand.", ("code",), [((c,), n) for c, n in by_code.items()]
        )
        asked = [((q.connection, q.lane.value), q.records) for q in health.questions]
        yield _gauge("asked_records", "Records that wait for somebody's decision, at least.", ("connection", "lane"), asked)
        yield _gauge("scheduler_up", "Whether somebody runs the clock.", (), [((), bool(health.scheduler))])
        yield _gauge("workers_alive", "Processes that have shown themselves lately.", (), [((), sum(w.alive for w in health.workers))])
        yield _gauge(
            "job_failing",
            "Whether the last run of a job failed.",
            ("job", "key"),
            [((j.job, j.key), bool(j.last_error)) for j in health.jobs],
        )
        yield from self._connections()

    def _connections(self) -> Iterator[GaugeMetricFamily]:
        told = self._health.connections
        made = [((c.name,), c.calls_today) for c in told if c.calls_today is not None]
        budget = [((c.name,), c.calls_budget) for c in told if c.calls_budget is not None]
        skew = [((c.name,), c.clock_skew_s) for c in told if c.clock_skew_s is not None]
        pulled = [((c.name,), c.last_pull_at.timestamp()) for c in told if c.last_pull_at is not None]
        yield _gauge("calls_today", "Calls of the day so far.", ("connection",), made)
        yield _gauge("calls_budget", "Calls that may be made in a day.", ("connection",), budget)
        yield _gauge("clock_skew_seconds", "How far our clock is ahead of the CRM's.", ("connection",), skew)
        yield _gauge("last_pull_timestamp_seconds", "When the last pull ended.", ("connection",), pulled)
        yield _gauge("receiving", "Whether pushes are taken.", ("connection",), [((c.name,), c.receiving) for c in told])


def _gauge(name: str, text: str, labels: Sequence[str], values: Sequence[tuple[Sequence[str], float]]) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(f"hotlead_{name}", text, labels=labels)
    for label_values, value in values:
        gauge.add_metric(list(label_values), float(value))
    return gauge
