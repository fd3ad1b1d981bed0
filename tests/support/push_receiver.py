"""A tiny HTTP server that takes pushes, remembers every request whole and answers as it is told. Station: tests, support."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request as it came; header names are lower case."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True, kw_only=True)
class Receiver:
    """What came so far. Answers `status` and `body` after `seconds`, unless `statuses` still names another answer first."""

    url: str = ""
    status: int = 204
    body: bytes = b""
    seconds: float = 0.0
    statuses: list[int] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a free port of this machine, as long as the block runs."""
    receiver, lock = Receiver(), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): text for name, text in self.headers.items()}
            with lock:
                receiver.received.append(Received(path=self.path, headers=headers, body=body))
                status = receiver.statuses.pop(0) if receiver.statuses else receiver.status
                receiver.at_once += 1
                receiver.most_at_once = max(receiver.most_at_once, receiver.at_once)
            time.sleep(receiver.seconds)
            with lock:
                receiver.at_once -= 1
            with suppress(ConnectionError):  # a sender that waited too long is gone by now
                self.send_response(status)
                self.send_header("Content-Length", str(len(receiver.body)))
                self.end_headers()
                self.wfile.write(receiver.body)

        def log_message(self, *_: object) -> None:
            """Writes nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
