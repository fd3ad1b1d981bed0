"""HubSpot as the product sees a CRM: ties the files of this folder to the port.

Station: HubSpot adapter, front door; the finder imports `KIND`.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

from adapters.hubspot import catalog, check, events, provision, read, write
from adapters.hubspot.client import Hub
from adapters.hubspot.journal import Journal
from adapters.hubspot.journal_client import JournalClient
from adapters.hubspot.reread import reread_objects
from adapters.hubspot.settings import SETTINGS, parse_settings
from adapters.hubspot.tasks import close_tasks, make_tasks, task_states
from adapters.hubspot.webhooks import HubSpotHooks
from adapters.kit.budget import Purpose
from adapters.kit.clock import Clock
from adapters.kit.manifest import read_manifest
from adapters.kit.retry import RetryPolicy
from connector.core.records import RecordKey
from connector.ports.budgets import SharedBudget
from connector.ports.crm import (
    Abilities,
    Ask,
    Catalog,
    Finding,
    Identity,
    InstallStep,
    NewTask,
    Outcome,
    Page,
    RawRecord,
    Setting,
    TaskState,
    Usage,
    User,
    Write,
)
from connector.ports.errors import CrmError
from connector.ports.hooks import HintFeed, Hooks
from connector.ports.tokens import TokenShelf

MANIFEST = read_manifest(Path(__file__).parent)
OBJECT_TYPE_IDS: Mapping[str, str] = {
    "contacts": "0-1", "companies": "0-2", "deals": "0-3", "tasks": "0-27", "notes": "0-46", "meetings": "0-47", "calls": "0-48",
    "emails": "0-49",
}  # fmt: skip
PRODUCTION_ACCOUNT = "STANDARD"
"""HubSpot's accountType of a paying or free portal; the others are sandboxes and developers' test accounts."""


class HubSpotCrm:
    """One connection to one portal. Safe for use by several threads."""

    def __init__(self, hub: Hub, *, journal_client: JournalClient | None = None) -> None:
        self.connection = hub.connection
        self._journal_client = journal_client
        self._journal = Journal(client=journal_client, portal=self._portal_id) if journal_client else None
        self._hub = hub
        self._account: Mapping[str, Any] | None = None
        self._lock = Lock()

    @property
    def abilities(self) -> Abilities:
        return MANIFEST.abilities

    def identity(self) -> Identity:
        """Two calls: the portal's account, and whose key it is where HubSpot says so."""
        account = self._read_account()
        try:
            user = str(self._hub.token_facts().get("userId") or "")
        except CrmError:
            user = ""
        portal = str(account.get("portalId") or "")
        return Identity(
            account=portal,
            name=f"HubSpot portal {portal}",
            user=user,
            base_currency=str(account.get("companyCurrency") or "") or None,
            zone=self._hub.zone or "UTC",
            production=account.get("accountType") == PRODUCTION_ACCOUNT and not self._hub.settings.is_sandbox,
        )

    def catalog(self, *, sources: Sequence[str]) -> Catalog:
        return catalog.read_catalog(self._hub, sources=sources)

    def users(self) -> tuple[User, ...]:
        return catalog.read_users(self._hub)

    def read(self, ask: Ask) -> Iterator[Page]:
        return events.read_events(self._hub, ask) if events.is_event_source(ask.source) else read.read_objects(self._hub, ask)

    def reread(self, *, source: str, ids: Sequence[str], fields: Sequence[str], related: Sequence[str] = ()) -> Iterator[RawRecord]:
        return reread_objects(self._hub, source=source, ids=ids, fields=fields, related=related)

    def write(self, writes: Sequence[Write]) -> Iterator[Outcome]:
        return write.write_records(self._hub, writes)

    def make_tasks(self, tasks: Sequence[NewTask]) -> Iterator[Outcome]:
        return make_tasks(self._hub, tasks)

    def task_states(self, keys: Sequence[str]) -> Iterator[TaskState]:
        return task_states(self._hub, keys)

    def close_tasks(self, keys: Sequence[str]) -> Iterator[Outcome]:
        return close_tasks(self._hub, keys)

    def plan_install(self) -> tuple[InstallStep, ...]:
        return provision.plan_install(self._hub)

    def install(self) -> Iterator[InstallStep]:
        return provision.install(self._hub)

    def plan_push(self, *, url: str) -> tuple[InstallStep, ...]:
        """Nothing: webhooks belong to an app of the admin's, which no API of a connection can make."""
        del url
        return ()

    def install_push(self, *, url: str) -> Iterator[InstallStep]:
        del url
        return iter(())

    def check(self, *, reads: Mapping[str, Sequence[str]], writes: Mapping[str, Sequence[str]]) -> tuple[Finding, ...]:
        return check.check_connection(self._hub, reads=reads, writes=writes)

    def record_url(self, key: RecordKey) -> str:
        """The record's page in HubSpot, or in the sandbox; asks for the portal's address once."""
        base = self._hub.settings.base_url
        if self._hub.settings.is_sandbox:
            return f"{base}/record/{key.source}/{key.id}"
        account = self._account or self._read_account()
        domain = str(account.get("uiDomain") or "app.hubspot.com")
        type_id = OBJECT_TYPE_IDS.get(key.source, key.source)
        return f"https://{domain}/contacts/{account.get('portalId')}/record/{type_id}/{key.id}"

    def feed(self) -> HintFeed | None:
        """The webhooks journal, where the settings name an app for it."""
        return self._journal

    def usage(self) -> Usage:
        return self._hub.budget.usage()

    def close(self) -> None:
        self._hub.close()
        if self._journal_client is not None:
            self._journal_client.close()

    def __repr__(self) -> str:
        return f"HubSpotCrm({self.connection!r})"

    def _portal_id(self) -> str:
        return str((self._account or self._read_account()).get("portalId") or "")

    def _read_account(self) -> Mapping[str, Any]:
        reply = self._hub.call("GET", self._hub.paths.account, purpose=Purpose.CATALOG, essential=True, part="portalId")
        account = reply.body
        with self._lock:
            self._account = account
            self._hub.zone = str(account.get("timeZone") or "")
        return account


class HubSpotKind:
    """What the finder gives for this folder."""

    abilities: Abilities = MANIFEST.abilities
    settings: tuple[Setting, ...] = SETTINGS
    sandbox_module: str = MANIFEST.sandbox_module
    hooks: Hooks = HubSpotHooks()

    def open(
        self,
        *,
        connection: str,
        settings: Mapping[str, str],
        tokens: TokenShelf | None = None,
        budget: SharedBudget | None = None,
        clock: Clock | None = None,
        policy: RetryPolicy | None = None,
    ) -> HubSpotCrm:
        """A connection; no call is made. Raises UsageError naming each wrong setting. Clock and retries are for tests."""
        del tokens  # a service key is pasted, and never renewed: there is none to share
        parsed = parse_settings(connection=connection, settings=settings)
        hub = Hub(connection=connection, settings=parsed, budget=budget, clock=clock, policy=policy)
        journal = None
        if parsed.journal_client_id:
            journal = JournalClient(
                connection=connection, settings=parsed, budget=hub.budget, clock=hub.clock, policy=policy or RetryPolicy()
            )
        return HubSpotCrm(hub, journal_client=journal)

    def sandbox_settings(self, *, url: str, credentials: Mapping[str, str]) -> Mapping[str, str]:
        """Settings for a running sandbox of ours."""
        return {"base_url": url, "token": credentials["access_token"]}


KIND = HubSpotKind()
