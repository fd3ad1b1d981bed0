"""`/_sandbox/pushes`: who is told of changes, how it goes, and what goes wrong on purpose.

Station: sandbox ground, over `pushes.py`.
"""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from adapters.kit.sandbox.pushes import Pushes


def push_routes(pushes: Pushes) -> Blueprint:
    """The routes; the body of a subscription is the CRM's own (its README)."""
    routes = Blueprint("sandbox_pushes", __name__, url_prefix="/_sandbox/pushes")

    @routes.get("", strict_slashes=False)
    def listed() -> Response:
        return jsonify(pushes.listed())

    @routes.post("", strict_slashes=False)
    def subscribe() -> tuple[Response, int]:
        return jsonify(number=pushes.subscribe(_asked())), 201

    @routes.delete("", strict_slashes=False)
    def clear() -> Response:
        pushes.clear()
        return jsonify(pushes.listed())

    @routes.delete("/<int:number>")
    def unsubscribe(number: int) -> Response:
        pushes.unsubscribe(number)
        return jsonify(pushes.listed())

    @routes.put("/<int:number>/mischief")
    def misbehave(number: int) -> Response:
        pushes.misbehave(number, _asked())
        return jsonify(pushes.listed())

    @routes.put("/proxies")
    def set_proxies() -> Response:
        pushes.set_proxies({str(base): str(via) for base, via in _asked().items()})
        return jsonify(pushes.listed())

    @routes.post("/flush")
    def flush() -> Response:
        return jsonify(pushes.flush())

    @routes.errorhandler(LookupError)
    def unknown(error: LookupError) -> tuple[Response, int]:
        return jsonify(error=f"no subscriber {error}"), 404

    @routes.errorhandler(ValueError)
    def bad_request(error: ValueError) -> tuple[Response, int]:
        return jsonify(error=str(error)), 400

    return routes


def _asked() -> dict[str, object]:
    body = request.get_json()
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")
    return body
