"""What a batch call answers: results, and beside them the rows that were refused.

Station: HubSpot sandbox, between the views of records and links and the errors they met.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapters.hubspot.sandbox.errors import RowRefusal
from adapters.hubspot.sandbox.routing import Answer
from adapters.hubspot.sandbox.stamps import iso


def batch_answer(results: Sequence[Any], refusals: Sequence[RowRefusal], *, began: int, ended: int, done: int = 200) -> Answer:
    """207 where rows were refused, else `done`; `began` and `ended` are milliseconds since 1970."""
    body: dict[str, Any] = {"status": "COMPLETE", "results": results, "startedAt": iso(began), "completedAt": iso(ended)}
    if refusals:
        body |= {"numErrors": len(refusals), "errors": [one.body() for one in refusals]}
    return Answer(body=body, status=207 if refusals else done)
