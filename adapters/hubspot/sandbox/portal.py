"""One portal: its store, catalogue, owners, credentials and settings, handed to every view.

Station: HubSpot sandbox, state. Built by `app.py`; holds no rule about records (`records.py`) or paths (the views).
"""

from __future__ import annotations

from dataclasses import dataclass

from adapters.hubspot.sandbox.catalogue import Catalogue
from adapters.hubspot.sandbox.pipelines import PIPELINE_ID, STAGE_BY_ID
from adapters.hubspot.sandbox.stamps import to_ms
from adapters.hubspot.sandbox.store import Store
from adapters.hubspot.sandbox.webhook_changes import Author, RecordNotes
from adapters.kit.sandbox.changes import Changes
from adapters.kit.sandbox.control import Control
from adapters.kit.sandbox.storage import SandboxDatabase
from adapters.kit.sandbox.workflows import WorkflowBook

TIERS = ("free", "professional", "enterprise")


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalSettings:
    """What the options of `python -m adapters.hubspot.sandbox` choose."""

    portal_id: int = 24_681_357
    time_zone: str = "Asia/Tokyo"
    currency: str = "JPY"
    domain: str = "app.hubspot.com"
    tier: str = "enterprise"
    site: str = "https://www.hotlead-sandbox.example"
    """Where the portal's web pages are; page views carry addresses under it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who writes: HubSpot's source type (INTEGRATION for API tokens, CRM_UI for people), source id and user id."""

    source_type: str
    source_id: str
    user_id: int = 0

    @property
    def is_api(self) -> bool:
        """True for a write through the API, which the counters count."""
        return self.source_type == "INTEGRATION"

    @property
    def author(self) -> Author:
        """The same as webhooks name it."""
        return Author(source=self.source_type, source_id=self.source_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A user who can own records."""

    id: int
    user_id: int
    email: str
    first_name: str
    last_name: str
    team: str
    at_ms: int


class Portal:
    """The whole state of the sandbox."""

    def __init__(self, *, database: SandboxDatabase, control: Control, settings: PortalSettings | None = None) -> None:
        self.settings = settings or PortalSettings()
        self.control = control
        self.workflows = WorkflowBook()
        self.changes = Changes(database=database, now=control.now)
        self.store = Store(database, RecordNotes(self.changes))
        with self.store.turn():
            self.catalogue = Catalogue(self.store.connection, now_ms=self.now_ms())
        self._owners: tuple[Owner, ...] = ()

    def now_ms(self) -> int:
        """The sandbox's present in epoch milliseconds."""
        return to_ms(self.control.now())

    def owners(self) -> tuple[Owner, ...]:
        """All owners, by id. Read once; owners come with the seed only."""
        if not self._owners:
            rows = self.store.connection.execute("SELECT id, user_id, email, first_name, last_name, team, at_ms FROM owners ORDER BY id")
            self._owners = tuple(
                Owner(id=r[0], user_id=r[1], email=r[2], first_name=r[3], last_name=r[4], team=r[5], at_ms=r[6]) for r in rows
            )
        return self._owners

    def external_options(self, name: str) -> frozenset[str] | None:
        """Values allowed for a property whose options live outside its definition; None when anything goes."""
        if name == "hubspot_owner_id":
            return frozenset(str(owner.id) for owner in self.owners())
        if name == "dealstage":
            return frozenset(STAGE_BY_ID)
        if name == "pipeline":
            return frozenset({PIPELINE_ID})
        return None
