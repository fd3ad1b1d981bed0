"""Events that reached us and could not be read: counted by lane, for they are gone. What they told of a CRM, the next pull finds.

Station: beside `drain`, `site_events` and `feed`, which tell of them; health shows them for a day.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connector.flows.hourly import Hourly, hourly_from
from connector.ports.store import Tx

SHOWN_FOR = timedelta(hours=24)
_SOURCE = "@unreadable"
"""Where it stands among the cursors of a lane; no CRM has a source of that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """What could not be read in one lane within the last day. `reason` is of the newest, and holds nothing that it said."""

    lane: str
    events: int
    last_at: datetime
    reason: str


def note(tx: Tx, *, lane: str, events: int, reason: str, now: datetime) -> None:
    """So many more could not be read just now."""
    text = tx.cursors.get(connection=lane, source=_SOURCE)
    before = hourly_from(json.loads(text)["events"]) if text else Hourly()
    kept = {"events": before.plus(events, at=now).plain(), "last_at": now.isoformat(), "reason": reason}
    tx.cursors.put(connection=lane, source=_SOURCE, cursor=json.dumps(kept), at=now)


def unreadable_lately(tx: Tx, *, lanes: Iterable[str], now: datetime) -> Sequence[Unreadable]:
    """Of those lanes in which anything could not be read lately."""
    found = []
    for lane in lanes:
        text = tx.cursors.get(connection=lane, source=_SOURCE)
        kept = json.loads(text) if text else {"events": {}}
        events = hourly_from(kept["events"]).within(SHOWN_FOR, now=now)
        if events:
            found.append(Unreadable(lane=lane, events=events, last_at=datetime.fromisoformat(kept["last_at"]), reason=kept["reason"]))
    return found
