"""Serves the Flask app where the server speaks ASGI: a body is read on the event loop, and only a whole one takes a thread.

So a sender that is slow, or has left in the middle, keeps no thread from the others.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO, RawIOBase
from typing import TYPE_CHECKING, Any

from a2wsgi.wsgi import build_environ
from flask import Flask
from werkzeug.test import run_wsgi_app

from connector.web.answers import Sent, as_sent, come_back, problem, sent
from connector.web.requests import announced_length, headers_by_name

if TYPE_CHECKING:
    from a2wsgi.asgi_typing import HTTPScope, Receive, Scope, Send

THREADS = 32
"""Requests answered at once; those that bring something spend their time waiting for a commit that they share."""
MOST_BYTES = 1024 * 1024
"""Of one body: no route takes more. What announces more is not read at all, and the route says why."""
MOST_BYTES_AT_ONCE = 32 * 1024 * 1024
"""Of all bodies that are there at once; whoever comes beyond that is asked to come again."""
PART_S = 10.0
"""A sender that pauses for longer in the middle of a body has left."""


class Bridge:
    """The Flask app as an ASGI app."""

    def __init__(self, flask: Flask, *, part_s: float = PART_S) -> None:
        self._flask = flask
        self._part_s = part_s
        self._bytes = 0
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="hotlead-web")

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] != "http":
            return
        answer = await self._answer(scope, receive)
        await send(answer.head)
        await send(answer.body)

    async def _answer(self, scope: "HTTPScope", receive: "Receive") -> Sent:
        if not scope["query_string"].isascii():
            return sent(problem(400, error="malformed"))
        most = _most_to_read(scope)
        if self._bytes + most > MOST_BYTES_AT_ONCE:
            return sent(come_back())
        self._bytes += most
        try:
            body = await self._read(receive, most=most)
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._answered, scope, body)
        finally:
            self._bytes -= most

    async def _read(self, receive: "Receive", *, most: int) -> bytes | None:
        """The body, never more than one part beyond `most`; None where its rest did not come in time."""
        parts, length, more = [], 0, most > 0
        while more and length < most:
            # Not `wait_for`: it waits until what it cancels has ended, and what the server gives may not.
            coming: asyncio.Future[Any] = asyncio.ensure_future(receive())
            done, _ = await asyncio.wait({coming}, timeout=self._part_s)
            if not done:
                coming.cancel()
                return None
            message = coming.result()
            if message["type"] == "http.disconnect":
                return None
            parts.append(message.get("body", b""))
            length += len(parts[-1])
            more = message.get("more_body", False)
        return b"".join(parts)

    def _answered(self, scope: "HTTPScope", body: bytes | None) -> Sent:
        environ: Any = build_environ(scope, _BrokenOff() if body is None else BytesIO(body))  # type: ignore[arg-type]  # it only passes the body on
        # Else werkzeug takes a body that announces no length for empty.
        environ["wsgi.input_terminated"] = True
        parts, status, headers = run_wsgi_app(self._flask, environ, buffered=True)
        return as_sent(int(status.split(" ", 1)[0]), headers.items(), b"".join(parts))


class _BrokenOff(RawIOBase):
    """A body whose rest did not come: as from any server, reading it fails, so that nobody takes its beginning for the whole."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        del buffer
        raise ConnectionAbortedError("the sender left in the middle of the body")


def _most_to_read(scope: "HTTPScope") -> int:
    """Bytes of the body that are read at most: one more than may be, so that a route sees that it is too long."""
    headers = headers_by_name(scope["headers"])
    announced = announced_length(headers)
    if announced is None:
        return MOST_BYTES + 1 if "transfer-encoding" in headers else 0
    return announced if announced <= MOST_BYTES else 0
