"""The web face: receivers, health, metrics. Made from parts; it knows no store and no CRM."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from connector.web.answers import dress_answers
from connector.web.bridge import MOST_BYTES, Bridge
from connector.web.events import events_blueprint
from connector.web.health import health_blueprint
from connector.web.hooks import Door, hooks_blueprint
from connector.web.intake import Intake
from connector.web.metrics import metrics_blueprint
from connector.web.openapi import openapi_blueprint
from connector.web.parts import WebParts

if TYPE_CHECKING:
    from a2wsgi.asgi_typing import ASGIApp


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """What a server serves. `flask` answers all that does not come in by the door of `asgi`."""

    flask: Flask
    asgi: "ASGIApp"


def create_face(parts: WebParts, *, traced: bool = False) -> Face:
    """The face, ready for an ASGI server. It reads nothing and starts nothing until the first request.

    `traced`: every request goes through Flask, whose requests are those that traces tell of.
    """
    intake = Intake(parts.receive)
    flask = create_app(parts, intake=intake)
    inside = Bridge(flask)
    # A proxy's own headers are werkzeug's to read, unless the public address is known without them.
    has_door = not traced and (bool(parts.public_url) or not parts.trust_proxy)
    return Face(flask=flask, asgi=Door(parts, intake=intake, inside=inside) if has_door else inside)


def create_app(parts: WebParts, *, intake: Intake) -> Flask:
    """The Flask app: every route there is."""
    app = Flask("hotlead", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]  # DefaultJSONProvider has it; the base class does not say so
    app.register_blueprint(hooks_blueprint(parts, intake=intake))
    app.register_blueprint(events_blueprint(parts, intake=intake))
    app.register_blueprint(health_blueprint(parts, intake=intake))
    app.register_blueprint(metrics_blueprint(parts))
    app.register_blueprint(openapi_blueprint(parts))
    dress_answers(app)
    if parts.trust_proxy:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1, x_prefix=1)  # type: ignore[method-assign]  # Flask's own way
    return app
