"""Associations v4: read, make and break them in batches or one by one, and list their types.

Station: HubSpot sandbox, views over `linking.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.hubspot.sandbox.batch_answers import batch_answer
from adapters.hubspot.sandbox.errors import RowRefusal, invalid_request, not_found
from adapters.hubspot.sandbox.kinds import Kind
from adapters.hubspot.sandbox.link_types import BY_ID, LinkType, between
from adapters.hubspot.sandbox.linking import Linking, default_type, types_by_id
from adapters.hubspot.sandbox.reading import mapping, mappings, record_id, record_number, type_ids
from adapters.hubspot.sandbox.routing import NO_CONTENT, Answer, Api, Call, kind_named, object_scope
from adapters.hubspot.sandbox.store import Link

MAX_READ = 1_000
MAX_CREATE = 2_000
MAX_ARCHIVE = 100
"""Inputs of one batch. Source: facts §6.3."""

PAGE = 500
"""Associated records one input of a batch read or one list page gives. Source: associations v4 guide, from memory."""


class LinkViews:
    """The views of associations."""

    def __init__(self, api: Api, linking: Linking) -> None:
        self._portal = api.portal
        self._store = api.portal.store
        self._linking = linking
        read, write = object_scope("read", "from_kind"), object_scope("write", "from_kind")
        pair = "/<from_kind>/<to_kind>"
        api.serve("POST", "associations", pair + "/batch/read", self.read_batch, needs=read)
        api.serve("POST", "associations", pair + "/batch/create", self.create_batch, needs=write)
        api.serve("POST", "associations", pair + "/batch/associate/default", self.default_batch, needs=write)
        api.serve("POST", "associations", pair + "/batch/archive", self.archive_batch, needs=write)
        api.serve("POST", "associations", pair + "/batch/labels/archive", self.archive_labels, needs=write)
        api.serve("GET", "associations", pair + "/labels", self.labels, needs=read)
        one = "/<from_kind>/<from_id>/associations"
        api.serve("GET", "links", one + "/<to_kind>", self.browse, needs=read)
        api.serve("PUT", "links", one + "/default/<to_kind>/<to_id>", self.associate_default, needs=write)
        api.serve("PUT", "links", one + "/<to_kind>/<to_id>", self.associate, needs=write)
        api.serve("DELETE", "links", one + "/<to_kind>/<to_id>", self.separate, needs=write)

    def read_batch(self, call: Call, from_kind: str, to_kind: str) -> Answer:
        """What each record is associated with; records with nothing are errors of a 207."""
        one, other = kind_named(from_kind), kind_named(to_kind)
        began = self._portal.now_ms()
        inputs = _inputs(call, MAX_READ)
        after = {record_id(given.get("id")): str(given.get("after") or "") for given in inputs}
        links = self._store.links(one, other, list(after))
        results: list[dict[str, Any]] = []
        refusals: list[RowRefusal] = []
        for number, cursor in after.items():
            found = _grouped(links.get(number, []))
            if not found:
                refusals.append(_nothing(one, other, number))
                continue
            page, following = _page(found, cursor)
            result: dict[str, Any] = {"from": {"id": str(number)}, "to": page}
            if following:
                result["paging"] = {"next": {"after": following}}
            results.append(result)
        return self._batch(results, refusals, began)

    def create_batch(self, call: Call, from_kind: str, to_kind: str) -> Answer:
        """Labels made, 201; 207 when a record is not there."""
        one, other = kind_named(from_kind), kind_named(to_kind)

        def types(given: Mapping[str, Any]) -> Sequence[LinkType]:
            return types_by_id(one, other, type_ids(given.get("types")))

        return self._create(call, one, other, types, done=201)

    def default_batch(self, call: Call, from_kind: str, to_kind: str) -> Answer:
        """Unlabelled associations made."""
        one, other = kind_named(from_kind), kind_named(to_kind)
        default = default_type(one, other)
        return self._create(call, one, other, lambda _given: (default,), done=200)

    def _create(self, call: Call, one: Kind, other: Kind, types: Any, *, done: int) -> Answer:
        began = self._portal.now_ms()
        results: list[dict[str, Any]] = []
        refusals: list[RowRefusal] = []
        for given in _inputs(call, MAX_CREATE):
            from_id, to_id = _end(given, "from"), _end(given, "to")
            wanted = types(given)
            if self._missing(one, from_id) or self._missing(other, to_id):
                refusals.append(_unknown(one, from_id, other, to_id))
                continue
            self._linking.associate(one, from_id, other, to_id, wanted)
            results.append(_made(one, from_id, other, to_id, wanted) if done == 201 else _spec(from_id, to_id, wanted[0]))
        return self._batch(results, refusals, began, done=done)

    def archive_batch(self, call: Call, from_kind: str, to_kind: str) -> Answer:
        """204: every association of the named pairs is gone."""
        one, other = kind_named(from_kind), kind_named(to_kind)
        for given in _inputs(call, MAX_ARCHIVE):
            for target in mappings(given.get("to"), "to"):
                self._linking.separate(one, _end(given, "from"), other, record_id(target.get("id")))
        return NO_CONTENT

    def archive_labels(self, call: Call, from_kind: str, to_kind: str) -> Answer:
        """204: the named types of the pairs are gone, the others stay."""
        one, other = kind_named(from_kind), kind_named(to_kind)
        for given in _inputs(call, MAX_ARCHIVE):
            types = types_by_id(one, other, type_ids(given.get("types")))
            from_id, to_id = _end(given, "from"), _end(given, "to")
            self._linking.separate(one, from_id, other, to_id, types)
        return NO_CONTENT

    def labels(self, _call: Call, from_kind: str, to_kind: str) -> Answer:
        """The types between two object types."""
        types = between(kind_named(from_kind).name, kind_named(to_kind).name)
        return Answer(body={"results": [_type_body(one) for one in types]})

    def browse(self, call: Call, from_kind: str, from_id: str, to_kind: str) -> Answer:
        """One record's associations, a page at a time."""
        one, other = kind_named(from_kind), kind_named(to_kind)
        number = record_id(from_id)
        if self._missing(one, number):
            raise not_found()
        limit = call.number("limit", PAGE)
        if not 1 <= limit <= PAGE:
            raise invalid_request(f"Invalid limit {limit}: it must be between 1 and {PAGE}.")
        page, following = _page(_grouped(self._store.links(one, other, [number]).get(number, [])), call.one("after"), limit)
        body: dict[str, Any] = {"results": page}
        if following:
            body["paging"] = {"next": {"after": following}}
        return Answer(body=body)

    def associate_default(self, _call: Call, from_kind: str, from_id: str, to_kind: str, to_id: str) -> Answer:
        """Two records associated without a label."""
        one, other = kind_named(from_kind), kind_named(to_kind)
        default = default_type(one, other)
        left, right = self._pair(one, from_id, other, to_id)
        began = self._portal.now_ms()
        self._linking.associate(one, left, other, right, [default])
        return self._batch([_spec(left, right, default), _spec(right, left, BY_ID[default.inverse])], [], began)

    def associate(self, call: Call, from_kind: str, from_id: str, to_kind: str, to_id: str) -> Answer:
        """Two records associated with the types of the body, 201."""
        one, other = kind_named(from_kind), kind_named(to_kind)
        types = types_by_id(one, other, type_ids(call.body, "the body"))
        left, right = self._pair(one, from_id, other, to_id)
        self._linking.associate(one, left, other, right, types)
        return Answer(body=_made(one, left, other, right, types), status=201)

    def separate(self, _call: Call, from_kind: str, from_id: str, to_kind: str, to_id: str) -> Answer:
        """204: nothing associates the two any more."""
        self._linking.separate(kind_named(from_kind), record_id(from_id), kind_named(to_kind), record_id(to_id))
        return NO_CONTENT

    def _pair(self, one: Kind, from_id: str, other: Kind, to_id: str) -> tuple[int, int]:
        left, right = record_id(from_id), record_id(to_id)
        if self._missing(one, left) or self._missing(other, right):
            raise not_found("One or more of the records to associate could not be found.")
        return left, right

    def _missing(self, kind: Kind, number: int) -> bool:
        row = self._store.load(kind, number)
        return row is None or bool(row.archived_ms)

    def _batch(self, results: list[dict[str, Any]], refusals: list[RowRefusal], began: int, done: int = 200) -> Answer:
        return batch_answer(results, refusals, began=began, ended=self._portal.now_ms(), done=done)


def _inputs(call: Call, most: int) -> list[dict[str, Any]]:
    return mappings(call.object_body().get("inputs"), "inputs", most=most, may_be_empty=False)


def _end(given: Mapping[str, Any], side: str) -> int:
    return record_id(mapping(given.get(side), side).get("id"))


def _grouped(links: Sequence[Link]) -> dict[int, list[int]]:
    grouped: dict[int, list[int]] = {}
    for link in links:
        grouped.setdefault(link.to_id, []).append(link.type_id)
    return grouped


def _page(found: dict[int, list[int]], after: str, limit: int = PAGE) -> tuple[list[dict[str, Any]], str]:
    """One page of associates in id order, and the cursor of the next or ""."""
    ids = sorted(one for one in found if record_number(after) is None or one >= int(after))
    page = [{"toObjectId": one, "associationTypes": [_type_body(BY_ID[t]) for t in found[one]]} for one in ids[:limit]]
    return page, str(ids[limit]) if len(ids) > limit else ""


def _type_body(one: LinkType) -> dict[str, Any]:
    return {"category": "HUBSPOT_DEFINED", "typeId": one.type_id, "label": one.label}


def _made(one: Kind, from_id: int, other: Kind, to_id: int, types: Sequence[LinkType]) -> dict[str, Any]:
    return {
        "fromObjectTypeId": one.type_id,
        "fromObjectId": from_id,
        "toObjectTypeId": other.type_id,
        "toObjectId": to_id,
        "labels": [link.label for link in types if link.label],
    }


def _spec(from_id: int, to_id: int, link: LinkType) -> dict[str, Any]:
    return {
        "from": {"id": str(from_id)},
        "to": {"id": str(to_id)},
        "associationSpec": {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": link.type_id},
    }


def _nothing(one: Kind, other: Kind, number: int) -> RowRefusal:
    return RowRefusal(
        category="OBJECT_NOT_FOUND",
        sub_category="crm.associations.NO_ASSOCIATIONS_FOUND",
        message=f"No {other.singular} is associated with {one.singular} {number}.",
        context={"fromObjectId": [str(number)], "fromObjectType": [one.type_id], "toObjectType": [other.type_id]},
    )


def _unknown(one: Kind, from_id: int, other: Kind, to_id: int) -> RowRefusal:
    return RowRefusal(
        category="VALIDATION_ERROR",
        sub_category="crm.associations.INVALID_OBJECT_IDS",
        message="One or more of the records to associate are invalid or not there.",
        context={
            "fromObjectId": [str(from_id)],
            "fromObjectType": [one.type_id],
            "toObjectId": [str(to_id)],
            "toObjectType": [other.type_id],
        },
    )
