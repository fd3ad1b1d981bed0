"""The parts of a web face for its tests: an inbox in memory that may refuse, and a kind of CRM that signs with one header."""

import hmac
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from threading import Event
from typing import Any

from flask.testing import FlaskClient

from connector.flows.health_states import Health, State
from connector.flows.receiving import Hook
from connector.flows.remembered import Remembered
from connector.flows.sites import KnownSite
from connector.ports.errors import StoreError
from connector.ports.hooks import BadEvent, Hint, HookAnswer, HookFault, HookKeys, HookRefused, HookRequest, Hooks
from connector.ports.inbox import Arrived
from connector.ports.telemetry import LABELS, Count, Timing
from connector.web.app import create_app, create_face
from connector.web.intake import Intake
from connector.web.parts import WebParts
from tests.support.asgi import AsgiClient

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
SECRET = "signing-secret"


@dataclass(kw_only=True)
class PlainHooks:
    """Genuine is whose `x-sign` is the HMAC of the address and the body; `x-fault` asks for a refusal."""

    most_bytes: int = 1000
    has_secret_path: bool = False

    def verify(self, request: HookRequest, *, keys: HookKeys) -> None:
        if "x-fault" in request.headers:
            fault = HookFault(request.headers["x-fault"])
            raise HookRefused(fault, status=401)
        if not self.has_secret_path and request.headers.get("x-sign") != sign(request.uri, request.body, secret=keys.secret):
            raise HookRefused(HookFault.FORGED, status=401)

    def kept(self, body: bytes) -> bytes:
        return body.replace(b"session", b"")

    def answer(self) -> HookAnswer:
        return HookAnswer(status=200, body=b"<Ack/>", content_type="text/xml")

    def split(self, body: bytes) -> Iterator[Hint | BadEvent]:
        raise NotImplementedError


def sign(uri: str, body: bytes, *, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), uri.encode() + body, sha256).hexdigest()


@dataclass
class Tally:
    """Fulfils `Meter`; refuses labels that are not those of the port."""

    counts: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def count(self, what: Count, *, by: float = 1, **labels: str) -> None:
        assert tuple(labels) == LABELS[what]
        self.counts[what.value, *labels.values()] += int(by)

    def observe(self, what: Timing, *, seconds: float, **labels: str) -> None:
        raise AssertionError("no route times anything")


@dataclass
class Outside:
    """What stands around the app: `inbox` is what became durable; `trouble` is raised instead of keeping."""

    inbox: list[Arrived] = field(default_factory=list)
    into: Callable[[Sequence[Arrived]], None] | None = None
    """Where bodies go instead of `inbox`."""
    trouble: Exception | None = None
    until: Event | None = None
    """Keeping hangs until then."""
    hooks: dict[str, Hook] = field(default_factory=dict)
    lookup_trouble: StoreError | None = None
    sites: tuple[KnownSite, ...] = ()
    skews: Mapping[str, float] = field(default_factory=dict)
    overloaded: bool = False
    health: Health = field(default_factory=lambda: Health(state=State.OK, version="1", at=NOW, database="ok"))
    tally: Tally = field(default_factory=Tally)
    now: datetime = NOW

    def keep(self, bodies: Sequence[Arrived]) -> None:
        if self.until is not None:
            self.until.wait(timeout=30)
        if self.trouble is not None:
            raise self.trouble
        if self.into is not None:
            self.into(bodies)
        else:
            self.inbox.extend(bodies)

    def find(self, connection: str) -> Hook | None:
        if self.lookup_trouble is not None:
            raise self.lookup_trouble
        return self.hooks.get(connection)

    def client(self, **settings: Any) -> FlaskClient:
        """To the routes."""
        parts = self.parts(**settings)
        return create_app(parts, intake=Intake(parts.receive)).test_client()

    def face(self, *, traced: bool = False, **settings: Any) -> AsgiClient:
        """To the whole face, as a server serves it."""
        return AsgiClient(create_face(self.parts(**settings), traced=traced).asgi)

    def parts(self, **settings: Any) -> WebParts:
        parts = WebParts(
            receive=self.keep,
            hook_of=Remembered(self.find),
            sites=lambda: self.sites,
            skew_of=lambda name: self.skews.get(name),
            overloaded=lambda: self.overloaded,
            health=lambda: self.health,
            meter=self.tally,
            metrics=lambda: b"",
            clock=lambda: self.now,
            version="1.2.3",
        )
        return replace(parts, **settings)


def a_hook(name: str = "crm", *, hooks: Hooks | None = None, path: str = "") -> Hook:
    return Hook(connection=name, hooks=hooks or PlainHooks(), keys=HookKeys(secret=SECRET, accounts=("1",)), path=path)
