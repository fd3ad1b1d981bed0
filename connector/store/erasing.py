"""Forgets rows as if they had never been read, and whoever is left without one."""

from collections.abc import Sequence

from sqlalchemy import delete

from connector.core.people import PersonId
from connector.core.records import RecordKey
from connector.store.erased import remember_erased
from connector.store.schema import hints, raw
from connector.store.transaction import Transaction, chunks


def erase(t: Transaction, keys: Sequence[RecordKey]) -> tuple[PersonId, ...]:
    remember_erased(t, keys)
    for some in chunks(keys):
        for table in (raw, hints):
            t.run(delete(table).where(t.among(table.c.source, table.c.id, some)))
    return ()
