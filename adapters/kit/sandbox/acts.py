"""`/_sandbox/acts`: what people and the CRM itself do beyond editing fields; `/_sandbox/limits`: how much may be called.

Station: sandbox ground. Each CRM does the acts by its own rules (`CrmActs`) and refuses those it does not know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from flask import Blueprint, Response, jsonify, request

from adapters.kit.sandbox.control import RefusedEditError, UnknownRecordError

ACTS = ("merge", "convert", "delete", "undelete", "erase", "import", "associate", "separate")


class CrmActs(Protocol):
    """Acts of people in one CRM. `by` is a user's e-mail, or "". Each raises UnknownRecordError and RefusedEditError."""

    def merge(self, *, source: str, winner: str, losers: Sequence[str], by: str) -> Mapping[str, Any]:
        """Makes the records one; `id` is the record that stands for all of them."""
        ...

    def convert(self, *, source: str, record_id: str, opportunity: str, by: str) -> Mapping[str, Any]:
        """Turns a record into those that follow it; names their ids."""
        ...

    def delete(self, *, source: str, record_id: str, by: str) -> Mapping[str, Any]:
        """Puts the record into the bin."""
        ...

    def undelete(self, *, source: str, record_id: str, by: str) -> Mapping[str, Any]:
        """Takes the record out of the bin, with what went in with it."""
        ...

    def erase(self, *, source: str, record_id: str, by: str) -> Mapping[str, Any]:
        """Removes a person for good, whether in the bin or not."""
        ...

    def bring_in(self, *, source: str, rows: Sequence[Mapping[str, Any]], by: str) -> Mapping[str, Any]:
        """Imports rows; one that names a record by its e-mail changes it. `ids` are in the order of the rows."""
        ...

    def associate(self, *, ends: tuple[tuple[str, str], tuple[str, str]], types: Sequence[int], by: str) -> Mapping[str, Any]:
        """Associates two records, each given as source and id."""
        ...

    def separate(self, *, ends: tuple[tuple[str, str], tuple[str, str]], types: Sequence[int], by: str) -> Mapping[str, Any]:
        """Ends the association of two records, or those types of it."""
        ...

    def limits(self) -> Mapping[str, Any]:
        """The call limits in force and what is used of them."""
        ...

    def set_limits(self, wanted: Mapping[str, Any]) -> None:
        """Puts these limits in place at once. Raises ValueError."""
        ...


def act_routes(acts: CrmActs) -> Blueprint:
    """The routes over one CRM's acts."""
    routes = Blueprint("sandbox_acts", __name__, url_prefix="/_sandbox")

    @routes.post("/acts")
    def act() -> Response:
        return jsonify(dict(_done(acts, _asked())))

    @routes.get("/limits")
    def read_limits() -> Response:
        return jsonify(dict(acts.limits()))

    @routes.put("/limits")
    def set_limits() -> Response:
        acts.set_limits(_asked())
        return read_limits()

    @routes.errorhandler(UnknownRecordError)
    def no_record(error: UnknownRecordError) -> tuple[Response, int]:
        return jsonify(error=str(error)), 404

    @routes.errorhandler(ValueError)
    def refused(error: ValueError) -> tuple[Response, int]:
        return jsonify(error=str(error)), 400

    return routes


def _done(acts: CrmActs, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    act, by = str(asked.get("act", "")), str(asked.get("by", ""))
    source, record = str(asked.get("source", "")), str(asked.get("record", ""))
    if act == "merge":
        return acts.merge(source=source, winner=str(asked["winner"]), losers=[str(one) for one in asked["losers"]], by=by)
    if act == "convert":
        return acts.convert(source=source, record_id=record, opportunity=str(asked.get("opportunity", "")), by=by)
    if act == "import":
        return acts.bring_in(source=source, rows=list(asked["rows"]), by=by)
    if act in ("associate", "separate"):
        ends = ((source, record), (str(asked["to_source"]), str(asked["to"])))
        does = acts.associate if act == "associate" else acts.separate
        return does(ends=ends, types=[int(one) for one in asked.get("types", ())], by=by)
    plain = {"delete": acts.delete, "undelete": acts.undelete, "erase": acts.erase}
    if act not in plain:
        raise RefusedEditError(f"act is {act!r}; it must be one of {', '.join(ACTS)}")
    return plain[act](source=source, record_id=record, by=by)


def _asked() -> dict[str, Any]:
    body = request.get_json()
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")
    return body
