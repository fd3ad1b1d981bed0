"""Traces leave this process without anything that a sender or a record chose: of a request its route and how it ended, and no more.

Station: before the exporter. A path may hold the secret of an address, and an address or a browser belongs to a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, Status

KEPT = frozenset(
    {
        "hotlead.job",
        "hotlead.key",
        "http.method",
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "http.status_code",
    }
)
"""Attributes that go out."""


@dataclass(frozen=True, slots=True)
class PlainExporter(SpanExporter):
    """Hands each span on with no other attributes than these, and with no text of an error."""

    inside: SpanExporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self.inside.export([_plain(span) for span in spans])

    def shutdown(self) -> None:
        self.inside.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self.inside.force_flush(timeout_millis)


def _plain(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=_name(span),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes={name: value for name, value in (span.attributes or {}).items() if name in KEPT},
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _name(span: ReadableSpan) -> str:
    """That of a request is made anew: where no route fits, it holds the whole path."""
    if span.kind is not SpanKind.SERVER:
        return span.name
    told = span.attributes or {}
    method = told.get("http.request.method", told.get("http.method", ""))
    return f"{method} {told.get('http.route', '')}".strip()
