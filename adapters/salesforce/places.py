"""Where a read stands: the places a cursor can name, and their way to text and back.

Station: between `read.py` and the cursors that callers store; values only.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapters.kit.paging import pack_cursor, pack_moment, unpack_cursor, unpack_moment

VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """In the first load, which goes by id: `after` was the last id given. `started` is when it began by the org's clock."""

    started: datetime
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """In an incremental run over stamps from `low` up to and with `high`: (`at`, `after`) was the last row given.

    Where `after` is empty, everything before `at` has been given. `covered` as in Rest.
    """

    low: datetime
    high: datetime
    at: datetime
    after: str
    covered: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """An incremental run whose changed rows have all been given; changed links and purged rows are still to come."""

    low: datetime
    high: datetime
    covered: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """Between runs: everything stamped before `high` has been asked for, purged rows up to `covered`."""

    high: datetime
    covered: datetime


Place = Loading | Changes | Ending | Rest

_PHASES: dict[str, type[Loading] | type[Changes] | type[Ending] | type[Rest]] = {
    "load": Loading,
    "changes": Changes,
    "ending": Ending,
    "rest": Rest,
}
_TEXTS = ("after",)


def cursor_of(place: Place) -> str:
    """The place as a cursor."""
    phase = next(name for name, kind in _PHASES.items() if isinstance(place, kind))
    parts = {name: getattr(place, name) for name in place.__dataclass_fields__}
    return pack_cursor(
        version=VERSION, phase=phase, **{name: part if name in _TEXTS else pack_moment(part) for name, part in parts.items()}
    )


def place_of(cursor: str | None) -> Place | None:
    """The place a cursor names; None for no cursor or one that this version does not know: then the first load begins."""
    parts = unpack_cursor(cursor, version=VERSION) if cursor else None
    if parts is None:
        return None
    kind = _PHASES.get(str(parts.get("phase")))
    if kind is None:
        return None
    try:
        told = {name: str(parts[name]) for name in kind.__dataclass_fields__}
        place: dict[str, Any] = {name: text if name in _TEXTS else unpack_moment(text) for name, text in told.items()}
        return kind(**place)
    except (KeyError, ValueError):
        return None
