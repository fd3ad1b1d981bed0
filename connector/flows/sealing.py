"""Seals secrets inside the unit that stores them, with the key that the store names there: so no unit can seal with one that is going.

Station: between `connect`, `receiving`, `sites`, `tokens` and the vault; `rotate_key` changes the name.
"""

from collections.abc import Mapping

from connector.ports.connections import Vault
from connector.ports.store import Tx


def seal(tx: Tx, *, vault: Vault, secrets: Mapping[str, str]) -> bytes:
    """Sealed. Raises SecretsError where this process does not know the key that the store names."""
    return vault.seal(secrets, key=name_key(tx, vault=vault))


def name_key(tx: Tx, *, vault: Vault, anew: bool = False) -> str:
    """The id of the key that seals. The newest one, from now on, where none is named; with `anew` also where the named one is not here."""
    named = tx.sealing.key()
    if not named or (anew and named not in vault.keys):
        named = vault.keys[0]
        tx.sealing.put(named)
    return named
