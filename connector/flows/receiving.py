"""Sets up receiving for one connection: the address to paste into the CRM, and how its senders are known.

What is secret lies sealed beside the credentials of the CRM, under names that begin with `hook_`; opening the CRM leaves these out.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from connector.flows.sealing import seal
from connector.ports.connections import Connection, Vault
from connector.ports.crm import CrmKind
from connector.ports.errors import UsageError
from connector.ports.hooks import HookKeys, Hooks
from connector.ports.store import Store, Tx

HOOK = "hook_"
"""How the names of secrets begin that are for receiving and not for opening the CRM."""
SECRET = "hook_secret"  # noqa: S105 - the name under which it is kept
PATH = "hook_path"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """How one connection receives. `path` is the secret part of its address; empty where the sender signs instead."""

    connection: str
    hooks: Hooks
    keys: HookKeys = field(repr=False)
    path: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiving:
    """What an admin needs to make the CRM push."""

    connection: str
    url: str
    signed: bool
    """Whether the sender proves itself by a signature; else the address itself is the secret."""


def hook_secrets(secret: Mapping[str, str]) -> dict[str, str]:
    """Those of a connection's secrets that are for receiving."""
    return {name: text for name, text in secret.items() if name.startswith(HOOK)}


def crm_secrets(secret: Mapping[str, str]) -> dict[str, str]:
    """Those of a connection's secrets that open the CRM."""
    return {name: text for name, text in secret.items() if not name.startswith(HOOK)}


def start_receiving(
    *, store: Store, vault: Vault, kind: CrmKind, connection: Connection, public_url: str, secret: str = "", new_path: bool = False
) -> Receiving:
    """Switches receiving on, or changes it, and gives the address to paste.

    `secret` is what the CRM signs with; empty keeps the one that is there. The secret part of an address is made once and kept, so that
    repeating gives the same address; `new_path` makes another, and the old address ends. Raises UsageError where something is missing.
    """
    if not public_url:
        raise UsageError(
            "The CRM needs a public address to push to, and none is set.",
            hint="Set public_url in the data directory's hotlead.toml to the https address that leads here, such as "
            "https://hotlead.example.com. Where `hotlead up` runs, end it and start it again, so that it knows.",
        )
    if "/" in connection.name:
        raise UsageError(
            f"'{connection.name}' cannot receive: its name has a slash in it, which no address can carry.",
            hint="Go on polling it, or connect the account under a name without a slash in a new installation.",
        )
    signed = not kind.hooks.has_secret_path

    def unit(tx: Tx) -> dict[str, str]:
        known = _opened(tx, vault=vault, connection=connection)
        receiving = hook_secrets(known)
        if signed:
            receiving[SECRET] = secret or receiving.get(SECRET, "")
            if not receiving[SECRET]:
                raise UsageError(
                    f"'{connection.name}' signs what it pushes, and the secret it signs with is not known yet.",
                    hint="Give --secret @FILE with the client secret that the CRM shows for the app whose webhooks these are.",
                )
        elif new_path or not receiving.get(PATH):
            receiving[PATH] = secrets.token_urlsafe(32)
        tx.connections.put_secrets(connection.name, seal(tx, vault=vault, secrets={**crm_secrets(known), **receiving}))
        return receiving

    kept = store.write(unit)
    return Receiving(connection=connection.name, url=_url(public_url, connection=connection.name, path=kept.get(PATH, "")), signed=signed)


def stop_receiving(*, store: Store, vault: Vault, connection: Connection) -> None:
    """Forgets how the senders of the connection are known; whatever still comes is answered as for an address that does not exist."""

    def unit(tx: Tx) -> None:
        known = _opened(tx, vault=vault, connection=connection)
        tx.connections.put_secrets(connection.name, seal(tx, vault=vault, secrets=crm_secrets(known)))

    store.write(unit)


def find_hook(*, store: Store, vault: Vault, kinds: Mapping[str, CrmKind], connection: str) -> Hook | None:
    """How the connection receives; None where there is no such connection or receiving is off."""
    with store.read() as tx:
        known = tx.connections.get(connection)
        sealed = tx.connections.secrets(connection)
    if known is None or sealed is None or known.crm not in kinds:
        return None
    hooks = kinds[known.crm].hooks
    kept = hook_secrets(vault.open(sealed))
    path = kept.get(PATH, "") if hooks.has_secret_path else ""
    secret = kept.get(SECRET, "")
    if not (path if hooks.has_secret_path else secret):
        return None
    accounts = (known.account,) if known.account else ()
    return Hook(connection=known.name, hooks=hooks, keys=HookKeys(secret=secret, accounts=accounts), path=path)


def clock_skew(*, store: Store, connection: str, machine: str) -> float | None:
    """How far this machine's clock is ahead of the CRM's, in seconds, as its worker that was seen last measured it; None where none has."""
    with store.read() as tx:
        workers = tx.workers.all()
    fact, here = skew_fact(connection), [w for w in workers if w.name.startswith(f"{machine}:")]
    measured = [(w.beat_at, w.facts[fact]) for w in here if fact in w.facts]
    return max(measured)[1] if measured else None


def skew_fact(connection: str) -> str:
    """What a worker calls the skew of a connection among its facts."""
    return f"{connection} clock skew"


def _opened(tx: Tx, *, vault: Vault, connection: Connection) -> Mapping[str, str]:
    sealed = tx.connections.secrets(connection.name)
    return {} if sealed is None else vault.open(sealed)


def _url(public_url: str, *, connection: str, path: str) -> str:
    return "/".join([public_url.rstrip("/"), "hooks", quote(connection, safe=""), *([path] if path else [])])
