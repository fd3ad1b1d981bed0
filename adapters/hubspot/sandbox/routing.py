"""From an HTTP call to a view and back: version spellings, tokens, limits, scopes, one turn at the store, JSON.

Station: HubSpot sandbox. The view files register their paths here; `app.py` puts it all together.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter

from adapters.hubspot.sandbox.credentials import Credentials, Token, need_one_of
from adapters.hubspot.sandbox.errors import ApiFault, fault, invalid_request
from adapters.hubspot.sandbox.kinds import Kind, find_kind
from adapters.hubspot.sandbox.limits import Limits
from adapters.hubspot.sandbox.portal import Actor, Portal
from adapters.hubspot.sandbox.reading import mapping, record_number

MAX_URL_CHARS = 8_192
"""A longer URL is answered with 414. Public reports put the real limit at 8 to 16 kB (facts §6.3)."""

PREFIXES: dict[str, tuple[str, ...]] = {
    "objects": ("/crm/v3/objects", "/crm/objects/<dated:version>"),
    "links": ("/crm/v4/objects", "/crm/objects/<dated:version>"),
    "associations": ("/crm/v4/associations", "/crm/associations/<dated:version>"),
    "properties": ("/crm/v3/properties", "/crm/properties/<dated:version>"),
    "owners": ("/crm/v3/owners", "/crm/owners/<dated:version>"),
    "pipelines": ("/crm/v3/pipelines", "/crm/pipelines/<dated:version>"),
    "schemas": ("/crm-object-schemas/v3/schemas", "/crm/v3/schemas", "/crm-object-schemas/<dated:version>/schemas"),
    "events": ("/events/v3/events", "/events/event-occurrences/<dated:version>"),
    "account": ("/account-info/v3", "/account-info/<dated:version>"),
}
"""The spellings each family of paths is served under: numbered and dated versions mean the same here."""


class DatedVersion(BaseConverter):
    """The date-based versions this portal serves."""

    regex = r"2026-(?:03|09)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call as a view sees it: who makes it, its query, its JSON body."""

    token: Token
    body: Any
    query: Mapping[str, list[str]]

    @property
    def actor(self) -> Actor:
        """The API user that writes."""
        return Actor(source_type="INTEGRATION", source_id=str(self.token.app_id), user_id=self.token.user_id)

    def one(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        values = self.query.get(name)
        return values[0] if values else default

    def listed(self, name: str) -> list[str]:
        """A query parameter's values, written apart or joined by commas."""
        return [part for value in self.query.get(name, []) for part in value.split(",") if part]

    def is_on(self, name: str) -> bool:
        """True when a query parameter says true."""
        return self.one(name).lower() == "true"

    def number(self, name: str, default: int) -> int:
        """A whole-number query parameter. Raises ApiFault (400)."""
        text = self.one(name)
        if not text:
            return default
        found = record_number(text)
        if found is None:
            raise invalid_request(f"Invalid value for {name}: {text!r} is not a whole number.")
        return found

    def object_body(self) -> Mapping[str, Any]:
        """The body when it is a JSON object. Raises ApiFault (400)."""
        return mapping(self.body, "the body")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a view answers; a body of None is sent as no content."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


NO_CONTENT = Answer(status=204)

View = Callable[..., Answer]
Needs = Callable[[Mapping[str, str]], tuple[str, ...]]


def no_scope(_arguments: Mapping[str, str]) -> tuple[str, ...]:
    """Any token will do."""
    return ()


def scopes(*names: str) -> Needs:
    """One of these scopes is needed, whatever the path."""
    return lambda _arguments: names


def object_scope(verb: str, *arguments: str) -> Needs:
    """The read or write scope of the object type in the path, e.g. crm.objects.contacts.read."""
    wanted = arguments or ("kind",)

    def needs(given: Mapping[str, str]) -> tuple[str, ...]:
        return tuple(f"crm.objects.{kind_named(given[name]).scope}.{verb}" for name in wanted)

    return needs


def kind_named(spelling: str) -> Kind:
    """The object type of a path segment. Raises ApiFault (400) for one this portal does not have."""
    found = find_kind(spelling)
    if found is None:
        raise invalid_request(f"Unable to infer object type from: {spelling}")
    return found


class Api:
    """Registers views and does for each call what HubSpot does before and after it."""

    def __init__(self, app: Flask, *, portal: Portal, credentials: Credentials, limits: Limits) -> None:
        self.app = app
        self.portal = portal
        self.credentials = credentials
        self.limits = limits
        app.url_map.converters["dated"] = DatedVersion
        app.url_map.strict_slashes = False
        app.register_error_handler(HTTPException, _http_error)

    def serve(self, method: str, family: str, tail: str, view: View, *, needs: Needs, is_search: bool = False) -> None:
        """Serves `view` at `tail` under every spelling of a family of paths."""
        for prefix in PREFIXES[family]:
            self.serve_at(method, prefix + tail, view, needs=needs, is_search=is_search)

    def serve_at(self, method: str, rule: str, view: View, *, needs: Needs, is_search: bool = False) -> None:
        """Serves `view` at one path."""

        def answer(**arguments: str) -> Response:
            arguments.pop("version", None)
            return self._answer(view, arguments, needs=needs, is_search=is_search)

        self.app.add_url_rule(rule, endpoint=f"{method} {rule}", view_func=answer, methods=[method])

    def _answer(self, view: View, arguments: dict[str, str], *, needs: Needs, is_search: bool) -> Response:
        headers: dict[str, str] = {}
        try:
            _refuse_long_url()
            token = self.credentials.caller(request.headers.get("Authorization", ""))
            headers = self.limits.admit(token.text, is_search=is_search)
            need_one_of(token, needs(arguments))
            call = Call(token=token, body=_body(), query=request.args.to_dict(flat=False))
            with self.portal.store.turn(call.actor.author):
                answer = view(call, **arguments)
        except ApiFault as refused:
            return reply(refused.status, refused.body, {**headers, **refused.headers})
        return reply(answer.status, answer.body, {**headers, **answer.headers})


def reply(status: int, body: Any, headers: Mapping[str, str]) -> Response:
    """A JSON reply with HubSpot's usual headers; no content when `body` is None."""
    text = b"" if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    made = Response(text, status=status, content_type="application/json;charset=utf-8")
    made.headers["X-HubSpot-Correlation-Id"] = (body.get("correlationId", "") if isinstance(body, dict) else "") or str(uuid.uuid4())
    for name, value in headers.items():
        made.headers[name] = value
    return made


def _refuse_long_url() -> None:
    if len(request.full_path) > MAX_URL_CHARS:
        raise fault(414, f"URI Too Long: the URL may have {MAX_URL_CHARS} characters.")


def _body() -> Any:
    if request.method in ("GET", "DELETE", "HEAD"):
        return None
    raw = request.get_data()
    if not raw:
        return None
    try:
        return json.loads(raw)
    except ValueError as broken:
        raise fault(400, f"Invalid input JSON on line 1: {broken}", "VALIDATION_ERROR") from None


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if status == 404:
        return reply(404, {"status": "error", "message": "resource not found", "correlationId": str(uuid.uuid4())}, {})
    return reply(status, {"status": "error", "message": error.name, "correlationId": str(uuid.uuid4())}, {})
