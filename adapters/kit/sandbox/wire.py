"""HTTP on the socket for a sandbox: keep-alive, and faults done to the real connection.

Station: sandbox ground. Between the socket and a CRM's Flask app; `faults.py` says which fault meets a call.
"""

from __future__ import annotations

import io
import json
import os
import socket
import struct
import threading
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from werkzeug.serving import WSGIRequestHandler

from adapters.kit.sandbox.faults import FaultRule

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

DRIPS = 10
"""In how many pieces a dripping body comes."""
LOGIN_PAGE = b"<!DOCTYPE html><html><head><title>Login</title></head><body><form>Username Password</form></body></html>"
"""What a proxy or single sign-on puts in place of the API's JSON, with status 200."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer ready to be sent: `headers` in order, `body` whole."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    phrase: str = ""


def json_reply(status: int, body: Any, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    """A reply whose body is `body` as JSON (a str is sent as it is)."""
    text = body if isinstance(body, str) else json.dumps(body)
    names = {name.lower() for name, _ in headers}
    kind = () if "content-type" in names else (("Content-Type", "application/json;charset=UTF-8"),)
    return Reply(status=status, headers=(*kind, *headers), body=text.encode())


class CallDesk(Protocol):
    """What the wire asks about each call; `control.Control` answers."""

    stopping: threading.Event

    def now(self) -> datetime: ...

    def fault_for_call(self, environ: WSGIEnvironment) -> FaultRule | None: ...

    def expired_token_reply(self, environ: WSGIEnvironment) -> Reply: ...


class SandboxHandler(WSGIRequestHandler):
    """One connection. Unlike Werkzeug's own handler it keeps the connection open between calls and logs nothing."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    desk: ClassVar[CallDesk]

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Writes nothing: a bench makes thousands of calls."""

    def run_wsgi(self) -> None:
        """Answers one call, or does to the connection what the fault that meets it says."""
        environ = self.make_environ()
        self._take_body(environ)
        rule = self.desk.fault_for_call(environ)
        kind = rule.kind if rule is not None else ""
        seconds = rule.seconds if rule is not None else 0.0

        if kind in ("timeout_before", "reset_before"):
            self._drop(kind, seconds)
            return
        reply = self._faulty_reply(rule, environ) or answer(self.server.app, environ)
        if kind in ("timeout_after", "reset_after"):
            self._drop(kind, seconds)
            return
        if kind == "cut_body":
            self.close_connection = True
        head, body = self._written(reply, closes=self.close_connection and kind != "cut_body")
        if kind == "cut_body":
            body = body[: len(body) // 2]
        if kind == "drip":
            self._drip(head, body, seconds)
        else:
            # One send: head and body apart would wait for each other's acknowledgement.
            self.wfile.write(head + body)

    def _take_body(self, environ: WSGIEnvironment) -> None:
        # The body is read whole before the app runs: a body the app leaves unread would be taken for the next call.
        if environ.get("wsgi.input_terminated"):
            body = environ["wsgi.input"].read()
        else:
            promised = int(environ.get("CONTENT_LENGTH") or 0)
            body = self.rfile.read(promised)
            if len(body) < promised:
                raise ConnectionAbortedError("the client went away in the middle of its body")
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)

    def _faulty_reply(self, rule: FaultRule | None, environ: WSGIEnvironment) -> Reply | None:
        if rule is None:
            return None
        if rule.kind == "status":
            return json_reply(rule.status, rule.body, rule.headers)
        if rule.kind == "html":
            return Reply(status=200, headers=(("Content-Type", "text/html;charset=UTF-8"),), body=LOGIN_PAGE)
        if rule.kind == "expired_token":
            return self.desk.expired_token_reply(environ)
        return None

    def _written(self, reply: Reply, *, closes: bool) -> tuple[bytes, bytes]:
        lines = [f"HTTP/1.1 {reply.status} {reply.phrase or self.responses.get(reply.status, ('',))[0]}"]
        lines += [f"{name}: {text}" for name, text in reply.headers if name.lower() != "content-length"]
        lines.append(f"Date: {format_datetime(self.desk.now(), usegmt=True)}")
        is_bodiless = reply.status in (204, 304)
        if not is_bodiless:
            lines.append(f"Content-Length: {len(reply.body)}")
        if closes:
            lines.append("Connection: close")
        body = b"" if is_bodiless or self.command == "HEAD" else reply.body
        return "\r\n".join([*lines, "", ""]).encode("latin-1"), body

    def _drip(self, head: bytes, body: bytes, seconds: float) -> None:
        self.wfile.write(head)
        step = max(-(-len(body) // DRIPS), 1)
        for start in range(0, len(body), step):
            self.desk.stopping.wait(seconds / DRIPS)
            self.wfile.write(body[start : start + step])

    def _drop(self, kind: str, seconds: float) -> None:
        self.close_connection = True
        if kind.startswith("timeout"):
            self.desk.stopping.wait(seconds)
        else:
            # Lingering for 0 s makes the kernel send RST instead of FIN; detach, or the reader would keep it open.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())


def answer(app: WSGIApplication, environ: WSGIEnvironment) -> Reply:
    """What `app` answers, taken in whole: when this returns, the app's view has run and committed."""
    status = ""
    headers: list[tuple[str, str]] = []
    written: list[bytes] = []

    def start_response(line: str, fields: list[tuple[str, str]], _exc_info: Any = None) -> Any:
        nonlocal status, headers
        status, headers = line, fields
        return written.append

    chunks = app(environ, start_response)
    try:
        written.extend(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    code, _, phrase = status.partition(" ")
    return Reply(status=int(code), phrase=phrase, headers=tuple(headers), body=b"".join(written))
