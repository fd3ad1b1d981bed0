"""`/sobjects`: lists, describe, single records, deleted and updated.

Station: Salesforce sandbox views.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

from flask import Blueprint, Response, g, request

from adapters.salesforce.sandbox.calls import answer, api_writer, base_path, data_blueprint, json_record
from adapters.salesforce.sandbox.catalogue import Kind
from adapters.salesforce.sandbox.describe import describe_kind, sobject_entry
from adapters.salesforce.sandbox.errors import ApiRefusal, RowRefusal
from adapters.salesforce.sandbox.ids import full_id
from adapters.salesforce.sandbox.moments import instant_text, parse_instant
from adapters.salesforce.sandbox.org import ORG_ID, Org
from adapters.salesforce.sandbox.recycle_bin import purged_between
from adapters.salesforce.sandbox.soql.answers import page_of

DELETED_WINDOW = timedelta(days=15)
"""How far back deleted records are listed. Source: REST API Developer Guide, Get Deleted."""
UPDATED_WINDOW = timedelta(days=30)
"""How far back updated records are listed. Source: REST API Developer Guide, Get Updated."""
MAX_LISTED_IDS = 600_000
"""Ids one deleted or updated call may list. Source: as above."""


def sobject_routes(org: Org) -> Blueprint:
    """The routes below `/services/data/vXX.X`."""
    routes = data_blueprint("sobjects")
    _catalogue_routes(routes, org)
    _record_routes(routes, org)
    _change_routes(routes, org)
    return routes


def _catalogue_routes(routes: Blueprint, org: Org) -> None:
    @routes.get("/", strict_slashes=False)
    def resources() -> Response:
        base = base_path()
        names = ("sobjects", "query", "queryAll", "limits", "composite", "tooling", "metadata", "jobs")
        return answer({**{name: f"{base}/{name}" for name in names}, "identity": f"/id/{ORG_ID}/{g.user_id}"})

    @routes.get("/limits", strict_slashes=False)
    def limits() -> Response:
        used, most = org.meter.used(org.control.now()), org.meter.limit
        return answer(
            {
                "DailyApiRequests": {"Max": most, "Remaining": max(0, most - used)},
                "DailyBulkApiBatches": {"Max": 15000, "Remaining": 15000},
                "DailyBulkV2QueryJobs": {"Max": 10000, "Remaining": 10000},
                "DailyBulkV2QueryFileStorageMB": {"Max": 976562, "Remaining": 976562},
                "DataStorageMB": {"Max": 10240, "Remaining": 9000},
                "HourlyODataCallout": {"Max": 10000, "Remaining": 10000},
            }
        )

    @routes.get("/sobjects", strict_slashes=False)
    def sobjects() -> Response:
        entries = [sobject_entry(kind, base_path()) for kind in org.catalogue.kinds()]
        return answer({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": entries})

    @routes.get("/sobjects/<name>", strict_slashes=False)
    def about(name: str) -> Response:
        kind = org.kind(name)
        with org.database.reading() as db:
            found = db.execute(f"SELECT Id FROM {kind.table} ORDER BY SystemModstamp DESC LIMIT 10").fetchall()
        prefix = f"{base_path()}/sobjects/{kind.name}"
        recent = [{"attributes": {"type": kind.name, "url": f"{prefix}/{row[0]}"}, "Id": row[0]} for row in found]
        return answer({"objectDescribe": sobject_entry(kind, base_path()), "recentItems": recent})

    @routes.get("/sobjects/<name>/describe", strict_slashes=False)
    def describe(name: str) -> Response:
        return answer(describe_kind(org.catalogue, org.kind(name), g.user_id, base_path()))


def _record_routes(routes: Blueprint, org: Org) -> None:
    @routes.post("/sobjects/<name>", strict_slashes=False)
    def create(name: str) -> Response:
        kind, body = org.kind(name), json_record()
        _refuse_by_fault(org, [""])
        with org.database.writing() as db:
            record_id = org.records.create(db, kind, body, api_writer())
        location = f"{base_path()}/sobjects/{kind.name}/{record_id}"
        return answer({"id": record_id, "success": True, "errors": []}, 201, {"Location": location})

    @routes.get("/sobjects/<name>/<record_id>", strict_slashes=False)
    def read(name: str, record_id: str) -> Response:
        kind = org.kind(name)
        full = full_id(record_id)
        if full is None or full[:3] != kind.sobject.prefix:
            raise ApiRefusal(404, "NOT_FOUND", "The requested resource does not exist")
        return answer(read_record(org, kind, full, _asked_fields()))

    @routes.patch("/sobjects/<name>/<record_id>", strict_slashes=False)
    def update(name: str, record_id: str) -> Response:
        kind, body = org.kind(name), json_record()
        if any(key.lower() == "id" for key in body):
            raise ApiRefusal(400, "INVALID_FIELD", "The Id field should not be specified in the sobject data.")
        _refuse_by_fault(org, [full_id(record_id) or record_id])
        with org.database.writing() as db:
            org.records.update(db, kind, _found(kind, record_id), body, api_writer())
        return answer(None, 204)

    @routes.delete("/sobjects/<name>/<record_id>", strict_slashes=False)
    def delete(name: str, record_id: str) -> Response:
        kind = org.kind(name)
        _refuse_by_fault(org, [full_id(record_id) or record_id])
        with org.database.writing() as db:
            org.records.delete(db, kind, _found(kind, record_id), api_writer())
        return answer(None, 204)

    @routes.get("/sobjects/<name>/<field>/<path:value>", strict_slashes=False)
    def read_by_key(name: str, field: str, value: str) -> Response:
        kind = org.kind(name)
        key = org.records.external_id(kind, field, api_writer())
        with org.database.reading() as db:
            found = org.records.matching(db, kind, key, unquote(value))
        if not found:
            raise ApiRefusal(404, "NOT_FOUND", "The requested resource does not exist")
        if len(found) > 1:
            return _several(kind, found)
        return answer(read_record(org, kind, found[0], _asked_fields()))

    @routes.patch("/sobjects/<name>/<field>/<path:value>", strict_slashes=False)
    def upsert(name: str, field: str, value: str) -> Response:
        kind, body = org.kind(name), json_record()
        key = org.records.external_id(kind, field, api_writer())
        if any(name.lower() == key.name.lower() for name in body):
            raise ApiRefusal(400, "INVALID_FIELD", f"The {key.name} field should not be specified in the sobject data.")
        _refuse_by_fault(org, [unquote(value)])
        with org.database.writing() as db:
            found = org.records.matching(db, kind, key, unquote(value))
            if len(found) > 1:
                return _several(kind, found)
            done = org.records.upsert(db, kind, key, unquote(value), body, api_writer())
        result = {"id": done.record_id, "success": True, "errors": [], "created": done.created}
        return answer(result, 201 if done.created else 200)


def _change_routes(routes: Blueprint, org: Org) -> None:
    @routes.get("/sobjects/<name>/deleted", strict_slashes=False)
    def deleted(name: str) -> Response:
        kind = _replicated(org, name)
        start, end = _window(org, DELETED_WINDOW)
        binned = "IsDeleted" if kind.has("IsDeleted") else "0"
        with org.database.reading() as db:
            rows = db.execute(
                f"SELECT Id, SystemModstamp FROM {kind.table} WHERE {binned} AND SystemModstamp >= ? "
                "AND SystemModstamp < ? ORDER BY SystemModstamp, Id",
                (start, end),
            ).fetchall()
            rows = sorted(rows + purged_between(db, kind, start, end), key=lambda row: (row[1], row[0]))
        if len(rows) > MAX_LISTED_IDS:
            raise ApiRefusal(400, "EXCEEDED_ID_LIMIT", "too many records in the time window")
        return answer(
            {
                "deletedRecords": [{"id": row[0], "deletedDate": row[1]} for row in rows],
                "earliestDateAvailable": instant_text(org.control.now() - DELETED_WINDOW),
                "latestDateCovered": end,
            }
        )

    @routes.get("/sobjects/<name>/updated", strict_slashes=False)
    def updated(name: str) -> Response:
        kind = _replicated(org, name)
        start, end = _window(org, UPDATED_WINDOW)
        held = "AND IFNULL(_seen_from, '') <= ?" if org.records.has_lagged else ""
        params = [start, end] + ([instant_text(org.control.now())] if held else [])
        alive = "AND NOT IsDeleted" if kind.has("IsDeleted") else ""
        with org.database.reading() as db:
            rows = db.execute(
                f"SELECT Id FROM {kind.table} WHERE SystemModstamp >= ? AND SystemModstamp < ? {held} {alive} ORDER BY SystemModstamp, Id",
                params,
            ).fetchall()
        if len(rows) > MAX_LISTED_IDS:
            raise ApiRefusal(400, "EXCEEDED_ID_LIMIT", "too many records in the time window")
        return answer({"ids": [row[0] for row in rows], "latestDateCovered": end})


def read_record(org: Org, kind: Kind, record_id: str, names: list[str] | None) -> dict[str, Any]:
    """A record as GET gives it: all fields the user sees, or the named ones. Raises 404 for none or a deleted one."""
    with org.database.reading() as db:
        row = org.records.raw(db, kind, record_id)
    if row is None:
        raise ApiRefusal(404, "NOT_FOUND", "The requested resource does not exist")
    if row.get("IsDeleted"):
        raise ApiRefusal(404, "ENTITY_IS_DELETED", "entity is deleted", ())
    wanted = names or [field.name for field in org.catalogue.visible(g.user_id, kind)]
    record = read_records(org, kind, [record_id], wanted)[record_id]
    record.setdefault("Id", record_id)
    return record


def read_records(org: Org, kind: Kind, ids: Sequence[str], names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The live records among `ids`, by id, with the named fields. Raises INVALID_FIELD for a field not there."""
    for name in names:
        field = kind.field(name)
        if field is None or not org.catalogue.sees(g.user_id, kind, field):
            raise ApiRefusal(400, "INVALID_FIELD", f"No such column '{name}' on entity '{kind.name}'")
    fields = ", ".join({name.lower(): name for name in names}.values())
    plan = org.plan(f"SELECT {fields} FROM {kind.name}", user_id=g.user_id, all_rows=True)
    alive = " AND NOT IsDeleted" if kind.has("IsDeleted") else ""
    with org.database.reading() as db:
        found = db.execute(
            f"SELECT rowid, Id FROM {kind.table} WHERE Id IN (SELECT value FROM json_each(?)){alive}",
            (json.dumps(list(ids)),),
        ).fetchall()
        records = page_of(db, plan, [row[0] for row in found], base=base_path())
    return {row[1]: record for row, record in zip(found, records, strict=True)}


def refusing_rows(org: Org, ids: list[str]) -> list[RowRefusal | None]:
    """For each row of this call, the refusal a test has asked for, or None."""
    faults = org.control.row_faults(path=request.path, ids=ids, method=request.method)
    return [None if fault is None else RowRefusal(fault.error, fault.message, tuple(fault.fields)) for fault in faults]


def _refuse_by_fault(org: Org, ids: list[str]) -> None:
    refusal = refusing_rows(org, ids)[0]
    if refusal is not None:
        raise refusal


def _several(kind: Kind, ids: Sequence[str]) -> Response:
    return answer([f"{base_path()}/sobjects/{kind.name}/{one}" for one in ids], 300)


def _asked_fields() -> list[str] | None:
    asked = request.args.get("fields")
    return [name.strip() for name in asked.split(",") if name.strip()] if asked else None


def _found(kind: Kind, record_id: str) -> str:
    full = full_id(record_id)
    if full is None or full[:3] != kind.sobject.prefix:
        raise ApiRefusal(404, "NOT_FOUND", "The requested resource does not exist")
    return full


def _replicated(org: Org, name: str) -> Kind:
    kind = org.kind(name)
    if not kind.sobject.replicateable:
        raise ApiRefusal(400, "INVALID_TYPE_FOR_OPERATION", f"{kind.name} is not replicateable")
    return kind


def _window(org: Org, farthest: timedelta) -> tuple[str, str]:
    start, end = parse_instant(request.args.get("start", "")), parse_instant(request.args.get("end", ""))
    if start is None or end is None:
        raise ApiRefusal(400, "INVALID_REPLICATION_DATE", "start and end must be dates with a time and a zone")
    now = org.control.now()
    if datetime.fromisoformat(start) < now - farthest - timedelta(minutes=1):
        raise ApiRefusal(400, "INVALID_REPLICATION_DATE", f"startDate cannot be more than {farthest.days} days ago")
    if datetime.fromisoformat(end) <= datetime.fromisoformat(start):
        raise ApiRefusal(400, "INVALID_REPLICATION_DATE", "endDate must be after startDate")
    if datetime.fromisoformat(start) > now:
        raise ApiRefusal(400, "INVALID_REPLICATION_DATE", "startDate cannot be in the future")
    return start, min(end, instant_text(now))
