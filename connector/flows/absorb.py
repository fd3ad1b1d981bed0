"""One batch of raw rows becomes records, activities and persons, with the cursor in the same transaction.

The road from RawRecord on: a pull comes here with pages, a drain with re-read rows, a replay with stored ones.
"""

from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from connector.core.identity import Placed, Row, place
from connector.core.people import PersonId
from connector.core.records import Activity, Company, Contact, Deal, Record, RecordKey
from connector.flows.storable import short, storable
from connector.ports.connections import Connection
from connector.ports.crm import RawRecord
from connector.ports.inbox import Lane
from connector.ports.people import Attach, Join
from connector.ports.rows import StoredRaw, UnknownValue
from connector.ports.store import Store, Tx
from mappings.compile import FieldMapping, roll_up_of

Also = Callable[[Tx], None]
"""What else belongs into the unit that stores the last row."""

UNIT_ROWS = 500
"""Rows in one transaction (DESIGN §9)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where the reading of one source stands once these rows are stored."""

    source: str
    cursor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Absorbed:
    """`rows` came in, `fresh` of them said something new; `people` were touched."""

    rows: int = 0
    fresh: int = 0
    people: int = 0
    unknown: tuple[UnknownValue, ...] = ()


@dataclass(slots=True)
class _Sorted:
    contacts: list[Contact] = field(default_factory=list)
    companies: list[Company] = field(default_factory=list)
    deals: list[Deal] = field(default_factory=list)
    activities: list[Activity] = field(default_factory=list)

    def add(self, record: Record) -> None:
        match record:
            case Contact():
                self.contacts.append(record)
            case Company():
                self.companies.append(record)
            case Deal():
                self.deals.append(record)
            case Activity():
                self.activities.append(record)

    def contact_rows(self) -> set[RecordKey]:
        """Every contact row that is told of here, or only named."""
        named = {c.key for c in self.contacts} | {c.survivor for c in self.contacts if c.survivor is not None}
        return named | {a.contact for a in self.activities} | {c.contact for d in self.deals for c in d.contacts}

    def rows_about(self, erased: Container[RecordKey]) -> frozenset[RecordKey]:
        """Rows that tell what these contact rows did."""
        mine = (a for a in self.activities if a.contact in erased)
        return frozenset(RecordKey(a.contact.connection, a.source, a.id.removesuffix(f"/{a.contact.id}")) for a in mine)

    def without(self, erased: Container[RecordKey]) -> "_Sorted":
        """The same but for these rows, what they did, and links to them."""
        contacts = (c for c in self.contacts if c.key not in erased)
        deals = (d for d in self.deals if d.key not in erased)
        return _Sorted(
            contacts=[replace(c, survivor=None) if c.survivor in erased else c for c in contacts],
            companies=[c for c in self.companies if c.key not in erased],
            deals=[replace(d, contacts=tuple(c for c in d.contacts if c.contact not in erased)) for d in deals],
            activities=[a for a in self.activities if a.contact not in erased],
        )


def absorb(
    *,
    store: Store,
    connection: Connection,
    mapping: FieldMapping,
    rows: Sequence[RawRecord],
    now: datetime,
    position: Position | None = None,
    since: datetime | None = None,
    asked_at: datetime | None = None,
    also: Also | None = None,
    first: Also | None = None,
    replayed: bool = False,
    read_by: tuple[FieldMapping, ...] = (),
) -> Absorbed:
    """Stores rows and what they mean. Rows that say nothing new cost nothing more; the same rows again change nothing.

    With `read_by`, the mappings by which stored rows were read, every row is mapped anew, and activities that only those saw in them go.
    `position` is stored, and `also` done, in the transaction of the last row, so that neither is ever ahead of the data. `since` is when
    the reason for reading these rows reached us, `asked_at` when the CRM was asked for them; both are `now` unless given. `replayed` says
    that the rows are the stored ones: they are mapped as if they were first seen. `first` looks before a transaction stores anything; what
    it raises leaves all undone. Rows erased stay away, and so does what others say of them. What no database keeps is replaced.
    """
    absorbed = Absorbed()
    rows = tuple(storable(row) for row in rows)
    pieces = [rows[start : start + UNIT_ROWS] for start in range(0, len(rows), UNIT_ROWS)] or [()]
    for number, piece in enumerate(pieces):
        last = number == len(pieces) - 1
        one = _absorb_piece(
            store=store,
            connection=connection,
            mapping=mapping,
            rows=piece,
            position=position if last else None,
            since=since or now,
            asked_at=asked_at or now,
            also=also if last else None,
            first=first,
            as_new=replayed,
            now=now,
            read_by=read_by,
        )
        absorbed = Absorbed(
            rows=absorbed.rows + one.rows,
            fresh=absorbed.fresh + one.fresh,
            people=absorbed.people + one.people,
            unknown=absorbed.unknown + one.unknown,
        )
    return absorbed


def _absorb_piece(
    *,
    store: Store,
    connection: Connection,
    mapping: FieldMapping,
    rows: Sequence[RawRecord],
    position: Position | None,
    since: datetime,
    asked_at: datetime,
    also: Also | None,
    first: Also | None,
    as_new: bool,
    now: datetime,
    read_by: tuple[FieldMapping, ...],
) -> Absorbed:
    """`as_new`: the rows are the stored ones, mapped as if they were first seen."""
    with store.read() as tx:
        before = tx.raw.get([r.key for r in rows])
    fresh = [r for r in rows if _says_something_new(r, before.get(r.key))]
    found, unknown = _mapped(rows if read_by else fresh, mapping=mapping, before={} if as_new else before, now=now)
    if as_new:
        _leave_first_dates(store, found, rows=rows)
    if read_by:
        _retire(found, stored=before, mapping=mapping, read_by=read_by, now=now)
        gone = _roll_ups_gone(store, rows=rows, mapping=mapping, read_by=read_by, now=now)
        found.activities.extend(gone)

    def unit(tx: Tx) -> int:
        if first is not None:
            first(tx)
        erased = tx.raw.erased([*(row.key for row in rows), *found.contact_rows()])
        dropped = erased | found.rows_about(erased)
        tx.raw.put([row for row in (*fresh, *_stamped_anew(rows, before)) if row.key not in dropped], seen_at=asked_at)
        touched = _store(tx, found=found.without(erased) if erased else found, connection=connection, now=now)
        if touched:
            tx.marks.put(sorted(touched), lane=Lane.SCORE, since=since)
            tx.wake("score")
        tx.unknowns.put(unknown)
        if also is not None:
            also(tx)
        if position is not None:
            tx.cursors.put(connection=connection.name, source=position.source, cursor=position.cursor, at=now)
        return len(touched)

    return Absorbed(rows=len(rows), fresh=len(fresh), people=store.write(unit), unknown=unknown)


def _says_something_new(row: RawRecord, before: StoredRaw | None) -> bool:
    """Whether mapped fields, deletion or survivor differ from what is stored; a new stamp alone says nothing."""
    if before is None:
        return True
    return row.fields != before.fields or row.deleted != before.deleted or row.survivor != before.survivor


def _stamped_anew(rows: Sequence[RawRecord], before: Mapping[RecordKey, StoredRaw]) -> list[RawRecord]:
    """Rows in which the CRM changed something that is not mapped: a refused row may be writable now."""
    stored = ((row, before.get(row.key)) for row in rows)
    return [row for row, one in stored if one is not None and not _says_something_new(row, one) and row.modified_at != one.modified_at]


def _mapped(
    rows: Sequence[RawRecord], *, mapping: FieldMapping, before: Mapping[RecordKey, StoredRaw], now: datetime
) -> tuple[_Sorted, tuple[UnknownValue, ...]]:
    found = _Sorted()
    unknown: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        stored = before.get(row.key)
        mapped = mapping.records(row, before=stored.fields if stored else None, seen_at=now)
        for record in mapped.records:
            found.add(short(record))
        unknown.update((u.source, u.field, u.value) for u in mapped.unknown)
    return found, tuple(
        UnknownValue(connection=mapping.connection, source=s, field=f, value=v, rows=n) for (s, f, v), n in sorted(unknown.items())
    )


def _retire(
    found: _Sorted, *, stored: Mapping[RecordKey, StoredRaw], mapping: FieldMapping, read_by: tuple[FieldMapping, ...], now: datetime
) -> None:
    """Adds, as deleted, the activities that earlier mappings saw in the rows as stored and the present one does not."""
    kept = {a.id for a in found.activities}
    for key, raw in stored.items():
        row = RawRecord(key=key, modified_at=raw.modified_at, fields=raw.fields, deleted=raw.deleted, survivor=raw.survivor)
        kept.update(a.id for a in _activities(row, mapping=mapping, now=now))
        seen = {a.id: a for earlier in read_by for a in _activities(row, mapping=earlier, now=now)}
        found.activities.extend(replace(a, deleted=True) for id_, a in seen.items() if id_ not in kept)


def _activities(row: RawRecord, *, mapping: FieldMapping, now: datetime) -> list[Activity]:
    return [r for r in mapping.records(row, before=None, seen_at=now).records if isinstance(r, Activity)]


def _leave_first_dates(store: Store, found: _Sorted, *, rows: Sequence[RawRecord]) -> None:
    """An activity that a row dates by its own stamp, for want of a time, keeps the time that it was given when it was new."""
    stamps = {row.key: row.modified_at for row in rows}
    dated = {(a.contact, a.id) for a in found.activities if a.source == a.contact.source and a.at == stamps.get(a.contact)}
    if dated:
        with store.read() as tx:
            dated.intersection_update(tx.activities.roll_ups_of(sorted({contact for contact, _ in dated})))
        found.activities = [a for a in found.activities if (a.contact, a.id) not in dated]


def _roll_ups_gone(
    store: Store, *, rows: Sequence[RawRecord], mapping: FieldMapping, read_by: tuple[FieldMapping, ...], now: datetime
) -> list[Activity]:
    """As deleted, all activities of moments and counters that the present mapping leaves out; what a row says now tells only the latest."""
    sources = {r.key.source for r in rows}
    left_out = {(s, name) for s in sources for earlier in read_by for name in earlier.roll_ups(s) - mapping.roll_ups(s)}
    if not left_out:
        return []
    with store.read() as tx:
        told = tx.activities.roll_ups_of([r.key for r in rows])
    return [
        Activity(id=id_, contact=key, source=key.source, kind="", at=now, deleted=True)
        for key, id_ in told
        if (key.source, roll_up_of(id_, row=key.id)) in left_out
    ]


def _store(tx: Tx, *, found: _Sorted, connection: Connection, now: datetime) -> set[PersonId]:
    """Everything mapped goes in, companies first; the persons it touches come out."""
    companies = tx.records.put_companies(found.companies, seen_at=now)
    persons = _persons(tx, found=found, connection=connection, now=now)
    changed = tx.records.put_contacts(found.contacts, seen_at=now)
    touched = {persons[key] for key in changed}
    touched.update(tx.activities.put([(persons[a.contact], a) for a in found.activities], seen_at=now))
    deals = set(tx.records.put_deals(found.deals, seen_at=now))
    dealt = [d for d in found.deals if d.key in deals]
    touched.update(persons[c.contact] for d in dealt for c in d.contacts)
    touched.update(tx.people.at_companies([*companies, *(d.company for d in dealt if d.company is not None)]))
    return touched


def _persons(tx: Tx, *, found: _Sorted, connection: Connection, now: datetime) -> Mapping[RecordKey, PersonId]:
    """The person of every contact row that is named here; rows known only by name get a person of their own until their page comes."""
    rows = {c.key: Row(key=c.key, emails=() if c.deleted else c.emails, survivor=c.survivor) for c in found.contacts}
    named = [c.survivor for c in found.contacts if c.survivor is not None]
    named += [a.contact for a in found.activities]
    named += [c.contact for d in found.deals for c in d.contacts]
    known = dict(tx.people.of([*rows, *named]))
    for key in named:
        if key not in known and key not in rows:
            rows[key] = Row(key=key)
    emails = sorted({e for r in rows.values() for e in r.emails})
    holders = tx.people.holders(emails, production=connection.production)
    placed = place(tuple(rows.values()), known=known, holders=holders)
    deleted = frozenset(c.key for c in found.contacts if c.deleted)
    known.update(_settle(tx, placed=placed, deleted=deleted, now=now))
    return known


def _settle(tx: Tx, *, placed: Placed, deleted: Container[RecordKey], now: datetime) -> Mapping[RecordKey, PersonId]:
    """A deleted row keeps the addresses it had, so that who is deleted and comes back is the same person."""
    tx.people.join(
        [Join(survivor=u.survivor, loser=u.loser, why=u.why, confidence=u.confidence) for u in placed.unions],
        at=now,
    )
    return tx.people.attach(
        [
            Attach(key=p.key, person=p.person, emails=None if p.key in deleted else p.emails, why=p.why, confidence=p.confidence)
            for p in placed.placements
        ],
        at=now,
    )
