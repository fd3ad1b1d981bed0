"""Connects an org or a portal: tries the credentials, remembers who it is, seals the secrets, publishes a first field mapping."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from connector.flows.receiving import crm_secrets, hook_secrets
from connector.flows.sealing import name_key, seal
from connector.ports.budgets import Budgets
from connector.ports.connections import Connection, Vault
from connector.ports.crm import Crm, CrmKind, Identity
from connector.ports.errors import SecretsError, UsageError
from connector.ports.inbox import SITE
from connector.ports.store import Store, Tx
from connector.ports.tokens import TokenShelf
from mappings.document import first_mapping

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    connection: Connection
    identity: Identity
    again: bool
    """Whether the connection existed and only got new credentials."""


def connect(
    *,
    store: Store,
    vault: Vault,
    crm_name: str,
    kind: CrmKind,
    name: str,
    settings: Mapping[str, str],
    write_limit: int,
    clock: Clock,
    production: bool | None = None,
) -> Connected:
    """The connection, stored only after the CRM has let us in. Raises CrmError or UsageError with nothing stored.

    A name that exists gets new credentials and the write limit of the settings if they open the same account, and keeps everything else.
    `production` says whether its people are real; None keeps what the connection was, or takes the CRM's word for a new one.
    """
    with store.read() as tx:
        existing = tx.connections.get(name)
        others = [c for c in tx.connections.all() if c.name != name]
    if existing is None:
        _refuse_name(name)
    if existing is not None and existing.crm != crm_name:
        raise UsageError(f"'{name}' is a {existing.crm} connection already.", hint="Give the new connection another name.")
    crm = kind.open(connection=name, settings=settings)
    try:
        identity = crm.identity()
    finally:
        crm.close()
    _refuse_mix_ups(identity, name=name, crm_name=crm_name, existing=existing, others=others)
    fresh = existing or Connection(
        name=name, crm=crm_name, settings={}, production=identity.production, write_limit=write_limit, created_at=clock()
    )
    secret_names = {s.name for s in kind.settings if s.secret}
    connection = replace(
        fresh,
        settings={k: v for k, v in settings.items() if k not in secret_names},
        account=identity.account,
        production=fresh.production if production is None else production,
        zone=identity.zone,
        write_limit=write_limit,
    )
    typed = {k: v for k, v in settings.items() if k in secret_names}

    def unit(tx: Tx) -> None:
        receiving = _receiving(tx, vault=vault, name=name)
        tx.connections.put(connection)
        name_key(tx, vault=vault, anew=True)  # whoever lost the key begins again with another one
        tx.connections.put_secrets(name, seal(tx, vault=vault, secrets={**typed, **receiving}))
        if tx.documents.current(kind="fields", name=name) is None:
            text = first_mapping(crm_name, currency=identity.base_currency)
            tx.documents.publish(kind="fields", name=name, text=text, at=clock(), note="the packaged default")

    store.write(unit)
    return Connected(connection=connection, identity=identity, again=existing is not None)


def _refuse_name(name: str) -> None:
    """A name stands in the address that a CRM pushes to, and names the lane of what it pushes."""
    if name == SITE:
        raise UsageError(f"'{name}' stands for events of web sites.", hint="Give the connection another name.")
    if not name.strip() or name in (".", "..") or any(c in "/\\?#" or not c.isprintable() for c in name):
        raise UsageError(f"{name!r} cannot be the name of a connection.", hint="Use letters, digits, spaces and dashes, such as EU-org.")


def _receiving(tx: Tx, *, vault: Vault, name: str) -> Mapping[str, str]:
    """What is kept for receiving; empty where another key sealed it, for connecting again is how one recovers from a lost key."""
    before = tx.connections.secrets(name)
    try:
        return {} if before is None else hook_secrets(vault.open(before))
    except SecretsError:
        return {}


def _refuse_mix_ups(identity: Identity, *, name: str, crm_name: str, existing: Connection | None, others: list[Connection]) -> None:
    if existing is not None and existing.account and existing.account != identity.account:
        raise UsageError(
            f"These credentials open account {identity.account} ({identity.name}), but '{name}' is {existing.account}. Nothing changed.",
            hint="Give credentials of the same account, or connect this one under another name.",
        )
    twin = next((c.name for c in others if c.crm == crm_name and c.account == identity.account), None)
    if twin is not None:
        raise UsageError(
            f"Account {identity.account} ({identity.name}) is connected already, as '{twin}'. Nothing changed.",
            hint=f"Use '{twin}'; connecting the same account twice would count everybody twice.",
        )


def open_crm(
    *,
    store: Store,
    vault: Vault,
    kinds: Mapping[str, CrmKind],
    connection: Connection,
    tokens: TokenShelf | None = None,
    budgets: Budgets | None = None,
) -> Crm:
    """The connection opened with its stored credentials. No call is made yet."""
    with store.read() as tx:
        sealed = tx.connections.secrets(connection.name)
    if sealed is None:
        raise UsageError(
            f"Connection '{connection.name}' has no stored credentials.",
            hint=f"Connect it again: `hotlead connect {connection.crm} --name {connection.name} …`.",
        )
    if connection.crm not in kinds:
        raise UsageError(f"This installation has no adapter for '{connection.crm}'.", hint=f"It has: {', '.join(kinds)}.")
    settings = {**connection.settings, **crm_secrets(vault.open(sealed))}
    budget = None if budgets is None else budgets.of(connection.name)
    return kinds[connection.crm].open(connection=connection.name, settings=settings, tokens=tokens, budget=budget)
