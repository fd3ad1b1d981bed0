"""`/crm/v3/objects/{type}`: list, read, create, update, archive, search.

Station: HubSpot sandbox, views. Batches stand in `batch_views.py`, merges and erasure in `merge_views.py`.
"""

from __future__ import annotations

from typing import Any

from flask import request

from adapters.hubspot.sandbox.errors import invalid_request, not_found
from adapters.hubspot.sandbox.kinds import Kind
from adapters.hubspot.sandbox.reading import mapping
from adapters.hubspot.sandbox.records import Records
from adapters.hubspot.sandbox.rendering import Renderer, add_associations
from adapters.hubspot.sandbox.routing import NO_CONTENT, Answer, Api, Call, kind_named, object_scope
from adapters.hubspot.sandbox.search import MAX_BODY_CHARS, translate
from adapters.hubspot.sandbox.store import Row

MAX_PAGE = 100
MAX_PAGE_WITH_HISTORY = 50
DEFAULT_PAGE = 10


class ObjectViews:
    """The views of single records and lists."""

    def __init__(self, api: Api, records: Records) -> None:
        self._portal = api.portal
        self._store = api.portal.store
        self._records = records
        read, write = object_scope("read"), object_scope("write")
        api.serve("GET", "objects", "/<kind>", self.browse, needs=read)
        api.serve("POST", "objects", "/<kind>", self.create, needs=write)
        api.serve("POST", "objects", "/<kind>/search", self.search, needs=read, is_search=True)
        api.serve("GET", "objects", "/<kind>/<record_id>", self.read, needs=read)
        api.serve("PATCH", "objects", "/<kind>/<record_id>", self.update, needs=write)
        api.serve("DELETE", "objects", "/<kind>/<record_id>", self.archive, needs=write)

    def browse(self, call: Call, kind: str) -> Answer:
        """A page of records in id order; `after` is the id to begin with."""
        found = kind_named(kind)
        history = call.listed("propertiesWithHistory")
        limit = call.number("limit", DEFAULT_PAGE)
        most = MAX_PAGE_WITH_HISTORY if history else MAX_PAGE
        if not 1 <= limit <= most:
            raise invalid_request(f"Invalid limit {limit}: it must be between 1 and {most}.")
        rows = self._store.page(found, after=call.number("after", 0) - 1, limit=limit + 1, archived=call.is_on("archived"))
        renderer = Renderer(self._portal, found, call.listed("properties"), history)
        bodies = [renderer.body(row) for row in rows[:limit]]
        add_associations(self._portal, found, bodies, call.listed("associations"))
        body: dict[str, Any] = {"results": bodies}
        if len(rows) > limit:
            after = str(rows[limit].id)
            body["paging"] = {"next": {"after": after, "link": f"{request.base_url}?after={after}&limit={limit}"}}
        return Answer(body=body)

    def read(self, call: Call, kind: str, record_id: str) -> Answer:
        """One record by id, or by a unique property when idProperty names one."""
        found = kind_named(kind)
        row = self._find(found, record_id, call.one("idProperty"), archived=call.is_on("archived"))
        renderer = Renderer(self._portal, found, call.listed("properties"), call.listed("propertiesWithHistory"))
        body = renderer.body(row)
        add_associations(self._portal, found, [body], call.listed("associations"))
        return Answer(body=body)

    def create(self, call: Call, kind: str) -> Answer:
        """A new record, 201."""
        found = kind_named(kind)
        given = call.object_body()
        links = self._records.parse_links(found, given.get("associations"))
        row = self._records.create(found, properties_of(given), call.actor, links)
        return Answer(body=self._written(found, row), status=201)

    def update(self, call: Call, kind: str, record_id: str) -> Answer:
        """The changed record."""
        found = kind_named(kind)
        row = self._find(found, record_id, call.one("idProperty"))
        row = self._records.update(found, row, properties_of(call.object_body()), call.actor)
        return Answer(body=self._written(found, row))

    def archive(self, _call: Call, kind: str, record_id: str) -> Answer:
        """204, whether the record was there or not."""
        found = kind_named(kind)
        row = self._records.find(found, record_id)
        if row is not None:
            self._records.archive(found, row)
        return NO_CONTENT

    def search(self, call: Call, kind: str) -> Answer:
        """A page of what a search finds; archived records and rows still lagging are never in it."""
        found = kind_named(kind)
        if len(request.get_data(as_text=True)) > MAX_BODY_CHARS:
            raise invalid_request(f"The search request body exceeds the maximum of {MAX_BODY_CHARS:,} characters.")
        asked = translate(call.object_body(), found, lambda name: self._portal.catalogue.get(found.name, name))
        total, rows = self._store.run(found, asked, now_ms=self._portal.now_ms())
        renderer = Renderer(self._portal, found, asked.properties)
        body: dict[str, Any] = {"total": total, "results": [renderer.body(row) for row in rows]}
        if asked.limit and asked.after + len(rows) < total:
            body["paging"] = {"next": {"after": str(asked.after + len(rows))}}
        return Answer(body=body)

    def _find(self, kind: Kind, record_id: str, id_property: str, *, archived: bool = False) -> Row:
        row = self._records.find(kind, record_id, id_property)
        if row is None or bool(row.archived_ms) != archived:
            raise not_found()
        return row

    def _written(self, kind: Kind, row: Row) -> dict[str, Any]:
        # A write's reply shows every property the record has.
        return Renderer(self._portal, kind, [*kind.defaults, *row.props]).body(row)


def properties_of(given: Any) -> dict[str, Any]:
    """The `properties` of a body. Raises ApiFault (400)."""
    return mapping(mapping(given, "the body").get("properties"), "properties")
