"""Raw bodies as they arrived, until they are split into hints."""

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, func, select

from connector.ports.inbox import Arrived, Backlog, StoredBody
from connector.store.instants import from_us, to_us
from connector.store.schema import inbox
from connector.store.transaction import Transaction, chunks


class SqlInbox:
    """Fulfils `ports.inbox.Inbox`."""

    __slots__ = ("_t",)

    def __init__(self, t: Transaction) -> None:
        self._t = t

    def put(self, bodies: Sequence[Arrived]) -> None:
        self._t.insert(inbox, [{"lane": one.lane, "at": to_us(one.at), "body": one.body} for one in bodies])

    def next(self, *, lane: str, limit: int) -> tuple[StoredBody, ...]:
        rows = self._t.rows(select(inbox).where(inbox.c.lane == lane).order_by(inbox.c.no).limit(limit))
        return tuple(StoredBody(no=row.no, lane=row.lane, body=bytes(row.body), at=from_us(row.at)) for row in rows)

    def done(self, numbers: Sequence[int]) -> None:
        for some in chunks(numbers):
            self._t.run(delete(inbox).where(inbox.c.no.in_(some)))

    def waiting(self) -> Mapping[str, Backlog]:
        counted = select(inbox.c.lane, func.count().label("bodies"), func.min(inbox.c.at).label("oldest")).group_by(inbox.c.lane)
        return {
            row.lane: Backlog(waiting=row.bodies, oldest_at=from_us(row.oldest)) for row in self._t.rows(counted.order_by(inbox.c.lane))
        }
