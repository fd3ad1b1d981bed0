"""What there is to see and do at the company whose CRMs these are: pages, papers, forms, campaigns, deal stages.

Station: sandbox ground. `histories.py` draws from it what people did, `truth.py` says what of it tells of buying.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from adapters.kit.sandbox.seeds import SeedCampaign

_PAGES = {
    "pricing": "/pricing /pricing/enterprise /pricing/calculator /ja/pricing /ja/pricing/plans",
    "comparison": "/compare /compare/leadwhistle /compare/scorefathom /compare/spreadsheets /ja/compare",
    "case_study": (
        "/case-studies /case-studies/brightmoor /case-studies/ironforge /case-studies/cedarport /case-studies/eastdale "
        "/ja/case-studies /ja/case-studies/aokawa /ja/case-studies/fujiyama"
    ),
    "product": (
        "/products /products/line-monitor /products/maintenance /products/delivery /products/stock /products/api "
        "/products/security /ja/products /ja/products/line-monitor /ja/products/maintenance /ja/products/delivery"
    ),
    "blog": (
        "/blog /blog/what-is-oee /blog/ten-maintenance-kpis /blog/spreadsheet-limits /blog/factory-tour /blog/year-in-review "
        "/blog/hiring-engineers /ja/blog /ja/blog/oee-toha /ja/blog/hozen-kpi /ja/blog/dx-jirei"
    ),
    "home": "/ /about /contact /ja /ja/about /ja/contact /news /privacy",
    "careers": "/careers /careers/engineering /careers/sales /ja/careers /ja/採用",
    "support": "/support /support/tickets /support/status /login /ja/support",
    "docs": "/docs /docs/quickstart /docs/api /docs/connectors /docs/sso /ja/docs /ja/docs/start",
}
PAGES = {kind: tuple(paths.split()) for kind, paths in _PAGES.items()}
"""Paths by kind of page."""

DECISION_ASSETS = ("roi-calculator.xlsx", "buyers-guide.pdf", "security-whitepaper.pdf", "implementation-plan.pdf")
"""Papers read by those who check or decide."""
EARLY_ASSETS = ("oee-basics.pdf", "industry-report.pdf", "maintenance-checklist.pdf", "製造業DX入門.pdf")
"""Papers read by those who learn."""

INQUIRY_FORMS = ("contact_sales", "quote", "demo")
"""Forms by which a person asks to be talked to."""
OTHER_FORMS = ("newsletter", "event_signup", "brochure", "survey")
VENDOR_FORM = "vendor_pitch"
"""Where people who want to sell to us end up."""
FEATURES = ("dashboard", "alerts", "import", "report", "invite_colleague", "api_key")
"""What a trial user can do in the product."""
MAIL_SUBJECTS = ("Five ways to cut downtime", "New in the product", "You are invited: open factory day", "保全担当者さま向けのお知らせ")

DEAL_STAGES = ("qualification", "needs_analysis", "proposal", "negotiation", "closed_won", "closed_lost")
"""Stages of a deal in order; the last two are the only closed ones."""
DEAL_ROLES = ("Champion", "Decision Maker", "Evaluator", "Influencer")

_CAMPAIGN_ROUND = (
    ("Webinar", "Webinar: maintenance without surprises"),
    ("Content", "Guide: buying a monitoring system"),
    ("Event", "Factory Expo"),
    ("Email", "Quarterly letter"),
    ("Webinar", "ウェビナー 稼働監視のはじめ方"),
    ("Advertisement", "Search: line monitoring"),
)
CAMPAIGN_EVERY_DAYS = 30
CAMPAIGN_COUNT = 36


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The campaigns of the three years up to `now`, one a month, oldest first."""

    campaigns: tuple[SeedCampaign, ...]
    first: datetime

    def at(self, moment: float) -> int:
        """The index of the campaign last begun at `moment` (seconds since 1970); -1 before the first."""
        days = (moment - self.first.timestamp()) / 86_400
        return -1 if days < 0 else min(int(days // CAMPAIGN_EVERY_DAYS), len(self.campaigns) - 1)


def campaign_calendar(now: datetime) -> Calendar:
    """The campaigns up to `now`; the last began less than a month before it."""
    newest = now.replace(hour=1, minute=0, second=0, microsecond=0) - timedelta(days=5)
    first = newest - timedelta(days=CAMPAIGN_EVERY_DAYS * (CAMPAIGN_COUNT - 1))
    return Calendar(campaigns=tuple(_campaign(index, first) for index in range(CAMPAIGN_COUNT)), first=first)


def _campaign(index: int, first: datetime) -> SeedCampaign:
    kind, name = _CAMPAIGN_ROUND[index % len(_CAMPAIGN_ROUND)]
    start: date = (first + timedelta(days=CAMPAIGN_EVERY_DAYS * index)).date()
    return SeedCampaign(index=index, name=f"{start:%Y-%m} {name}", type=kind, start=start)
