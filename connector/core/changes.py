"""What a write-back would change, field by field: wanted values against current values under field ownership.

Station: between qualification and `mappings.compile` (inverse). Nothing to do is a result.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from connector.core.ladder import STAGES
from connector.core.records import RecordKey, Value


class Ownership(StrEnum):
    OURS = "ours"
    """We write it whenever it differs."""
    CRM_WINS = "crm_wins"
    """Written (or cleared) while the CRM holds nothing or still what we wrote last; a value that somebody else put there stands."""
    FILL_IF_BLANK = "fill_if_blank"
    """Written only while the CRM holds nothing; never touched again."""
    APPEND = "append"
    """Text is added below what is there, once, in lines of its own."""


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


COMPANIONS = frozenset({"scored_at", "breakdown", "reasons", "model"})
"""Values that go along with a write but never cause one: they breathe with the hour."""

LEFT_ALONE_WHEN_UNKNOWN = frozenset({"origin", "disposition", "disposition_reason", "hold_until"})
"""Values that people say too: where we have none, what stands in the CRM is theirs and is never cleared, whatever the ownership."""

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
    if wanted is None and target.name in LEFT_ALONE_WHEN_UNKNOWN:
        return current
    match target.ownership:
        case Ownership.OURS:
            return wanted
        case Ownership.CRM_WINS:
            return wanted if current is None or current == target.last_written else current
        case Ownership.FILL_IF_BLANK:
            return wanted if current is None else current
        case Ownership.APPEND:
            return current if wanted is None else _appended(str(wanted), current)


def _appended(text: str, current: Value | None) -> Value | None:
    """`current` with the text below it, unless it is there already; CRMs turn line ends into CR LF."""
    text = text.strip()
    if not text or current is None:
        return text or current
    there, added = (f"\n{said}\n".replace("\r\n", "\n") for said in (str(current), text))
    return current if added in there else f"{current}\n{text}"


def _gives_cause(change: FieldChange) -> bool:
    if change.name in COMPANIONS:
        return False
    band, before, after = DEAD_BAND.get(change.name), _number(change.before), _number(change.after)
    if band is None or before is None or after is None:
        return True
    return abs(after - before) >= band


def _number(value: Value | None) -> Decimal | None:
    return Decimal(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None


def stage_stands(current: Value | None, *, wanted: Value | None, last_written: Value | None) -> bool:
    """Whether the stage that a CRM holds is to be left as it is: it is a person's word, or further on than ours.

    A stage of the CRM's own that the ladder has no word for stands; so does a later one (a stage is never moved back); so does any that
    somebody put in place of what we wrote, until we have another stage to write.
    """
    if current is None or current == wanted:
        return False
    if current not in STAGES or wanted not in STAGES:
        return True
    return STAGES.index(str(current)) > STAGES.index(str(wanted)) or wanted == last_written
