"""Where reading each source stands. Stored in the unit that stores the page, so it is never ahead of what is kept."""

from datetime import datetime

from sqlalchemy import delete, select

from connector.store.instants import to_us
from connector.store.schema import cursors
from connector.store.transaction import Transaction


class SqlCursors:
    """Fulfils `ports.rows.Cursors`."""

    __slots__ = ("_t",)

    def __init__(self, t: Transaction) -> None:
        self._t = t

    def get(self, *, connection: str, source: str) -> str | None:
        no = self._t.known_source(connection, source)
        found = None if no is None else self._t.value(select(cursors.c.cursor).where(cursors.c.source == no))
        return None if found is None else str(found)

    def put(self, *, connection: str, source: str, cursor: str, at: datetime) -> None:
        self._t.upsert(cursors, [{"source": self._t.source(connection, source), "cursor": cursor, "at": to_us(at)}])

    def clear(self, *, connection: str) -> None:
        self._t.run(delete(cursors).where(cursors.c.source.in_(self._t.sources_of(connection))))
