"""Who calls: bearer tokens of service keys and private apps, and the scopes each was granted.

Station: HubSpot sandbox. `routing.py` asks it on every call.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from adapters.hubspot.sandbox.errors import expired_token, invalid_token, missing_scopes, no_credentials

ALL_SCOPES: tuple[str, ...] = (
    "oauth",
    *(f"crm.objects.{name}.{verb}" for name in ("contacts", "companies", "deals") for verb in ("read", "write")),
    *(f"crm.schemas.{name}.{verb}" for name in ("contacts", "companies", "deals") for verb in ("read", "write")),
    "crm.objects.owners.read",
    "business-intelligence",
    "behavioral_events.event_definitions.read_write",
    "sales-email-read",
)
"""Scopes a token has when none are named: every one this portal asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One token of the portal. Service keys and private-app tokens do not run out by themselves."""

    text: str
    scopes: frozenset[str]
    app_id: int = 1_357_911
    user_id: int = 2_468_012
    expired: bool = False


def make_token_text(seed: int) -> str:
    """A token in the shape HubSpot gives out, the same for the same seed."""
    return f"pat-na1-{uuid.UUID(int=(0x5EED << 112) | (4 << 76) | (0x8 << 60) | seed, version=4)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppKeys:
    """The app installed in the portal: what it asks its client-credentials tokens with, and signs webhooks with."""

    app_id: int = 1_357_911
    client_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    client_secret: str = field(default_factory=lambda: str(uuid.uuid4()))


class Credentials:
    """The portal's tokens. Those given out while it runs end by `now`."""

    def __init__(self, tokens: tuple[Token, ...], *, now: Callable[[], datetime]) -> None:
        self._tokens: dict[str, Token] = {token.text: token for token in tokens}
        self._ends: dict[str, datetime] = {}
        self._now = now

    def issue(self, token: Token, *, lives: timedelta) -> str:
        """The text of a new token like this one, good for so long."""
        text = f"CJ{uuid.uuid4().hex}"
        self._tokens[text] = replace(token, text=text)
        self._ends[text] = self._now() + lives
        return text

    def caller(self, authorization: str) -> Token:
        """The token of an Authorization header. Raises ApiFault (401)."""
        scheme, _, text = authorization.partition(" ")
        if scheme.lower() != "bearer" or not text.strip():
            raise no_credentials()
        found = self._tokens.get(text.strip())
        if found is None:
            raise invalid_token()
        if found.expired or (found.text in self._ends and self._ends[found.text] <= self._now()):
            raise expired_token()
        return found

    def find(self, text: str) -> Token | None:
        """The token of that text, or None."""
        return self._tokens.get(text)


def need_one_of(token: Token, scopes: tuple[str, ...]) -> None:
    """Raises ApiFault (403 MISSING_SCOPES) unless the token has one of `scopes`; no scopes, no need."""
    if scopes and not token.scopes.intersection(scopes):
        raise missing_scopes(scopes)
