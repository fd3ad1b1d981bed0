"""The web face as one WSGI app: receivers, health, metrics. Made from parts; it knows no store and no CRM."""

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from connector.web.answers import dress_answers
from connector.web.events import events_blueprint
from connector.web.health import health_blueprint
from connector.web.hooks import Door, hooks_blueprint, receiver
from connector.web.intake import Intake
from connector.web.metrics import metrics_blueprint
from connector.web.openapi import openapi_blueprint
from connector.web.parts import WebParts

MOST_BYTES = 1024 * 1024
"""The largest body of a route that sets no limit of its own."""


def create_app(parts: WebParts, *, traced: bool = False) -> Flask:
    """The app, ready for a WSGI server. It reads nothing and starts nothing until the first request.

    `traced`: every request goes through Flask, whose requests are those that traces tell of.
    """
    app = Flask("hotlead", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]  # DefaultJSONProvider has it; the base class does not say so
    intake = Intake(parts.receive)
    receive = receiver(parts, intake=intake)
    app.register_blueprint(hooks_blueprint(receive))
    app.register_blueprint(events_blueprint(parts, intake=intake))
    app.register_blueprint(health_blueprint(parts, intake=intake))
    app.register_blueprint(metrics_blueprint(parts))
    app.register_blueprint(openapi_blueprint(parts))
    if not traced:
        app.wsgi_app = Door(receive=receive, inside=app.wsgi_app)  # type: ignore[method-assign, assignment]  # Flask's own way
    dress_answers(app)
    if parts.trust_proxy:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1, x_prefix=1)  # type: ignore[method-assign]  # Flask's own way
    return app
