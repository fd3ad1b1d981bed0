"""First-party events that wait until their person is known, and what visitors said of themselves."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, func, select

from connector.ports.inbox import SITE, HeldEvent
from connector.store.instants import from_us, to_us
from connector.store.schema import held_events, seen_events, visitors
from connector.store.seen import forget_events, new_events, remember_events
from connector.store.transaction import AnyRow, Transaction, chunks


class SqlHeldEvents:
    """Fulfils `ports.inbox.HeldEvents`."""

    __slots__ = ("_t",)

    def __init__(self, t: Transaction) -> None:
        self._t = t

    def is_new(self, ids: Sequence[str]) -> frozenset[str]:
        return new_events(self._t, lane=SITE, events=set(ids))

    def seen(self, ids: Sequence[str], *, at: datetime) -> None:
        remember_events(self._t, lane=SITE, events=ids, at=at)

    def put(self, events: Sequence[HeldEvent]) -> None:
        """The same event again replaces itself."""
        self._t.upsert(
            held_events,
            [{"id": e.id, "visitor": e.visitor, "email": e.email, "at": to_us(e.at), "text": e.text} for e in events],
        )

    def name(self, visitors_: Mapping[str, str], *, at: datetime) -> None:
        now = to_us(at)
        newer: set[str] = set()
        for some in chunks(visitors_):
            statement = select(visitors.c.visitor).where(visitors.c.visitor.in_(some), visitors.c.at > now)
            newer.update(row.visitor for row in self._t.rows(statement))
        told = sorted((visitor, email) for visitor, email in visitors_.items() if visitor not in newer)
        self._t.upsert(visitors, [{"visitor": visitor, "email": email, "at": now} for visitor, email in told])

    def names(self, visitors_: Sequence[str]) -> Mapping[str, str]:
        """Visitors who never said it are left out."""
        found: dict[str, str] = {}
        for some in chunks(set(visitors_)):
            statement = select(visitors.c.visitor, visitors.c.email).where(visitors.c.visitor.in_(some))
            found.update({row.visitor: row.email for row in self._t.rows(statement)})
        return found

    def of(self, *, visitors: Sequence[str], emails: Sequence[str]) -> tuple[HeldEvent, ...]:
        """The empty text is no visitor and no address."""
        found: dict[str, AnyRow] = {}
        for column, values in ((held_events.c.visitor, visitors), (held_events.c.email, emails)):
            for some in chunks({value for value in values if value}):
                found.update({row.id: row for row in self._t.rows(select(held_events).where(column.in_(some)))})
        return tuple(_event(row) for row in sorted(found.values(), key=lambda row: (row.at, row.id)))

    def addresses(self, *, after: str, limit: int) -> tuple[str, ...]:
        statement = select(held_events.c.email).where(held_events.c.email > after).distinct().order_by(held_events.c.email).limit(limit)
        return tuple(row.email for row in self._t.rows(statement))

    def release(self, ids: Sequence[str]) -> None:
        for some in chunks(ids):
            self._t.run(delete(held_events).where(held_events.c.id.in_(some)))

    def forget(self, *, before: datetime) -> int:
        """Who a visitor is stays."""
        memories = forget_events(self._t, before=before, lanes=seen_events.c.lane == SITE)
        return memories + self._t.run(delete(held_events).where(held_events.c.at < to_us(before)))

    def count(self) -> int:
        return int(self._t.value(select(func.count()).select_from(held_events)))


def _event(row: AnyRow) -> HeldEvent:
    return HeldEvent(id=row.id, visitor=row.visitor, email=row.email, at=from_us(row.at), text=row.text)
