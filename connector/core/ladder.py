"""The stage ladder as values: what a published lifecycle document compiles to.

Station: made by `mappings.compile`, walked by `core.qualification`. Conditions are those of `core.model`, over the facts of one person:
`person.*`, `company.*`, `deal.open`, `deal.won`, `deal.lost`, `score.total`, `score.fit`, `score.engagement`, `score.grade`,
`score.temperature` (held with hysteresis; `cold` while a hotter one is history from before go-live), `hand_off.<id>` (true when it has
fired and is not answered yet, else unknown), `rep.days_since_touch` (whole days; unknown while no rep ever touched them), `crm.stage`
(the stage read from the CRMs, as set by people).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from enum import StrEnum

from connector.core.model import Condition, Label

STAGES = ("subscriber", "lead", "mql", "sal", "sql", "opportunity", "customer")
"""The stages of the field, lowest first. A ladder uses some or all of them, in this order."""

ORIGINS = ("marketing", "sgl", "pql", "partner")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    id: str
    label: Label
    enter: Condition | None
    """None: only people set it; we read it and copy it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageField:
    """Where a CRM keeps the stage in a field of its own, and which of its values mean what."""

    crm: str
    source: str
    field: str
    write: Mapping[str, str]
    """Stage → value we may write."""
    read: Mapping[str, str]
    """Value → stage, for every value that says something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hysteresis:
    """A temperature falls at once when even `down_by` more points on each side would not hold it, else only after `dwell`."""

    down_by: int
    dwell: timedelta


class OwnerRule(StrEnum):
    RECORD_OWNER = "record_owner"
    COMPANY_OWNER = "company_owner"
    DEAL_OWNER = "deal_owner"
    ROUND_ROBIN = "round_robin"
    CRM = "crm"
    """Leave it to the CRM's own assignment."""


class DueUnit(StrEnum):
    MINUTES = "minutes"
    HOURS = "hours"
    BUSINESS_HOURS = "business_hours"
    BUSINESS_DAYS = "business_days"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    amount: int
    unit: DueUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpRule:
    """A task that a trigger makes, unless a task of ours is open on the person. `on`: `hot`, `warm`, or `hand_off.<id>`.

    `hot` and `warm` call for it when the person becomes so from a cooler temperature; a hand-off when it fires and no rep has touched the
    person since. A hand-off that finds a task open waits for its end, as long as it is fired.
    """

    id: str
    label: Label
    on: tuple[str, ...]
    type: str
    """`call`, `email` or `todo`."""
    priority: str
    """`high`, `normal` or `low`."""
    owners: tuple[OwnerRule, ...]
    """Tried in order; the first that names an active user wins, and `crm` ends the search."""
    due: Due
    cool_down: timedelta
    """Least time between two follow-ups of this rule for one person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """Tried before a follow-up: who gets told instead. `stage_move`: whether the person may still become an MQL."""

    id: str
    label: Label
    when: Condition
    to: OwnerRule
    stage_move: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Business hours, in one zone. `off` holds the dates of public holidays and company days off, put in by the caller."""

    zone: str
    opens: time
    closes: time
    weekdays: tuple[int, ...]
    """0 is Monday."""
    country: str = ""
    """ISO code whose public holidays are off; empty: none."""
    off: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    name: str
    version: int
    label: Label
    model: str
    """The scoring model whose score decides."""
    stages: tuple[Stage, ...]
    stage_fields: tuple[StageField, ...]
    hysteresis: Hysteresis
    follow_ups: tuple[FollowUpRule, ...]
    redirects: tuple[Redirect, ...]
    tasks_in: tuple[str, ...]
    """Kinds of CRM in the order in which one is chosen for a person's one task."""
    round_robin: tuple[str, ...] = ()
    """E-mail addresses of users who share the work."""
    calendar: Calendar
    language: str = "en"
    """Language of what is written into the CRM: `en` or `ja`."""
    next_actions: Mapping[str, Label] = field(default_factory=dict)
    """The one line a rep reads, by temperature (`hot`, `warm`, `cold`) and `hand_off.<id>`; of several hand-offs the first here."""


def in_language(label: Label, language: str) -> str:
    """The text in this language (`en` or `ja`), else in English."""
    return label.ja if language == "ja" and label.ja else label.en
