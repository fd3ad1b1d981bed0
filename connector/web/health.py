"""`GET /health`: how everything stands, as JSON; `GET /health/live`: that this process answers at all."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, jsonify

from connector.flows.health import State
from connector.web.parts import WebParts

_STATUS = {State.OK: 200, State.DEGRADED: 200, State.DOWN: 503}


def health_blueprint(parts: WebParts) -> Blueprint:
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/health/live")
    def live() -> Response:
        return jsonify({"state": "ok", "version": parts.version})

    @blueprint.get("/health")
    def health() -> Response:
        seen = parts.health()
        answer = jsonify(_plain(asdict(seen)))
        answer.status_code = _STATUS[seen.state]
        return answer

    return blueprint


def _plain(value: Any) -> Any:
    """The same with instants as ISO 8601 in UTC."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
