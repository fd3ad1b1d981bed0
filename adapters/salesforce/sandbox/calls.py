"""What every REST call goes through: version, session, daily limit, one transaction, and the headers of the answer.

Station: Salesforce sandbox, between Flask and the views.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from adapters.salesforce.sandbox.errors import ApiRefusal, RowRefusal
from adapters.salesforce.sandbox.oauth import Sessions
from adapters.salesforce.sandbox.org import Org, json_text
from adapters.salesforce.sandbox.records import Writer

OLDEST, NEWEST = 31.0, 68.0
"""API versions served. Source: API End-of-Life policy and release notes, seen November 2026."""
MAX_URI_BYTES = 16_384
"""Length of URI and headers beyond which the real API answers 414 or 431. Source: REST API Developer Guide, limits."""

INNER_CALL = "sandbox.inner_call"
"""Set in the WSGI environ of a composite's subrequest, which is not counted again."""

_DATA_PATH = re.compile(r"/services/data/v([^/]+)(/.*)?")


def guard(app: Flask, org: Org, sessions: Sessions) -> None:
    """Puts the checks before, and the headers after, every call below `/services/data/`."""

    @app.before_request
    def check() -> Response | None:
        if not request.path.startswith("/services/data"):
            return None
        # As it came over the wire: escapes count with all their characters.
        uri_bytes = len(str(request.environ.get("RAW_URI") or request.full_path))
        if uri_bytes > MAX_URI_BYTES:
            return _uri_too_long()
        if sum(len(name) + len(text) for name, text in request.headers) > MAX_URI_BYTES:
            return Response("Request Header Fields Too Large", 431, content_type="text/plain")
        if request.path.rstrip("/") == "/services/data":
            return None
        _check_version(request.path)
        authorization = request.headers.get("Authorization", "")
        if authorization and authorization.partition(" ")[0].lower() not in ("bearer", "oauth"):
            raise ApiRefusal(401, "INVALID_AUTH_HEADER", "INVALID_AUTH_HEADER")
        user_id = sessions.user_of(authorization)
        if user_id is None:
            raise ApiRefusal(401, "INVALID_SESSION_ID", "Session expired or invalid")
        g.user_id = user_id
        if INNER_CALL not in request.environ:
            org.meter.take(org.control.now())
        org.keep_archive_day()
        return None

    @app.after_request
    def mark(response: Response) -> Response:
        if request.path.startswith("/services/data/v"):
            response.headers["Sforce-Limit-Info"] = org.meter.header(org.control.now())
        return response

    @app.errorhandler(ApiRefusal)
    def refused(err: ApiRefusal) -> Response:
        return answer(err.body(), err.status)

    @app.errorhandler(RowRefusal)
    def row_refused(err: RowRefusal) -> Response:
        refusal = err.as_refusal()
        return answer(refusal.body(), refusal.status)

    @app.errorhandler(HTTPException)
    def not_served(err: HTTPException) -> Response:
        if err.code == 405:
            allowed = (
                "HTTP Method '"
                + request.method
                + "' not allowed. Allowed are "
                + ",".join(sorted(getattr(err, "valid_methods", None) or ()))
            )
            return answer(ApiRefusal(405, "METHOD_NOT_ALLOWED", allowed).body(), 405)
        if err.code == 404:
            return answer(ApiRefusal(404, "NOT_FOUND", "The requested resource does not exist").body(), 404)
        return answer(ApiRefusal(err.code or 500, "UNKNOWN_EXCEPTION", err.description or "").body(), err.code or 500)


def data_blueprint(name: str, below: str = "") -> Blueprint:
    """A blueprint for views below `/services/data/vXX.X`; the version is checked by `guard`, not handed to them."""
    routes = Blueprint(name, __name__, url_prefix=f"/services/data/<version>{below}")

    @routes.url_value_preprocessor
    def drop_version(_endpoint: str | None, values: dict[str, Any] | None) -> None:
        (values or {}).pop("version", None)

    return routes


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer; no content when `body` is None."""
    if body is None:
        return Response(status=status, headers=dict(headers or {}))
    return Response(json_text(body), status, dict(headers or {}), content_type="application/json;charset=UTF-8")


def base_path() -> str:
    """The path this call's records' URLs begin with: `/services/data/v66.0`."""
    match = _DATA_PATH.fullmatch(request.path)
    return f"/services/data/v{match[1]}" if match else "/services/data/v66.0"


def api_writer() -> Writer:
    """The user of this call as a writer."""
    return Writer(user_id=g.user_id)


def json_body() -> Any:
    """The call's JSON. Raises 400 JSON_PARSER_ERROR when it is none."""
    try:
        return json.loads(request.get_data() or b"null")
    except ValueError as err:
        raise ApiRefusal(400, "JSON_PARSER_ERROR", f"Unexpected character in JSON: {err}") from err


def json_record() -> dict[str, Any]:
    """The call's JSON record. Raises 400 when the body is something else."""
    body = json_body()
    if not isinstance(body, dict):
        raise ApiRefusal(400, "JSON_PARSER_ERROR", "The HTTP entity body is required, but this request has no entity body.")
    return body


def _check_version(path: str) -> None:
    match = _DATA_PATH.fullmatch(path)
    try:
        version = float(match[1]) if match and re.fullmatch(r"\d+\.0", match[1]) else 0.0
    except ValueError:
        version = 0.0
    if not OLDEST <= version <= NEWEST:
        raise ApiRefusal(404, "NOT_FOUND", "The requested resource does not exist")


def _uri_too_long() -> Response:
    return Response("<h1>Bad Message 414</h1><pre>reason: URI Too Long</pre>", 414, content_type="text/html;charset=utf-8")
