"""Lets pushes in on the server's event loop: a thread for each would cost more in switches than verifying and keeping the push does.

Station: between the server and the Flask app, for `POST /hooks/…` with plain names and an announced, moderate length. Every other request
goes to the Flask app, whose routes decide by the same reception. Nothing here may block: what may read the store is asked in a thread.
"""

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from flask import Response
from werkzeug.exceptions import HTTPException

from connector.ports.hooks import HookAnswer, HookRefused, HookRequest
from connector.web.answers import Sent, answer_to_error, problem, sent
from connector.web.hooks.coming import Coming
from connector.web.hooks.lookups import Lookups
from connector.web.hooks.reception import NOT_TAKEN, OF_TIME, Reception
from connector.web.intake import Intake
from connector.web.parts import WebParts
from connector.web.requests import announced_length, headers_by_name, public_uri

if TYPE_CHECKING:
    from a2wsgi.asgi_typing import ASGIApp, HTTPScope, Receive, Scope, Send

MOST_BYTES = 64 * 1024
"""A hundred events of a CRM are well below this; checking more at once would hold up the others on the loop."""
_ADDRESS = re.compile(r"/hooks/([A-Za-z0-9._~-]+)(?:/([A-Za-z0-9._~-]+))?", re.ASCII)
"""What reads the same decoded and not; other names are Flask's to decode."""
_log = structlog.get_logger("hotlead.hooks")


@dataclass(frozen=True, slots=True)
class Push:
    """A request that comes in by the door. Header names are lower case."""

    connection: str
    secret: str
    length: int
    """Of its body, as announced."""
    headers: dict[str, str]
    scope: "HTTPScope"


class Door:
    """An ASGI app around another one."""

    def __init__(self, parts: WebParts, *, intake: Intake, inside: "ASGIApp") -> None:
        self._parts = parts
        self._intake = intake
        self._inside = inside
        self._lookups = Lookups(parts.hook_of)
        self._coming = Coming()
        self._known: dict[HookAnswer, Sent] = {}
        """The answers that receivers give; each kind of CRM has one."""

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        push = push_of(scope) if scope["type"] == "http" else None
        if push is None:
            await self._inside(scope, receive, send)
            return
        answer = await self._answer(push, receive)
        await send(answer.head)
        await send(answer.body)

    async def _answer(self, push: Push, receive: "Receive") -> Sent:
        reception = Reception(self._parts)
        try:
            answer = await self._taken(reception, push, receive)
        except NOT_TAKEN as err:
            may_read = isinstance(err, HookRefused) and err.fault in OF_TIME
            return sent(await asyncio.to_thread(reception.not_taken, err) if may_read else reception.not_taken(err))
        except HTTPException as err:
            return sent(answer_to_error(err))
        except Exception:  # noqa: BLE001 - at the edge of the web face: recorded, and the sender comes again
            _log.exception("a receiver failed", connection=push.connection)
            return sent(problem(500, error="internal_server_error"))
        if answer not in self._known:
            self._known[answer] = sent(Response(answer.body, status=answer.status, content_type=answer.content_type))
        return self._known[answer]

    async def _taken(self, reception: Reception, push: Push, receive: "Receive") -> HookAnswer:
        reception.require_open()
        hook = reception.let_in(await self._lookups.hook_of(push.connection), secret=push.secret)
        arrived_at = self._parts.clock()
        request = HookRequest(
            method=push.scope["method"],
            uri=_uri(push, public_url=self._parts.public_url),
            headers=push.headers,
            body=await self._coming.read(receive, announced=push.length, most_bytes=hook.hooks.most_bytes),
            arrived_at=arrived_at,
        )
        await self._intake.take(reception.verified(hook, request))
        return reception.taken(hook)


def push_of(scope: "HTTPScope") -> Push | None:
    """The push that this is; None where it is not one for the door."""
    found = _ADDRESS.fullmatch(scope["path"]) if scope["method"] == "POST" else None
    if found is None:
        return None
    headers = headers_by_name(scope["headers"])
    length = announced_length(headers)
    if length is None or length > MOST_BYTES:
        return None
    return Push(found[1], found[2] or "", length, headers, scope)


def _uri(push: Push, *, public_url: str) -> str:
    scope = push.scope
    server, port = scope.get("server") or ("", None)
    named = (scope["scheme"], push.headers.get("host", ""), server, str(port or ""), scope.get("root_path", ""), scope["path"])
    return public_uri(named, query=scope["query_string"].decode("latin-1"), public_url=public_url)
