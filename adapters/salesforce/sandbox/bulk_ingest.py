"""`/jobs/ingest`: Bulk API 2.0 jobs that write, from CSV.

Station: Salesforce sandbox views. An empty cell is left alone, `#N/A` empties the field (Bulk API 2.0 Developer Guide).
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

from flask import Blueprint, Response, g, request

from adapters.salesforce.sandbox.bulk_csv import Layout, moved_on
from adapters.salesforce.sandbox.calls import answer, base_path, data_blueprint, json_record
from adapters.salesforce.sandbox.catalogue import Kind
from adapters.salesforce.sandbox.errors import ApiRefusal, RowRefusal
from adapters.salesforce.sandbox.ids import full_id, make_id
from adapters.salesforce.sandbox.org import Org
from adapters.salesforce.sandbox.records import Writer

MAX_UPLOAD_BYTES = 150 * 1024 * 1024
"""Source: Bulk API 2.0 limits, size of a job's data."""
OPERATIONS = ("insert", "update", "upsert", "delete")


@dataclass(slots=True, kw_only=True)
class IngestJob:
    """One job: what it is to do, the rows it was given, and what came of each."""

    job_id: str
    kind: Kind
    operation: str
    key_name: str
    user_id: str
    created: str
    layout: Layout
    base: str
    state: str = "Open"
    columns: list[str] = dataclass_field(default_factory=list)
    rows: list[list[str]] = dataclass_field(default_factory=list)
    done: list[tuple[str, bool, list[str]]] = dataclass_field(default_factory=list)
    """(id, created, row) of each row written."""
    failed: list[tuple[str, str, list[str]]] = dataclass_field(default_factory=list)
    """(id, error, row) of each row refused."""

    def about(self, *, whole: bool) -> dict[str, Any]:
        """The job as the API tells it."""
        told: dict[str, Any] = {
            "id": self.job_id,
            "operation": self.operation,
            "object": self.kind.name,
            "createdById": self.user_id,
            "createdDate": self.created,
            "systemModstamp": self.created,
            "state": self.state,
            "externalIdFieldName": self.key_name or None,
            "apiVersion": float(self.base.rpartition("/v")[2]),
            "contentUrl": f"{self.base.removeprefix('/')}/jobs/ingest/{self.job_id}/batches",
            **self.layout.about(),
        }
        if whole:
            told |= {"jobType": "V2Ingest", "retries": 0, "totalProcessingTime": 0}
            told |= {"numberRecordsProcessed": len(self.done) + len(self.failed), "numberRecordsFailed": len(self.failed)}
        return told


def ingest_routes(org: Org) -> Blueprint:
    """The ingest job routes."""
    routes = data_blueprint("ingest", "/jobs/ingest")
    jobs: dict[str, IngestJob] = {}

    def job(job_id: str) -> IngestJob:
        found = jobs.get(full_id(job_id) or "")
        if found is None:
            raise ApiRefusal(404, "NOT_FOUND", "The requested resource does not exist")
        return found

    @routes.post("", strict_slashes=False)
    def create() -> Response:
        made = _new_job(org, json_record(), len(jobs) + 1)
        jobs[made.job_id] = made
        return answer(made.about(whole=False))

    @routes.put("/<job_id>/batches", strict_slashes=False)
    def upload(job_id: str) -> Response:
        found, raw = job(job_id), request.get_data()
        if found.state != "Open" or found.rows:
            raise ApiRefusal(400, "INVALIDJOBSTATE", f"Data cannot be uploaded to a job in state {found.state}")
        if len(raw) > MAX_UPLOAD_BYTES:
            raise ApiRefusal(400, "CLIENTERROR", "The job's data is larger than 150 MB")
        found.columns, *found.rows = found.layout.rows(raw.decode("utf-8-sig")) or [[]]
        return Response(status=201)

    @routes.patch("/<job_id>", strict_slashes=False)
    def close(job_id: str) -> Response:
        found, state = job(job_id), json_record().get("state")
        if state not in ("UploadComplete", "Aborted") or found.state != "Open":
            raise ApiRefusal(400, "INVALIDJOBSTATE", f"A job in state {found.state} cannot be set to {state}")
        found.state = str(state)
        if state == "UploadComplete":
            _run(org, found)
        return answer(found.about(whole=False))

    @routes.get("/<job_id>", strict_slashes=False)
    def status(job_id: str) -> Response:
        found = job(job_id)
        found.state = moved_on(found.state)
        return answer(found.about(whole=True))

    @routes.delete("/<job_id>", strict_slashes=False)
    def delete(job_id: str) -> Response:
        del jobs[job(job_id).job_id]
        return answer(None, 204)

    @routes.get("/<job_id>/successfulResults", strict_slashes=False)
    def successful(job_id: str) -> Response:
        found = job(job_id)
        rows = [[one, "true" if created else "false", *row] for one, created, row in found.done]
        return found.layout.answer(["sf__Id", "sf__Created", *found.columns], rows)

    @routes.get("/<job_id>/failedResults", strict_slashes=False)
    def failed(job_id: str) -> Response:
        found = job(job_id)
        return found.layout.answer(["sf__Id", "sf__Error", *found.columns], [[one, error, *row] for one, error, row in found.failed])

    @routes.get("/<job_id>/unprocessedrecords", strict_slashes=False)
    def unprocessed(job_id: str) -> Response:
        found = job(job_id)
        return found.layout.answer(found.columns, found.rows if found.state == "Aborted" else [])

    return routes


def _new_job(org: Org, body: dict[str, Any], number: int) -> IngestJob:
    operation, kind = body.get("operation"), org.catalogue.kind(str(body.get("object", "")))
    if operation not in OPERATIONS or kind is None or kind.sobject.tooling:
        raise ApiRefusal(400, "INVALIDENTITY", f"Unable to make a job to {operation} {body.get('object')}")
    layout = Layout.asked(body)
    key_name = str(body.get("externalIdFieldName") or "")
    if operation == "upsert":
        key_name = org.records.external_id(kind, key_name, Writer(user_id=g.user_id)).name
    return IngestJob(
        job_id=make_id("750", 1_000_000 + number),
        kind=kind,
        operation=operation,
        key_name=key_name,
        user_id=g.user_id,
        created=org.records.stamp_now(),
        layout=layout,
        base=base_path(),
    )


def _run(org: Org, job: IngestJob) -> None:
    writer = Writer(user_id=job.user_id)
    with org.database.writing() as db:
        for row in job.rows:
            db.execute("SAVEPOINT one_row")
            values = {column: None if cell == "#N/A" else cell for column, cell in zip(job.columns, row, strict=False) if cell != ""}
            record_id = next((str(cell or "") for column, cell in values.items() if column.lower() == "id"), "")
            try:
                record_id, created = _write(org, db, job, values, record_id, writer)
                job.done.append((record_id, created, row))
            except RowRefusal as refusal:
                db.execute("ROLLBACK TO one_row")
                fields = " ".join(refusal.fields) or "--"
                job.failed.append((record_id, f"{refusal.code}:{refusal.message}:{fields}", row))
            except ApiRefusal as refusal:
                db.execute("ROLLBACK TO one_row")
                job.failed.append((record_id, f"{refusal.code}:{refusal.message}:--", row))
            db.execute("RELEASE one_row")


def _write(org: Org, db: sqlite3.Connection, job: IngestJob, values: dict[str, Any], record_id: str, writer: Writer) -> tuple[str, bool]:
    if job.operation == "insert":
        return org.records.create(db, job.kind, values, writer), True
    if job.operation == "upsert":
        key = org.records.external_id(job.kind, job.key_name, writer)
        done = org.records.upsert(db, job.kind, key, values.get(key.name), values, writer)
        return done.record_id, done.created
    if job.operation == "delete":
        org.records.delete(db, job.kind, record_id, writer)
    else:
        org.records.update(db, job.kind, record_id, values, writer)
    return full_id(record_id) or record_id, False
