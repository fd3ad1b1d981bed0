"""Serves the Flask app where the server speaks ASGI: its requests are answered in threads, its bodies read as they come."""

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from a2wsgi import WSGIMiddleware
from flask import Flask

from connector.web.answers import problem, sent

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from a2wsgi.asgi_typing import ASGIApp, Receive, ReceiveEvent, Scope, Send

THREADS = 32
"""Requests answered at once; those that bring something spend their time waiting for a commit that they share."""


PART_S = 10.0
"""A sender that pauses for longer in the middle of a body has left: it would keep a thread for as long as it likes."""


def bridged(flask: Flask, *, part_s: float = PART_S) -> "ASGIApp":
    """The Flask app as an ASGI app."""
    inside = WSGIMiddleware(_whole_bodies(flask), workers=THREADS)  # type: ignore[arg-type]  # it has its own copy of WSGI's types
    unreadable = sent(problem(400, error="malformed"))

    async def outer(scope: "Scope", receive: "Receive", send: "Send") -> None:
        async def next_part() -> "ReceiveEvent":
            # Not `wait_for`: it waits until what it cancels has ended, and what the server gives may not.
            coming: asyncio.Future[ReceiveEvent] = asyncio.ensure_future(receive())
            done, _ = await asyncio.wait({coming}, timeout=part_s)
            if done:
                return coming.result()
            coming.cancel()
            return {"type": "http.disconnect"}

        if scope["type"] == "http" and not scope["query_string"].isascii():
            await send(unreadable.head)
            await send(unreadable.body)
            return
        await inside(scope, next_part, send)

    return outer


def _whole_bodies(flask: Flask) -> "WSGIApplication":
    """Says that a body ends where its stream does, without which werkzeug takes one that announces no length for empty."""

    def outer(environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        environ["wsgi.input_terminated"] = True
        return flask(environ, start_response)

    return outer
