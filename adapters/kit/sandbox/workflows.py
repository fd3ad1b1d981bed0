"""`/_sandbox/workflows`: automations of the CRM itself that set fields whenever a named field changes.

Station: sandbox ground. A CRM's records ask the book after every write and make the changes in its own name.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, jsonify, request

MOST_TURNS = 5
"""How often one write may set off workflows that set off workflows: two that contradict each other end here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """Sets the fields `values` of a record of `source` whenever its field `when_field` has changed, whoever changed it."""

    source: str
    when_field: str
    values: Mapping[str, Any]


class WorkflowBook:
    """The workflows in force. Asked inside the transaction of the write."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._workflows: tuple[Workflow, ...] = ()
        self._fired = 0
        self._turns = 0

    def add(self, written: Mapping[str, Any]) -> None:
        """Adds a workflow. Raises ValueError."""
        values = written.get("set")
        if set(written) != {"source", "when_field", "set"} or not isinstance(values, Mapping) or not values:
            raise ValueError('a workflow is {"source": …, "when_field": …, "set": {field: value}}')
        made = Workflow(source=str(written["source"]), when_field=str(written["when_field"]), values=dict(values))
        with self._lock:
            self._workflows = (*self._workflows, made)

    def clear(self) -> None:
        """Ends every workflow."""
        with self._lock:
            self._workflows = ()

    def listed(self) -> dict[str, Any]:
        """The workflows and how often one has changed a record."""
        shown = [{"source": one.source, "when_field": one.when_field, "set": one.values} for one in self._workflows]
        return {"workflows": shown, "fired": self._fired}

    def following(self, source: str, changed: Collection[str]) -> dict[str, Any]:
        """The fields to set on a record of `source` of which these fields changed; nothing after too many turns."""
        if not self._workflows or self._turns >= MOST_TURNS:
            return {}
        values: dict[str, Any] = {}
        for one in self._workflows:
            if one.source == source and one.when_field in changed:
                values |= one.values
        return values

    @contextmanager
    def firing(self) -> Iterator[None]:
        """Counts a change that a workflow makes, and how deep it is in others. The caller holds the database."""
        self._turns += 1
        self._fired += 1
        try:
            yield
        finally:
            self._turns -= 1


def workflow_routes(book: WorkflowBook) -> Blueprint:
    """The routes over the book."""
    routes = Blueprint("sandbox_workflows", __name__, url_prefix="/_sandbox/workflows")

    @routes.get("", strict_slashes=False)
    def listed() -> Response:
        return jsonify(book.listed())

    @routes.post("", strict_slashes=False)
    def add() -> tuple[Response, int]:
        book.add(request.get_json())
        return jsonify(book.listed()), 201

    @routes.delete("", strict_slashes=False)
    def clear() -> Response:
        book.clear()
        return jsonify(book.listed())

    @routes.errorhandler(ValueError)
    def bad_request(error: ValueError) -> tuple[Response, int]:
        return jsonify(error=str(error)), 400

    return routes
