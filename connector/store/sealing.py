"""Which key seals new secrets: one row, changed in the unit that seals every stored secret anew."""

from sqlalchemy import select

from connector.store.schema import sealing
from connector.store.transaction import Transaction

_KEY = select(sealing.c.key)


class SqlSealing:
    """Fulfils `ports.connections.Sealing`."""

    __slots__ = ("_t",)

    def __init__(self, t: Transaction) -> None:
        self._t = t

    def key(self) -> str:
        return str(self._t.value(_KEY) or "")

    def put(self, key: str) -> None:
        self._t.upsert(sealing, [{"no": 1, "key": key}])
