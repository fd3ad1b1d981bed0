"""`/composite` and `/composite/batch`: several calls in one.

Station: Salesforce sandbox views. Each subrequest runs through the same views as a call of its own, but one call is counted.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Flask, Response, request

from adapters.salesforce.sandbox.calls import INNER_CALL, answer, base_path, data_blueprint, json_record
from adapters.salesforce.sandbox.errors import ApiRefusal
from adapters.salesforce.sandbox.org import Org, json_text

MAX_SUBREQUESTS = 25
"""Source: REST API Developer Guide, Composite."""
MAX_LISTS = 5
"""Queries and collections among them. Source: as above."""

_REFERENCE = re.compile(r"@\{([A-Za-z0-9_]+)((?:\.[A-Za-z0-9_]+|\[\d+\])*)\}")
_FORWARDED = ("Authorization", "Sforce-Call-Options", "Sforce-Query-Options", "Sforce-Duplicate-Rule-Header")


def composite_routes(app: Flask, org: Org) -> Blueprint:
    """The composite route over `app`'s own views."""
    routes = data_blueprint("composite", "/composite")

    @routes.post("", strict_slashes=False)
    def composite() -> Response:
        body = json_record()
        subrequests = body.get("compositeRequest")
        if not isinstance(subrequests, list) or not subrequests or not all(map(_is_subrequest, subrequests)):
            raise ApiRefusal(400, "JSON_PARSER_ERROR", "compositeRequest must be a list of subrequests")
        if len(subrequests) > MAX_SUBREQUESTS:
            raise ApiRefusal(400, "LIMIT_EXCEEDED", f"Number of subrequests exceeds the limit of {MAX_SUBREQUESTS}")
        lists = sum(bool(re.search(r"/(query|queryAll|composite/sobjects)\b", str(one.get("url")))) for one in subrequests)
        if lists > MAX_LISTS:
            raise ApiRefusal(400, "LIMIT_EXCEEDED", f"No more than {MAX_LISTS} queries and collections in one request")
        return answer({"compositeResponse": _run_all(app, org, subrequests, body.get("allOrNone") is True)})

    return routes


def _is_subrequest(one: Any) -> bool:
    return isinstance(one, dict) and isinstance(one.get("httpHeaders") or {}, dict)


def _run_all(app: Flask, org: Org, subrequests: list[dict[str, Any]], all_or_none: bool) -> list[dict[str, Any]]:
    done: list[dict[str, Any]] = []
    known: dict[str, Any] = {}
    with org.database.writing() as db:
        db.execute("SAVEPOINT composite")
        for one in subrequests:
            outcome = _run_one(app, one, known)
            done.append(outcome)
            if outcome["httpStatusCode"] < 300:
                known[str(one.get("referenceId"))] = outcome["body"]
        failed = any(outcome["httpStatusCode"] >= 300 for outcome in done)
        if failed and all_or_none:
            db.execute("ROLLBACK TO composite")
            done = [_halted(outcome) if outcome["httpStatusCode"] < 300 else outcome for outcome in done]
        db.execute("RELEASE composite")
    return done


def _run_one(app: Flask, one: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    reference = one.get("referenceId")
    url, body = str(one.get("url", "")), one.get("body")
    try:
        url = _filled(url, known)
        text = _filled(json_text(body), known) if body is not None else ""
    except KeyError as missing:
        refusal = ApiRefusal(400, "PROCESSING_HALTED", f"Invalid reference specified. No value for {missing} found")
        return _outcome(refusal.body(), 400, {}, reference)
    if not url.startswith(base_path() + "/") or url.startswith(f"{base_path()}/composite?"):
        return _outcome(ApiRefusal(404, "NOT_FOUND", "The requested resource does not exist").body(), 404, {}, reference)
    headers = {name: request.headers[name] for name in _FORWARDED if name in request.headers}
    reply = app.test_client().open(
        quote(url, safe="/?&=%+,'()!*:;@~$-._"),
        method=str(one.get("method", "GET")).upper(),
        data=text.encode(),
        headers=headers | {str(k): str(v) for k, v in (one.get("httpHeaders") or {}).items()},
        content_type="application/json",
        environ_overrides={INNER_CALL: True},
    )
    raw = reply.get_data()
    location = {"Location": reply.headers["Location"]} if "Location" in reply.headers else {}
    return _outcome(json.loads(raw) if raw else None, reply.status_code, location, reference)


def _filled(text: str, known: dict[str, Any]) -> str:
    def one(match: re.Match[str]) -> str:
        value = known[match[1]]
        for name, index in re.findall(r"\.([A-Za-z0-9_]+)|\[(\d+)\]", match[2]):
            try:
                value = value[name] if name else value[int(index)]
            except (KeyError, IndexError, TypeError) as err:
                raise KeyError(match[0]) from err
        return json.dumps(value, ensure_ascii=False)[1:-1] if isinstance(value, str) else json_text(value)

    return _REFERENCE.sub(one, text)


def _outcome(body: Any, status: int, headers: dict[str, str], reference: Any) -> dict[str, Any]:
    return {"body": body, "httpHeaders": headers, "httpStatusCode": status, "referenceId": reference}


def _halted(outcome: dict[str, Any]) -> dict[str, Any]:
    refusal = ApiRefusal(
        400, "PROCESSING_HALTED", "The transaction was rolled back since another operation in the same transaction failed."
    )
    return _outcome(refusal.body(), 400, {}, outcome["referenceId"])
