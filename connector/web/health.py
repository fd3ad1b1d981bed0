"""`GET /health`: how everything stands, as JSON or as a page for people; `GET /health/live`: that this process answers at all.

`GET /`, the address that `hotlead up` prints, leads there.
"""

from base64 import b64encode
from dataclasses import asdict, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from connector.flows.health_states import Health, State
from connector.web.health_page import health_page
from connector.web.intake import Intake
from connector.web.parts import WebParts

_STATUS = {State.OK: 200, State.DEGRADED: 200, State.DOWN: 503}
_TEMPLATES = Path(__file__).parent / "templates"


def health_blueprint(parts: WebParts, *, intake: Intake) -> Blueprint:
    blueprint = Blueprint("health", __name__, template_folder=str(_TEMPLATES))
    style = (_TEMPLATES / "health.css").read_text(encoding="utf-8")

    @blueprint.get("/")
    def front() -> BaseResponse:
        return redirect("health")

    @blueprint.get("/health/live")
    def live() -> Response:
        return jsonify({"state": "ok", "version": parts.version})

    @blueprint.get("/health")
    def health() -> Response:
        seen = _with_intake(parts.health(), trouble=intake.trouble)
        answer = _page(seen, style=style) if _asks_for_a_page() else jsonify(_plain(asdict(seen)))
        answer.status_code = _STATUS[seen.state]
        answer.headers["Vary"] = "Accept"
        return answer

    return blueprint


def _with_intake(seen: Health, *, trouble: str) -> Health:
    """Reading may work where writing does not: a full disk shows only when something is to be kept."""
    if not trouble:
        return seen
    state = State.DEGRADED if seen.state is State.OK else seen.state
    told = f"What came in last could not be kept, and its senders were asked to come again: {trouble}"
    return replace(seen, state=state, warnings=(told, *seen.warnings))


def _asks_for_a_page() -> bool:
    accepted = request.accept_mimetypes
    return accepted["text/html"] > accepted["application/json"]


def _page(seen: Health, *, style: str) -> Response:
    text = render_template("health.html", page=health_page(seen, address=request.url), style=Markup(style))  # noqa: S704 - our own file
    digest = b64encode(sha256(style.encode()).digest()).decode("ascii")
    answer = Response(text, content_type="text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
    return answer


def _plain(value: Any) -> Any:
    """The same with instants as ISO 8601 in UTC."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
