"""The records a sandbox world consists of.

Station: sandbox ground. Plain facts in neither CRM's words: `world.py` makes them, each CRM's sandbox seeds its own
tables from them. The words they use (kinds, stages, industries) are listed in `site.py`, `names.py` and `truth.py`.
Every datetime is aware and in UTC with whole seconds; money is a Decimal in the currency the row names.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedOwner:
    """A seller or marketer of our own company. `team` is inside_sales, field_sales or marketing."""

    index: int
    first_name: str
    last_name: str
    email: str
    team: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedCompany:
    """An employer. `salesforce` and `hubspot` say which CRM holds a record of it; `owner` is an owner's index.

    `industry` is a word of `names.INDUSTRIES`, `country` an ISO 3166 code, `annual_revenue` in `currency` a year.
    """

    index: int
    name: str
    domain: str
    industry: str
    employees: int
    country: str
    city: str
    phone: str
    annual_revenue: Decimal | None
    currency: str
    created_at: datetime
    modified_at: datetime
    owner: int
    salesforce: bool
    hubspot: bool
    do_not_trade: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedActivity:
    """One thing a person did, or that was done with them. Only the fields that suit `kind` are filled.

    `kind` is page_view, form_submit, download, email_open, email_click, email_reply, email_bounce, unsubscribe,
    call, meeting, event_attended, campaign_response, trial_started, product_use or inquiry. `seconds` is how long a
    page, call, meeting or event lasted; for a mail's open or click, how long after delivery (below 3: a machine did it).
    `campaign` and `owner` are indexes, -1 for none; `responded` tells a campaign's reply from being put on its list.
    """

    kind: str
    at: datetime
    path: str = ""
    seconds: int = 0
    form: str = ""
    asset: str = ""
    campaign: int = -1
    responded: bool = False
    subject: str = ""
    inbound: bool = False
    connected: bool = False
    feature: str = ""
    owner: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedDeal:
    """A deal. `people` holds (person index, role), the champion first; `state` is open, won or lost.

    `index` is unique and the same in every process, with gaps. `stage` is a word of `site.DEAL_STAGES`. A CRM holds the
    deal when it holds its company. `close_date` is the expected day while the deal is open.
    """

    index: int
    name: str
    company: int
    people: tuple[tuple[int, str], ...]
    amount: Decimal
    currency: str
    created_at: datetime
    modified_at: datetime
    closed_at: datetime | None
    close_date: date
    state: str
    stage: str
    owner: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedCampaign:
    """A marketing campaign; `type` is Webinar, Event, Content, Email or Advertisement."""

    index: int
    name: str
    type: str
    start: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedPerson:
    """A person. `salesforce` is "Lead", "Contact" or None; `language` is "en" or "ja".

    `email` is "" for the few without one; `other_email` is what the HubSpot record says when it is written differently
    there (case, spaces, a second address). `status` is new, working, nurturing, unqualified, qualified or "" (never
    set). `converted` tells a Contact that came in as a Lead from one that was made as a Contact. `deal` is the latest
    deal's index. `win_probability` is the hidden truth of `truth.py`; no CRM sends it.
    """

    index: int
    company: int | None
    first_name: str
    last_name: str
    language: str
    email: str
    other_email: str | None
    phone: str
    title: str
    seniority: str
    department: str
    country: str
    city: str
    salesforce: str | None
    hubspot: bool
    created_at: datetime
    modified_at: datetime
    owner: int | None
    status: str
    source: str
    need: str
    unsubscribed: bool
    bounced: bool
    converted: bool
    student: bool
    activities: tuple[SeedActivity, ...]
    win_probability: float
    deal: int | None
