"""A CRM of one kind of record, small enough to see through, to try the sandbox ground with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import Flask, Response, jsonify, request

from adapters.kit.sandbox.control import Control, RefusedEditError, UnknownRecordError
from adapters.kit.sandbox.wire import Reply, json_reply

API_USER = "api@crm.test"
REP = "rep@crm.test"


class SmallCrm:
    """Things with an id; the state tests look at is `things`, and who changed each last is `changed_by`."""

    def __init__(self, control: Control) -> None:
        self.control = control
        self.things: dict[str, dict[str, Any]] = {}
        self.deleted: set[str] = set()
        self.expired: list[str] = []

    def write(self, record_id: str, values: Mapping[str, Any], *, by: str, at: datetime | None = None) -> None:
        stamp = {"changed_by": by, "changed_at": (at or self.control.now()).isoformat()}
        self.things[record_id] = {**self.things.get(record_id, {}), **values, **stamp}

    def create(self, *, source: str, values: Mapping[str, Any], by: str) -> str:
        self._check(source)
        record_id = f"t{len(self.things) + 1}"
        self.write(record_id, values, by=by or REP)
        return record_id

    def update(self, *, source: str, record_id: str, values: Mapping[str, Any], by: str) -> None:
        self._check(source, record_id)
        if "locked" in values:
            raise RefusedEditError("'locked' is read-only")
        self.write(record_id, values, by=by or REP)

    def delete(self, *, source: str, record_id: str, by: str) -> None:
        self._check(source, record_id)
        self.write(record_id, {}, by=by or REP)
        self.deleted.add(record_id)

    def get(self, *, source: str, record_id: str) -> Mapping[str, Any]:
        self._check(source, record_id)
        return self.things[record_id]

    def touch(self, *, source: str, ids: Sequence[str], count: int, at: datetime) -> int:
        self._check(source)
        chosen = list(ids) or sorted(self.things)[:count]
        for record_id in chosen:
            self.write(record_id, {}, by=REP, at=at)
        return len(chosen)

    def expired_token_reply(self, *, authorization: str) -> Reply:
        self.expired.append(authorization)
        return json_reply(401, [{"errorCode": "EXPIRED"}])

    def _check(self, source: str, record_id: str | None = None) -> None:
        if source != "Thing" or (record_id is not None and record_id not in self.things):
            raise UnknownRecordError(f"no {source} {record_id or ''}")


def small_app(crm: SmallCrm) -> Flask:
    """The API of the small CRM with its control mounted."""
    app = Flask(__name__)
    control = crm.control

    @app.patch("/api/things/<record_id>")
    def write_thing(record_id: str) -> Response:
        values = request.get_json()
        crm.write(record_id, values, by=API_USER)
        control.wrote("Thing", record_id, values)
        return jsonify(crm.things[record_id])

    @app.get("/api/things/<record_id>")
    def read_thing(record_id: str) -> Response:
        return jsonify(crm.things.get(record_id, {}))

    @app.post("/api/batch")
    def write_batch() -> Response:
        rows = request.get_json()
        faults = control.row_faults(path=request.path, ids=[row["id"] for row in rows], method=request.method)
        outcomes: list[str] = []
        for row, fault in zip(rows, faults, strict=True):
            if fault is None:
                crm.write(row["id"], row, by=API_USER)
            outcomes.append(fault.error if fault else "ok")
        return jsonify(outcomes)

    @app.post("/api/deaf")
    def ignore_the_body() -> Response:
        return jsonify(port=request.environ["REMOTE_PORT"])

    @app.delete("/api/things/<record_id>")
    def remove_thing(record_id: str) -> tuple[str, int]:
        crm.things.pop(record_id, None)
        return "", 204

    control.mount(app, state=crm)
    return app
