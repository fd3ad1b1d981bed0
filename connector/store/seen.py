"""Memory of events that were seen, lane by lane, so that one that is delivered again says nothing new."""

from collections.abc import Collection
from datetime import datetime
from hashlib import blake2b

from sqlalchemy import ColumnElement, delete, select

from connector.store.instants import to_us
from connector.store.schema import seen_events
from connector.store.transaction import Transaction, chunks


def new_events(t: Transaction, *, lane: str, events: Collection[str]) -> frozenset[str]:
    """Those of these events that were never seen in the lane."""
    hashes = {_hash(event): event for event in events}
    for some in chunks(hashes):
        statement = select(seen_events.c.event).where(seen_events.c.lane == lane, t.one_of(seen_events.c.event, some))
        for row in t.rows(statement):
            del hashes[bytes(row.event)]
    return frozenset(hashes.values())


def remember_events(t: Transaction, *, lane: str, events: Collection[str], at: datetime) -> None:
    """A later time replaces an earlier one."""
    now = to_us(at)
    t.upsert(seen_events, [{"lane": lane, "event": _hash(event), "at": now} for event in sorted(set(events))])


def forget_events(t: Transaction, *, before: datetime, lanes: ColumnElement[bool]) -> int:
    """Takes away the memory of events seen before then in these lanes; how many."""
    return t.run(delete(seen_events).where(seen_events.c.at < to_us(before), lanes))


def _hash(event: str) -> bytes:
    return blake2b(event.encode("utf-8", "surrogatepass"), digest_size=16).digest()
