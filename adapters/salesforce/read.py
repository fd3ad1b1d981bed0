"""Reads rows: the first load by id, then what changed by stamp, then links that changed and rows that were purged.

Station: CRM pages in, `RawRecord`s out. Every page is a query of its own behind the last row given, never the org's own cursor: that gives
rows as they are when their page is fetched, in an order that then no longer holds, so it cannot be resumed without a miss.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import structlog

from adapters.kit.budget import Purpose
from adapters.kit.paging import OVERLAP, batches
from adapters.salesforce.client import PAGE_ROWS, Answer, SalesforceClient
from adapters.salesforce.places import Changes, Ending, Loading, Rest, cursor_of, place_of
from adapters.salesforce.rows import SourceRows, id_condition, stamp
from adapters.salesforce.soql import day, is_id, moment, words
from adapters.salesforce.sources import DATE_TIMES, DATES
from connector.ports.crm import Ask, FieldType, Page, RawRecord
from connector.ports.errors import CrmField, CrmRefused

log = structlog.get_logger()

IDS_A_CALL = 400
"""Ids of one `Id IN (…)` at most, so that an ordinary list of fields fits beside them."""
ID_CHARACTERS = 21
ADDRESS_ELSE = 200
"""Room for the host and the path."""
LONGEST_ADDRESS = 16_000
"""Characters of an address; the org takes 16,384 ("Salesforce Developer Limits and Allocations Quick Reference", URI length, 2026-11)."""

PURGES_KEPT = timedelta(days=15) - timedelta(hours=1)
"""How far back the org tells purged rows ("REST API Developer Guide", Get Deleted: 15 days), less an hour for clocks."""

_TOO_SLOW = ("QUERY_TIMEOUT", "OPERATION_TOO_LARGE")
_NO_PURGE_LOG = ("INVALID_TYPE_FOR_OPERATION", "NOT_FOUND", "INVALID_REPLICATION_DATE")
"""The org keeps no such log: the object is not replicated, or the org is younger than the time asked for."""
SHORTEST_SPAN = timedelta(seconds=4)
"""A span of stamps that is not halved any more."""

FieldTypes = Callable[[str, str], FieldType]
"""The type of a field, by source and name."""


class Reader:
    """Reads for one connection. Thread-safe; each read keeps its own place."""

    def __init__(self, *, client: SalesforceClient, field_type: FieldTypes, page_rows: int = PAGE_ROWS) -> None:
        self._client = client
        self._field_type = field_type
        self._page_rows = page_rows

    def read(self, ask: Ask) -> Iterator[Page]:
        """One run: the rest of the first load, or one incremental run. Each page's cursor is right to store with its rows."""
        rows = SourceRows(
            connection=self._client.connection,
            source=ask.source,
            fields=ask.fields,
            related=ask.related,
            conditions_on=(*ask.where, *([ask.since_field] if ask.since_field else [])),
        )
        place = place_of(ask.cursor)
        if place is None or isinstance(place, Loading):
            return self._load(ask, rows, place)
        return self._increment(ask, rows, place)

    def reread(self, *, source: str, ids: Sequence[str], fields: Sequence[str], related: Sequence[str] = ()) -> Iterator[RawRecord]:
        """One record an id, as it is now, in the order given; one that is gone comes back with `deleted` set."""
        rows = SourceRows(connection=self._client.connection, source=source, fields=fields, related=related)
        for batch in batches(ids, _ids_a_call(rows)):
            askable = [record_id for record_id in batch if is_id(record_id)]
            found: dict[str, RawRecord] = {}
            at = self._client.clock.now()
            if askable:
                answer = self._query(rows.text([id_condition(askable)]), purpose=Purpose.REREAD)
                at = answer.at
                known = self._records(rows, self._all_rows(answer, Purpose.REREAD), purpose=Purpose.REREAD)
                found = {record.key.id[:15]: record for record in known}
            for record_id in batch:
                yield found.get(record_id[:15]) or rows.gone(record_id, at=at)

    def _load(self, ask: Ask, rows: SourceRows, place: Loading | None) -> Iterator[Page]:
        bounds = [*self._only(ask), *self._since(ask), *(["IsDeleted = false"] if rows.source.deletable else [])]
        expected: int | None = None
        while True:
            if place is None:
                answer = self._first_page(rows, bounds)
                expected = answer.body["totalSize"] if not answer.body["done"] or len(answer.body["records"]) < self._page_rows else None
            else:
                answer = self._query(rows.text([*bounds, f"Id > '{place.after}'"], order="Id", limit=self._page_rows))
            records = self._records(rows, answer.body["records"])
            started = place.started if place else answer.at
            if self._is_last(answer):
                rest = Rest(high=started, covered=started)
                yield Page(records=records, cursor=cursor_of(rest), expected=expected)
                return
            place = Loading(started=started, after=records[-1].key.id)
            yield Page(records=records, cursor=cursor_of(place), expected=expected)

    def _first_page(self, rows: SourceRows, bounds: Sequence[str]) -> Answer:
        # Without a limit the answer also says how many rows there are in all, which a progress bar needs; a huge object may not bear it.
        try:
            return self._query(rows.text(bounds, order="Id"))
        except CrmRefused as refusal:
            if refusal.code not in _TOO_SLOW:
                raise
            return self._query(rows.text(bounds, order="Id", limit=self._page_rows))

    def _increment(self, ask: Ask, rows: SourceRows, place: Changes | Ending | Rest) -> Iterator[Page]:
        told_deleted: set[str] = set()
        if not isinstance(place, Ending):
            place = yield from self._changes(ask, rows, place, told_deleted)
        yield from self._ends(rows, place, told_deleted)

    def _changes(self, ask: Ask, rows: SourceRows, place: Changes | Rest, told_deleted: set[str]) -> Generator[Page, None, Ending]:
        only = self._only(ask)
        here = place if isinstance(place, Changes) else _first_changes(place)
        high = place.high if isinstance(place, Changes) else None
        while True:
            answer, end = self._changed_page(rows, only, here=here, high=high)
            found = answer.body["records"]
            high = high or answer.at
            here = replace(here, high=high)
            records = self._records(rows, found)
            told_deleted.update(record.key.id for record in records if record.deleted)
            if self._is_last(answer) and end == high:
                ending = Ending(low=here.low, high=high, covered=here.covered)
                yield Page(records=records, cursor=cursor_of(ending))
                return ending
            here = replace(here, at=end, after="") if self._is_last(answer) else replace(here, at=stamp(found[-1]), after=found[-1]["Id"])
            yield Page(records=records, cursor=cursor_of(here))

    def _changed_page(self, rows: SourceRows, only: Sequence[str], *, here: Changes, high: datetime | None) -> tuple[Answer, datetime]:
        """One page behind `here`, and up to when it tells: `high`, or sooner where the org needs too long for that."""
        start = [f"SystemModstamp >= {moment(here.at)}"]
        if here.after:
            start.append(f"(SystemModstamp > {moment(here.at)} OR (SystemModstamp = {moment(here.at)} AND Id > '{here.after}'))")
        end = high
        while True:
            # The first page of a run needs no end: nothing is later than now, and its answer says when that was.
            conditions = [*only, *start, *([f"SystemModstamp <= {moment(end)}"] if end else [])]
            try:
                answer = self._query(rows.text(conditions, order="SystemModstamp,Id", limit=self._page_rows))
            except CrmRefused as refusal:
                span = (end or self._client.clock.now()) - here.at
                if refusal.code not in _TOO_SLOW or span < SHORTEST_SPAN:
                    raise
                end = (here.at + span / 2).replace(microsecond=0)
            else:
                return answer, end or answer.at

    def _ends(self, rows: SourceRows, place: Ending, told_deleted: set[str]) -> Iterator[Page]:
        linked = list(self._rows_with_changed_links(rows, place))
        purged, covered = self._purged(rows, place, told_deleted)
        rest = cursor_of(Rest(high=place.high, covered=covered))
        pages = list(batches([*linked, *purged], self._page_rows)) or [()]
        for number, records in enumerate(pages, start=1):
            yield Page(records=records, cursor=rest if number == len(pages) else cursor_of(place))

    def _rows_with_changed_links(self, rows: SourceRows, place: Ending) -> Iterator[RawRecord]:
        for link in rows.child_links:
            soql = f"SELECT {link.child_parent} FROM {link.child} WHERE SystemModstamp >= {moment(place.low)}"
            changed = self._all_rows(self._query(soql), Purpose.READ)
            parents = tuple(dict.fromkeys(row[link.child_parent] for row in changed if row[link.child_parent]))
            for batch in batches(parents, _ids_a_call(rows)):
                yield from self._records(rows, self._all_rows(self._query(rows.text([id_condition(batch)])), Purpose.READ))

    def _purged(self, rows: SourceRows, place: Ending, told_deleted: set[str]) -> tuple[list[RawRecord], datetime]:
        """Rows that even the recycle bin has lost, and up to when the org is sure of them."""
        if not rows.source.deletable:
            return [], place.high
        low = min(place.low, place.covered)
        floor = place.high - PURGES_KEPT
        if low < floor:
            log.warning("purged_rows_unknown", connection=self._client.connection, source=rows.source.name, since=low, known_from=floor)
            low = floor
        dates, covered = self._purge_log(rows, low=low, high=place.high)
        unknown = {record_id: at for record_id, at in dates.items() if record_id not in told_deleted}
        return list(self._still_known(rows, unknown)), covered

    def _purge_log(self, rows: SourceRows, *, low: datetime, high: datetime) -> tuple[dict[str, datetime], datetime]:
        """Ids deleted between two times with their dates, and up to when that is complete."""
        span = f"start={quote(low.isoformat())}&end={quote(high.isoformat())}"
        try:
            told = self._client.call("GET", f"sobjects/{rows.source.name}/deleted/?{span}", purpose=Purpose.READ).body
        except CrmRefused as refusal:
            if refusal.code == "EXCEEDED_ID_LIMIT":
                middle = (low + (high - low) / 2).replace(microsecond=0)
                early, _ = self._purge_log(rows, low=low, high=middle)
                late, covered = self._purge_log(rows, low=middle, high=high)
                return early | late, covered
            if refusal.code not in _NO_PURGE_LOG:
                raise
            log.info("purged_rows_not_told", connection=self._client.connection, source=rows.source.name, code=refusal.code)
            return {}, high
        dates = {row["id"]: datetime.fromisoformat(row["deletedDate"]) for row in told["deletedRecords"]}
        return dates, min(high, datetime.fromisoformat(told["latestDateCovered"]))

    def _still_known(self, rows: SourceRows, dates: Mapping[str, datetime]) -> Iterator[RawRecord]:
        """Deleted rows as the recycle bin still has them (so that a merge names its winner), else as bare ids."""
        for batch in batches(tuple(dates), _ids_a_call(rows)):
            answer = self._query(rows.text([id_condition(batch)]))
            known = {row["Id"][:15]: rows.record(row) for row in self._all_rows(answer, Purpose.READ)}
            for record_id in batch:
                yield known.get(record_id[:15]) or rows.gone(record_id, at=dates[record_id])

    def _query(self, soql: str, *, purpose: Purpose = Purpose.READ) -> Answer:
        return self._client.query(soql, purpose=purpose, every_row=True)

    def _all_rows(self, answer: Answer, purpose: Purpose) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = list(answer.body["records"])
        while not answer.body["done"]:
            answer = self._client.call("GET", answer.body["nextRecordsUrl"], purpose=purpose)
            found += answer.body["records"]
        return found

    def _records(self, rows: SourceRows, found: Iterable[dict[str, Any]], *, purpose: Purpose = Purpose.READ) -> tuple[RawRecord, ...]:
        if rows.child_links:
            found = [self._with_all_children(rows, row, purpose) for row in found]
        return tuple(map(rows.record, found))

    def _with_all_children(self, rows: SourceRows, row: dict[str, Any], purpose: Purpose) -> dict[str, Any]:
        for link in rows.child_links:
            children = row.get(link.children)
            while children and not children["done"]:
                more = self._client.call("GET", children["nextRecordsUrl"], purpose=purpose).body
                children = {**more, "records": [*children["records"], *more["records"]]}
                row = {**row, link.children: children}
        return row

    def _is_last(self, answer: Answer) -> bool:
        """Whether no row stands behind this page: it is complete, and not as long as a page may be."""
        return bool(answer.body["done"]) and len(answer.body["records"]) < self._page_rows

    def _only(self, ask: Ask) -> list[str]:
        return [f"{name} IN {words(values)}" for name, values in sorted(ask.where.items())]

    def _since(self, ask: Ask) -> list[str]:
        if ask.since is None:
            return []
        if not ask.since_field:
            raise CrmField(
                f'Salesforce "{self._client.connection}": {ask.source} is to be read since a time, but no field tells the time.',
                connection=self._client.connection,
                hint="Name the field in the mapping.",
            )
        kind = self._kind_of_time(ask.source, ask.since_field)
        bound = day(ask.since.date()) if kind is FieldType.DATE else moment(ask.since)
        return [f"{ask.since_field} >= {bound}"]

    def _kind_of_time(self, source: str, name: str) -> FieldType:
        if name in DATE_TIMES:
            return FieldType.DATETIME
        if name in DATES:
            return FieldType.DATE
        return self._field_type(source, name)


def _ids_a_call(rows: SourceRows) -> int:
    """How many ids fit beside the fields; at least one, however long the fields are."""
    left = LONGEST_ADDRESS - len(quote(rows.text([id_condition(())]))) - ADDRESS_ELSE
    return max(1, min(IDS_A_CALL, left // ID_CHARACTERS))


def _first_changes(place: Rest) -> Changes:
    low = place.high - OVERLAP
    return Changes(low=low, high=place.high, at=low, after="", covered=place.covered)
