"""`/jobs/query`: Bulk API 2.0 query jobs, answered as CSV.

Station: Salesforce sandbox views. A job is planned when made and read page by page when asked for.
"""

from __future__ import annotations

import base64
import binascii
import re
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, g, request

from adapters.salesforce.sandbox.bulk_csv import Layout, moved_on
from adapters.salesforce.sandbox.calls import answer, data_blueprint, json_record
from adapters.salesforce.sandbox.errors import ApiRefusal
from adapters.salesforce.sandbox.ids import full_id, make_id
from adapters.salesforce.sandbox.org import Org
from adapters.salesforce.sandbox.soql.answers import row_numbers
from adapters.salesforce.sandbox.soql.compile import Plan

DEFAULT_RECORDS = 50_000
"""Rows of a result page unless maxRecords asks otherwise."""


@dataclass(slots=True, kw_only=True)
class Job:
    """A query job. Its rows are fixed when it is made."""

    job_id: str
    operation: str
    query: str
    plan: Plan
    rows: array[int]
    user_id: str
    created: str
    version: str
    layout: Layout
    state: str = "UploadComplete"

    def about(self, *, whole: bool) -> dict[str, Any]:
        """The job as the API tells it; `whole` once it is asked after."""
        told: dict[str, Any] = {
            "id": self.job_id,
            "operation": self.operation,
            "object": self.plan.kind.name,
            "createdById": self.user_id,
            "createdDate": self.created,
            "systemModstamp": self.created,
            "state": self.state,
            "apiVersion": float(self.version),
            **self.layout.about(),
        }
        if whole:
            finished = self.state == "JobComplete"
            told |= {"jobType": "V2Query", "retries": 0, "totalProcessingTime": 100 if finished else 0}
            told |= {"numberRecordsProcessed": len(self.rows) if finished else 0, "isPkChunkingSupported": True}
        return told


def bulk_routes(org: Org) -> Blueprint:
    """The query job routes."""
    routes = data_blueprint("bulk", "/jobs/query")
    jobs: dict[str, Job] = {}

    def job(job_id: str) -> Job:
        found = jobs.get(full_id(job_id) or "")
        if found is None:
            raise ApiRefusal(404, "NOT_FOUND", "The requested resource does not exist")
        return found

    @routes.post("", strict_slashes=False)
    def create() -> Response:
        made = _new_job(org, json_record(), len(jobs) + 1)
        jobs[made.job_id] = made
        return answer(made.about(whole=False))

    @routes.get("", strict_slashes=False)
    def every_job() -> Response:
        return answer({"done": True, "records": [one.about(whole=False) for one in jobs.values()], "nextRecordsUrl": None})

    @routes.get("/<job_id>", strict_slashes=False)
    def status(job_id: str) -> Response:
        found = job(job_id)
        found.state = moved_on(found.state)
        return answer(found.about(whole=True))

    @routes.patch("/<job_id>", strict_slashes=False)
    def abort(job_id: str) -> Response:
        found = job(job_id)
        if json_record().get("state") != "Aborted":
            raise ApiRefusal(400, "INVALIDJOBSTATE", "The only state a query job can be set to is Aborted")
        if found.state != "JobComplete":
            found.state = "Aborted"
        return answer(found.about(whole=False))

    @routes.delete("/<job_id>", strict_slashes=False)
    def delete(job_id: str) -> Response:
        found = job(job_id)
        if found.state not in ("JobComplete", "Aborted", "Failed"):
            raise ApiRefusal(400, "INVALIDJOBSTATE", "Only finished jobs can be deleted")
        del jobs[found.job_id]
        return answer(None, 204)

    @routes.get("/<job_id>/results", strict_slashes=False)
    def results(job_id: str) -> Response:
        found = job(job_id)
        if found.state != "JobComplete":
            raise ApiRefusal(400, "INVALIDJOBSTATE", f"The job is not complete, its state is {found.state}")
        return _results(org, found)

    return routes


def _new_job(org: Org, body: dict[str, Any], number: int) -> Job:
    operation, text = body.get("operation"), body.get("query")
    if operation not in ("query", "queryAll") or not isinstance(text, str):
        raise ApiRefusal(400, "INVALIDENTITY", "A query job needs an operation (query, queryAll) and a query")
    layout = Layout.asked(body)
    plan = org.plan(text, user_id=g.user_id, all_rows=operation == "queryAll")
    if plan.children or plan.aliases or plan.is_count:
        raise ApiRefusal(400, "FEATURENOTENABLED", "Bulk queries take no subqueries and no aggregates")
    with org.database.reading() as db:
        rows = row_numbers(db, plan)
    match = re.match(r"/services/data/v([\d.]+)/", request.path)
    return Job(
        job_id=make_id("750", number),
        operation=operation,
        query=text,
        plan=plan,
        rows=rows,
        user_id=g.user_id,
        created=org.records.stamp_now(),
        version=match[1] if match else "66.0",
        layout=layout,
    )


def _results(org: Org, job: Job) -> Response:
    start, most = _start(job), request.args.get("maxRecords", DEFAULT_RECORDS, type=int)
    wanted = job.rows[start : start + max(1, most)]
    columns = [".".join([*(parent.name for parent in one.parents), one.field.name]) for one in job.plan.columns]
    booleans = [index for index, one in enumerate(job.plan.columns) if one.field.type == "boolean"]
    with org.database.reading() as db:
        db.execute("CREATE TEMP TABLE IF NOT EXISTS _wanted (place INTEGER PRIMARY KEY, row INTEGER)")
        db.execute("DELETE FROM _wanted")
        db.executemany("INSERT INTO _wanted VALUES (?, ?)", enumerate(wanted))
        selected = ", ".join(one.sql for one in job.plan.columns)
        rows = db.execute(f"SELECT {selected} FROM {job.plan.from_sql} JOIN _wanted w ON w.row = t.rowid ORDER BY w.place").fetchall()
    end = start + len(wanted)
    locator = _locator(end) if end < len(job.rows) else "null"
    headers = {"Sforce-Locator": locator, "Sforce-NumberOfRecords": str(len(rows))}
    return job.layout.answer(columns, _csv_rows(rows, booleans), headers)


def _csv_rows(rows: Iterable[tuple[Any, ...]], booleans: list[int]) -> Iterable[list[Any]]:
    for row in rows:
        values = ["" if value is None else value for value in row]
        for index in booleans:
            values[index] = "true" if values[index] else "false"
        yield values


def _locator(end: int) -> str:
    return base64.urlsafe_b64encode(str(end).encode()).decode().rstrip("=")


def _start(job: Job) -> int:
    text = request.args.get("locator", "")
    if not text:
        return 0
    try:
        start = int(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error) as err:
        raise ApiRefusal(400, "INVALIDLOCATOR", "The locator is not valid for this job") from err
    if not 0 < start < len(job.rows):
        raise ApiRefusal(400, "INVALIDLOCATOR", "The locator is not valid for this job")
    return start
