"""The only place that chooses: which store, which CRMs, which processes. Everything above works with the ports it gives out.

What is chosen is imported when it is opened: a database and cryptography take longer to load than `hotlead --help` to answer.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.finder import crm_kinds
from connector.flows.connect import open_crm
from connector.flows.progress import Progress, Step
from connector.flows.road import Road
from connector.flows.tokens import StoredTokens
from connector.ports.budgets import Budgets
from connector.ports.connections import Connection, KeyFile, Vault
from connector.ports.crm import Crm, CrmKind
from connector.ports.errors import UsageError
from connector.ports.store import ShardPool, Store
from connector.ports.tokens import TokenShelf
from connector.settings import FILE_NAME, PREFIX, Settings
from connector.settings_file import with_setting

if TYPE_CHECKING:
    from connector.store.move import StoreMove
    from connector.store.sql_store import Enqueue

Clock = Callable[[], datetime]
OnWake = Callable[[frozenset[tuple[str, str]]], None]
"""Hears which jobs, at which keys, should look, once what they are to look at is durable."""


def wall_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """An opened data directory with everything a flow may ask for. Made by `opened`, which closes it and what it gave out."""

    settings: Settings
    store: Store
    kinds: Mapping[str, CrmKind]
    clock: Clock
    closing: ExitStack
    worker: str = ""
    """This process among those that share the store; empty where it is alone."""
    budgets: Budgets
    """Where all who call a CRM for this installation draw their calls from."""
    tokens: TokenShelf | None = None
    """Where access tokens are shared; None where nothing may be written."""
    crms: dict[str, Crm] = field(default_factory=dict)
    """The connections opened last, by name."""
    end_soon: Callable[[], None] = lambda: None
    """Tells the store that the process ends: nothing waits long any more for a database that is away."""

    @property
    def is_shared(self) -> bool:
        """Whether other processes may write to the same database."""
        from connector.store.engine import sqlite_path

        return sqlite_path(database_of(self.settings)) is None

    @property
    def vault(self) -> Vault:
        """Opens credentials with the key of the settings, else of the data directory. Raises SecretsError where there is none that fits."""
        from connector.store.vault import open_vault

        return open_vault(self.settings.data_dir, keys=given_keys(self.settings))

    @property
    def key_file(self) -> KeyFile | None:
        """The file that holds the keys; None where the settings give them."""
        from connector.store.vault import OwnKeyFile

        return OwnKeyFile(self.settings.data_dir) if given_keys(self.settings) is None else None

    def connections(self, names: Sequence[str] = ()) -> tuple[Connection, ...]:
        """The named connections, or all. Raises UsageError for an unknown name, or when there is none at all."""
        known = {c.name: c for c in self.connections_if_any()}
        if not known:
            raise UsageError("No CRM is connected yet.", hint="Connect one: `hotlead connect salesforce` or `hotlead connect hubspot`.")
        unknown = [n for n in names if n not in known]
        if unknown:
            raise UsageError(f"There is no connection '{unknown[0]}'.", hint=f"There are: {', '.join(known)}.")
        return tuple(known[n] for n in names) if names else tuple(known.values())

    def connections_if_any(self) -> tuple[Connection, ...]:
        with self.store.read() as tx:
            return tx.connections.all()

    def open(self, connection: Connection) -> Crm:
        """The connection's CRM, closed with the installation."""
        crm = open_crm(
            store=self.store, vault=self.vault, kinds=self.kinds, connection=connection, tokens=self.tokens, budgets=self.budgets
        )
        self.closing.callback(crm.close)
        self.crms[connection.name] = crm
        return crm

    def road(self, *, progress: Progress) -> Road:
        """The road over this installation, telling its steps to `progress`."""
        return Road(
            store=self.store,
            open=self.open,
            pool=self.pool,
            clock=self.clock,
            progress=progress,
            deal_history=self.settings.deal_history,
            breaker_writes=self.settings.breaker_writes_per_hour,
            worker=self.worker,
        )

    def pool(self) -> ShardPool:
        """Child processes for whole shards, ended with the installation."""
        from connector.store.pool import ProcessShardPool
        from connector.store.store import shard_reader

        pool = ProcessShardPool(shard_reader(database_of(self.settings)), workers=self.settings.score_workers)
        self.closing.callback(pool.close)
        return pool


def database_of(settings: Settings) -> str:
    """The database's URL: as set, else the SQLite file in the data directory."""
    from connector.store.store import database_url

    return settings.database_url or database_url(settings.data_dir)


def given_keys(settings: Settings) -> str | None:
    """The keys of stored credentials that the settings give, one a line; None where the data directory's file holds them."""
    return settings.secret_key.get_secret_value().replace(",", "\n") or None


def new_key() -> str:
    """A key for those who keep keys elsewhere than in the data directory's file."""
    from connector.store.vault import new_key as made

    return made()


def make(settings: Settings) -> Path:
    """A new data directory with an empty database and a key; an existing one stays as it is. The directory."""
    from connector.store.store import create

    create(settings.data_dir, url=database_of(settings), keys=given_keys(settings))
    return settings.data_dir


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingKept:
    """Where the address of the database is to be set from here on."""

    where: str
    written: bool
    """Whether that is done; else a person must."""


@contextmanager
def moving_store(settings: Settings, *, url: str, progress: Progress) -> "Iterator[StoreMove]":
    """The SQLite store of this installation on its way to the PostgreSQL database of `url`. UsageError where there is none to move."""
    from connector.store.engine import sqlite_path
    from connector.store.move import moving
    from connector.store.moved import hidden
    from connector.store.store import is_there

    source = database_of(settings)
    if sqlite_path(source) is None:
        raise UsageError(
            f"This installation is in {hidden(source)}, not in SQLite.", hint="From one PostgreSQL to another: pg_dump and pg_restore."
        )
    if not is_there(settings.data_dir, url=source):
        raise UsageError(f"There is no hotlead database in {settings.data_dir}.", hint="Name another folder with --data-dir.")

    def told(name: str, done: int, of: int | None) -> None:
        progress(Step(name=name, done=done, of=of))

    with moving(directory=settings.data_dir, source_url=source, url=url, told=told) as move:
        yield move


def is_at(settings: Settings, *, url: str) -> bool:
    """Whether the installation is in that PostgreSQL database already. Raises UsageError where `url` names none."""
    from connector.store.move_target import checked
    from connector.store.moved import hidden

    wanted, current = checked(url), database_of(settings)
    return current.startswith("postgres") and hidden(checked(current)) == hidden(wanted)


def keep_address(settings: Settings, *, url: str) -> SettingKept:
    """Sets `database_url` where it is set now, as far as a file of the data directory can say it."""
    from connector.store.moved import write_whole

    variable = f"{PREFIX}DATABASE_URL"
    if variable in os.environ:
        return SettingKept(where=variable, written=False)
    path = (settings.data_dir / FILE_NAME).resolve()
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        write_whole(path, with_setting(text, name="database_url", value=url))
    except (OSError, UsageError):
        return SettingKept(where=str(path), written=False)
    return SettingKept(where=str(path), written=True)


@contextmanager
def opened(
    settings: Settings, *, command: str, writing: bool, clock: Clock = wall_clock, on_wake: OnWake | None = None
) -> Iterator[Installation]:
    """The installation, for one command. With `writing` it holds the data directory alone; else it only reads, beside whoever writes."""
    from connector.store.engine import sqlite_path
    from connector.store.store import open_reader, open_store

    url = database_of(settings)
    if not writing:
        store = open_reader(url=url, directory=settings.data_dir)
    elif sqlite_path(url) is not None:
        store = open_store(url=url, directory=settings.data_dir, command=command, on_wake=on_wake)
    else:
        enqueue, bring_up = _queue()
        store = open_store(url=url, directory=settings.data_dir, command=command, enqueue=enqueue)
        bring_up(url)
    with ExitStack() as closing:
        closing.callback(store.close)
        budgets = _budgets(url, shared=writing, closing=closing)
        here = Installation(
            settings=settings, store=store, kinds=crm_kinds(), clock=clock, closing=closing, budgets=budgets, end_soon=store.end_soon
        )
        shelf = StoredTokens(store=store, vault=lambda: here.vault, clock=clock, alone=not here.is_shared)
        yield replace(here, tokens=shelf) if writing else here


def _budgets(url: str, *, shared: bool, closing: ExitStack) -> Budgets:
    """Shared with every other process of a PostgreSQL installation, unless nothing may be written."""
    from connector.store.budgets import OwnBudgets, SqlBudgets
    from connector.store.engine import sqlite_path

    if not shared or sqlite_path(url) is not None:
        return OwnBudgets()
    budgets = SqlBudgets(url)
    closing.callback(budgets.close)
    return budgets


def _queue() -> tuple["Enqueue", Callable[[str], None]]:
    """How wakes are put into the queue of PostgreSQL, and how its tables are made. Raises UsageError where its libraries are missing."""
    try:
        from jobs.queueing import Queue, bring_up
    except ImportError as err:
        raise UsageError(
            f"PostgreSQL needs libraries that are not installed ({err.name}).", hint="Install them: pip install 'hotlead[postgres]'."
        ) from err
    from jobs.registry import REGISTRY

    return Queue(REGISTRY).enqueue, bring_up
