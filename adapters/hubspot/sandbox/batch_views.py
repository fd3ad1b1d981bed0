"""`/crm/v3/objects/{type}/batch/…`: read, create, update, upsert, archive, at most 100 inputs.

Station: HubSpot sandbox, views. All well: 200 (201 for create). Some rows refused: 207 with `numErrors` and `errors`.
A refused row is told apart only by its objectWriteTraceId; in a batch that sends none, one refused value fails the
whole batch with 400, as HubSpot documents multi-status errors as a thing a caller turns on. Missing ids are told by
`context.ids` either way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request

from adapters.hubspot.sandbox.batch_answers import batch_answer
from adapters.hubspot.sandbox.errors import ApiFault, RowRefusal, invalid_request
from adapters.hubspot.sandbox.kinds import Kind
from adapters.hubspot.sandbox.object_views import properties_of
from adapters.hubspot.sandbox.reading import mappings, names, record_number
from adapters.hubspot.sandbox.records import Records
from adapters.hubspot.sandbox.rendering import Renderer
from adapters.hubspot.sandbox.routing import NO_CONTENT, Answer, Api, Call, kind_named, object_scope
from adapters.hubspot.sandbox.store import Row
from adapters.kit.sandbox.faults import RowFault

MAX_INPUTS = 100
MAX_INPUTS_WITH_HISTORY = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One input of a batch. `key` is its id or unique value, empty for a create."""

    key: str
    id_property: str
    trace_id: str
    given: dict[str, Any]

    def refusal(self, category: str, message: str, errors: Sequence[dict[str, Any]] = ()) -> RowRefusal:
        """This input's entry in `errors`."""
        context = {"objectWriteTraceId": [self.trace_id]} if self.trace_id else {"ids": [self.key]}
        return RowRefusal(category=category, message=message, context=context, errors=tuple(errors))


class BatchViews:
    """The views of batches."""

    def __init__(self, api: Api, records: Records) -> None:
        self._portal = api.portal
        self._store = api.portal.store
        self._records = records
        write = object_scope("write")
        api.serve("POST", "objects", "/<kind>/batch/read", self.read, needs=object_scope("read"))
        api.serve("POST", "objects", "/<kind>/batch/create", self.create, needs=write)
        api.serve("POST", "objects", "/<kind>/batch/update", self.update, needs=write)
        api.serve("POST", "objects", "/<kind>/batch/upsert", self.upsert, needs=write)
        api.serve("POST", "objects", "/<kind>/batch/archive", self.archive, needs=write)

    def read(self, call: Call, kind: str) -> Answer:
        """The records asked for; those that are not there are named in one error of a 207."""
        found = kind_named(kind)
        given = call.object_body()
        began = self._portal.now_ms()
        inputs = _inputs(given)
        id_property = str(given.get("idProperty") or "")
        wants_archived = call.is_on("archived")
        history = names(given.get("propertiesWithHistory"), "propertiesWithHistory")
        if history and len(inputs) > MAX_INPUTS_WITH_HISTORY:
            raise invalid_request(f"With propertiesWithHistory a batch holds at most {MAX_INPUTS_WITH_HISTORY} inputs.")
        renderer = Renderer(self._portal, found, names(given.get("properties"), "properties"), history)
        keys = list(dict.fromkeys(one.key for one in inputs))
        rows = self._rows(found, keys, id_property)
        shown = {key: row for key, row in rows.items() if bool(row.archived_ms) == wants_archived}
        missing = [key for key in keys if key not in shown]
        # Two ids merged into one record give that record once.
        unique = {row.id: row for row in shown.values()}
        refusals = [_missing(found, missing)] if missing else []
        return self._answer([renderer.body(row) for row in unique.values()], refusals, began)

    def create(self, call: Call, kind: str) -> Answer:
        """New records, 201, or 207 when some were refused."""
        found = kind_named(kind)

        def make(one: Input) -> dict[str, Any]:
            links = self._records.parse_links(found, one.given.get("associations"))
            return self._written(found, self._records.create(found, properties_of(one.given), call.actor, links), one)

        return self._each(found, call, make, done=201)

    def update(self, call: Call, kind: str) -> Answer:
        """Changed records."""
        found = kind_named(kind)

        def change(one: Input) -> dict[str, Any]:
            row = self._records.find(found, one.key, one.id_property)
            if row is None or row.archived_ms:
                raise _NotThereError
            return self._written(found, self._records.update(found, row, properties_of(one.given), call.actor), one)

        return self._each(found, call, change)

    def upsert(self, call: Call, kind: str) -> Answer:
        """Changed or new records, each with `new`; inputs are named by a unique property."""
        found = kind_named(kind)

        def put(one: Input) -> dict[str, Any]:
            row = self._records.find(found, one.key, one.id_property)
            is_new = row is None or bool(row.archived_ms)
            values = properties_of(one.given)
            if row is None or row.archived_ms:
                if not one.id_property or one.id_property == "hs_object_id":
                    raise _NotThereError
                row = self._records.create(found, {one.id_property: one.key, **values}, call.actor)
            else:
                row = self._records.update(found, row, values, call.actor)
            return self._written(found, row, one) | {"new": is_new}

        return self._each(found, call, put)

    def archive(self, call: Call, kind: str) -> Answer:
        """204; ids that are not there are passed over."""
        found = kind_named(kind)
        for one in _inputs(call.object_body()):
            row = self._records.find(found, one.key)
            if row is not None:
                self._records.archive(found, row)
        return NO_CONTENT

    def _each(self, kind: Kind, call: Call, act: Callable[[Input], dict[str, Any]], done: int = 200) -> Answer:
        began = self._portal.now_ms()
        inputs = _inputs(call.object_body())
        _refuse_repeats(inputs)
        faults = self._portal.control.row_faults(
            path=request.path, ids=[self._fault_key(kind, one) for one in inputs], method=request.method
        )
        results: list[dict[str, Any]] = []
        refusals: list[RowRefusal] = []
        missing: list[Input] = []
        for one, planted in zip(inputs, faults, strict=True):
            try:
                if planted is not None:
                    raise _planted(planted)
                with self._store.row():
                    results.append(act(one))
            except _NotThereError:
                missing.append(one)
            except ApiFault as refused:
                if not one.trace_id and planted is None:
                    raise
                body = refused.body
                refusals.append(one.refusal(body.get("category", ""), body.get("message", ""), body.get("errors", ())))
        refusals += [_missing(kind, [one.key], trace_id=one.trace_id) for one in missing if one.trace_id]
        untraced = [one.key for one in missing if not one.trace_id]
        refusals += [_missing(kind, untraced)] if untraced else []
        return self._answer(results, refusals, began, done=done)

    def _fault_key(self, kind: Kind, one: Input) -> str:
        values = one.given.get("properties")
        if one.key or not isinstance(values, dict):
            return one.key
        unique = (str(values.get(name) or "") for name in self._portal.catalogue.unique_names(kind.name))
        return next((value for value in unique if value), "")

    def _rows(self, kind: Kind, keys: list[str], id_property: str) -> dict[str, Row]:
        if id_property and id_property != "hs_object_id":
            found = {key: self._records.find(kind, key, id_property) for key in keys}
            return {key: row for key, row in found.items() if row is not None}
        numbers = {key: record_number(key) for key in keys}
        rows = self._store.load_many(kind, [number for number in numbers.values() if number is not None])
        return {key: rows[number] for key, number in numbers.items() if number is not None and number in rows}

    def _written(self, kind: Kind, row: Row, one: Input) -> dict[str, Any]:
        body = Renderer(self._portal, kind, [*kind.defaults, *row.props]).body(row)
        return body | {"objectWriteTraceId": one.trace_id} if one.trace_id else body

    def _answer(self, results: list[dict[str, Any]], refusals: list[RowRefusal], began: int, done: int = 200) -> Answer:
        return batch_answer(results, refusals, began=began, ended=self._portal.now_ms(), done=done)


class _NotThereError(LookupError):
    """The input names a record that does not exist."""


def _inputs(given: Mapping[str, Any]) -> list[Input]:
    listed = mappings(given.get("inputs"), "inputs", most=MAX_INPUTS, may_be_empty=False)
    return [
        Input(
            key=str(one.get("id") or ""),
            id_property=str(one.get("idProperty") or ""),
            trace_id=str(one.get("objectWriteTraceId") or ""),
            given=one,
        )
        for one in listed
    ]


def _refuse_repeats(inputs: Sequence[Input]) -> None:
    keys = [(one.id_property, one.key.casefold()) for one in inputs if one.key]
    repeated = sorted({key for _, key in keys if sum(other == key for _, other in keys) > 1}) if len(set(keys)) < len(keys) else []
    if repeated:
        raise invalid_request(f"Duplicate IDs found in batch input: [{', '.join(repeated)}]. IDs must be unique")


def _planted(planted: RowFault) -> ApiFault:
    errors = [{"message": planted.message, "code": planted.error, "context": {"propertyName": list(planted.fields)}}]
    category = planted.error if planted.error in _CATEGORIES else "VALIDATION_ERROR"
    return ApiFault(400, {"category": category, "message": planted.message or planted.error, "errors": errors})


_CATEGORIES = frozenset({"VALIDATION_ERROR", "OBJECT_NOT_FOUND", "CONFLICT", "RATE_LIMITS", "INTERNAL_ERROR", "MISSING_SCOPES"})


def _missing(kind: Kind, ids: Sequence[str], trace_id: str = "") -> RowRefusal:
    message = f"Could not get some {kind.label} objects, they may be deleted or not exist. Check that ids are valid."
    context = {"ids": list(ids)} | ({"objectWriteTraceId": [trace_id]} if trace_id else {})
    return RowRefusal(category="OBJECT_NOT_FOUND", message=message, context=context)
