"""Hinted records are read again in the CRM and join the road: from here on they go the way of a pulled page.

Station: the second half of the drain. A hint is taken away in the unit that stores what was read, so a kill repeats at most one batch.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby

from connector.core.records import Activity, Company, Contact, Deal, RecordKey
from connector.flows.absorb import UNIT_ROWS, absorb
from connector.flows.readings import Reading
from connector.ports.connections import Connection
from connector.ports.crm import Crm, Json, RawRecord
from connector.ports.errors import Action, CrmError
from connector.ports.hooks import Hint, HintKind
from connector.ports.inbox import Lane, WaitingHint
from connector.ports.store import Store, Tx
from mappings.compile import FieldMapping

Clock = Callable[[], datetime]
Going = Callable[[], bool]
"""Whether there is time for another batch."""
FIRST_RETRY = timedelta(seconds=30)
LONGEST_RETRY = timedelta(minutes=15)
OF_ONE_SOURCE = frozenset({Action.FIX_MAPPING, Action.SKIP_RECORD, Action.STOP})
"""Failures that say something of what was asked, so that other sources are still worth a call; the others are the connection's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reread:
    """Hinted records that were `read`; `fresh` of them said something new, which touched `people`."""

    read: int = 0
    fresh: int = 0
    people: int = 0
    erased: int = 0
    left_out: int = 0
    """Of sources that are not read (any more, or not yet), or outside the mapping's `where`, or gone without ever having been here."""
    put_off: int = 0
    """Hints that wait for another try."""
    failures: tuple[CrmError, ...] = ()
    """Why; the first one of each source, or of the connection."""
    again_at: datetime | None = None
    """The soonest time at which what was put off may be tried."""


@dataclass(slots=True, kw_only=True)
class _Tally:
    read: int = 0
    fresh: int = 0
    people: int = 0
    erased: int = 0
    left_out: int = 0
    put_off: int = 0
    failed: dict[str, CrmError] = field(default_factory=dict)
    """By source."""
    cut: CrmError | None = None
    """What keeps the whole connection from answering."""
    again_at: datetime | None = None

    def reread(self) -> Reread:
        failures = tuple(dict.fromkeys([*self.failed.values(), *([self.cut] if self.cut else [])]))
        return Reread(
            read=self.read,
            fresh=self.fresh,
            people=self.people,
            erased=self.erased,
            left_out=self.left_out,
            put_off=self.put_off,
            failures=failures,
            again_at=self.again_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Errand:
    store: Store
    crm: Crm
    connection: Connection
    readings: Mapping[str, Reading]
    """By source, in the order of a pull."""
    clock: Clock
    tally: _Tally


def reread_hints(*, store: Store, crm: Crm, connection: Connection, readings: Mapping[str, Reading], clock: Clock, going: Going) -> Reread:
    """Reads again every record of the connection that a hint names and that may be tried now, in batches by source.

    A record outside the mapping's `where` does not enter; one that is here already counts as deleted. As with a later pull, how long ago
    a record began does not matter. People, companies and deals that a row names and that are not here yet are hinted at. A CRM that does
    not answer, and a source that it refuses, keep their hints for later; other sources go on.
    """
    errand = _Errand(store=store, crm=crm, connection=connection, readings=readings, clock=clock, tally=_Tally())
    while going():
        with store.read() as tx:
            hints = tx.hints.next(connection=connection.name, at=clock(), limit=full_calls(crm.abilities.reread_batch))
        if not hints:
            break
        for source, some in _by_source(hints, order=list(errand.readings)):
            _one_source(errand, source=source, hints=some)
    return errand.tally.reread()


def full_calls(rows_a_call: int) -> int:
    """Rows that fill whole calls and fit into one unit."""
    return max(1, UNIT_ROWS // rows_a_call) * min(rows_a_call, UNIT_ROWS)


def _by_source(hints: Sequence[WaitingHint], *, order: Sequence[str]) -> Iterator[tuple[str, tuple[WaitingHint, ...]]]:
    """Companies first, activities last, so that what rows name is there before them; sources that are not read at the end."""
    places = {source: n for n, source in enumerate(order)}
    ordered = sorted(hints, key=lambda h: (places.get(h.key.source, len(places)), h.key.source))
    for source, some in groupby(ordered, key=lambda h: h.key.source):
        yield source, tuple(some)


def _one_source(errand: _Errand, *, source: str, hints: Sequence[WaitingHint]) -> None:
    erased = [h for h in hints if h.kind is HintKind.ERASED]
    if erased:
        errand.store.write(partial(_erase, hints=erased))
        errand.tally.erased += len(erased)
    rest = [h for h in hints if h.kind is not HintKind.ERASED]
    reading = errand.readings.get(source)
    if not rest:
        return
    if reading is None:
        errand.store.write(lambda tx: tx.hints.done(rest))
        errand.tally.left_out += len(rest)
        return
    failure = errand.tally.cut or errand.tally.failed.get(source)
    if failure is not None:
        _put_off(errand, rest, failure=failure)
        return
    _read(errand, reading=reading, hints=rest)


def _erase(tx: Tx, *, hints: Sequence[WaitingHint]) -> None:
    """Whoever has other rows is scored without what went."""
    touched = tx.erase([h.key for h in hints])
    tx.marks.put(touched, lane=Lane.SCORE, since=min(h.arrived_at for h in hints))
    tx.hints.done(hints)
    tx.wake("score")


def _read(errand: _Errand, *, reading: Reading, hints: Sequence[WaitingHint]) -> None:
    read, rows = reading.read, list[RawRecord]()
    extra = tuple(name for name in read.where if name not in read.fields)
    failure: CrmError | None = None
    asked_at = errand.clock()
    try:
        asked = errand.crm.reread(source=read.source, ids=[h.key.id for h in hints], fields=(*read.fields, *extra), related=read.related)
        rows.extend(asked)
    except CrmError as err:
        failure = err
        if err.action in OF_ONE_SOURCE:
            errand.tally.failed[read.source] = err
        else:
            errand.tally.cut = err
    if rows:
        _take_in(
            errand, reading=reading, rows=[_without(row, extra) for row in rows], asked=rows, hints=hints[: len(rows)], asked_at=asked_at
        )
    if failure is not None:
        _put_off(errand, hints[len(rows) :], failure=failure)


def _without(row: RawRecord, extra: Sequence[str]) -> RawRecord:
    """The row as a pull gives it, without fields that were only asked for to hold them against `where`."""
    return replace(row, fields={name: value for name, value in row.fields.items() if name not in extra}) if extra else row


def _take_in(
    errand: _Errand,
    *,
    reading: Reading,
    rows: Sequence[RawRecord],
    asked: Sequence[RawRecord],
    hints: Sequence[WaitingHint],
    asked_at: datetime,
) -> None:
    with errand.store.read() as tx:
        keys = [row.key for row in rows]
        known = {*tx.raw.get(keys), *tx.people.of(keys)}
    where = reading.read.where
    entering = (_entering(row, whole=whole, where=where, known=row.key in known) for row, whole in zip(rows, asked, strict=True))
    kept = [row for row in entering if row is not None]
    named = _named(kept, mapping=reading.mapping, sources=errand.readings.keys(), now=errand.clock())

    def also(tx: Tx) -> None:
        _hint_at(tx, named, connection=errand.connection.name, at=min(h.arrived_at for h in hints))
        tx.hints.done(hints)

    absorbed = absorb(
        store=errand.store,
        connection=errand.connection,
        mapping=reading.mapping,
        rows=kept,
        position=None,
        now=errand.clock(),
        since=min(h.arrived_at for h in hints),
        asked_at=asked_at,
        also=also,
    )
    tally = errand.tally
    tally.read += len(rows)
    tally.fresh += absorbed.fresh
    tally.people += absorbed.people
    tally.left_out += len(rows) - len(kept)


def _entering(row: RawRecord, *, whole: RawRecord, where: Mapping[str, tuple[str, ...]], known: bool) -> RawRecord | None:
    """The row as it is to be stored; None for one that has no place here."""
    if row.deleted:
        return row if known or row.survivor is not None else None
    if all(_text(whole.fields.get(name)) in {value.casefold() for value in values} for name, values in where.items()):
        return row
    return replace(row, fields={}, deleted=True) if known else None


def _text(value: Json) -> str:
    """As the CRMs compare: without regard to capitals."""
    return ("true" if value else "false") if isinstance(value, bool) else "" if value is None else str(value).casefold()


def _named(rows: Sequence[RawRecord], *, mapping: FieldMapping, sources: Iterable[str], now: datetime) -> tuple[Hint, ...]:
    """A hint at every row that these name. An event of a hint is said once, so a row that never comes in is not asked for again and again.

    The survivor of a merge has changed with it, so it is looked at even where it is here.
    """
    heirs = {row.survivor: row.key for row in rows if row.survivor is not None}
    named = {key for row in rows for record in mapping.records(row, before=None, seen_at=now).records for key in _keys(record)}
    named -= {row.key for row in rows}
    events = {key: f"named {key.source} {key.id}" for key in named}
    events |= {heir: f"took over {gone.source} {gone.id}" for heir, gone in heirs.items()}
    there = frozenset(sources)
    return tuple(Hint(event=event, source=key.source, record=key.id) for key, event in sorted(events.items()) if key.source in there)


def _keys(record: object) -> Iterator[RecordKey]:
    match record:
        case Contact(company=company, survivor=survivor):
            yield from (key for key in (company, survivor) if key is not None)
        case Company(survivor=RecordKey() as survivor):
            yield survivor
        case Deal(company=company, contacts=contacts):
            yield from (link.contact for link in contacts)
            if company is not None:
                yield company
        case Activity(contact=contact):
            yield contact


def _hint_at(tx: Tx, named: Sequence[Hint], *, connection: str, at: datetime) -> None:
    keys = {hint: RecordKey(connection, hint.source, hint.record) for hint in named}
    here = tx.raw.get([key for hint, key in keys.items() if hint.event.startswith("named ")])
    tx.hints.put([hint for hint, key in keys.items() if key not in here], connection=connection, arrived_at=at)


def _put_off(errand: _Errand, hints: Sequence[WaitingHint], *, failure: CrmError) -> None:
    """30 s, 1 min, 2 min … at most a quarter of an hour; or until the CRM says."""
    if not hints:
        return
    now = errand.clock()
    tries = max(h.tries for h in hints)
    wait = min(FIRST_RETRY * 2 ** min(tries, 10), LONGEST_RETRY)
    at = max(failure.until or now, now + FIRST_RETRY) if failure.action is Action.WAIT else now + wait
    errand.store.write(lambda tx: tx.hints.later(hints, next_try_at=at))
    tally = errand.tally
    tally.put_off += len(hints)
    tally.again_at = at if tally.again_at is None else min(tally.again_at, at)
