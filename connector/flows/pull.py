"""Reads what is new in one CRM and stores it, source by source, able to go on after a kill at any page."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from itertools import islice
from typing import Any

from connector.core.model import Model
from connector.flows.absorb import UNIT_ROWS, Absorbed, Position, absorb
from connector.flows.progress import Progress, Step
from connector.ports.connections import Connection
from connector.ports.crm import Ask, Crm
from connector.ports.store import Store, Tx
from mappings.compile import FieldMapping, Recipe, SourceRead

Clock = Callable[[], datetime]
Earlier = Callable[[Recipe], FieldMapping]
"""Gives the mapping by which stored rows were read."""


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

    recipe: Recipe
    """By which rows were mapped."""
    fields: str
    """Fingerprint of what was asked for (`fields_asked`)."""
    hours: int | None
    """How far back the first load read; None: everything."""
    cursor: str | None
    former: tuple[Recipe, ...] = ()
    """Recipes of rows that are still to be read again, while a source is."""

    @classmethod
    def parse(cls, text: str | None) -> "Bookmark | None":
        if text is None:
            return None
        parts = json.loads(text)
        return cls(**{**parts, "recipe": _recipe(parts["recipe"]), "former": tuple(_recipe(one) for one in parts["former"])})

    def text(self) -> str:
        return json.dumps(asdict(self))

    def covers(self, wanted: "Bookmark") -> bool:
        """Whether what is stored was read with the same questions, at least as far back."""
        return self.fields == wanted.fields and (self.hours is None or (wanted.hours is not None and wanted.hours <= self.hours))


def _recipe(parts: Mapping[str, Any]) -> Recipe:
    return Recipe(**{**parts, "sources": tuple(parts["sources"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Errand:
    """One source of one connection to be read."""

    store: Store
    crm: Crm
    connection: Connection
    mapping: FieldMapping
    read: SourceRead
    earlier: Earlier
    clock: Clock
    progress: Progress

    def mark(self, tx: Tx) -> Bookmark | None:
        return Bookmark.parse(tx.cursors.get(connection=self.connection.name, source=self.read.source))

    def put(self, tx: Tx, mark: Bookmark) -> None:
        tx.cursors.put(connection=self.connection.name, source=self.read.source, cursor=mark.text(), at=self.clock())


def pull(
    *,
    store: Store,
    crm: Crm,
    connection: Connection,
    mapping: FieldMapping,
    earlier: Earlier,
    reach: Horizon,
    clock: Clock,
    progress: Progress,
) -> Iterator[Pulled]:
    """Each source of the mapping once it is read, companies first, activities last.

    Repeating is safe; a kill loses at most the page in flight.
    """
    errand = partial(_Errand, store=store, crm=crm, connection=connection, mapping=mapping, earlier=earlier, clock=clock, progress=progress)
    return (_pull_source(errand(read=read), back=reach.of(read.kind)) for read in mapping.reads)


def _pull_source(errand: _Errand, *, back: timedelta | None) -> Pulled:
    with errand.store.read() as tx:
        mark = errand.mark(tx)
    recipe = errand.mapping.recipe
    hours = None if back is None else int(back / timedelta(hours=1))
    begin = Bookmark(recipe=recipe, fields=fields_asked(errand.read), hours=hours, cursor=None)
    if mark is None:
        return _read_on(errand, begin=begin, first=True)
    if not mark.covers(begin) or mark.former:
        return _read_again(errand, mark=mark, begin=begin)
    if mark.recipe != recipe:
        replay(errand, read_by=errand.earlier(mark.recipe))
        mark = replace(mark, recipe=recipe)
        errand.store.write(partial(errand.put, mark=mark))
    return _read_on(errand, begin=mark, first=False)


def _read_again(errand: _Errand, *, mark: Bookmark, begin: Bookmark) -> Pulled:
    """The source from its beginning, with every row mapped anew that another recipe has mapped; goes on where a kill cut that off."""
    if not mark.covers(begin) or mark.recipe != begin.recipe:
        former = mark.former
        if former or mark.recipe != begin.recipe:
            former = tuple(dict.fromkeys((*former, mark.recipe)))
        # What was deleted or merged since is only told to those who read on from where they stood.
        _read_on(errand, begin=mark, first=False, former=former)
        _count_unknown_anew(errand)
        mark = replace(begin, former=former)
    pulled = _read_on(errand, begin=mark, first=True, former=mark.former)
    errand.store.write(partial(_all_is_read, errand=errand))
    return pulled


def _all_is_read(tx: Tx, *, errand: _Errand) -> None:
    mark = errand.mark(tx)
    if mark is not None:
        errand.put(tx, replace(mark, former=()))


def _read_on(errand: _Errand, *, begin: Bookmark, first: bool, former: tuple[Recipe, ...] = ()) -> Pulled:
    """Reads from a bookmark to the end, storing every page with the bookmark behind it."""
    connection, read = errand.connection.name, errand.read
    ask = Ask(
        source=read.source,
        fields=read.fields,
        related=read.related,
        since=errand.clock() - timedelta(hours=begin.hours) if begin.hours is not None else None,
        since_field=read.since_field,
        cursor=begin.cursor,
        where=read.where,
    )
    read_by = tuple(errand.earlier(recipe) for recipe in former)
    rows = fresh = people = 0
    asked_at = errand.clock()  # of every page: a CRM may tell all of them as they stood when the first one was asked for
    for page in errand.crm.read(ask):
        one: Absorbed = absorb(
            store=errand.store,
            connection=errand.connection,
            mapping=errand.mapping,
            rows=page.records,
            position=Position(source=read.source, cursor=replace(begin, cursor=page.cursor).text()),
            now=errand.clock(),
            asked_at=asked_at,
            read_by=read_by,
        )
        rows, fresh, people = rows + one.rows, fresh + one.fresh, people + one.people
        errand.progress(Step(name=f"{connection} {read.source}", done=rows, of=page.expected))
    return Pulled(connection=connection, source=read.source, kind=read.kind, rows=rows, fresh=fresh, people=people, first=first)


def fields_asked(read: SourceRead) -> str:
    """A fingerprint of what is asked of a source; when it changes, stored rows lack something and are read again."""
    asked = json.dumps(
        [read.source, sorted(read.fields), sorted(read.related), {k: sorted(v) for k, v in read.where.items()}], sort_keys=True
    )
    return sha256(asked.encode()).hexdigest()[:16]


def replay(errand: _Errand, *, read_by: FieldMapping) -> int:
    """Maps the stored rows of a source anew, without a call to the CRM; `read_by` mapped them before. Rows replayed."""
    count = 0
    _count_unknown_anew(errand)
    with errand.store.read() as tx:
        rows = tx.raw.rows(connection=errand.connection.name, source=errand.read.source)
        while piece := tuple(islice(rows, UNIT_ROWS)):
            absorb(
                store=errand.store,
                connection=errand.connection,
                mapping=errand.mapping,
                rows=piece,
                replayed=True,
                now=errand.clock(),
                read_by=(read_by,),
            )
            count += len(piece)
    return count


def _count_unknown_anew(errand: _Errand) -> None:
    """What the former mapping did not know may be known to this one."""
    errand.store.write(lambda tx: tx.unknowns.clear(connection=errand.connection.name, source=errand.read.source))
