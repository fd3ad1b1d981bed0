"""Where a read of one source stands: the cursor as a value.

Station: HubSpot adapter, values only; `read` and `events` store one with each page.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from adapters.kit.paging import pack_cursor, unpack_cursor

VERSION = 1


class Phase(StrEnum):
    """Which part of a read comes next."""

    LIST = "list"
    """The first load, by the list endpoint's own paging."""
    SEARCH = "search"
    """By search, in the order of record ids: a bounded first load, or what changed since `lower_ms`."""
    DELETED = "deleted"
    """The list of archived records."""
    EVENTS = "events"
    """Event occurrences since `lower_ms`."""
    REST = "rest"
    """Everything is given; the next read begins a new run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Times are HubSpot's clock, in milliseconds; 0 is not yet."""

    phase: Phase
    first: bool = False
    """Whether this is the first load of the source."""
    lower_ms: int = 0
    """A run after the first gives what changed from here on."""
    started_ms: int = 0
    """HubSpot's clock at the run's first answer: the next run begins at it, less the overlap."""
    after: str = ""
    """Paging token of the list or events endpoint."""
    last_id: int = 0
    """Highest record id given by search."""
    given: int = 0
    expected: int | None = None
    deleted_ms: int = 0
    """Until when deletions are known."""
    deleted_calls: int = 1
    """Calls the last look at the archived records took."""

    def at(self, started_ms: int) -> "Position":
        """The same position with the run's start fixed, unless it was before."""
        return self if self.started_ms else replace(self, started_ms=started_ms)

    def resting(self) -> "Position":
        """The position after the last page of a run."""
        return replace(self, phase=Phase.REST, first=False, lower_ms=0, after="", last_id=0, given=0, expected=None)


def pack(position: Position) -> str:
    """The position as a cursor."""
    return pack_cursor(
        version=VERSION,
        phase=position.phase.value,
        first=position.first,
        lower=position.lower_ms,
        started=position.started_ms,
        after=position.after,
        last=position.last_id,
        given=position.given,
        expected=position.expected,
        deleted=position.deleted_ms,
        deleted_calls=position.deleted_calls,
    )


def unpack(cursor: str | None) -> Position | None:
    """The position of a cursor; None for no cursor or one that another version made, so that the read begins anew."""
    parts = unpack_cursor(cursor, version=VERSION) if cursor else None
    if parts is None:
        return None
    try:
        return Position(
            phase=Phase(str(parts["phase"])),
            first=bool(parts["first"]),
            lower_ms=_whole(parts["lower"]),
            started_ms=_whole(parts["started"]),
            after=str(parts["after"]),
            last_id=_whole(parts["last"]),
            given=_whole(parts["given"]),
            expected=None if parts["expected"] is None else _whole(parts["expected"]),
            deleted_ms=_whole(parts["deleted"]),
            deleted_calls=_whole(parts["deleted_calls"]),
        )
    except (KeyError, ValueError):
        return None


def _whole(part: object) -> int:
    if not isinstance(part, int):
        raise ValueError("not a whole number")
    return part
