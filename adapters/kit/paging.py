"""Batches and cursors: how adapters cut work up and remember where they are.

Station: adapters' common ground, values only.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TypeVar

from connector.ports.crm import Json

T = TypeVar("T")

OVERLAP = timedelta(seconds=600)
"""How far an incremental read looks back: a row is stamped when its statement runs and seen when its transaction ends.

Salesforce ends an API transaction at 10 minutes ("Salesforce Developer Limits and Allocations Quick Reference", API request limits,
seen 2026-11); HubSpot's search index lags by moments.
"""


def batches(rows: Sequence[T], size: int) -> Iterator[tuple[T, ...]]:
    """`rows` in order, in tuples of at most `size`; nothing for no rows."""
    if size < 1:
        raise ValueError("a batch holds at least one row")
    remaining = iter(rows)
    while batch := tuple(islice(remaining, size)):
        yield batch


def pack_cursor(*, version: int, **parts: Json) -> str:
    """A cursor as one line of compact JSON. The same parts always give the same text."""
    return json.dumps({"v": version, **parts}, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def unpack_cursor(text: str, *, version: int) -> Mapping[str, Json] | None:
    """The parts of a cursor, or None when it was made by another version or is no cursor: then the read begins anew."""
    try:
        parts = json.loads(text)
    except ValueError:
        return None
    if not isinstance(parts, dict) or parts.get("v") != version:
        return None
    return {name: value for name, value in parts.items() if name != "v"}


def pack_moment(moment: datetime) -> str:
    """An aware instant as cursors keep it: UTC, ISO 8601, microseconds only where there are some."""
    return moment.astimezone(UTC).isoformat()


def unpack_moment(text: str) -> datetime:
    """The instant of `pack_moment`. Raises ValueError for a text without a zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"a cursor's instant has no zone: {text!r}")
    return moment.astimezone(UTC)
