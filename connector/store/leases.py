"""Who may do what alone, and until when. A fence only ever rises: the row of a lease that was given back stays."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select, update

from connector.ports.inbox import Lease, LeaseLost
from connector.store.instants import from_us, to_us
from connector.store.schema import leases
from connector.store.transaction import AnyRow, Transaction

NOBODY = ""


class SqlLeases:
    """Fulfils `ports.inbox.Leases`."""

    __slots__ = ("_t",)

    def __init__(self, t: Transaction) -> None:
        self._t = t

    def take(self, name: str, *, holder: str, at: datetime, until: datetime) -> Lease | None:
        row = self._t.first(select(leases).where(leases.c.name == name))
        if row is not None and row.holder not in {NOBODY, holder} and row.until > to_us(at):
            return None
        fence = 1 if row is None else row.fence + 1
        self._t.upsert(leases, [{"name": name, "holder": holder, "fence": fence, "until": to_us(until)}])
        return Lease(name=name, holder=holder, fence=fence, until=until)

    def renew(self, lease: Lease, *, until: datetime) -> Lease:
        self.require(lease)
        self._t.run(update(leases).where(leases.c.name == lease.name).values(until=to_us(until)))
        return replace(lease, until=until)

    def require(self, lease: Lease) -> None:
        if not self._holds(lease):
            raise LeaseLost(f"{lease.holder} no longer holds {lease.name!r}: another worker took over.")

    def release(self, lease: Lease) -> None:
        if self._holds(lease):
            self._t.run(update(leases).where(leases.c.name == lease.name).values(holder=NOBODY, until=0))

    def all(self) -> tuple[Lease, ...]:
        """Those that somebody holds or held last without giving them back, by name."""
        return tuple(_lease(row) for row in self._t.rows(select(leases).where(leases.c.holder != NOBODY).order_by(leases.c.name)))

    def _holds(self, lease: Lease) -> bool:
        row = self._t.first(select(leases.c.holder, leases.c.fence).where(leases.c.name == lease.name))
        return row is not None and (row.holder, row.fence) == (lease.holder, lease.fence)


def _lease(row: AnyRow) -> Lease:
    return Lease(name=row.name, holder=row.holder, fence=row.fence, until=from_us(row.until))
