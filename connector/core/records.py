"""Canonical records: what every CRM's rows become before anything is decided about them.

Station: made by `mappings.compile` from raw rows, kept by the store, read by identity, facts and qualification.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount with the currency it was given in (ISO 4217, upper case)."""

    amount: Decimal
    currency: str


Value = str | bool | int | Decimal | Money | date | datetime | tuple[str, ...]
"""What a mapped field may hold. An unknown value is absent from `values`, never an empty string."""


@dataclass(frozen=True, slots=True, order=True)
class RecordKey:
    """Which row of which CRM. `source` is the CRM's own word for the kind of row; here it is only compared."""

    connection: str
    source: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One row about a human: a Salesforce Lead or Contact, a HubSpot contact."""

    key: RecordKey
    emails: tuple[str, ...] = ()
    """Normalised addresses by which the row may join others, main one first; role mailboxes (info@) are left out."""
    company: RecordKey | None = None
    owner: str | None = None
    """The CRM's id of the user who owns the row."""
    values: Mapping[str, Value] = field(default_factory=dict)
    """Mapped values by name without the `person.` prefix, such as `seniority`. Read only."""
    created_at: datetime | None = None
    modified_at: datetime
    deleted: bool = False
    survivor: RecordKey | None = None
    """The row that took over by merge or conversion; history moves there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """One organisation row: a Salesforce Account, a HubSpot company."""

    key: RecordKey
    owner: str | None = None
    values: Mapping[str, Value] = field(default_factory=dict)
    """Mapped values by name without the `company.` prefix, such as `employees`. Read only."""
    modified_at: datetime
    deleted: bool = False
    survivor: RecordKey | None = None


class DealState(StrEnum):
    OPEN = "open"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class DealContact:
    contact: RecordKey
    role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """One opportunity with the people on it."""

    key: RecordKey
    name: str = ""
    state: DealState
    company: RecordKey | None = None
    contacts: tuple[DealContact, ...] = ()
    owner: str | None = None
    amount: Money | None = None
    created_at: datetime | None = None
    closed_at: datetime | None = None
    values: Mapping[str, Value] = field(default_factory=dict)
    modified_at: datetime
    deleted: bool = False


ACTIVITY_KINDS = (
    "page_view",
    "form_submit",
    "download",
    "email_open",
    "email_click",
    "email_reply",
    "email_bounce",
    "unsubscribe",
    "call",
    "meeting",
    "event_attended",
    "campaign_response",
    "trial_started",
    "product_use",
    "inquiry",
)
"""The built-in kinds; a mapping may name others."""

DETAILS = ("path", "form", "asset", "campaign", "feature", "mark")
"""The text details of an activity, each kept as a dictionary id in the store and in `facts.Activities`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One thing one contact row did, or that was done with them, at one time."""

    id: str
    """Unique within (connection, source); the same id twice is the same activity."""
    contact: RecordKey
    """The row it is about; its person is found through identity."""
    source: str
    """The CRM's own word for the kind of row it came from."""
    kind: str
    at: datetime
    path: str = ""
    form: str = ""
    asset: str = ""
    campaign: str = ""
    feature: str = ""
    mark: str = ""
    """Why this may not be a person's doing (`open_by_mail_proxy`, `list_import`, …); empty when nothing is suspected."""
    seconds: int = 0
    deleted: bool = False


Record = Contact | Company | Deal | Activity
