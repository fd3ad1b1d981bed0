"""The nightly look for what no push and no poll told: every id and stamp of a source, held against what is stored (promise P9).

Station: beside the drain. What differs is only hinted at, so that it goes the ordinary way; a hint too many costs a look. It needs no lease
on reading, and stores no row but of sources whose rows can only be read by time.
"""

from array import array
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import blake2b

import numpy as np

from connector.core.records import RecordKey
from connector.flows.absorb import UNIT_ROWS, absorb
from connector.flows.progress import Progress, Step
from connector.flows.readings import readings_of
from connector.flows.reread import Going
from connector.flows.road import Road
from connector.ports.connections import Connection
from connector.ports.crm import Ask, Crm, RawRecord
from connector.ports.errors import CrmError
from connector.ports.hooks import Hint
from connector.ports.rows import StoredRaw
from connector.ports.store import Store, Tx
from mappings.compile import FieldMapping, SourceRead


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one source held against the store: rows that the CRM has in other form than we do."""

    source: str
    rows: int = 0
    missing: int = 0
    newer: int = 0
    gone: int = 0

    @property
    def all(self) -> int:
        return self.missing + self.newer + self.gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    connection: str
    sources: tuple[Found, ...]
    failures: tuple[CrmError, ...] = ()
    """Of single sources; the others were looked at."""

    @property
    def found(self) -> int:
        return sum(one.all for one in self.sources)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Errand:
    road: Road
    crm: Crm
    connection: Connection
    read: SourceRead
    mapping: FieldMapping
    since: datetime | None
    by_id: bool
    """Whether rows of the source can be read again by their ids."""
    night: str


def reconcile(road: Road, *, connection: Connection, going: Going, progress: Progress) -> Reconciled:
    """Hints at every row that is missing here, newer there, or gone from there, in each source whose first load is done.

    Memory stays that of a page and eight bytes a row. Repeating is safe; one that ended early begins anew the next time.
    """
    found: list[Found] = []
    failures: list[CrmError] = []
    for errand in _errands(road, connection=connection):
        if not going():
            break
        try:
            found.append(_one_source(errand, progress=progress, going=going))
        except CrmError as err:
            failures.append(err)
    return Reconciled(connection=connection.name, sources=tuple(found), failures=tuple(failures))


def _errands(road: Road, *, connection: Connection) -> Iterator[_Errand]:
    documents, crm, now = road.documents(), road.crm(connection), road.clock()
    for source, reading in readings_of(road.store, connection=connection, ladder=documents.ladder).items():
        if reading.mark.cursor is None:
            continue
        hours = reading.mark.hours
        yield _Errand(
            road=road,
            crm=crm,
            connection=connection,
            read=reading.read,
            mapping=reading.mapping,
            since=None if hours is None else now - timedelta(hours=hours),
            by_id=crm.abilities.rereads(source),
            night=f"{now:%Y-%m-%d %H:%M:%S}",
        )


@dataclass(slots=True, kw_only=True)
class _Counts:
    rows: int = 0
    missing: int = 0
    newer: int = 0
    gone: int = 0


def _one_source(errand: _Errand, *, progress: Progress, going: Going) -> Found:
    counts, seen = _Counts(), array("Q")
    for records in _rows_there(errand):
        counts.rows += len(records)
        seen.extend(_hash(row.key.id) for row in records)
        for start in range(0, len(records), UNIT_ROWS):
            _compare(errand, records[start : start + UNIT_ROWS], counts=counts)
        progress(Step(name=f"reconciling {errand.connection.name} {errand.read.source}", done=counts.rows))
        if not going():
            return _found(errand, counts)
    if errand.by_id:
        _look_for_gone(errand, seen=np.sort(np.frombuffer(seen, dtype=np.uint64)), counts=counts)
    return _found(errand, counts)


def _found(errand: _Errand, counts: _Counts) -> Found:
    return Found(source=errand.read.source, rows=counts.rows, missing=counts.missing, newer=counts.newer, gone=counts.gone)


def _rows_there(errand: _Errand) -> Iterator[Sequence[RawRecord]]:
    """Pages as a first load reads them; of rows that can be read again only ids, stamps and ties, for a new tie moves no stamp."""
    read = errand.read
    ask = Ask(
        source=read.source,
        fields=() if errand.by_id else read.fields,
        related=read.related,
        since=errand.since,
        since_field=read.since_field,
        where=read.where,
    )
    return (page.records for page in errand.crm.read(ask))


def _hash(record: str) -> int:
    """Eight bytes that stand for an id; that two of a million rows share them is less likely than a fault of the disk."""
    return int.from_bytes(blake2b(record.encode(), digest_size=8).digest())


def _compare(errand: _Errand, records: Sequence[RawRecord], *, counts: _Counts) -> None:
    with errand.road.store.read() as tx:
        stored = tx.raw.get([row.key for row in records])
        erased = tx.raw.erased([row.key for row in records])
    missing = [row for row in records if row.key not in stored and row.key not in erased]
    # An event stays as it happened; that its contact was merged since is told by the contact.
    newer = [row for row in records if errand.by_id and row.key in stored and _is_newer(row, stored[row.key])]
    counts.missing += len(missing)
    counts.newer += len(newer)
    if errand.by_id:
        _hint(errand, [row.key for row in (*missing, *newer)])
    else:
        take_in(missing, store=errand.road.store, connection=errand.connection, mapping=errand.mapping, now=errand.road.clock())


class _CameIn(Exception):
    """Some of the rows are here by now: a pull ran beside us, and what it read is newer than our page."""

    def __init__(self, keys: Collection[RecordKey]) -> None:
        super().__init__()
        self.keys = keys


def take_in(rows: Sequence[RawRecord], *, store: Store, connection: Connection, mapping: FieldMapping, now: datetime) -> None:
    """Stores rows that are missing, and leaves alone what another reader stores meanwhile."""
    rest = list(rows)
    while rest:
        try:
            absorb(
                store=store,
                connection=connection,
                mapping=mapping,
                rows=rest,
                now=now,
                first=partial(_none_here, keys=[r.key for r in rest]),
            )
            return
        except _CameIn as one:
            rest = [row for row in rest if row.key not in one.keys]


def _none_here(tx: Tx, *, keys: Sequence[RecordKey]) -> None:
    if here := tx.raw.get(keys):
        raise _CameIn(here)


def _is_newer(row: RawRecord, stored: StoredRaw) -> bool:
    """By its stamp, by coming back, or by its ties to other rows: a new tie moves no stamp."""
    if row.modified_at > stored.modified_at or (stored.deleted and not row.deleted):
        return True
    return any(stored.fields.get(name) != value for name, value in row.fields.items() if name.startswith("@"))


def _look_for_gone(errand: _Errand, *, seen: "np.ndarray[tuple[int], np.dtype[np.uint64]]", counts: _Counts) -> None:
    """Stored rows that the CRM did not tell of; those from before the bound of the first load were not asked for."""
    connection, source, after = errand.connection.name, errand.read.source, ""
    while True:
        with errand.road.store.read() as tx:
            ids = tx.raw.live_ids(connection=connection, source=source, after=after, limit=UNIT_ROWS)
            if not ids:
                return
            hashes = np.array([_hash(one) for one in ids], dtype=np.uint64)
            places = np.minimum(np.searchsorted(seen, hashes), max(len(seen) - 1, 0))
            there = seen[places] == hashes if len(seen) else np.zeros(len(ids), dtype=bool)
            stored = tx.raw.get([RecordKey(connection, source, one) for one, is_there in zip(ids, there, strict=True) if not is_there])
        after = ids[-1]
        gone = [key for key, row in stored.items() if _was_asked_for(row, errand=errand)]
        counts.gone += len(gone)
        _hint(errand, gone)


def _was_asked_for(row: StoredRaw, *, errand: _Errand) -> bool:
    if errand.since is None:
        return True
    told = row.fields.get(errand.read.since_field)
    try:
        at = datetime.fromisoformat(told) if isinstance(told, str) else row.modified_at
    except ValueError:
        at = row.modified_at
    return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)) >= errand.since


def _hint(errand: _Errand, keys: Sequence[RecordKey]) -> None:
    if keys:
        errand.road.store.write(partial(_put, keys=keys, errand=errand, now=errand.road.clock()))


def _put(tx: Tx, *, keys: Sequence[RecordKey], errand: _Errand, now: datetime) -> None:
    hints = [Hint(event=f"reconcile {errand.night} {key.source} {key.id}", source=key.source, record=key.id) for key in keys]
    tx.hints.put(hints, connection=errand.connection.name, arrived_at=now)
    tx.wake("drain", key=errand.connection.name)
