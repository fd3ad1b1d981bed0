"""Takes what a CRM pushes: verifies, keeps the raw body durably, answers, and does nothing else.

Logs and metrics carry the connection, the fault, the size and the status, and nothing else of a request.
"""

import hmac

import structlog
from flask import Blueprint, request
from werkzeug import Request, Response

from connector.flows.receiving import Hook
from connector.ports.errors import StoreError
from connector.ports.hooks import HookAnswer, HookFault, HookRefused
from connector.ports.inbox import Arrived
from connector.ports.telemetry import Count
from connector.web.answers import come_back, refused
from connector.web.hooks.door import Receive, answer_of
from connector.web.intake import Intake, Overloaded
from connector.web.parts import WebParts
from connector.web.requests import hook_request, read_body

MOST_SKEW_S = 60
"""A clock further off than this is ours to mend: the sender is asked to come back, not turned away."""
SKEW_RETRY_S = 60

_NOBODY = "x" * 43
"""What the secret of an address is compared with where there is none; as long as a real one."""
_log = structlog.get_logger("hotlead.hooks")


def hooks_blueprint(receive: Receive) -> Blueprint:
    """The addresses, for what does not come in by the door."""
    blueprint = Blueprint("hooks", __name__)

    @blueprint.post("/hooks/<connection>")
    @blueprint.post("/hooks/<connection>/<secret>")
    def taken(connection: str, secret: str = "") -> Response:
        answer = receive(request, connection, secret)
        return answer if isinstance(answer, Response) else answer_of(answer)

    return blueprint


def receiver(parts: WebParts, *, intake: Intake) -> Receive:
    """Takes one request, from its address to its answer. Raises what werkzeug raises on a request that is none."""

    def receive(request: Request, connection: str, secret: str) -> HookAnswer | Response:
        return _Receiver(parts=parts, intake=intake, request=request).answer(connection, secret=secret)

    return receive


class _Receiver:
    """One request from its address to its answer."""

    def __init__(self, *, parts: WebParts, intake: Intake, request: Request) -> None:
        self._parts = parts
        self._intake = intake
        self._request = request
        self._lane = ""
        self._bytes = 0

    def answer(self, connection: str, *, secret: str) -> HookAnswer | Response:
        try:
            return self._taken(connection, secret=secret)
        except HookRefused as err:
            return self._refused(err)
        except (StoreError, Overloaded) as err:
            self._told(503, fault=type(err).__name__)
            return come_back()

    def _taken(self, connection: str, *, secret: str) -> HookAnswer:
        parts, request = self._parts, self._request
        if parts.overloaded():
            raise Overloaded
        hook = _meant(parts.hook_of(connection), secret=secret)
        self._lane = hook.connection
        arrived_at = parts.clock()
        body = read_body(request, most_bytes=hook.hooks.most_bytes)
        self._bytes = len(body)
        hook.hooks.verify(hook_request(request, body=body, public_url=parts.public_url, arrived_at=arrived_at), keys=hook.keys)
        self._intake.put(Arrived(lane=hook.connection, body=hook.hooks.kept(body), at=arrived_at))
        parts.meter.count(Count.RECEIVED, lane=hook.connection)
        return hook.hooks.answer()

    def _refused(self, err: HookRefused) -> Response:
        self._parts.meter.count(Count.REFUSED, lane=self._lane, fault=err.fault.value)
        if err.fault in (HookFault.STALE, HookFault.FROM_THE_FUTURE) and not self._our_clock_is_right():
            self._told(503, fault=err.fault.value)
            return come_back(after_s=SKEW_RETRY_S)
        self._told(err.status, fault=err.fault.value)
        return refused(err)

    def _our_clock_is_right(self) -> bool:
        """False also while nobody knows: to be turned away is final for a sender, to come again costs it a minute."""
        skew_s = self._parts.skew_of(self._lane)
        return skew_s is not None and abs(skew_s) <= MOST_SKEW_S

    def _told(self, status: int, *, fault: str) -> None:
        _log.info("not taken", connection=self._lane, fault=fault, bytes=self._bytes, status=status)


def _meant(hook: Hook | None, *, secret: str) -> Hook:
    """The hook at this address. Raises HookRefused alike, and after the same comparison, for no connection and for a wrong secret."""
    expected = hook.path if hook is not None else _NOBODY
    same = hmac.compare_digest(expected.encode(), secret.encode())
    if hook is None or not same:
        raise HookRefused(HookFault.UNKNOWN, status=404)
    return hook
