"""`/_sandbox/`: how a test moves the clock, asks for faults, counts calls and writes, and plays the rep.

Station: sandbox ground. A CRM's views ask a `Control` for the time, row faults and lag, and report what they wrote; a
CRM's state stands behind the `CrmState` protocol so that a person's edits reach it by the CRM's own rules.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from flask import Blueprint, Flask, Response, has_request_context, jsonify, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map

from adapters.kit.sandbox.clock import SandboxClock
from adapters.kit.sandbox.faults import BadRuleError, FaultBook, FaultRule, RowFault
from adapters.kit.sandbox.wire import Reply

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

OWN_PATHS = ("/_sandbox/", "/record/", "/static/")
"""Paths of the sandbox itself (and "/"): not the CRM's API, so neither counted nor made to fail."""

THIRD_PARTY = "third-party-connector/1.0"
"""User-Agent of a third party's program (`third_party.py`): its calls are counted apart and meet no planted fault."""


class UnknownRecordError(LookupError):
    """No record of that source and id; answered with 404."""


class RefusedEditError(ValueError):
    """The CRM's own rules refuse a person's edit; answered with 400 and this message."""


class CrmState(Protocol):
    """A CRM's records as a person at its screen changes them. Each CRM's sandbox implements it over its own tables.

    `source` is the CRM's own word for the kind of record, `values` are its own field names. Every change is stamped
    with `control.now()` and with a named human user, never with the API user: the user whose e-mail is `by`, or the
    record's owner (else the first seeded user) when `by` is empty.
    """

    def create(self, *, source: str, values: Mapping[str, Any], by: str) -> str:
        """The id of the new record. Raises UnknownRecordError for a source there is not, RefusedEditError by the CRM's rules."""
        ...

    def update(self, *, source: str, record_id: str, values: Mapping[str, Any], by: str) -> None:
        """Changes the named fields. Raises UnknownRecordError, RefusedEditError."""
        ...

    def delete(self, *, source: str, record_id: str, by: str) -> None:
        """Deletes as the CRM deletes (into its bin). Raises UnknownRecordError."""
        ...

    def get(self, *, source: str, record_id: str) -> Mapping[str, Any]:
        """The raw state, deleted records included, ready for JSON. Raises UnknownRecordError."""
        ...

    def touch(self, *, source: str, ids: Sequence[str], count: int, at: datetime) -> int:
        """Stamps the rows `ids` (the first `count` rows by id when empty) as changed at exactly `at`; how many."""
        ...

    def expired_token_reply(self, *, authorization: str) -> Reply:
        """Makes the token in this Authorization header expired, if the CRM's tokens can, and says what it answers."""
        ...


class Control:
    """The sandbox's clock, faults, lag and counters. One a server; safe to use from many threads."""

    def __init__(self, *, clock: SandboxClock | None = None) -> None:
        self.clock = clock or SandboxClock()
        self.faults = FaultBook()
        self.stopping = threading.Event()
        """Set when the server is to end; whoever holds a connection lets it go then."""
        self._lock = threading.Lock()
        self._lag = timedelta()
        self._lag_every = 1
        self._lag_rows = 0
        self._calls: Counter[str] = Counter()
        self._writes: Counter[str] = Counter()
        self._third_party_calls = 0
        self._third_party_writes: Counter[str] = Counter()
        self._rules: Map | None = None
        self._state: CrmState | None = None

    def mount(self, app: Flask, *, state: CrmState) -> None:
        """Serves `/_sandbox/` on `app`, over `state`, and learns the app's path templates."""
        self._rules = app.url_map
        self._state = state
        app.register_blueprint(control_routes(self, state))

    def now(self) -> datetime:
        """The sandbox's present: aware, UTC, microseconds."""
        return self.clock.now()

    def row_faults(self, *, path: str, ids: Sequence[str], method: str = "*") -> tuple[RowFault | None, ...]:
        """One entry a row of a batch, in order: how the row is to be refused, or None. Ask once a batch.

        A row without an id yet (a create) stands in `ids` as its unique key, or as "".
        """
        return self.faults.for_rows(method=method, path=path, ids=ids)

    def visible_at(self, stamp: datetime) -> datetime:
        """From when a row stamped `stamp` is seen by searches and queries. Ask once a row written, and keep it."""
        with self._lock:
            if not self._lag:
                return stamp
            self._lag_rows += 1
            return stamp + self._lag if self._lag_rows % self._lag_every == 0 else stamp

    def set_lag(self, *, seconds: float, every: int = 1) -> None:
        """Makes every `every`-th row written from now on visible `seconds` after its stamp; 0 ends it."""
        if seconds < 0 or every < 1:
            raise ValueError("lag takes seconds >= 0 and every >= 1")
        with self._lock:
            self._lag, self._lag_every, self._lag_rows = timedelta(seconds=seconds), every, 0

    def lag(self) -> dict[str, float]:
        """The lag in force, as `PUT /_sandbox/lag` takes it."""
        with self._lock:
            return {"seconds": self._lag.total_seconds(), "every": self._lag_every}

    def wrote(self, source: str, record_id: str, field_names: Iterable[str]) -> None:
        """Counts one write by the API to each named field of a record (a create included)."""
        is_other = has_request_context() and request.user_agent.string == THIRD_PARTY
        with self._lock:
            counts = self._third_party_writes if is_other else self._writes
            counts.update(f"{source}/{record_id}/{name}" for name in field_names)

    def counters(self) -> dict[str, Any]:
        """Calls by method and path template, their sum, and writes by source/id/field, since the last reset."""
        with self._lock:
            return {
                "calls": dict(self._calls),
                "calls_total": sum(self._calls.values()),
                "writes": dict(self._writes),
                "writes_total": sum(self._writes.values()),
                "third_party_calls_total": self._third_party_calls,
                "third_party_writes": dict(self._third_party_writes),
            }

    def reset_counters(self) -> None:
        """Sets every counter to nothing."""
        with self._lock:
            self._calls.clear()
            self._writes.clear()
            self._third_party_calls = 0
            self._third_party_writes.clear()

    def fault_for_call(self, environ: WSGIEnvironment) -> FaultRule | None:
        """Counts an API call and returns the fault that meets it; None for the sandbox's own paths and third parties."""
        path = str(environ["PATH_INFO"])
        if path == "/" or path.startswith(OWN_PATHS):
            return None
        if environ.get("HTTP_USER_AGENT") == THIRD_PARTY:
            with self._lock:
                self._third_party_calls += 1
            return None
        method = str(environ["REQUEST_METHOD"])
        template = self._template(environ)
        with self._lock:
            self._calls[f"{method} {template}"] += 1
        return self.faults.for_call(method=method, path=path)

    def expired_token_reply(self, environ: WSGIEnvironment) -> Reply:
        """What the CRM answers to an expired token."""
        if self._state is None:
            raise RuntimeError("mount the control on the CRM's app before it serves")
        return self._state.expired_token_reply(authorization=str(environ.get("HTTP_AUTHORIZATION", "")))

    def _template(self, environ: WSGIEnvironment) -> str:
        if self._rules is None:
            return str(environ["PATH_INFO"])
        try:
            rule, _ = self._rules.bind_to_environ(environ).match(return_rule=True)
        except HTTPException:
            return f"(no such path) {environ['PATH_INFO']}"
        return str(rule.rule)


def control_routes(control: Control, state: CrmState) -> Blueprint:
    """The `/_sandbox/` pages over this control and this CRM's state."""
    routes = Blueprint("sandbox_control", __name__, url_prefix="/_sandbox")
    _clock_routes(routes, control)
    _fault_routes(routes, control)
    _record_routes(routes, control, state)

    @routes.get("/counters")
    def read_counters() -> Response:
        return jsonify(control.counters())

    @routes.delete("/counters")
    def reset_counters() -> Response:
        control.reset_counters()
        return jsonify(control.counters())

    @routes.errorhandler(UnknownRecordError)
    def no_record(error: UnknownRecordError) -> tuple[Response, int]:
        return jsonify(error=str(error)), 404

    @routes.errorhandler(ValueError)
    def bad_request(error: ValueError) -> tuple[Response, int]:
        return jsonify(error=str(error)), 400

    return routes


def _clock_routes(routes: Blueprint, control: Control) -> None:
    @routes.get("/clock")
    def read_clock() -> Response:
        return jsonify(now=control.now().isoformat(), frozen=control.clock.is_frozen)

    @routes.put("/clock")
    def set_clock() -> Response:
        asked = _asked({"now", "frozen", "advance_s"})
        now = datetime.fromisoformat(asked["now"]) if asked.get("now") else None
        control.clock.adjust(now=now, frozen=asked.get("frozen"), advance_s=float(asked.get("advance_s", 0)))
        return read_clock()

    @routes.get("/lag")
    def read_lag() -> Response:
        return jsonify(control.lag())

    @routes.put("/lag")
    def set_lag() -> Response:
        asked = _asked({"seconds", "every"})
        control.set_lag(seconds=float(asked.get("seconds", 0)), every=int(asked.get("every", 1)))
        return read_lag()


def _fault_routes(routes: Blueprint, control: Control) -> None:
    @routes.post("/faults")
    def add_fault() -> tuple[Response, int]:
        written = request.get_json()
        if not isinstance(written, dict):
            raise BadRuleError("a fault rule is a JSON object")
        return jsonify(number=control.faults.add(written)), 201

    @routes.get("/faults")
    def list_faults() -> Response:
        return jsonify(control.faults.listed())

    @routes.delete("/faults")
    def clear_faults() -> Response:
        control.faults.clear()
        return jsonify(control.faults.listed())


def _record_routes(routes: Blueprint, control: Control, state: CrmState) -> None:
    @routes.get("/records/<source>/<record_id>")
    def read_record(source: str, record_id: str) -> Response:
        return jsonify(state.get(source=source, record_id=record_id))

    @routes.post("/records/<source>")
    def create_record(source: str) -> tuple[Response, int]:
        return jsonify(id=state.create(source=source, values=request.get_json(), by=_by())), 201

    @routes.patch("/records/<source>/<record_id>")
    def update_record(source: str, record_id: str) -> Response:
        state.update(source=source, record_id=record_id, values=request.get_json(), by=_by())
        return jsonify(state.get(source=source, record_id=record_id))

    @routes.delete("/records/<source>/<record_id>")
    def delete_record(source: str, record_id: str) -> Response:
        state.delete(source=source, record_id=record_id, by=_by())
        return jsonify(id=record_id, deleted=True)

    @routes.post("/bulk_touch")
    def bulk_touch() -> Response:
        asked = _asked({"source", "ids", "count", "at"})
        if "source" not in asked or ("ids" in asked) == ("count" in asked):
            raise ValueError("bulk_touch takes source, and either ids or count")
        at = datetime.fromisoformat(asked["at"]) if asked.get("at") else control.now()
        touched = state.touch(
            source=str(asked["source"]),
            ids=tuple(str(record_id) for record_id in asked.get("ids", ())),
            count=int(asked.get("count", 0)),
            at=at,
        )
        return jsonify(touched=touched, at=at.isoformat())


def _asked(known: set[str]) -> dict[str, Any]:
    body = request.get_json()
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")
    unknown = sorted(set(body) - known)
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r}; known keys are {', '.join(sorted(known))}")
    return body


def _by() -> str:
    return str(request.args.get("by", ""))
