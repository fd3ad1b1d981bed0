"""A server on 127.0.0.1 that gives one canned answer a call, for recorded payloads."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit


@contextmanager
def canned_server(answers: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The address of a server that answers by `METHOD /path` with `status`, `headers` and `body`; 404 for any other call.

    `{base}` in a body stands for the server's own address.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = answers.get(f"{self.command} {urlsplit(self.path).path}", {"status": 404, "body": {"message": "no canned answer"}})
            base = f"http://{self.headers['Host']}"
            text = b"" if answer.get("status") == 204 else json.dumps(answer.get("body")).replace("{base}", base).encode()
            begin = self.send_response_only if "Date" in answer.get("headers", {}) else self.send_response
            begin(int(answer.get("status", 200)))
            for name, value in answer.get("headers", {}).items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PATCH = do_PUT = _answer  # noqa: N815  # names that http.server looks for

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
