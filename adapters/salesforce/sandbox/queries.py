"""`/query`, `/queryAll` and their cursors.

Station: Salesforce sandbox views.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, g, request

from adapters.salesforce.sandbox.calls import answer, base_path, data_blueprint
from adapters.salesforce.sandbox.errors import ApiRefusal, malformed_query
from adapters.salesforce.sandbox.ids import make_id
from adapters.salesforce.sandbox.org import Org
from adapters.salesforce.sandbox.soql.answers import first_page, page_of
from adapters.salesforce.sandbox.soql.compile import Plan

MIN_BATCH, MAX_BATCH = 200, 2000
"""Rows of a page: 2,000 unless Sforce-Query-Options asks for fewer. Source: REST API Developer Guide, Query Options."""
CURSOR_LIFE = timedelta(days=2)
"""Source: Salesforce Developer Limits, API query cursors."""

_LOCATOR = re.compile(r"(01g[0-9A-Za-z]{15})-(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """The rows of a query that did not fit its first page."""

    plan: Plan
    rest: array[int]
    total: int
    first: int
    """Rows the first page held; `rest` begins after them."""
    user_id: str
    expires: datetime


class Cursors:
    """The open cursors, by locator id."""

    def __init__(self, *, org: Org) -> None:
        self._org = org
        self._cursors: dict[str, Cursor] = {}
        self._made = 0

    def keep(self, cursor: Cursor) -> str:
        """The locator id of a new cursor. Cursors past their life are dropped."""
        now = self._org.control.now()
        self._cursors = {key: kept for key, kept in self._cursors.items() if kept.expires > now}
        self._made += 1
        locator = make_id("01g", self._made)
        self._cursors[locator] = cursor
        return locator

    def at(self, text: str, user_id: str) -> tuple[str, Cursor, int]:
        """Locator id, cursor and offset of a nextRecordsUrl's tail. Raises 400 INVALID_QUERY_LOCATOR."""
        match = _LOCATOR.fullmatch(text)
        cursor = self._cursors.get(match[1]) if match else None
        if match is None or cursor is None or cursor.user_id != user_id or cursor.expires <= self._org.control.now():
            raise ApiRefusal(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        offset = int(match[2])
        if not cursor.first <= offset < cursor.total:
            raise ApiRefusal(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return match[1], cursor, offset


def query_routes(org: Org, cursors: Cursors) -> Blueprint:
    """The query routes, for the data API and, below `/tooling`, for the Tooling API."""
    routes = data_blueprint("queries")

    @routes.get("/query", strict_slashes=False)
    def query() -> Response:
        return answer(_run(org, cursors, all_rows=False))

    @routes.get("/queryAll", strict_slashes=False)
    def query_all() -> Response:
        return answer(_run(org, cursors, all_rows=True))

    @routes.get("/tooling/query", strict_slashes=False)
    def tooling_query() -> Response:
        return answer(_run(org, cursors, all_rows=False, tooling=True))

    @routes.get("/query/<locator>", strict_slashes=False)
    @routes.get("/queryAll/<locator>", strict_slashes=False, endpoint="more_of_all")
    @routes.get("/tooling/query/<locator>", strict_slashes=False, endpoint="more_of_tooling")
    def more(locator: str) -> Response:
        return answer(_next_page(org, cursors, locator))

    return routes


def run_query(
    org: Org, cursors: Cursors, text: str, *, all_rows: bool = False, tooling: bool = False, batch: int = MAX_BATCH
) -> dict[str, Any]:
    """The answer to a query: its first page, and where the next one is."""
    plan = org.plan(text, user_id=g.user_id, all_rows=all_rows, tooling=tooling)
    with org.database.reading() as db:
        page = first_page(db, plan, batch=batch, base=base_path())
    body: dict[str, Any] = {"totalSize": page.total, "done": not page.rest}
    if page.rest:
        cursor = Cursor(
            plan=plan,
            rest=page.rest,
            total=page.total,
            first=len(page.records),
            user_id=g.user_id,
            expires=org.control.now() + CURSOR_LIFE,
        )
        body["nextRecordsUrl"] = f"{base_path()}/query/{cursors.keep(cursor)}-{len(page.records)}"
    body["records"] = page.records
    return body


def _run(org: Org, cursors: Cursors, *, all_rows: bool, tooling: bool = False) -> dict[str, Any]:
    text = request.args.get("q")
    if not text or not text.strip():
        raise malformed_query("A query string has to be specified")
    return run_query(org, cursors, text, all_rows=all_rows, tooling=tooling, batch=_batch_size())


def _next_page(org: Org, cursors: Cursors, text: str) -> dict[str, Any]:
    locator, cursor, offset = cursors.at(text, g.user_id)
    start = offset - cursor.first
    numbers: Sequence[int] = cursor.rest[start : start + _batch_size()]
    with org.database.reading() as db:
        records = page_of(db, cursor.plan, numbers, base=base_path())
    reached = offset + len(numbers)
    body: dict[str, Any] = {"totalSize": cursor.total, "done": reached >= cursor.total}
    if reached < cursor.total:
        body["nextRecordsUrl"] = f"{base_path()}/query/{locator}-{reached}"
    body["records"] = records
    return body


def _batch_size() -> int:
    match = re.search(r"batchSize\s*=\s*(\d+)", request.headers.get("Sforce-Query-Options", ""), re.IGNORECASE)
    return max(MIN_BATCH, min(MAX_BATCH, int(match[1]))) if match else MAX_BATCH
