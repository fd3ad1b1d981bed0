"""Whether a body was signed by one of the sites, as Standard Webhooks says (standardwebhooks.com, specification 1.0)."""

import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from standardwebhooks import Webhook

from connector.flows.sites import KnownSite
from connector.ports.hooks import HookFault, HookRefused
from connector.ports.sites import Site

TOLERANCE = timedelta(minutes=5)
MOST_SIGNATURES = 10
"""Signatures looked at in one header; a sender in the middle of a rotation sends two."""


def signer_of(body: bytes, *, headers: Mapping[str, str], sites: Sequence[KnownSite], now: datetime) -> Site:
    """The site one of whose secrets signed the body. Header names are lower case. Raises HookRefused where none did, or not just now."""
    id_, stamp, given = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not (id_ and stamp and given):
        raise HookRefused(HookFault.UNSIGNED, status=401)
    signed_at = _instant(stamp)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as err:
        raise HookRefused(HookFault.MALFORMED, status=400) from err
    site = _site(sites, id_=id_, signed_at=signed_at, text=text, given=given.split(" ")[:MOST_SIGNATURES])
    if site is None:
        raise HookRefused(HookFault.FORGED, status=401)
    if signed_at < now - TOLERANCE:
        raise HookRefused(HookFault.STALE, status=401)
    if signed_at > now + TOLERANCE:
        raise HookRefused(HookFault.FROM_THE_FUTURE, status=401)
    return site


def _instant(stamp: str) -> datetime:
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 11):
        raise HookRefused(HookFault.MALFORMED, status=400)
    return datetime.fromtimestamp(int(stamp), tz=UTC)


def _site(sites: Sequence[KnownSite], *, id_: str, signed_at: datetime, text: str, given: Sequence[str]) -> Site | None:
    """Every secret is tried, so that the time taken does not tell which was close."""
    offered = [one.encode("utf-8", "surrogateescape") for one in given]
    found: Site | None = None
    for known in sites:
        for secret in known.secrets:
            expected = Webhook(secret).sign(msg_id=id_, timestamp=signed_at, data=text).encode()
            for one in offered:
                if hmac.compare_digest(expected, one):
                    found = known.site
    return found
