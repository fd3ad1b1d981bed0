"""What a write-back would change, field by field: wanted values against current values under field ownership.

Station: between qualification and `mappings.compile` (inverse). Nothing to do is a result.
"""

from dataclasses import dataclass
from enum import StrEnum

from connector.core.records import RecordKey, Value


class Ownership(StrEnum):
    OURS = "ours"
    """We write it whenever it differs."""
    CRM_WINS = "crm_wins"
    """Written while the CRM holds nothing or still what we wrote last; a value that somebody else put there stands."""
    FILL_IF_BLANK = "fill_if_blank"
    """Written only while the CRM holds nothing; never touched again."""
    APPEND = "append"
    """Text is added below what is there, once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    field: str
    """The CRM's field name."""
    name: str
    """Our name of the value, such as `score`."""
    before: Value | None
    after: Value | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """All fields of one row that are to change; never empty."""

    key: RecordKey
    person: int
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One mapped field of a row to write: what we want there, what is there, and whose it is."""

    field: str
    name: str
    ownership: Ownership
    wanted: Value | None
    current: Value | None
    last_written: Value | None = None
    """What we put there last, where we did."""


COMPANIONS = frozenset({"scored_at", "breakdown", "reasons", "model", "next_action"})
"""Values that go along with a write but never cause one: they breathe with the hour."""

DEAD_BAND = {"score": 5, "fit": 5, "engagement": 5}
"""Points a number must move before it alone causes a write (DESIGN §5: 5)."""


def plan_change(*, key: RecordKey, person: int, targets: tuple[Target, ...]) -> Change | None:
    """The change that makes the row as wanted, or None when nothing that matters differs.

    A row is written whole or not at all: once one field gives cause, all fields of ours that differ go along.
    """
    changed = tuple(c for c in (_field_change(t) for t in targets) if c is not None)
    if not any(_gives_cause(c) for c in changed):
        return None
    return Change(key=key, person=person, fields=changed)


def _field_change(target: Target) -> FieldChange | None:
    after = _after(target)
    if after == target.current:
        return None
    return FieldChange(field=target.field, name=target.name, before=target.current, after=after)


def _after(target: Target) -> Value | None:
    wanted, current = target.wanted, target.current
    if target.ownership is Ownership.OURS:
        return wanted
    if wanted is None:
        return current
    if target.ownership is Ownership.APPEND:
        return _appended(str(wanted), current)
    if target.ownership is Ownership.CRM_WINS and current == target.last_written:
        return wanted
    return wanted if current is None else current


def _appended(line: str, current: Value | None) -> Value:
    if current is None:
        return line
    lines = str(current).splitlines()
    return str(current) if line in lines else f"{current}\n{line}"


def _gives_cause(change: FieldChange) -> bool:
    if change.name in COMPANIONS:
        return False
    band = DEAD_BAND.get(change.name)
    if band is None or not isinstance(change.before, int) or not isinstance(change.after, int):
        return True
    return abs(change.after - change.before) >= band
