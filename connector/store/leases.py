"""Who may do what alone, and until when. A fence only ever rises: the row of a lease that was given back stays."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import BigInteger, cast, extract, func, select, update

from connector.ports.inbox import Lease, LeaseLost
from connector.store.instants import from_us, to_us
from connector.store.schema import leases
from connector.store.transaction import AnyRow, Transaction

NOBODY = ""
_SERVERS_NOW = select(cast(extract("epoch", func.clock_timestamp()) * 1_000_000, BigInteger))


class SqlLeases:
    """Fulfils `ports.inbox.Leases`."""

    __slots__ = ("_t",)

    def __init__(self, t: Transaction) -> None:
        self._t = t

    def take(self, name: str, *, holder: str, at: datetime, until: datetime) -> Lease | None:
        row, now = self._row(name), self._now(at)
        if row is not None and row.holder not in {NOBODY, holder} and row.until > now:
            return None
        fence, ends = 1 if row is None else row.fence + 1, now + to_us(until) - to_us(at)
        self._t.upsert(leases, [{"name": name, "holder": holder, "fence": fence, "until": ends}])
        return Lease(name=name, holder=holder, fence=fence, until=from_us(ends))

    def renew(self, lease: Lease, *, at: datetime, until: datetime) -> Lease:
        self.require(lease)
        ends = self._now(at) + to_us(until) - to_us(at)
        self._t.run(update(leases).where(leases.c.name == lease.name).values(until=ends))
        return replace(lease, until=from_us(ends))

    def holder(self, name: str, *, at: datetime) -> str:
        row = self._row(name)
        return NOBODY if row is None or row.until <= self._now(at) else str(row.holder)

    def require(self, lease: Lease) -> None:
        if not self._holds(lease):
            raise LeaseLost(f"{lease.holder} no longer holds {lease.name!r}: another worker took over.")

    def release(self, lease: Lease) -> None:
        if self._holds(lease):
            self._t.run(update(leases).where(leases.c.name == lease.name).values(holder=NOBODY, until=0))

    def all(self) -> tuple[Lease, ...]:
        """Those that somebody holds or held last without giving them back, by name."""
        return tuple(_lease(row) for row in self._t.rows(select(leases).where(leases.c.holder != NOBODY).order_by(leases.c.name)))

    def _row(self, name: str) -> AnyRow | None:
        return self._t.first(select(leases).where(leases.c.name == name))

    def _now(self, at: datetime) -> int:
        """The server's time, where there is one: also in a transaction that began a while ago."""
        return int(self._t.value(_SERVERS_NOW)) if self._t.connection.dialect.name == "postgresql" else to_us(at)

    def _holds(self, lease: Lease) -> bool:
        row = self._row(lease.name)
        return row is not None and (row.holder, row.fence) == (lease.holder, lease.fence)


def _lease(row: AnyRow) -> Lease:
    return Lease(name=row.name, holder=row.holder, fence=row.fence, until=from_us(row.until))
