"""Rows as the CRM gave them, kept beside what was made of them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import bindparam, select, update

from connector.core.records import RecordKey
from connector.ports.crm import Json, RawRecord
from connector.ports.rows import StoredRaw
from connector.store.erased import erased_among
from connector.store.instants import from_us, to_us
from connector.store.schema import raw
from connector.store.transaction import AT_ONCE, AnyRow, Transaction, chunks
from connector.store.values import dump, dump_key, load, load_key

_AMEND = update(raw).where(raw.c.source == bindparam("of_source"), raw.c.id == bindparam("of_id")).values(fields=bindparam("new_fields"))


class SqlRaw:
    """Fulfils `ports.rows.Raw`."""

    __slots__ = ("_t",)

    def __init__(self, t: Transaction) -> None:
        self._t = t

    def get(self, keys: Sequence[RecordKey]) -> Mapping[RecordKey, StoredRaw]:
        found: dict[RecordKey, StoredRaw] = {}
        for some in chunks(keys):
            for row in self._t.rows(select(raw).where(self._t.among(raw.c.source, raw.c.id, some))):
                found[self._t.key(row.source, row.id)] = _stored(row)
        return found

    def erased(self, keys: Sequence[RecordKey]) -> frozenset[RecordKey]:
        return erased_among(self._t, keys)

    def put(self, records: Sequence[RawRecord], *, seen_at: datetime) -> None:
        seen = to_us(seen_at)
        self._t.upsert(
            raw,
            [
                {
                    "source": self._t.source(r.key.connection, r.key.source),
                    "id": r.key.id,
                    "modified_at": to_us(r.modified_at),
                    "fields": dump(dict(r.fields)),
                    "deleted": r.deleted,
                    "survivor": dump_key(r.survivor),
                    "seen_at": seen,
                }
                for r in records
            ],
        )

    def amend(self, written: Mapping[RecordKey, Mapping[str, Json]]) -> None:
        """A row that is not stored is left alone."""
        amended = []
        for key, stored in self.get(list(written)).items():
            source, id_ = self._t.pair(key)
            amended.append({"of_source": source, "of_id": id_, "new_fields": dump({**stored.fields, **written[key]})})
        self._t.run(_AMEND, amended)

    def rows(self, *, connection: str, source: str) -> Iterator[RawRecord]:
        """By id. Memory stays that of a few hundred rows."""
        no = self._t.known_source(connection, source)
        after = ""
        while no is not None:
            page = self._t.rows(select(raw).where(raw.c.source == no, raw.c.id > after).order_by(raw.c.id).limit(AT_ONCE))
            if not page:
                return
            after = page[-1].id
            for row in page:
                stored = _stored(row)
                yield RawRecord(
                    key=RecordKey(connection, source, row.id),
                    modified_at=stored.modified_at,
                    fields=stored.fields,
                    deleted=stored.deleted,
                    survivor=stored.survivor,
                )

    def live_ids(self, *, connection: str, source: str, after: str, limit: int) -> tuple[str, ...]:
        mine = (raw.c.source == self._t.known_source(connection, source), raw.c.id > after)
        live = (raw.c.deleted.is_(False), raw.c.survivor.is_(None))
        return tuple(row.id for row in self._t.rows(select(raw.c.id).where(*mine, *live).order_by(raw.c.id).limit(limit)))


def _stored(row: AnyRow) -> StoredRaw:
    return StoredRaw(
        fields=load(row.fields),
        modified_at=from_us(row.modified_at),
        deleted=row.deleted,
        survivor=load_key(row.survivor),
        seen_at=from_us(row.seen_at),
    )
