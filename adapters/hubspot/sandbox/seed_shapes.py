"""What a deal, a call, a meeting, an e-mail or an event of the world looks like in HubSpot.

Station: HubSpot sandbox, pure translation for `seed.py`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from adapters.hubspot.sandbox.events import CUSTOM, SUBMITTED, VISITED
from adapters.hubspot.sandbox.pipelines import PIPELINE_ID, STAGE_BY_ID
from adapters.hubspot.sandbox.stamps import iso, to_ms
from adapters.kit.sandbox.world import SeedActivity, SeedCampaign, SeedDeal

FIRST_OWNER = 7_100_001
"""The id of the world's first owner; the others follow."""


def deal_properties(deal: SeedDeal) -> dict[str, str]:
    stage = STAGE_BY_ID[_DEAL_STAGE[deal.stage]]
    closed_at = to_ms(deal.closed_at) if deal.closed_at is not None else None
    given = {
        "dealname": deal.name,
        "pipeline": PIPELINE_ID,
        "dealstage": stage.id,
        "amount": str(deal.amount),
        "deal_currency_code": deal.currency,
        "closedate": iso(closed_at) if closed_at is not None else f"{deal.close_date.isoformat()}T00:00:00.000Z",
        "hubspot_owner_id": str(FIRST_OWNER + deal.owner),
        "dealtype": "newbusiness",
        "hs_is_closed": "true" if stage.closed else "false",
        "hs_is_closed_won": "true" if stage.is_won else "false",
        "hs_is_closed_lost": "true" if stage.is_lost else "false",
        "hs_deal_stage_probability": stage.probability,
        "hs_closed_won_date": iso(closed_at) if stage.is_won and closed_at is not None else "",
    }
    return {name: value for name, value in given.items() if value}


_DEAL_STAGE = {
    "qualification": "appointmentscheduled",
    "needs_analysis": "qualifiedtobuy",
    "proposal": "presentationscheduled",
    "negotiation": "contractsent",
    "closed_won": "closedwon",
    "closed_lost": "closedlost",
}


def _call(activity: SeedActivity, _at: int, _email: str) -> dict[str, str]:
    return {
        "hs_call_title": activity.subject,
        "hs_call_direction": "INBOUND" if activity.inbound else "OUTBOUND",
        "hs_call_duration": str(activity.seconds * 1000),
        "hs_call_status": "COMPLETED" if activity.connected else "NO_ANSWER",
        "hs_call_disposition": _CONNECTED if activity.connected else _NO_ANSWER,
    }


_CONNECTED = "f240bbac-87c9-4f6e-bf70-924b57d47db7"
_NO_ANSWER = "73a0d17f-1163-4015-bdd5-ec830791da20"


def _meeting(activity: SeedActivity, at: int, _email: str) -> dict[str, str]:
    return {
        "hs_meeting_title": activity.subject,
        "hs_meeting_start_time": iso(at),
        "hs_meeting_end_time": iso(at + activity.seconds * 1000),
        "hs_meeting_outcome": "COMPLETED",
    }


def _email(activity: SeedActivity, _at: int, email: str) -> dict[str, str]:
    return {
        "hs_email_subject": activity.subject,
        "hs_email_direction": "INCOMING_EMAIL" if activity.inbound else "EMAIL",
        "hs_email_status": "SENT",
        "hs_email_from_email": email,
    }


ENGAGEMENT_SHAPES = {"calls": _call, "meetings": _meeting, "emails": _email}


EventRow = tuple[str, int, int, str, int, str]
"""(type, contact id, at_ms, subject, seconds, other properties as JSON), as `events.add_events` takes it."""


def event_row(activity: SeedActivity, contact_id: int, own: str, campaigns: Sequence[SeedCampaign]) -> EventRow | None:
    """The event occurrence of an activity; None for what HubSpot keeps no events of. `own` begins custom event names.

    Marketing e-mails are no events there but roll-ups, and answers to campaigns belong to Salesforce.
    """
    at = to_ms(activity.at)
    spent = json.dumps({"seconds": str(activity.seconds)}) if activity.seconds else ""
    if activity.kind == "page_view":
        return (VISITED, contact_id, at, activity.path, activity.seconds, "")
    if activity.kind in ("form_submit", "inquiry"):
        message = json.dumps({"message": activity.subject}, ensure_ascii=False) if activity.subject else ""
        return (SUBMITTED, contact_id, at, activity.form, 0, message)
    if activity.kind == "download":
        return (own + CUSTOM[0], contact_id, at, activity.asset, 0, "")
    if activity.kind == "trial_started":
        return (own + CUSTOM[1], contact_id, at, "trial", 0, "")
    if activity.kind == "product_use":
        return (own + CUSTOM[2], contact_id, at, activity.feature, 0, spent)
    if activity.kind == "event_attended" and activity.campaign >= 0:
        return (own + CUSTOM[3], contact_id, at, campaigns[activity.campaign].name, 0, spent)
    return None
