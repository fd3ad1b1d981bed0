"""Lets pushes in before Flask's own routing, contexts and signals, which cost more than verifying a push does.

Station: between the server and the Flask app, for `POST /hooks/…` with plain names. Every other request goes to the Flask app, where the
same receiver stands behind the same addresses.
"""

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import structlog
from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException

from connector.ports.hooks import HookAnswer
from connector.web.answers import answer_to_error, problem

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_ADDRESS = re.compile(r"/hooks/([A-Za-z0-9._~-]+)(?:/([A-Za-z0-9._~-]+))?", re.ASCII)
"""What reads the same decoded and not; other names are Flask's to decode."""
_log = structlog.get_logger("hotlead.hooks")

Receive = Callable[[Request, str, str], HookAnswer | Response]
"""Request, connection, secret part of the address → what the sender hears; a response says why the body was not taken."""


class Door:
    """A WSGI app around another one."""

    def __init__(self, *, receive: Receive, inside: "WSGIApplication") -> None:
        self._receive = receive
        self._inside = inside
        self._known: dict[HookAnswer, tuple[str, tuple[tuple[str, str], ...]]] = {}
        """Status line and headers of the answers that receivers give; each kind of CRM has one."""

    def __call__(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        found = _ADDRESS.fullmatch(environ["PATH_INFO"]) if environ["REQUEST_METHOD"] == "POST" else None
        if found is None:
            return self._inside(environ, start)
        answer = self._answer(Request(environ), found[1], found[2] or "")
        if isinstance(answer, Response):
            return answer(environ, start)
        if answer not in self._known:
            made = answer_of(answer)
            self._known[answer] = (made.status, tuple(made.get_wsgi_headers(environ)))
        status, headers = self._known[answer]
        start(status, list(headers))
        return (answer.body,)

    def _answer(self, request: Request, connection: str, secret: str) -> HookAnswer | Response:
        try:
            return self._receive(request, connection, secret)
        except HTTPException as err:
            return answer_to_error(err)
        except Exception:  # noqa: BLE001 - at the edge of the web face: recorded, and the sender comes again
            _log.exception("a receiver failed", connection=connection)
            return problem(500, error="internal_server_error")


def answer_of(answer: HookAnswer) -> Response:
    return Response(answer.body, status=answer.status, content_type=answer.content_type)
