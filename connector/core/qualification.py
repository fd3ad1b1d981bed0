"""Where a person stands and what is to be done about it: stages, temperature, follow-ups.

Station: after scoring, before `core.changes`. Everything comes in as values, `now` included; decisions go out as values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderState:
    """What the ladder remembers of a person between two looks."""

    person: int
    stage: str
    stage_since: datetime
    temperature: str
    """Held with hysteresis; the pure one stands in the score."""
    origin: str = ""
    cycle: int = 1
    first_mql_at: datetime | None = None
    last_mql_at: datetime | None = None
    disposition: str = ""
    disposition_reason: str = ""
    hold_until: datetime | None = None
    cooler_since: datetime | None = None
    """Since when the pure temperature has been lower than the held one."""
    muted: tuple[str, ...] = ()
    """Triggers that were already true at go-live and have not ceased to be since; they move nothing."""
    answered: Mapping[str, datetime] = field(default_factory=dict)
    """Hand-off id → time of the newest activity that it has already been answered for."""
    followed_up: Mapping[str, datetime] = field(default_factory=dict)
    """Follow-up rule id → when it last made a task."""
    next_action: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageMove:
    person: int
    at: datetime
    before: str
    after: str
    why: str
    by: str
    """`hotlead`, or `crm` when people set it there."""
