"""Access tokens that the processes of one installation share: one logs in for all, and the others get its token.

Station: fulfils `ports.tokens.TokenShelf` for bootstrap. A token lies sealed beside the cursors of its connection.
"""

import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from uuid import uuid4

from connector.flows.sealing import seal
from connector.ports.connections import Vault
from connector.ports.errors import SecretsError
from connector.ports.inbox import Lease
from connector.ports.store import Store, Tx
from connector.ports.tokens import SharedToken

Clock = Callable[[], datetime]
SOURCE = "@token"
"""Where it stands among the cursors of a connection; no CRM has a source of that name."""
LOGIN = timedelta(seconds=60)
"""Who died while logging in is waited for so long, where several machines share the store."""
SET_BACK = timedelta(minutes=5)
"""A token made later than now by more was made before the clock was set back."""
ASKED_EVERY_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTokens:
    """Safe for several threads and processes on one store."""

    store: Store
    vault: Callable[[], Vault]
    clock: Clock
    alone: bool = False
    """Whether no other process writes to this store: a lease that another holder left then belongs to the dead."""
    _lines: dict[str, threading.Lock] = field(default_factory=dict)
    """By connection: threads of this process stand in line here; processes at the lease."""

    def get(self, connection: str) -> SharedToken | None:
        """None also where the key that sealed it is no longer ours, or the clock was set back since, so that its end means nothing."""
        try:
            vault = self.vault()  # before the token is read: it then knows every key that the token may be sealed with
            with self.store.read() as tx:
                sealed = sealed_token(tx, connection=connection)
            if not sealed:
                return None
            kept = vault.open(sealed)
        except (SecretsError, ValueError):
            return None
        until = datetime.fromisoformat(kept["until"]) if kept["until"] else None
        made_at = datetime.fromisoformat(kept["made_at"]) if kept.get("made_at") else None
        now = self.clock()
        if until is not None and (until <= now or (made_at is not None and made_at - now > SET_BACK)):
            return None
        return SharedToken(text=kept["text"], until=until)

    def renew(self, connection: str, *, instead_of: SharedToken | None, login: Callable[[], SharedToken]) -> SharedToken:
        holder = uuid4().hex
        with self._lines.setdefault(connection, threading.Lock()):
            while True:
                present = self.get(connection)
                if present is not None and present != instead_of:
                    return present
                lease = self.store.write(partial(self._take, connection=connection, holder=holder))
                if lease is not None:
                    return self._log_in(connection, lease=lease, instead_of=instead_of, login=login)
                time.sleep(ASKED_EVERY_S)

    def _log_in(self, connection: str, *, lease: Lease, instead_of: SharedToken | None, login: Callable[[], SharedToken]) -> SharedToken:
        try:
            present = self.get(connection)
            if present is not None and present != instead_of:
                return present
            fresh = login()
            self.store.write(partial(self._put, connection=connection, fresh=fresh))
            return fresh
        finally:
            self.store.write(partial(_release, lease=lease))

    def _take(self, tx: Tx, *, connection: str, holder: str) -> Lease | None:
        now, name = self.clock(), f"token:{connection}"
        if self.alone:
            for left in (lease for lease in tx.leases.all() if lease.name == name):
                tx.leases.release(left)
        return tx.leases.take(name, holder=holder, at=now, until=now + LOGIN)

    def _put(self, tx: Tx, *, connection: str, fresh: SharedToken) -> None:
        until = "" if fresh.until is None else fresh.until.isoformat()
        sealed = seal(tx, vault=self.vault(), secrets={"text": fresh.text, "until": until, "made_at": self.clock().isoformat()})
        put_sealed_token(tx, connection=connection, sealed=sealed, at=self.clock())


def sealed_token(tx: Tx, *, connection: str) -> bytes:
    """Empty where there is none. Raises ValueError where what stands there is none."""
    return b64decode(tx.cursors.get(connection=connection, source=SOURCE) or "")


def put_sealed_token(tx: Tx, *, connection: str, sealed: bytes, at: datetime) -> None:
    tx.cursors.put(connection=connection, source=SOURCE, cursor=b64encode(sealed).decode("ascii"), at=at)


def _release(tx: Tx, *, lease: Lease) -> None:
    tx.leases.release(lease)
