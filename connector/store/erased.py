"""Which rows must not come back: hashes of their keys, and nothing else of them."""

from collections.abc import Collection
from hashlib import blake2b

from sqlalchemy import select

from connector.core.records import RecordKey
from connector.store.schema import erased
from connector.store.transaction import Transaction, chunks


def erased_among(t: Transaction, keys: Collection[RecordKey]) -> frozenset[RecordKey]:
    """Those of these rows that were erased."""
    if not keys or t.value(_ANY) is None:
        return frozenset()
    hashes = {_hash(key): key for key in keys}
    found = (row.digest for some in chunks(hashes) for row in t.rows(select(erased.c.digest).where(t.one_of(erased.c.digest, some))))
    return frozenset(hashes[bytes(digest)] for digest in found)


def remember_erased(t: Transaction, keys: Collection[RecordKey]) -> None:
    t.upsert(erased, [{"digest": digest} for digest in sorted({_hash(key) for key in keys})])


_ANY = select(erased.c.digest).limit(1)


def _hash(key: RecordKey) -> bytes:
    return blake2b("\0".join((key.connection, key.source, key.id)).encode(), digest_size=16).digest()
