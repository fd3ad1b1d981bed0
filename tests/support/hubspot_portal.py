"""A HubSpot portal served for a test, and a client of it. Station: tests, support; the sandbox's own tests use it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hubspot import HubSpot
from hubspot.crm.contacts import (
    PublicObjectSearchRequest,
    SimplePublicObjectInputForCreate,
)

from adapters.hubspot.sandbox.app import SandboxApp, make_app
from adapters.hubspot.sandbox.credentials import Token
from adapters.hubspot.sandbox.limits import LimitSettings
from adapters.hubspot.sandbox.portal import PortalSettings
from adapters.hubspot.sandbox.seed import fill
from adapters.kit.sandbox.clock import SandboxClock
from adapters.kit.sandbox.control import Control
from adapters.kit.sandbox.server import serving
from adapters.kit.sandbox.world import World

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
"""The sandbox clock's start; the seeded world stands at this moment too."""

NO_LIMITS = LimitSettings(burst=0, search_rate=0, daily=0)

PEOPLE = 500
"""People in a seeded portal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A portal that is being served, and a client of it."""

    url: str
    made: SandboxApp
    client: Any

    @property
    def headers(self) -> dict[str, str]:
        """What a call without the client sends."""
        return {"Authorization": f"Bearer {self.made.tokens[0].text}"}

    def contact(self, **properties: str) -> str:
        """The id of a new contact."""
        body = SimplePublicObjectInputForCreate(properties=properties, associations=[])
        return str(self.client.crm.contacts.basic_api.create(body).id)

    def search(self, **body: Any) -> Any:
        """What a search of contacts answers."""
        return self.client.crm.contacts.search_api.do_search(PublicObjectSearchRequest(**body))


def world(people: int = PEOPLE) -> World:
    """The world a seeded portal holds."""
    return World(people=people, seed=7, now=NOW)


@contextmanager
def serve_portal(
    *, people: int = 0, limits: LimitSettings = NO_LIMITS, tokens: tuple[Token, ...] = (), tier: str = "enterprise"
) -> Iterator[Served]:
    control = Control(clock=SandboxClock(start=NOW))
    made = make_app(control=control, limits=limits, tokens=tokens, settings=PortalSettings(tier=tier))
    fill(made.portal, world(people))
    with serving(made.app, control=control) as url:
        yield Served(url=url, made=made, client=HubSpot(access_token=made.tokens[0].text, host=url))
