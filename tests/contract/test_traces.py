"""Traces as a collector gets them: the route of a request and how it ended, and nothing that its sender chose."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from flask import Flask
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from connector.serving.telemetry import ENDPOINT, open_spans

SECRET = "top-secret-of-the-address"
ADDRESS = "203.0.113.77"
BROWSER = "a-browser-like-no-other"
TYPED = "jane@example.com"


@pytest.fixture
def collected(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """What a collector was sent."""
    bodies: list[bytes] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv(ENDPOINT, f"http://127.0.0.1:{server.server_port}")
        yield bodies
        server.shutdown()
        thread.join()


def receiver() -> Flask:
    app = Flask("receiver")

    @app.post("/hooks/<connection>/<secret>")
    def taken(connection: str, secret: str) -> str:
        if connection == "broken":
            raise ValueError(TYPED)
        return secret

    return app


def test_a_collector_learns_the_route_of_a_push_and_nothing_of_its_sender(collected: list[bytes]) -> None:
    spans, app = open_spans(), receiver()
    spans.around_requests(app)
    for path in (f"/hooks/sf/{SECRET}?q={TYPED}", f"/hooks/broken/{SECRET}", f"/nowhere/{SECRET}"):
        app.test_client().post(path, headers={"User-Agent": BROWSER}, environ_base={"REMOTE_ADDR": ADDRESS})
    with spans.around_job("drain", "sf"):
        pass
    spans.flush()

    told = ExportTraceServiceRequest.FromString(b"".join(collected))
    sent = [span for resource in told.resource_spans for scope in resource.scope_spans for span in scope.spans]
    assert [span.name for span in sent] == ["POST /hooks/<connection>/<secret>"] * 2 + ["POST", "job drain"]
    assert {a.key: a.value.int_value for a in sent[0].attributes}["http.status_code"] == 200
    assert {a.key: a.value.string_value for a in sent[3].attributes} == {"hotlead.job": "drain", "hotlead.key": "sf"}
    for chosen in (SECRET, ADDRESS, BROWSER, TYPED):
        assert chosen.encode() not in b"".join(collected), chosen
