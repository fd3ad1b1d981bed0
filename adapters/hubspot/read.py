"""Records page by page: the first load by list, later and bounded reads by search, deletions and merges, with their links.

Station: HubSpot adapter, CRM page -> RawRecord. `events` does the same for event occurrences.

Calls of one source and run: rows / 100 by list or rows / 200 by search, one associations call per 1,000 rows and related source that does
not come inline, and for deletions the whole list of archived records, rows / 100, because HubSpot sorts and filters it in no way; where
that list is long it is read less often (see `DELETED_EVERY`).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from adapters.hubspot.catalog import require_properties
from adapters.hubspot.client import Hub, Reply
from adapters.hubspot.links import INLINE_SOURCES, INPUTS_A_CALL, Links, inline_links, read_links
from adapters.hubspot.position import Phase, Position, pack, unpack
from adapters.kit.budget import Purpose
from adapters.kit.paging import OVERLAP, batches
from connector.core.records import RecordKey
from connector.ports.crm import Ask, Json, Page, RawRecord
from connector.ports.errors import CrmError, CrmField, CrmRefused

LIST_ROWS = 100
SEARCH_ROWS = 200
READ_ROWS = 100
"""Rows of one page or batch read. Source: HubSpot "CRM objects" and "CRM search" guides, limits, 2026-11."""
LONGEST_QUERY = 4000
"""Characters of properties a list address carries. HubSpot answers 414 somewhere between 8 and 16 thousand (hubspot-api-python #334)."""
LONGEST_SEARCH = 2900
"""Characters of a search body; HubSpot takes 3,000 ("CRM search" guide, limits, 2026-11)."""
MERGEABLE = ("contacts", "companies", "deals")
MERGED_IDS = ("hs_merged_object_ids", "hs_calculated_merged_vids")
"""Properties of a surviving record that name the records merged into it."""
DELETED_EVERY = timedelta(minutes=5)
"""A list of archived records that takes n calls is read at most every n - 1 times this: about one call per poll, however long it is."""
DELETED_AT_LEAST = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows as HubSpot gave them, or finished records, and the position after them."""

    rows: tuple[Mapping[str, Any], ...]
    position: Position
    records: tuple[RawRecord, ...] = ()


def read_objects(hub: Hub, ask: Ask) -> Iterator[Page]:
    """Pages of one object type, resumable from each page's cursor. Raises CrmError, CrmField for a property that is not there."""
    require_properties(hub, source=ask.source, names=(*ask.fields, *([ask.since_field] if ask.since else ()), *ask.where))
    yield from ObjectReader(hub, ask).pages()


class ObjectReader:
    """One run over one source."""

    def __init__(self, hub: Hub, ask: Ask) -> None:
        self._hub = hub
        self._ask = ask
        self._source = ask.source
        self._path = hub.paths.objects(ask.source)
        self._position = _beginning(ask)
        self._is_first = self._position.first
        self._by_api = tuple(other for other in ask.related if not self._comes_inline(other))

    def pages(self) -> Iterator[Page]:
        """Pages; where links are read apart, as many pages at a time as one associations call serves."""
        held: list[Sheet] = []
        rows_a_page = LIST_ROWS if self._position.phase is Phase.LIST else SEARCH_ROWS
        for sheet in self._sheets():
            held.append(sheet)
            if not self._by_api or sum(len(one.rows) for one in held) + rows_a_page > INPUTS_A_CALL:
                yield from self._with_links(held)
                held = []
        yield from self._with_links(held)

    def _sheets(self) -> Iterator[Sheet]:
        steps = {Phase.LIST: self._listed, Phase.SEARCH: self._found, Phase.DELETED: self._archived}
        has_begun_anew = False
        while self._position.phase is not Phase.REST:
            try:
                sheet = steps[self._position.phase]()
            except (CrmField, CrmRefused):
                if not self._position.after or has_begun_anew:
                    raise
                # A paging token that HubSpot no longer knows: this part begins anew, once, and what was given comes again.
                has_begun_anew = True
                self._position = replace(self._position, after="", given=0, deleted_calls=0)
                continue
            self._position = sheet.position
            yield sheet

    def _listed(self) -> Sheet:
        position = self._position
        wanted = self._wanted(merges=False)
        is_wide = len(",".join(wanted)) > LONGEST_QUERY
        query = [("limit", str(LIST_ROWS)), ("properties", "hs_object_id" if is_wide else ",".join(wanted))]
        inline = [other for other in self._ask.related if self._comes_inline(other)]
        if inline:
            query.append(("associations", ",".join(inline)))
        reply = self._hub.call("GET", self._path, purpose=Purpose.READ, query=[*query, *_after(position)])
        rows = _rows(reply)
        after = _next(reply)
        position = replace(position, after=after, given=position.given + len(rows)).at(_ms(reply.at))
        if after and position.expected is None and position.given == len(rows):
            # The list endpoint does not tell how many there are; one search does, and only where there is progress to show.
            position = replace(position, expected=self._total())
        if is_wide:
            rows = self._filled(rows, wanted)
        return Sheet(rows, position if after else replace(position.resting(), deleted_ms=position.started_ms))

    def _found(self) -> Sheet:
        position = self._position
        wanted = self._wanted(merges=not position.first)
        body = self._search_body(position, wanted)
        is_wide = len(json.dumps(body)) > LONGEST_SEARCH
        reply = self._search(body | {"properties": ["hs_object_id"]} if is_wide else body)
        rows = _rows(reply)
        total = reply.body.get("total")
        position = replace(
            position.at(_ms(reply.at)),
            last_id=int(rows[-1]["id"]) if rows else position.last_id,
            expected=position.given + total if isinstance(total, int) else None,
            given=position.given + len(rows),
        )
        if not rows or not _next(reply):
            position = self._after_search(position)
        return Sheet(self._filled(rows, wanted) if is_wide else rows, position)

    def _archived(self) -> Sheet:
        position = self._position
        query = [("limit", str(LIST_ROWS)), ("archived", "true"), ("properties", "hs_object_id")]
        reply = self._hub.call("GET", self._path, purpose=Purpose.READ, query=[*query, *_after(position)])
        since = position.deleted_ms - _ms_of(OVERLAP)
        gone = [(row, _instant(row.get("archivedAt") or row["updatedAt"])) for row in _rows(reply)]
        records = tuple(tombstone(self._key(str(row["id"])), at=at) for row, at in gone if _ms(at) >= since)
        after = _next(reply)
        position = replace(position, after=after, deleted_calls=position.deleted_calls + 1).at(_ms(reply.at))
        return Sheet((), position if after else replace(position.resting(), deleted_ms=position.started_ms), records)

    def _after_search(self, position: Position) -> Position:
        """What follows the last search page: nothing on a first load, else the archived records when their turn has come."""
        if position.first:
            return replace(position.resting(), deleted_ms=position.started_ms)
        pause = min(DELETED_EVERY * (position.deleted_calls - 1), DELETED_AT_LEAST)
        if position.started_ms - position.deleted_ms < _ms_of(pause):
            return position.resting()
        return replace(position, phase=Phase.DELETED, after="", deleted_calls=0)

    def _search_body(self, position: Position, wanted: Sequence[str]) -> dict[str, Any]:
        """Keyset over record ids: no page is ever deeper than the first, so neither the cap of 10,000 results nor equal stamps matter.

        There is no upper bound on the stamp: the ids bound the run, and a record that changes all the time is not put off for ever.
        """
        filters: list[dict[str, Any]] = []
        if position.first and self._ask.since is not None:
            filters.append({"propertyName": self._ask.since_field, "operator": "GTE", "value": str(_ms(self._ask.since))})
        if not position.first:
            filters.append({"propertyName": _stamp(self._source), "operator": "GTE", "value": str(position.lower_ms)})
        filters += [_one_of(name, values) for name, values in self._ask.where.items()]
        if position.last_id:
            filters.append({"propertyName": "hs_object_id", "operator": "GT", "value": str(position.last_id)})
        return {
            "filterGroups": [{"filters": filters}],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": list(wanted),
            "limit": SEARCH_ROWS,
        }

    def _search(self, body: Mapping[str, Any]) -> Reply:
        return self._hub.call("POST", f"{self._path}/search", purpose=Purpose.READ, body=dict(body), search=True)

    def _total(self) -> int | None:
        """How many records search counts; None where it does not tell, for progress is no reason to stop a read."""
        body = {"filterGroups": [], "properties": ["hs_object_id"], "limit": 1}
        try:
            total = self._search(body).body.get("total")
        except CrmError:
            return None
        return total if isinstance(total, int) else None

    def _filled(self, rows: Sequence[Mapping[str, Any]], wanted: Sequence[str]) -> tuple[Mapping[str, Any], ...]:
        """The same rows with more properties than an address or a search body carries; a row gone meanwhile is left out."""
        full: dict[str, Mapping[str, Any]] = {}
        for batch in batches([str(row["id"]) for row in rows], READ_ROWS):
            body = {"inputs": [{"id": one} for one in batch], "properties": list(wanted)}
            reply = self._hub.call("POST", f"{self._path}/batch/read", purpose=Purpose.READ, body=body)
            full |= {str(row["id"]): row for row in _rows(reply)}
        return tuple({**row, **full[str(row["id"])]} for row in rows if str(row["id"]) in full)

    def _wanted(self, *, merges: bool) -> tuple[str, ...]:
        """Properties to ask for; HubSpot gives its own choice to those who ask for none."""
        extra = MERGED_IDS if merges and self._source in MERGEABLE else ()
        return tuple(dict.fromkeys((*self._ask.fields, *extra))) or ("hs_object_id",)

    def _comes_inline(self, other: str) -> bool:
        return self._position.phase is Phase.LIST and self._source in INLINE_SOURCES and other in INLINE_SOURCES

    def _with_links(self, sheets: Sequence[Sheet]) -> Iterator[Page]:
        rows = [row for sheet in sheets for row in sheet.rows]
        links = {other: self._links(rows, other) for other in self._ask.related} if rows else {}
        for sheet in sheets:
            records = [*sheet.records]
            for row in sheet.rows:
                records.append(self._record(row, links))
                if not self._is_first:
                    records += self._merged_away(row)
            position = sheet.position
            yield Page(records=tuple(records), cursor=pack(position), expected=position.expected)

    def _links(self, rows: Sequence[Mapping[str, Any]], other: str) -> Links:
        if other in self._by_api:
            return read_links(self._hub, source=self._source, other=other, ids=[str(row["id"]) for row in rows])
        inline = {str(row["id"]): inline_links(row, other) for row in rows}
        many = [one for one, links in inline.items() if links is None]
        apart = read_links(self._hub, source=self._source, other=other, ids=many) if many else {}
        return {one: links for one, links in inline.items() if links is not None} | apart

    def _record(self, row: Mapping[str, Any], links: Mapping[str, Links]) -> RawRecord:
        return live_record(row, key=self._key(str(row["id"])), fields=self._ask.fields, links=links)

    def _merged_away(self, row: Mapping[str, Any]) -> Iterator[RawRecord]:
        """Tombstones, with the survivor, of the records merged into this one; none on a first load, which has nothing to bury."""
        for one in merged_ids(row):
            yield tombstone(self._key(one), at=changed_at(row), survivor=self._key(str(row["id"])))

    def _key(self, record_id: str) -> RecordKey:
        return RecordKey(self._hub.connection, self._source, record_id)


def live_record(row: Mapping[str, Any], *, key: RecordKey, fields: Sequence[str], links: Mapping[str, Links]) -> RawRecord:
    """A row as a record, however it was read. `links` is by source; a record without an entry there has none."""
    # A property that was cleared comes back as "".
    held: dict[str, Json] = {name: row["properties"].get(name) or None for name in fields}
    held |= {f"@{other}": found.get(key.id, []) for other, found in links.items()}
    return RawRecord(key=key, modified_at=changed_at(row), fields=held)


def tombstone(key: RecordKey, *, at: datetime, survivor: RecordKey | None = None) -> RawRecord:
    """What is left of a record that was archived, erased, or merged into `survivor`."""
    return RawRecord(key=key, modified_at=at, fields={}, deleted=True, survivor=survivor)


def changed_at(row: Mapping[str, Any]) -> datetime:
    """When a row was last changed."""
    return _instant(row["updatedAt"])


def merged_ids(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Ids of the records merged into this one: `12;34`, or with the time after a colon, `12:1700000000000;34:…`."""
    properties = row["properties"]
    texts = [properties.get(name) for name in MERGED_IDS]
    parts = [part.split(":")[0].strip() for text in texts if text for part in text.split(";")]
    return tuple(dict.fromkeys(part for part in parts if part.isdecimal() and part != str(row["id"])))


def _beginning(ask: Ask) -> Position:
    """Where to go on: within the run of the cursor, or a new run from the end of the last, or the first load."""
    position = unpack(ask.cursor)
    if position is None or position.phase is Phase.EVENTS:
        is_bounded = ask.since is not None or bool(ask.where)
        return Position(phase=Phase.SEARCH if is_bounded else Phase.LIST, first=True)
    if position.phase is not Phase.REST:
        return position
    lower_ms = max(1, position.started_ms - _ms_of(OVERLAP))
    return replace(position, phase=Phase.SEARCH, lower_ms=lower_ms, started_ms=0)


def _one_of(name: str, values: Sequence[str]) -> dict[str, Any]:
    """A filter on one of these values. IN takes the values of a text property in lower case only ("CRM search" guide, 2026-11)."""
    if len(values) == 1:
        return {"propertyName": name, "operator": "EQ", "value": values[0]}
    return {"propertyName": name, "operator": "IN", "values": list(dict.fromkeys((*values, *(value.lower() for value in values))))}


def _stamp(source: str) -> str:
    """The property that changes with every change of a record."""
    return "lastmodifieddate" if source == "contacts" else "hs_lastmodifieddate"


def _rows(reply: Reply) -> tuple[Mapping[str, Any], ...]:
    return tuple(reply.body["results"])


def _next(reply: Reply) -> str:
    return str(((reply.body.get("paging") or {}).get("next") or {}).get("after") or "")


def _after(position: Position) -> tuple[tuple[str, str], ...]:
    return (("after", position.after),) if position.after else ()


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _ms_of(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)
