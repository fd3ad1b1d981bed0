"""A person's history as this CRM keeps it: tasks for calls and mails, events for meetings, campaign members.

Station: Salesforce sandbox, used by seeding only. Page views, forms, opens and clicks are not in plain Salesforce.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from adapters.kit.sandbox.seeds import SeedActivity, SeedCampaign, SeedPerson
from adapters.salesforce.sandbox.moments import instant_text
from adapters.salesforce.sandbox.seed_rows import RowStore, stamps
from adapters.salesforce.sandbox.seed_setup import ADMIN_ID, Setup

_LOGGED = frozenset({"call", "meeting", "email_reply"})
_MEMBER_STATUSES = ("Sent", "Responded", "Attended")
"""From the weakest to the strongest; a member has one status a campaign."""


class History:
    """Writes the histories of people whose records stand already."""

    def __init__(self, *, rows: RowStore, setup: Setup, now: datetime) -> None:
        self._rows = rows
        self._setup = setup
        self._now = now
        self._campaigns: list[str] = []

    def campaigns(self, campaigns: Sequence[SeedCampaign]) -> None:
        """Writes the campaigns that members point to."""
        for campaign in campaigns:
            started = datetime(campaign.start.year, campaign.start.month, campaign.start.day, tzinfo=self._now.tzinfo)
            ended = started + timedelta(days=14)
            self._campaigns.append(
                self._rows.add(
                    "Campaign",
                    {
                        **stamps(started - timedelta(days=21), min(ended, self._now), ADMIN_ID),
                        "Name": campaign.name[:80],
                        "Type": campaign.type,
                        "Status": "Completed" if ended < self._now else "In Progress",
                        "StartDate": campaign.start.isoformat(),
                        "EndDate": ended.date().isoformat(),
                        "IsActive": int(ended >= self._now),
                        "OwnerId": ADMIN_ID,
                    },
                )
            )

    def last_day(self, person: SeedPerson) -> str | None:
        """The day of the last logged activity, as LastActivityDate."""
        days = [done.at.date().isoformat() for done in person.activities if done.kind in _LOGGED]
        return max(days, default=None)

    def of(self, person: SeedPerson, *, record_id: str, account_id: str | None) -> None:
        """Writes one person's history."""
        members: dict[int, list[SeedActivity]] = {}
        for done in person.activities:
            if done.kind == "meeting":
                self._event(person, done, record_id, account_id)
            elif done.kind in _LOGGED:
                self._task(person, done, record_id, account_id)
            elif done.campaign >= 0 and done.kind in ("event_attended", "campaign_response", "download"):
                members.setdefault(done.campaign, []).append(done)
        for campaign, joined in members.items():
            self._member(campaign, joined, record_id)

    def _owner(self, person: SeedPerson, done: SeedActivity) -> str:
        index = done.owner if done.owner >= 0 else person.owner
        return ADMIN_ID if index is None or index < 0 else self._setup.owners[index]

    def _task(self, person: SeedPerson, done: SeedActivity, record_id: str, account_id: str | None) -> None:
        owner, is_call = self._owner(person, done), done.kind == "call"
        row: dict[str, Any] = {
            **stamps(done.at, done.at, owner),
            "WhoId": record_id,
            "AccountId": account_id,
            "Subject": (done.subject or ("Call" if is_call else "Re: your message"))[:255],
            "ActivityDate": done.at.date().isoformat(),
            "Status": "Completed",
            "IsClosed": 1,
            "CompletedDateTime": instant_text(done.at),
            "OwnerId": owner,
            "TaskSubtype": "Call" if is_call else "Email",
            "Type": "Call" if is_call else "Email",
        }
        if is_call:
            row["CallType"] = "Inbound" if done.inbound else "Outbound"
            row["CallDurationInSeconds"] = done.seconds
            row["CallDisposition"] = "Connected" if done.connected else "No answer"
        self._rows.add("Task", row)

    def _event(self, person: SeedPerson, done: SeedActivity, record_id: str, account_id: str | None) -> None:
        owner = self._owner(person, done)
        minutes = max(15, -(-done.seconds // 60))
        start = instant_text(done.at)
        self._rows.add(
            "Event",
            {
                **stamps(max(person.created_at, done.at - timedelta(days=5)), done.at, owner),
                "WhoId": record_id,
                "AccountId": account_id,
                "Subject": (done.subject or "Meeting")[:255],
                "Type": "Meeting",
                "StartDateTime": start,
                "ActivityDateTime": start,
                "ActivityDate": start[:10],
                "EndDateTime": instant_text(done.at + timedelta(minutes=minutes)),
                "DurationInMinutes": minutes,
                "OwnerId": owner,
                "EventSubtype": "Event",
            },
        )

    def _member(self, campaign: int, joined: Sequence[SeedActivity], record_id: str) -> None:
        strength = max(_strength(done) for done in joined)
        responses = [done.at for done in joined if _strength(done) > 0]
        added = min(done.at for done in joined)
        self._rows.add(
            "CampaignMember",
            {
                **stamps(added, max(responses, default=added), ADMIN_ID),
                "CampaignId": self._campaigns[campaign],
                "LeadId" if record_id.startswith("00Q") else "ContactId": record_id,
                "Status": _MEMBER_STATUSES[strength],
                "HasResponded": int(strength > 0),
                "FirstRespondedDate": min(responses).date().isoformat() if responses else None,
            },
        )


def _strength(done: SeedActivity) -> int:
    if done.kind == "event_attended":
        return 2
    return 1 if done.responded or done.kind == "download" else 0
