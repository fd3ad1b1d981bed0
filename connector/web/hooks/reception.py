"""What is decided on one push, from its address to its answer. Each way in reads the body and waits by itself.

Logs and metrics carry the connection, the fault, the size and the status, and nothing else of a request.
"""

import hmac

import structlog
from flask import Response

from connector.flows.receiving import Hook
from connector.ports.errors import StoreError
from connector.ports.hooks import HookAnswer, HookFault, HookRefused, HookRequest
from connector.ports.inbox import Arrived
from connector.ports.telemetry import Count
from connector.web.answers import come_back, refused
from connector.web.intake import Overloaded
from connector.web.parts import WebParts

MOST_SKEW_S = 60
"""A clock further off than this is ours to mend: the sender is asked to come back, not turned away."""
SKEW_RETRY_S = 60
NOT_TAKEN = (HookRefused, StoreError, Overloaded)
"""Why a body may not be taken."""
OF_TIME = (HookFault.STALE, HookFault.FROM_THE_FUTURE)
"""Faults that may be those of our clock."""

_NOBODY = "x" * 43
"""What the secret of an address is compared with where there is none; as long as a real one."""
_log = structlog.get_logger("hotlead.hooks")


class Reception:
    """One push. Everything here may raise HookRefused."""

    __slots__ = ("_bytes", "_lane", "_parts")

    def __init__(self, parts: WebParts) -> None:
        self._parts = parts
        self._lane = ""
        self._bytes = 0

    def require_open(self) -> None:
        """Raises Overloaded where nothing is taken in just now."""
        if self._parts.overloaded():
            raise Overloaded

    def let_in(self, hook: Hook | None, *, secret: str) -> Hook:
        """The hook at this address. It is refused alike, and after the same comparison, for no connection and for a wrong secret."""
        expected = hook.path if hook is not None else _NOBODY
        same = hmac.compare_digest(expected.encode(), secret.encode())
        if hook is None or not same:
            raise HookRefused(HookFault.UNKNOWN, status=404)
        self._lane = hook.connection
        return hook

    def verified(self, hook: Hook, request: HookRequest) -> Arrived:
        """What is to be kept of it."""
        self._bytes = len(request.body)
        hook.hooks.verify(request, keys=hook.keys)
        return Arrived(lane=hook.connection, body=hook.hooks.kept(request.body), at=request.arrived_at)

    def taken(self, hook: Hook) -> HookAnswer:
        """What the sender hears now that the body is durable."""
        self._parts.meter.count(Count.RECEIVED, lane=hook.connection)
        return hook.hooks.answer()

    def not_taken(self, why: HookRefused | StoreError | Overloaded) -> Response:
        """What the sender hears instead. Reads the store where the fault is one of time."""
        if not isinstance(why, HookRefused):
            self._told(503, fault=type(why).__name__)
            return come_back()
        self._parts.meter.count(Count.REFUSED, lane=self._lane, fault=why.fault.value)
        if why.fault in OF_TIME and not self._our_clock_is_right():
            self._told(503, fault=why.fault.value)
            return come_back(after_s=SKEW_RETRY_S)
        self._told(why.status, fault=why.fault.value)
        return refused(why)

    def _our_clock_is_right(self) -> bool:
        """False also while nobody knows: to be turned away is final for a sender, to come again costs it a minute."""
        skew_s = self._parts.skew_of(self._lane)
        return skew_s is not None and abs(skew_s) <= MOST_SKEW_S

    def _told(self, status: int, *, fault: str) -> None:
        _log.info("not taken", connection=self._lane, fault=fault, bytes=self._bytes, status=status)
