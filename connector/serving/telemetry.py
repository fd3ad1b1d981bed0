"""OpenTelemetry traces, where the extra `telemetry` is installed and OTEL_EXPORTER_OTLP_ENDPOINT says where they go: jobs and requests."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from flask import Flask

from jobs.runner import Span, no_span

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
SERVICE = "hotlead"


def nothing(app: Flask) -> None:
    """Nobody traces requests."""
    del app


def at_once() -> None:
    """Nothing waits to be sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """Traces of one process; these do nothing."""

    around_job: Span = no_span
    around_requests: Callable[[Flask], None] = nothing
    flush: Callable[[], None] = at_once
    """Sends what waits."""

    @property
    def trace_requests(self) -> bool:
        return self.around_requests is not nothing


def open_spans() -> Spans:
    """Traces as the environment wants them. Begins a thread that sends them where it does."""
    if not os.environ.get(ENDPOINT) or find_spec("opentelemetry.sdk") is None:
        return Spans()
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from connector.serving.plain_spans import PlainExporter

    provider = TracerProvider(resource=Resource.create({"service.name": SERVICE}))
    provider.add_span_processor(BatchSpanProcessor(PlainExporter(OTLPSpanExporter())))
    tracer = provider.get_tracer(SERVICE)

    def around_job(job: str, key: str) -> AbstractContextManager[object]:
        return tracer.start_as_current_span(f"job {job}", attributes={"hotlead.job": job, "hotlead.key": key})

    def around_requests(app: Flask) -> None:
        from opentelemetry.instrumentation.flask import FlaskInstrumentor

        instrument: Any = FlaskInstrumentor()
        instrument.instrument_app(app, tracer_provider=provider, excluded_urls="health,metrics")

    return Spans(around_job=around_job, around_requests=around_requests, flush=provider.shutdown)
