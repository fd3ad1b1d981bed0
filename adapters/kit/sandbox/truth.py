"""The hidden truth of the sandbox world: who buys, and why.

Station: sandbox ground. No CRM sends any of this; it is what a score can be judged against.

A deal is won with probability

    p = 1 / (1 + exp(-z)),   z = -4.6 + 3.0 fit + 3.4 behaviour + 0.35 colleagues + noise

- `fit` (0..1) is the sum of: an industry we win in 0.30; size 50 to 1,000 people 0.25, else 20 to 5,000 people 0.12; a
  region we serve 0.10; title of an executive or director 0.20, of a manager 0.12; a department that uses the product
  0.10; a need told 0.05.
- `behaviour` (0..1) is 1 - exp(-w / 10), where w adds the weights of `BEHAVIOUR` over what the person did in the 90 days
  before the moment, each kind up to its cap. Blog, careers, support and docs pages, opens, newsletters, calls nobody
  took, pages left at once and clicks within 3 seconds of delivery weigh nothing.
- `colleagues` is how many others at the company show behaviour of 0.2 or more at that moment, at most 3.
- `noise` is drawn once a deal (once a person without one) from a normal distribution of deviation 0.7: what no CRM knows.

The moment is the one at which the deal was opened, or `now` for a person who is on no deal. Sellers open deals by what
they see, so p also decides, with luck, whether there is a deal at all: chance 0.30 + 0.60 p for a company that evaluates.
Students, vendors, competitors, our own staff and companies we must not trade with have p = 0 and no deals.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from adapters.kit.sandbox.seeds import SeedActivity
from adapters.kit.sandbox.site import DECISION_ASSETS, PAGES

ICP_INDUSTRIES = ("manufacturing", "machinery", "electronics", "technology", "logistics")
ICP_COUNTRIES = ("JP", "US", "SG")
ICP_DEPARTMENTS = ("it", "operations", "production")
LOOK_BACK_S = 90 * 86_400

BEHAVIOUR = {
    "inquiry": (4.0, 4.0),
    "pricing": (2.0, 6.0),
    "comparison": (1.2, 4.8),
    "decision_asset": (2.5, 5.0),
    "event_attended": (2.0, 4.0),
    "email_reply": (3.0, 6.0),
    "call": (2.0, 4.0),
    "meeting": (3.0, 6.0),
    "trial_started": (3.0, 3.0),
    "product_use": (1.0, 4.0),
    "email_click": (0.5, 2.0),
}
"""Weight of one occurrence, and the most the kind can add."""

_PRICING = frozenset(PAGES["pricing"])
_COMPARISON = frozenset(PAGES["comparison"] + PAGES["case_study"])
_DECISION = frozenset(DECISION_ASSETS)


def fit_of(*, industry: str, employees: int, country: str, seniority: str, department: str, need: str) -> float:
    """How well a person and employer match those we win with, 0..1."""
    size = 0.25 if 50 <= employees <= 1000 else 0.12 if 20 <= employees <= 5000 else 0.0
    rank = {"executive": 0.20, "director": 0.20, "manager": 0.12}.get(seniority, 0.0)
    return (
        (0.30 if industry in ICP_INDUSTRIES else 0.0)
        + size
        + (0.10 if country in ICP_COUNTRIES else 0.0)
        + rank
        + (0.10 if department in ICP_DEPARTMENTS else 0.0)
        + (0.05 if need else 0.0)
    )


def behaviour_of(activities: Iterable[SeedActivity], *, moment: float) -> float:
    """How much a person acted like a buyer in the 90 days before `moment` (seconds since 1970), 0..1."""
    earned: dict[str, float] = {}
    for activity in activities:
        at = activity.at.timestamp()
        if moment - LOOK_BACK_S <= at < moment:
            kind = _telling_kind(activity)
            if kind:
                weight, cap = BEHAVIOUR[kind]
                earned[kind] = min(earned.get(kind, 0.0) + weight, cap)
    return 1.0 - math.exp(-math.fsum(earned.values()) / 10.0)


def win_probability(*, fit: float, behaviour: float, colleagues: int, noise: float) -> float:
    """The probability that a deal with these people is won, 0..1."""
    z = -4.6 + 3.0 * fit + 3.4 * behaviour + 0.35 * min(colleagues, 3) + noise
    return 1.0 / (1.0 + math.exp(-z))


def _telling_kind(activity: SeedActivity) -> str:
    kind = activity.kind
    if kind == "page_view":
        if activity.path in _PRICING and activity.seconds >= 10:
            return "pricing"
        return "comparison" if activity.path in _COMPARISON and activity.seconds >= 30 else ""
    if kind == "download":
        return "decision_asset" if activity.asset in _DECISION else ""
    if kind == "email_click":
        return kind if activity.seconds >= 3 else ""
    if kind == "call":
        return kind if activity.connected else ""
    return kind if kind in BEHAVIOUR else ""
