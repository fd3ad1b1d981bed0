"""Reads what is new in one CRM and stores it, source by source, able to go on after a kill at any page."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from itertools import islice

from connector.core.model import Model
from connector.flows.absorb import UNIT_ROWS, Absorbed, Position, absorb
from connector.flows.progress import Progress, Step
from connector.ports.crm import Ask, Crm
from connector.ports.store import Connection, Store
from mappings.compile import FieldMapping, SourceRead

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """How far back a first load reads: activities of the longest window that any model uses, deals of some years."""

    activities: timedelta
    deals: timedelta

    def of(self, kind: str) -> timedelta | None:
        """None: everything."""
        return {"activity": self.activities, "deal": self.deals}.get(kind)


def horizon(*, models: tuple[Model, ...], deals: timedelta) -> Horizon:
    return Horizon(activities=timedelta(hours=max(m.longest_window_hours() for m in models)), deals=deals)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What one source gave. `first` says that it was a first load (or one begun again because other fields are asked for now)."""

    connection: str
    source: str
    kind: str
    rows: int
    fresh: int
    people: int
    first: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookmark:
    """Where a source stands: the CRM's own cursor, with what it was read by."""

    version: int
    """Of the mapping."""
    fields: str
    """Fingerprint of what was asked for (`fields_asked`)."""
    hours: int | None
    """How far back the first load read; None: everything."""
    cursor: str | None

    @classmethod
    def parse(cls, text: str | None) -> "Bookmark | None":
        return None if text is None else cls(**json.loads(text))

    def text(self) -> str:
        return json.dumps({"version": self.version, "fields": self.fields, "hours": self.hours, "cursor": self.cursor})

    def covers(self, wanted: "Bookmark") -> bool:
        """Whether what is stored was read with the same questions, at least as far back."""
        return self.fields == wanted.fields and (self.hours is None or (wanted.hours is not None and wanted.hours <= self.hours))


def pull(
    *,
    store: Store,
    crm: Crm,
    connection: Connection,
    mapping: FieldMapping,
    earlier: Callable[[int], FieldMapping],
    reach: Horizon,
    clock: Clock,
    progress: Progress,
) -> tuple[Pulled, ...]:
    """Every source of the mapping, companies first, activities last. Repeating is safe; a kill loses at most the page in flight.

    `earlier` gives a former version of the mapping, by which stored rows were read.
    """
    return tuple(
        _pull_source(
            store=store,
            crm=crm,
            connection=connection,
            mapping=mapping,
            read=read,
            earlier=earlier,
            reach=reach,
            clock=clock,
            progress=progress,
        )
        for read in mapping.reads
    )


def _pull_source(
    *,
    store: Store,
    crm: Crm,
    connection: Connection,
    mapping: FieldMapping,
    read: SourceRead,
    earlier: Callable[[int], FieldMapping],
    reach: Horizon,
    clock: Clock,
    progress: Progress,
) -> Pulled:
    with store.read() as tx:
        mark = Bookmark.parse(tx.cursors.get(connection=connection.name, source=read.source))
    back = reach.of(read.kind)
    hours = None if back is None else int(back / timedelta(hours=1))
    fresh_start = Bookmark(version=mapping.version, fields=fields_asked(read), hours=hours, cursor=None)
    stretch = partial(_read_on, store=store, crm=crm, connection=connection, mapping=mapping, read=read, clock=clock, progress=progress)
    if mark is None:
        return stretch(begin=fresh_start, first=True)
    if not mark.covers(fresh_start):
        # What was deleted or merged since is only told to those who read on from where they stood.
        stretch(begin=replace(mark, version=mapping.version), first=False)
        _count_unknown_anew(store, connection=connection, source=read.source)
        return stretch(begin=fresh_start, first=True)
    if mark.version != mapping.version:
        replay(store=store, connection=connection, mapping=mapping, read_by=earlier(mark.version), source=read.source, clock=clock)
    return stretch(begin=replace(mark, version=mapping.version), first=False)


def _read_on(
    *,
    store: Store,
    crm: Crm,
    connection: Connection,
    mapping: FieldMapping,
    read: SourceRead,
    clock: Clock,
    progress: Progress,
    begin: Bookmark,
    first: bool,
) -> Pulled:
    """Reads from a bookmark to the end, storing every page with the bookmark behind it."""
    ask = Ask(
        source=read.source,
        fields=read.fields,
        related=read.related,
        since=clock() - timedelta(hours=begin.hours) if begin.hours is not None else None,
        since_field=read.since_field,
        cursor=begin.cursor,
        where=read.where,
    )
    rows = fresh = people = 0
    for page in crm.read(ask):
        one: Absorbed = absorb(
            store=store,
            connection=connection,
            mapping=mapping,
            rows=page.records,
            position=Position(source=read.source, cursor=replace(begin, cursor=page.cursor).text()),
            now=clock(),
        )
        rows, fresh, people = rows + one.rows, fresh + one.fresh, people + one.people
        progress(Step(name=f"{connection.name} {read.source}", done=rows, of=page.expected))
    return Pulled(connection=connection.name, source=read.source, kind=read.kind, rows=rows, fresh=fresh, people=people, first=first)


def fields_asked(read: SourceRead) -> str:
    """A fingerprint of what is asked of a source; when it changes, stored rows lack something and are read again."""
    asked = json.dumps(
        [read.source, sorted(read.fields), sorted(read.related), {k: sorted(v) for k, v in read.where.items()}], sort_keys=True
    )
    return sha256(asked.encode()).hexdigest()[:16]


def replay(*, store: Store, connection: Connection, mapping: FieldMapping, read_by: FieldMapping, source: str, clock: Clock) -> int:
    """Maps the stored rows of a source anew, without a call to the CRM; `read_by` mapped them before. Rows replayed."""
    count = 0
    _count_unknown_anew(store, connection=connection, source=source)
    with store.read() as tx:
        rows = tx.raw.rows(connection=connection.name, source=source)
        while piece := tuple(islice(rows, UNIT_ROWS)):
            absorb(store=store, connection=connection, mapping=mapping, rows=piece, position=None, now=clock(), replay_from=read_by)
            count += len(piece)
    return count


def _count_unknown_anew(store: Store, *, connection: Connection, source: str) -> None:
    """What the former mapping did not know may be known to this one."""
    store.write(lambda tx: tx.unknowns.clear(connection=connection.name, source=source))
