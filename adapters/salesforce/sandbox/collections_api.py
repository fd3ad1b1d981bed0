"""`/composite/sobjects`: up to 200 records in one call, each with a result of its own.

Station: Salesforce sandbox views. Results stand in the order of the records.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, request

from adapters.salesforce.sandbox.calls import answer, api_writer, data_blueprint, json_body, json_record
from adapters.salesforce.sandbox.catalogue import Kind
from adapters.salesforce.sandbox.errors import ApiRefusal, RowRefusal
from adapters.salesforce.sandbox.fields import Field
from adapters.salesforce.sandbox.ids import full_id
from adapters.salesforce.sandbox.org import Org
from adapters.salesforce.sandbox.records import Writer
from adapters.salesforce.sandbox.rest import read_records, refusing_rows
from adapters.salesforce.sandbox.standard import PREFIXES

MAX_RECORDS = 200
"""Records one collection call takes. Source: REST API Developer Guide, sObject Collections."""
MAX_READ = 2000
"""Records one collection read takes. Source: as above, Get Multiple Records with the Same Object Type."""
MAX_CHUNKS = 10
"""Changes of object type in one call. Source: as above; records of one type in a row are a chunk."""

Result = dict[str, Any]
Work = Callable[[sqlite3.Connection, int], Result]


def collection_routes(org: Org) -> Blueprint:
    """The collection routes."""
    routes = data_blueprint("collections", "/composite/sobjects")

    @routes.post("", strict_slashes=False)
    def create() -> Response:
        kinds, records, all_or_none = _typed_records(org)
        writer = api_writer()
        _check_columns(org, kinds, records, writer)

        def work(db: sqlite3.Connection, index: int) -> Result:
            record_id = org.records.create(db, kinds[index], records[index], writer)
            return {"id": record_id, "success": True, "errors": []}

        return answer(_each(org, [""] * len(records), all_or_none, work))

    @routes.patch("", strict_slashes=False)
    def update() -> Response:
        kinds, records, all_or_none = _typed_records(org)
        writer = api_writer()
        _check_columns(org, kinds, records, writer)
        ids = [_id_in(record) for record in records]

        def work(db: sqlite3.Connection, index: int) -> Result:
            if not ids[index]:
                raise RowRefusal("MISSING_ARGUMENT", "Id not specified in an update call", ("Id",))
            org.records.update(db, kinds[index], ids[index], records[index], writer)
            return {"id": full_id(ids[index]), "success": True, "errors": []}

        return answer(_each(org, ids, all_or_none, work))

    @routes.delete("", strict_slashes=False)
    def delete() -> Response:
        ids = [part.strip() for part in request.args.get("ids", "").split(",") if part.strip()]
        _refuse_too_many(ids, MAX_RECORDS)
        writer = api_writer()

        def work(db: sqlite3.Connection, index: int) -> Result:
            name = PREFIXES.get(ids[index][:3])
            if name is None or full_id(ids[index]) is None:
                raise RowRefusal("MALFORMED_ID", f"malformed id {ids[index]}")
            org.records.delete(db, org.catalogue.known(name), ids[index], writer)
            return {"id": full_id(ids[index]), "success": True, "errors": []}

        return answer(_each(org, ids, request.args.get("allOrNone", "").lower() == "true", work))

    @routes.patch("/<name>/<field>", strict_slashes=False)
    def upsert(name: str, field: str) -> Response:
        kind, writer = org.kind(name), api_writer()
        key = org.records.external_id(kind, field, writer)
        _, records, all_or_none = _typed_records(org, only=kind)
        _check_columns(org, [kind] * len(records), records, writer)
        return answer(_upserted(org, kind, key, records, all_or_none, writer))

    @routes.get("/<name>", strict_slashes=False)
    def read_by_url(name: str) -> Response:
        ids, names = request.args.get("ids", "").split(","), request.args.get("fields", "").split(",")
        return answer(_read(org, org.kind(name), ids, names))

    @routes.post("/<name>", strict_slashes=False)
    def read_by_body(name: str) -> Response:
        body = json_record()
        return answer(_read(org, org.kind(name), _texts(body.get("ids")), _texts(body.get("fields"))))

    return routes


def _upserted(org: Org, kind: Kind, key: Field, records: Sequence[Mapping[str, Any]], all_or_none: bool, writer: Writer) -> list[Result]:
    keys = [str(next((raw for name, raw in record.items() if name.lower() == key.name.lower()), None) or "")
            for record in records]  # fmt: skip
    seen = Counter(value if key.case_sensitive else value.lower() for value in keys if value)

    def work(db: sqlite3.Connection, index: int) -> Result:
        value = keys[index]
        if seen[value if key.case_sensitive else value.lower()] > 1:
            raise RowRefusal("DUPLICATE_VALUE", f"Duplicate external id specified: {value}", (key.name,))
        if not value:
            raise RowRefusal("MISSING_ARGUMENT", f"{key.name} not specified", (key.name,))
        done = org.records.upsert(db, kind, key, value, records[index], writer)
        return {"id": done.record_id, "success": True, "errors": [], "created": done.created}

    return _each(org, keys, all_or_none, work)


def _each(org: Org, ids: Sequence[str], all_or_none: bool, work: Work) -> list[Result]:
    """One result a row. A refused row takes back only its own changes, or everybody's under allOrNone."""
    refusals = refusing_rows(org, [full_id(one) or one for one in ids])
    results: list[Result] = []
    failed = False
    with org.database.writing() as db:
        db.execute("SAVEPOINT collection")
        for index, planned in enumerate(refusals):
            db.execute("SAVEPOINT one_row")
            try:
                if planned is not None:
                    raise planned
                results.append(work(db, index))
            except RowRefusal as refusal:
                db.execute("ROLLBACK TO one_row")
                failed = True
                results.append(_failure(refusal, ids[index]))
            db.execute("RELEASE one_row")
        if failed and all_or_none:
            db.execute("ROLLBACK TO collection")
            results = [_rolled_back(result) for result in results]
        db.execute("RELEASE collection")
    return results


def _failure(refusal: RowRefusal, record_id: str) -> Result:
    full = full_id(record_id)
    named = {"id": full} if full and refusal.code != "MALFORMED_ID" else {}
    return {**named, "success": False, "errors": [refusal.entry()]}


def _rolled_back(result: Result) -> Result:
    if not result["success"]:
        return result
    error = RowRefusal(
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "Record rolled back because not all records were valid and the request was using AllOrNone header",
    )
    return {"success": False, "errors": [error.entry()]}


def _typed_records(org: Org, only: Kind | None = None) -> tuple[list[Kind], list[dict[str, Any]], bool]:
    body = json_body()
    records = body.get("records") if isinstance(body, dict) else None
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise ApiRefusal(400, "JSON_PARSER_ERROR", "The request body must hold a list of records")
    _refuse_too_many(records, MAX_RECORDS)
    kinds = [_kind_of(org, record) for record in records]
    if only is not None and any(kind is not only for kind in kinds):
        raise ApiRefusal(400, "INVALID_TYPE", f"all records of this call must be of type {only.name}")
    chunks = sum(1 for index, kind in enumerate(kinds) if index == 0 or kinds[index - 1] is not kind)
    if chunks > MAX_CHUNKS:
        raise ApiRefusal(
            400,
            "LIMIT_EXCEEDED",
            f"Cannot have more than {MAX_CHUNKS} chunks in a single operation. Please rearrange the data to reduce chunking.",
        )
    return kinds, records, body.get("allOrNone") is True


def _kind_of(org: Org, record: Mapping[str, Any]) -> Kind:
    attributes = record.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    kind = org.catalogue.kind(name) if isinstance(name, str) else None
    if kind is None or kind.sobject.tooling:
        raise ApiRefusal(
            400,
            "INVALID_TYPE" if name else "INVALID_INPUT",
            f"sObject type '{name}' is not supported." if name else "Records must have attributes with a type",
        )
    return kind


def _check_columns(org: Org, kinds: Sequence[Kind], records: Sequence[Mapping[str, Any]], writer: Writer) -> None:
    # The real API reads the whole body into typed records first: one unknown field spoils the call.
    for kind, record in zip(kinds, records, strict=True):
        org.records.checked_values(kind, record, writer)


def _id_in(record: Mapping[str, Any]) -> str:
    return str(next((raw for name, raw in record.items() if name.lower() == "id"), "") or "")


def _refuse_too_many(rows: Sequence[Any], most: int) -> None:
    if len(rows) > most:
        raise ApiRefusal(400, "EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {most} records into this call")
    if not rows:
        raise ApiRefusal(400, "INVALID_INPUT", "the call names no records")


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ApiRefusal(400, "JSON_PARSER_ERROR", "ids and fields must be lists of text")
    return value


def _read(org: Org, kind: Kind, ids: Sequence[str], names: Sequence[str]) -> list[Result | None]:
    wanted = [name.strip() for name in names if name.strip()]
    if not wanted:
        raise ApiRefusal(400, "MALFORMED_QUERY", "fields must be given")
    _refuse_too_many(ids, MAX_READ)
    full = [full_id(one.strip()) or "" for one in ids]
    found = read_records(org, kind, full, wanted)
    return [found.get(one) for one in full]
