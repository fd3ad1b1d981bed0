"""What one change event hints at: the records its header names.

Station: under `feed.py`; pure. Source: "Change Data Capture Developer Guide", Change Event Message Structure and Gap Events, seen 2026-11.
The changed values themselves are not looked at: a push is a hint to re-read, never the truth.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from adapters.salesforce.soql import is_id, is_name, long_id
from connector.ports.hooks import BadEvent, Hint, HintKind

HEADER = "ChangeEventHeader"
OVERFLOW = "GAP_OVERFLOW"
_DELETED = ("DELETE", "GAP_DELETE")
_CHANGED = ("CREATE", "UPDATE", "UNDELETE", "GAP_CREATE", "GAP_UPDATE", "GAP_UNDELETE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """The hints of one event. `pull_wanted`: it stands for records that it does not name."""

    told: tuple[Hint | BadEvent, ...]
    pull_wanted: bool = False


def read_event(record: Mapping[str, Any], *, event: str, place: int) -> Read:
    """What the decoded event says. `event` is its own id.

    Events that our own writes caused (`changeOrigin` names our client) are hints like all others: what an automation of the org changed in
    the same transaction has the same origin, and would be missed. Where nothing else changed, the input fingerprint ends the echo.
    """
    header = record.get(HEADER)
    if not isinstance(header, Mapping):
        return Read(told=(BadEvent(place=place, reason="no change event header"),))
    change, source = str(header.get("changeType")), str(header.get("entityName"))
    if change == OVERFLOW:
        return Read(told=(), pull_wanted=True)
    if change not in _CHANGED and change not in _DELETED:
        return Read(told=(BadEvent(place=place, reason="no kind of change that is known"),))
    if not is_name(source) or "." in source:
        return Read(told=(BadEvent(place=place, reason="no kind of record"),))
    told: list[Hint | BadEvent] = []
    pull_wanted = False
    for named in header.get("recordIds") or ():
        record_id = str(named)
        if record_id.endswith("*"):
            pull_wanted = True
        elif not is_id(record_id):
            told.append(BadEvent(place=place, reason="no record id"))
        else:
            kind = HintKind.DELETED if change in _DELETED else HintKind.CHANGED
            full = long_id(record_id)
            told.append(Hint(event=f"{event} {full}", source=source, record=full, kind=kind, at=_instant(header.get("commitTimestamp"))))
    return Read(told=tuple(told), pull_wanted=pull_wanted)


def _instant(milliseconds: object) -> datetime | None:
    """None also for the zero that gap events may carry."""
    if not isinstance(milliseconds, int) or milliseconds <= 0:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
