"""What HubSpot counts up on a contact from what the person did: visits, conversions, e-mails, contacting.

Station: HubSpot sandbox, pure arithmetic for the seed. Times in and out are epoch milliseconds; the result is property
texts.
"""

from __future__ import annotations

from collections.abc import Iterable

from adapters.hubspot.sandbox.stamps import iso, to_ms
from adapters.kit.sandbox.world import SeedActivity

SESSION_MS = 30 * 60_000
"""A pause after which the next page view is a new visit, as web analytics count."""

MACHINE_S = 3
"""An open or click sooner than this after delivery was a machine's."""

_CONVERSIONS = frozenset({"form_submit", "inquiry", "trial_started"})
_WEB = frozenset({"page_view", "download"}) | _CONVERSIONS
_CONTACTING = frozenset({"call", "meeting", "email_reply"})


def contact_rollups(activities: Iterable[SeedActivity], *, site: str, has_sales: bool) -> dict[str, str]:
    """The roll-up properties of one contact. `has_sales` says whether its calls and meetings are in this portal."""
    timed = sorted(((to_ms(one.at), one) for one in activities), key=lambda pair: pair[0])
    return (
        _analytics([(at, one) for at, one in timed if one.kind in _WEB], site)
        | _conversions([(at, one) for at, one in timed if one.kind in _CONVERSIONS])
        | _emails(timed)
        | (_contacting([(at, one) for at, one in timed if one.kind in _CONTACTING]) if has_sales else {})
    )


def _analytics(timed: list[tuple[int, SeedActivity]], site: str) -> dict[str, str]:
    if not timed:
        return {}
    views = [(at, one) for at, one in timed if one.kind == "page_view"]
    found = {"hs_analytics_first_timestamp": iso(timed[0][0]), "hs_analytics_last_timestamp": iso(timed[-1][0])}
    if views:
        visits = [at for n, (at, _) in enumerate(views) if n == 0 or at - views[n - 1][0] > SESSION_MS]
        found["hs_analytics_num_page_views"] = str(len(views))
        found["hs_analytics_num_visits"] = str(len(visits))
        found["hs_analytics_average_page_views"] = str(round(len(views) / len(visits)))
        found["hs_analytics_first_visit_timestamp"] = iso(visits[0])
        found["hs_analytics_last_visit_timestamp"] = iso(visits[-1])
        found["hs_analytics_first_url"] = site + views[0][1].path
        found["hs_analytics_last_url"] = site + views[-1][1].path
    return found


def _conversions(timed: list[tuple[int, SeedActivity]]) -> dict[str, str]:
    if not timed:
        return {}
    first, last = timed[0], timed[-1]
    return {
        "num_conversion_events": str(len(timed)),
        "num_unique_conversion_events": str(len({one.form for _, one in timed})),
        "first_conversion_date": iso(first[0]),
        "first_conversion_event_name": f"Website: {first[1].form}",
        "recent_conversion_date": iso(last[0]),
        "recent_conversion_event_name": f"Website: {last[1].form}",
    }


def _emails(timed: list[tuple[int, SeedActivity]]) -> dict[str, str]:
    found: dict[str, str] = {}
    # HubSpot leaves out what a machine opened or clicked (its bot filter is on unless switched off).
    opens = [(at, one) for at, one in timed if one.kind == "email_open" and one.seconds >= MACHINE_S]
    clicks = [at for at, one in timed if one.kind == "email_click" and one.seconds >= MACHINE_S]
    bounces = sum(one.kind == "email_bounce" for _, one in timed)
    if opens or clicks:
        found["hs_email_delivered"] = str(len(opens) + len(clicks))
    if opens:
        found["hs_email_open"] = str(len(opens))
        found["hs_email_last_open_date"] = iso(opens[-1][0])
        found["hs_email_last_email_name"] = opens[-1][1].subject
    if clicks:
        found["hs_email_click"] = str(len(clicks))
        found["hs_email_last_click_date"] = iso(clicks[-1])
    if bounces:
        found["hs_email_bounce"] = str(bounces)
        found["hs_email_hard_bounce_reason_enum"] = "UNKNOWN_USER"
    if any(one.kind == "unsubscribe" for _, one in timed):
        found["hs_email_optout"] = "true"
    return found


def _contacting(timed: list[tuple[int, SeedActivity]]) -> dict[str, str]:
    if not timed:
        return {}
    last = iso(timed[-1][0])
    found = {
        "notes_last_contacted": last,
        "notes_last_updated": last,
        "num_contacted_notes": str(len(timed)),
        "num_notes": str(len(timed)),
        "hs_last_sales_activity_timestamp": last,
    }
    replies = [at for at, one in timed if one.kind == "email_reply"]
    if replies:
        found["hs_sales_email_last_replied"] = iso(replies[-1])
    return found
