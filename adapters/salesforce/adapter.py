"""Ties the files of this folder to the `Crm` port; no logic of its own.

Station: found by `adapters.finder` through `KIND`, opened by `connector.bootstrap`.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from adapters.kit.budget import Budget
from adapters.kit.clock import Clock, SystemClock
from adapters.kit.manifest import read_manifest
from adapters.kit.retry import RetryPolicy
from adapters.salesforce.batch import Collections
from adapters.salesforce.catalog import Catalogue
from adapters.salesforce.change_feed import open_feed
from adapters.salesforce.check import Check
from adapters.salesforce.client import SalesforceClient
from adapters.salesforce.org import Org
from adapters.salesforce.provision import Provision
from adapters.salesforce.push_install import PushInstall
from adapters.salesforce.read import Reader
from adapters.salesforce.settings import SETTINGS, SalesforceSettings, read_settings
from adapters.salesforce.tasks import Tasks
from adapters.salesforce.webhooks import SalesforceHooks
from adapters.salesforce.write import Writer
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
from connector.ports.hooks import HintFeed, Hooks
from connector.ports.tokens import TokenShelf

MANIFEST = read_manifest(Path(__file__).parent)


class SalesforceCrm:
    """One connection to one org. Opening it makes no call; the first call logs in."""

    def __init__(
        self,
        *,
        connection: str,
        settings: SalesforceSettings,
        tokens: TokenShelf | None,
        budget: SharedBudget | None,
        clock: Clock,
        policy: RetryPolicy,
    ) -> None:
        self.connection = connection
        self._settings = settings
        self._budget = Budget(connection=connection, clock=clock, shared=budget)
        self._client = SalesforceClient(
            connection=connection, settings=settings, tokens=tokens, clock=clock, budget=self._budget, policy=policy
        )
        self._catalogue = Catalogue(client=self._client)
        self._org = Org(client=self._client)
        self._reader = Reader(client=self._client, field_type=self._catalogue.field_type)
        collections = Collections(client=self._client)
        self._writer = Writer(client=self._client, collections=collections, reader=self._reader)
        self._tasks = Tasks(client=self._client, collections=collections, catalogue=self._catalogue)
        self._provision = Provision(client=self._client, catalogue=self._catalogue, org=self._org)
        self._push = PushInstall(client=self._client, catalogue=self._catalogue, org=self._org)
        self._feed = open_feed(client=self._client)
        self._check = Check(client=self._client, catalogue=self._catalogue, org=self._org, provision=self._provision)

    @property
    def abilities(self) -> Abilities:
        return MANIFEST.abilities

    def identity(self) -> Identity:
        return self._org.identity()

    def catalog(self, *, sources: Sequence[str]) -> Catalog:
        return self._catalogue.catalog(sources=sources)

    def users(self) -> tuple[User, ...]:
        return self._org.users()

    def read(self, ask: Ask) -> Iterator[Page]:
        return self._reader.read(ask)

    def reread(self, *, source: str, ids: Sequence[str], fields: Sequence[str], related: Sequence[str] = ()) -> Iterator[RawRecord]:
        return self._reader.reread(source=source, ids=ids, fields=fields, related=related)

    def write(self, writes: Sequence[Write]) -> Iterator[Outcome]:
        return self._writer.write(writes)

    def make_tasks(self, tasks: Sequence[NewTask]) -> Iterator[Outcome]:
        return self._tasks.make(tasks)

    def task_states(self, keys: Sequence[str]) -> Iterator[TaskState]:
        return self._tasks.states(keys)

    def close_tasks(self, keys: Sequence[str]) -> Iterator[Outcome]:
        return self._tasks.close(keys)

    def plan_install(self) -> tuple[InstallStep, ...]:
        return self._provision.plan()

    def install(self) -> Iterator[InstallStep]:
        return self._provision.install()

    def plan_push(self, *, url: str) -> tuple[InstallStep, ...]:
        return self._push.plan(url=url)

    def install_push(self, *, url: str) -> Iterator[InstallStep]:
        return self._push.install(url=url)

    def check(self, *, reads: Mapping[str, Sequence[str]], writes: Mapping[str, Sequence[str]]) -> tuple[Finding, ...]:
        return self._check.findings(reads=reads, writes=writes)

    def record_url(self, key: RecordKey) -> str:
        if self._settings.base_url:
            return f"{self._settings.base_url}/record/{key.source}/{key.id}"
        return f"https://{self._settings.login_host}/lightning/r/{key.source}/{key.id}/view"

    def feed(self) -> HintFeed | None:
        """Change events, where the settings ask for them and the extra for them is there."""
        return self._feed

    def usage(self) -> Usage:
        return self._budget.usage()

    def close(self) -> None:
        self._client.close()

    def __repr__(self) -> str:
        return f"SalesforceCrm({self.connection!r}, {self._settings.domain!r})"


class SalesforceKind:
    """Salesforce as a kind of CRM."""

    abilities: Abilities = MANIFEST.abilities
    settings: tuple[Setting, ...] = SETTINGS
    sandbox_module: str = MANIFEST.sandbox_module
    hooks: Hooks = SalesforceHooks()

    def open(
        self,
        *,
        connection: str,
        settings: Mapping[str, str],
        tokens: TokenShelf | None = None,
        budget: SharedBudget | None = None,
        clock: Clock | None = None,
        policy: RetryPolicy | None = None,
    ) -> SalesforceCrm:
        """A connection; no call is made. Raises UsageError naming each wrong setting. Clock and retries are for tests."""
        return SalesforceCrm(
            connection=connection,
            settings=read_settings(settings),
            tokens=tokens,
            budget=budget,
            clock=clock or SystemClock(),
            policy=policy or RetryPolicy(),
        )

    def sandbox_settings(self, *, url: str, credentials: Mapping[str, str]) -> Mapping[str, str]:
        """Settings for a running sandbox: its credentials (client credentials flow) and where it listens."""
        return {
            "domain": credentials.get("domain", "sandbox.my"),
            "client_id": credentials["client_id"],
            "client_secret": credentials["client_secret"],
            "base_url": url,
            **({"pubsub_address": credentials["pubsub"], "change_events": "yes"} if "pubsub" in credentials else {}),
        }


KIND = SalesforceKind()
