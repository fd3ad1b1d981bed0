"""Puts a new key in the place of the one that seals stored secrets, beside processes that go on opening and sealing them.

In this order: the new key is known to all, then one unit seals everything with it and names it, then the old one goes. Cut off anywhere,
it is begun again and goes on from there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from connector.flows.sealing import name_key
from connector.flows.tokens import put_sealed_token, sealed_token
from connector.ports.connections import KeyFile, Vault
from connector.ports.errors import SecretsError
from connector.ports.inbox import Worker
from connector.ports.store import Store, Tx

ALIVE_FOR = timedelta(minutes=2)
"""Who has shown itself since may still seal and open; four beats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resealed:
    """What is sealed with the new key."""

    connections: int = 0
    sites: int = 0
    tokens: int = 0
    unreadable: tuple[str, ...] = ()
    """Whose secrets no known key opens: they stay as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    key: str
    """The id of the key that seals from now on."""
    others: tuple[str, ...]
    """Ids of the keys that are not needed any more; a key file has them no longer."""
    went_on: bool
    """Whether the new key was there already: given by the settings, or left by a rotation that was cut off."""
    resealed: Resealed


def rotate_key(
    *, store: Store, vault: Callable[[], Vault], file: KeyFile | None, clock: Callable[[], datetime], known: Callable[[str], None]
) -> Rotated:
    """Everything sealed with the newest key; a new one is made where a key file holds none that is newer than the one that seals.

    `known` comes back once every process knows the key of this id, or raises. Raises SecretsError where the settings give one key only.
    """
    present = store.write(partial(_named, vault=vault()))
    keys = vault().keys
    went_on = len(keys) > 1
    if not went_on and file is None:
        raise SecretsError("There is no new key to go over to.", hint="Put it in front of the present one, where the key is set.")
    key = keys[0] if went_on or file is None else file.add()
    if key != present:
        known(key)
    resealed = store.write(partial(_reseal, vault=vault(), key=key, at=clock()))
    others = tuple(other for other in keys if other != key)
    if file is not None:
        others = file.keep(key)
    return Rotated(key=key, others=others, went_on=went_on, resealed=resealed)


def who_lacks(workers: Sequence[Worker], *, facts: frozenset[str], now: datetime, but: str) -> tuple[Worker, ...]:
    """The live processes, besides the one named `but`, that show none of these facts."""
    alive = (w for w in workers if w.name != but and now - w.beat_at <= ALIVE_FOR)
    return tuple(w for w in alive if not facts & set(w.facts))


def knows_fact(key: str) -> str:
    """What a process that knows the key of this id shows among its facts."""
    return f"knows key {key}"


def reads_fact(file: str) -> str:
    """What a process shows that reads this key file anew whenever it needs a key."""
    return f"reads key file {file}"


def _named(tx: Tx, *, vault: Vault) -> str:
    return name_key(tx, vault=vault, anew=True)


def _reseal(tx: Tx, *, vault: Vault, key: str, at: datetime) -> Resealed:
    done = Resealed()
    for connection in tx.connections.all():
        fresh = _anew(tx.connections.secrets(connection.name), vault=vault, key=key)
        if isinstance(fresh, SecretsError):
            done = replace(done, unreadable=(*done.unreadable, f"connection {connection.name}"))
        elif fresh is not None:
            tx.connections.put_secrets(connection.name, fresh)
            done = replace(done, connections=done.connections + 1)
        token = _anew(sealed_token(tx, connection=connection.name), vault=vault, key=key)
        if token is not None:  # one that nobody can open is dropped: the next call logs in
            lost = isinstance(token, SecretsError)
            put_sealed_token(tx, connection=connection.name, sealed=b"" if isinstance(token, SecretsError) else token, at=at)
            done = replace(done, tokens=done.tokens + (not lost))
    for site in tx.sites.all():
        fresh = _anew(site.sealed, vault=vault, key=key)
        if isinstance(fresh, bytes):
            tx.sites.put(replace(site, sealed=fresh))
            done = replace(done, sites=done.sites + 1)
        else:
            done = replace(done, unreadable=(*done.unreadable, f"site {site.name}"))
    tx.sealing.put(key)
    return done


def _anew(sealed: bytes | None, *, vault: Vault, key: str) -> bytes | SecretsError | None:
    """The same sealed with the key; None for nothing; the error where it cannot be opened."""
    if not sealed:
        return None
    try:
        return vault.seal(vault.open(sealed), key=key)
    except SecretsError as error:
        return error
