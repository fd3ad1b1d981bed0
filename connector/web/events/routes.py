"""Takes first-party events: checks who sends and what, keeps the raw body durably, answers 202, and does nothing else.

Logs and metrics carry the lane, the fault, the size and the status, and nothing else of a request.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog
from flask import Blueprint, Response, jsonify, request

from connector.flows.event_shapes import EventsRefused, read_events, read_script_view
from connector.flows.site_envelope import Envelope, Via
from connector.ports.errors import StoreError
from connector.ports.hooks import HookFault, HookRefused
from connector.ports.inbox import SITE, Arrived
from connector.ports.sites import Site
from connector.ports.telemetry import Count
from connector.web.answers import come_back, problem, refused
from connector.web.events.rates import MinuteRate
from connector.web.events.signatures import signer_of
from connector.web.intake import Intake, Overloaded
from connector.web.parts import WebParts
from connector.web.requests import read_body

MOST_BYTES = 1024 * 1024
MOST_SCRIPT_BYTES = 4096
CORS_MAX_AGE_S = 86_400
SCRIPT_MAX_AGE_S = 86_400

TOO_MANY = "too_many"
NO_CONSENT = "no_consent"
WRONG_ORIGIN = "wrong_origin"
"""Faults that only a web page can have."""

_log = structlog.get_logger("hotlead.events")


def events_blueprint(parts: WebParts, *, intake: Intake) -> Blueprint:
    blueprint = Blueprint("events", __name__)
    rate = MinuteRate(most=parts.page_views_per_minute)
    script = (Path(__file__).parent / "site.js").read_bytes()

    @blueprint.post("/events")
    def events() -> Response:
        return _answered(parts, lambda: _from_server(parts, intake=intake))

    @blueprint.post("/events/page", provide_automatic_options=False)
    def page() -> Response:
        return _shared(parts, _answered(parts, lambda: _from_script(parts, intake=intake, rate=rate)))

    @blueprint.route("/events/page", methods=["OPTIONS"])
    def preflight() -> Response:
        answer = Response(status=204)
        answer.headers.update({"Access-Control-Allow-Methods": "POST", "Access-Control-Allow-Headers": "Content-Type"})
        answer.headers["Access-Control-Max-Age"] = str(CORS_MAX_AGE_S)
        return _shared(parts, answer)

    @blueprint.get("/site.js")
    def site_js() -> Response:
        answer = Response(script, content_type="text/javascript; charset=utf-8")
        answer.headers["Cache-Control"] = f"public, max-age={SCRIPT_MAX_AGE_S}, stale-while-revalidate=604800"
        answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        answer.add_etag()
        answer.make_conditional(request)
        return answer

    return blueprint


class _PageRefused(Exception):
    def __init__(self, fault: str, *, status: int) -> None:
        super().__init__(fault)
        self.fault = fault
        self.status = status


def _answered(parts: WebParts, taken: Callable[[], Response]) -> Response:
    """The answer, or what stands in its way as one."""
    try:
        if parts.overloaded():
            raise Overloaded
        answer = taken()
    except EventsRefused as err:
        fields = [{"field": w.field, "problem": w.problem} for w in err.wrong]
        return _told(parts, problem(400, error=HookFault.MALFORMED.value, fields=fields), fault=HookFault.MALFORMED.value)
    except HookRefused as err:
        return _told(parts, refused(err), fault=err.fault.value)
    except _PageRefused as err:
        return _told(parts, problem(err.status, error=err.fault), fault=err.fault)
    except (StoreError, Overloaded) as err:
        _log.info("not taken", lane=SITE, fault=type(err).__name__, status=503)
        return come_back()
    parts.meter.count(Count.RECEIVED, lane=SITE)
    return answer


def _told(parts: WebParts, answer: Response, *, fault: str) -> Response:
    parts.meter.count(Count.REFUSED, lane=SITE, fault=fault)
    _log.info("not taken", lane=SITE, fault=fault, status=answer.status_code)
    return answer


def _from_server(parts: WebParts, *, intake: Intake) -> Response:
    arrived_at = parts.clock()
    body = read_body(request, most_bytes=MOST_BYTES)
    headers = {name.lower(): text for name, text in request.headers.items()}
    site = signer_of(body, headers=headers, sites=parts.sites(), now=arrived_at)
    events = read_events(body, now=arrived_at)
    _keep(intake, Envelope(site=site.name, production=site.production, via=Via.SERVER, body=body), arrived=arrived_at)
    answer = jsonify({"accepted": len(events)})
    answer.status_code = 202
    return answer


def _from_script(parts: WebParts, *, intake: Intake, rate: MinuteRate) -> Response:
    arrived_at = parts.clock()
    body = read_body(request, most_bytes=MOST_SCRIPT_BYTES)
    view = read_script_view(body)
    key = request.args.get("key") or view.key or ""
    site = next((known.site for known in parts.sites() if known.site.public_key == key), None)
    if site is None:
        raise HookRefused(HookFault.UNKNOWN, status=404)
    if request.headers.get("Origin", "") not in site.origins:
        raise _PageRefused(WRONG_ORIGIN, status=403)
    if not rate.takes(key=site.name, address=request.remote_addr or "", now=arrived_at):
        raise _PageRefused(TOO_MANY, status=429)
    if site.needs_consent and not view.consent:
        raise _PageRefused(NO_CONSENT, status=403)
    _keep(intake, Envelope(site=site.name, production=site.production, via=Via.SCRIPT, body=body), arrived=arrived_at)
    return Response(status=202)


def _keep(intake: Intake, envelope: Envelope, *, arrived: datetime) -> None:
    intake.put(Arrived(lane=SITE, body=envelope.wrapped(), at=arrived))


def _shared(parts: WebParts, answer: Response) -> Response:
    """Lets the page read the answer where its origin is one of ours."""
    origin = request.headers.get("Origin", "")
    answer.headers["Vary"] = "Origin"
    if origin and any(origin in site.origins for site in _sites_if_any(parts)):
        answer.headers["Access-Control-Allow-Origin"] = origin
        answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer


def _sites_if_any(parts: WebParts) -> tuple[Site, ...]:
    try:
        return tuple(known.site for known in parts.sites())
    except StoreError:
        return ()
