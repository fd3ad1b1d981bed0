"""Takes what a CRM pushes, as Flask routes: verifies, keeps the raw body durably, answers, and does nothing else."""

from flask import Blueprint, Response, request
from werkzeug import Request

from connector.ports.hooks import HookAnswer
from connector.web.hooks.reception import NOT_TAKEN, Reception
from connector.web.intake import Intake
from connector.web.parts import WebParts
from connector.web.requests import hook_request, read_body


def hooks_blueprint(parts: WebParts, *, intake: Intake) -> Blueprint:
    """The addresses, for what does not come in by the door."""
    blueprint = Blueprint("hooks", __name__)

    @blueprint.post("/hooks/<connection>")
    @blueprint.post("/hooks/<connection>/<secret>")
    def taken(connection: str, secret: str = "") -> Response:
        reception = Reception(parts)
        try:
            answer = _taken(reception, parts=parts, intake=intake, request=request, connection=connection, secret=secret)
        except NOT_TAKEN as err:
            return reception.not_taken(err)
        return Response(answer.body, status=answer.status, content_type=answer.content_type)

    return blueprint


def _taken(reception: Reception, *, parts: WebParts, intake: Intake, request: Request, connection: str, secret: str) -> HookAnswer:
    reception.require_open()
    hook = reception.let_in(parts.hook_of(connection), secret=secret)
    arrived_at = parts.clock()
    body = read_body(request, most_bytes=hook.hooks.most_bytes)
    intake.put(reception.verified(hook, hook_request(request, body=body, public_url=parts.public_url, arrived_at=arrived_at)))
    return reception.taken(hook)
