"""Answers that several routes give, and what every answer carries."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from connector.ports.hooks import HookRefused

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

COME_BACK_S = 5
"""After how long a sender that was turned away for our sake may come again."""

_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cache-Control": "no-store",
}
"""An answer that says otherwise keeps what it says."""
_ADDED = tuple((name.lower(), (name, text)) for name, text in _SECURITY.items())


def problem(status: int, *, error: str, **more: object) -> Response:
    """An error as JSON: a word that machines read, and what else helps the sender; never a value that the sender gave."""
    body = json.dumps({"error": error, **more}, separators=(",", ":")) + "\n"
    return Response(body, status=status, content_type="application/json")


def refused(err: HookRefused) -> Response:
    return problem(err.status, error=err.fault.value)


def come_back(*, after_s: int = COME_BACK_S) -> Response:
    """Not now, for a reason of ours."""
    answer = problem(503, error="come_back")
    answer.headers["Retry-After"] = str(after_s)
    return answer


def answer_to_error(err: HTTPException) -> Response:
    """The error as JSON without details."""
    status = err.code or 500
    answer = problem(status, error=HTTPStatus(status).phrase.lower().replace(" ", "_"))
    allow = err.get_response().headers.get("Allow")
    if allow:
        answer.headers["Allow"] = allow
    return answer


def dressed(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers of an answer with those that every answer carries."""
    given = list(headers)
    said = {name.lower() for name, _ in given}
    return [*given, *(pair for lower, pair in _ADDED if lower not in said)]


@dataclass(frozen=True, slots=True)
class Sent:
    """An answer as ASGI has it: its two messages."""

    head: Any
    body: Any


def sent(answer: Response) -> Sent:
    """The answer as ASGI has it, dressed."""
    return as_sent(answer.status_code, dressed(answer.get_wsgi_headers({}).items()), answer.get_data())


def as_sent(status: int, headers: Iterable[tuple[str, str]], body: bytes) -> Sent:
    plain = [(name.lower().encode("latin-1"), text.encode("latin-1")) for name, text in headers]
    return Sent(head={"type": "http.response.start", "status": status, "headers": plain}, body={"type": "http.response.body", "body": body})


def dress_answers(app: Flask) -> None:
    """Every answer gets the security headers; every error that no route answered itself becomes JSON without details."""
    app.register_error_handler(HTTPException, answer_to_error)
    app.wsgi_app = _dressing(app.wsgi_app)  # type: ignore[method-assign, assignment]  # Flask's own way


def _dressing(inner: "WSGIApplication") -> "WSGIApplication":
    """Adds the headers where the answer leaves the app: for each answer this costs a tenth of what Flask's own hook does."""

    def outer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *failure: Any) -> Callable[[bytes], object]:
            return start_response(status, dressed(headers), *failure)

        return inner(environ, start)

    return outer
