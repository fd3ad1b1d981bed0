"""How HubSpot pushes: whether a request is genuine, and what its events hint at.

Station: HubSpot adapter, fulfils `Hooks`; a receiver verifies with it and keeps the body, the drain splits it later. Source of the
signatures: HubSpot "Validating requests from HubSpot" (v3, and v1 and v2 for legacy apps), seen 2026-11.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta

from adapters.hubspot.webhook_events import UnreadableEvent, event_hints, portal_of
from adapters.kit.signatures import MalformedBody, header_bytes, hmac_sha256_base64, is_same, sha256_hex, strict_json
from connector.ports.crm import Json
from connector.ports.hooks import BadEvent, Hint, HookAnswer, HookFault, HookKeys, HookRefused, HookRequest

MOST_BYTES = 1_048_576
MOST_EVENTS = 100
"""Events of one request ("Webhooks" guide, 2026-11)."""
FRESH_FOR = timedelta(minutes=5)
"""HubSpot's own words: reject a request whose timestamp is older."""
AHEAD_AT_MOST = timedelta(seconds=60)
"""How far a sender's clock may be ahead of ours. HubSpot names no bound; without one, a stolen request could be kept for years."""

SIGNATURE_V3 = "x-hubspot-signature-v3"
TIMESTAMP = "x-hubspot-request-timestamp"
SIGNATURE = "x-hubspot-signature"
SIGNATURE_VERSION = "x-hubspot-signature-version"

_DECODED = {
    b"3A": b":", b"2F": b"/", b"3F": b"?", b"40": b"@", b"21": b"!", b"24": b"$", b"27": b"'", b"28": b"(", b"29": b")", b"2A": b"*",
    b"2C": b",", b"3B": b";",
}  # fmt: skip
"""The only escapes that HubSpot decodes in the address it signs."""
_ESCAPE = re.compile(rb"%(" + b"|".join(_DECODED) + rb")")
_MS = re.compile(r"[0-9]{10,16}", re.ASCII)


class HubSpotHooks:
    """Fulfils `Hooks`. Keeps nothing."""

    most_bytes: int = MOST_BYTES
    has_secret_path: bool = False

    def verify(self, request: HookRequest, *, keys: HookKeys) -> None:
        """Raises HookRefused unless HubSpot signed this request for this app within five minutes, and every event is of our portal.

        The signature comes first: what is called stale, foreign or malformed here was signed by HubSpot.
        """
        if len(request.body) > MOST_BYTES:
            raise HookRefused(HookFault.TOO_LARGE, status=413)
        if not keys.secret:
            raise HookRefused(HookFault.UNKNOWN, status=404)
        if SIGNATURE_V3 in request.headers:
            _verify_v3(request, secret=keys.secret)
        else:
            _verify_legacy(request, secret=keys.secret)
        _verify_portals(request.body, accounts=keys.accounts)

    def kept(self, body: bytes) -> bytes:
        """The body as it came: it holds no credential."""
        return body

    def answer(self) -> HookAnswer:
        """Done, nothing to say."""
        return HookAnswer(status=204)

    def split(self, body: bytes) -> Iterator[Hint | BadEvent]:
        """One hint a record that an event names, in the order of the events."""
        try:
            events = _events(body)
        except MalformedBody:
            yield BadEvent(place=0, reason="not an array of events")
            return
        for place, event in enumerate(events):
            if not isinstance(event, dict) or portal_of(event) is None:
                yield BadEvent(place=place, reason="not an event of a portal")
                continue
            try:
                yield from event_hints(event)
            except UnreadableEvent as unreadable:
                yield BadEvent(place=place, reason=str(unreadable))


def signed_address(address: str) -> bytes:
    """The address as HubSpot signs it (v3): a dozen escapes decoded once, everything else as it came."""
    return _ESCAPE.sub(lambda escape: _DECODED[escape[1]], header_bytes(address))


def _verify_v3(request: HookRequest, *, secret: str) -> None:
    stamp = request.headers.get(TIMESTAMP, "")
    if not request.headers[SIGNATURE_V3] or not stamp:
        raise HookRefused(HookFault.UNSIGNED, status=401)
    message = request.method.encode() + signed_address(request.uri) + request.body + header_bytes(stamp)
    if not is_same(request.headers[SIGNATURE_V3], hmac_sha256_base64(secret, message)) or not _MS.fullmatch(stamp):
        raise HookRefused(HookFault.FORGED, status=401)
    age = timedelta(milliseconds=request.arrived_at.timestamp() * 1000 - int(stamp))
    if age > FRESH_FOR:
        raise HookRefused(HookFault.STALE, status=401)
    if age < -AHEAD_AT_MOST:
        raise HookRefused(HookFault.FROM_THE_FUTURE, status=401)


def _verify_legacy(request: HookRequest, *, secret: str) -> None:
    """v1 and v2, which legacy apps send alone. They carry no time: a replay is found by its events, which have been seen before."""
    given, version = request.headers.get(SIGNATURE, ""), request.headers.get(SIGNATURE_VERSION, "")
    if not given or version not in ("v1", "v2"):
        raise HookRefused(HookFault.UNSIGNED, status=401)
    address = request.method.encode() + header_bytes(request.uri) if version == "v2" else b""
    if not is_same(given, sha256_hex(secret.encode() + address + request.body)):
        raise HookRefused(HookFault.FORGED, status=401)


def _verify_portals(body: bytes, *, accounts: Sequence[str]) -> None:
    try:
        events = _events(body)
    except MalformedBody:
        raise HookRefused(HookFault.MALFORMED, status=400) from None
    portals = {portal_of(event) for event in events} - {None}
    if not portals:
        raise HookRefused(HookFault.MALFORMED, status=400)
    if not portals <= set(accounts):
        raise HookRefused(HookFault.WRONG_ACCOUNT, status=403)


def _events(body: bytes) -> Sequence[Json]:
    told = strict_json(body)
    if not isinstance(told, list) or not 1 <= len(told) <= MOST_EVENTS:
        raise MalformedBody("not an array of 1 to 100")
    return told
