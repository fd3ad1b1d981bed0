"""Serves the Flask app where the server speaks ASGI: its requests are answered in threads, its bodies read as they come."""

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


def bridged(flask: Flask) -> "ASGIApp":
    """The Flask app as an ASGI app."""
    inside = WSGIMiddleware(_whole_bodies(flask), workers=THREADS)  # type: ignore[arg-type]  # it has its own copy of WSGI's types
    unreadable = sent(problem(400, error="malformed"))

    async def outer(scope: "Scope", receive: "Receive", send: "Send") -> None:
        async def next_part() -> "ReceiveEvent":
            # What granian gives can be awaited, but is no coroutine, which a2wsgi needs it to be.
            return await receive()

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
