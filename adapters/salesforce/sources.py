"""What is known of Salesforce's own objects that a query cannot find out: who took over, what to bring along, what can be purged.

Station: read by `read.py` and `catalog.py`; values only. Source: "Object Reference for the Salesforce Platform", each object's page.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """How related ids of one kind come along with a row: by reference fields of its own, or by a child relationship."""

    fields: tuple[str, ...] = ()
    prefix: str = ""
    """Where a reference field may point to several kinds: the first three characters of the ids that are meant."""
    children: str = ""
    child: str = ""
    child_id: str = ""
    child_role: str = ""
    child_parent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One kind of row."""

    name: str
    master: bool = False
    """Whether a merge leaves the winner's id in MasterRecordId."""
    converts: bool = False
    """Whether rows turn into contacts (leads do)."""
    deletable: bool = True
    links: Mapping[str, Link]


_CONTACT_PREFIX = "003"
_LEAD_PREFIX = "00Q"
_ACCOUNT_PREFIX = "001"
_OPPORTUNITY_PREFIX = "006"


def _roles(*, child_id: str, child_parent: str) -> Link:
    return Link(
        children="OpportunityContactRoles",
        child="OpportunityContactRole",
        child_role="Role",
        child_id=child_id,
        child_parent=child_parent,
    )


_ACTIVITY_LINKS = {
    "Contact": Link(fields=("WhoId",), prefix=_CONTACT_PREFIX),
    "Lead": Link(fields=("WhoId",), prefix=_LEAD_PREFIX),
    "Account": Link(fields=("AccountId",)),
    "Opportunity": Link(fields=("WhatId",), prefix=_OPPORTUNITY_PREFIX),
}

_KNOWN = (
    Source(name="Lead", master=True, converts=True, links={}),
    Source(
        name="Contact",
        master=True,
        links={"Account": Link(fields=("AccountId",)), "Opportunity": _roles(child_id="OpportunityId", child_parent="ContactId")},
    ),
    Source(name="Account", master=True, links={}),
    Source(
        name="Opportunity",
        links={"Account": Link(fields=("AccountId",)), "Contact": _roles(child_id="ContactId", child_parent="OpportunityId")},
    ),
    Source(name="Task", links=_ACTIVITY_LINKS),
    Source(name="Event", links=_ACTIVITY_LINKS),
    Source(
        name="CampaignMember",
        links={"Lead": Link(fields=("LeadId",)), "Contact": Link(fields=("ContactId",)), "Campaign": Link(fields=("CampaignId",))},
    ),
    Source(
        name="OpportunityContactRole",
        links={"Contact": Link(fields=("ContactId",)), "Opportunity": Link(fields=("OpportunityId",))},
    ),
    Source(name="User", deletable=False, links={}),
)
_BY_NAME = {source.name: source for source in _KNOWN}

DATE_TIMES = frozenset(
    {
        "CreatedDate",
        "LastModifiedDate",
        "SystemModstamp",
        "ActivityDateTime",
        "StartDateTime",
        "EndDateTime",
        "CompletedDateTime",
        "MessageDate",
        "LastStageChangeDate",
    }
)
DATES = frozenset({"ActivityDate", "CloseDate", "ConvertedDate", "FirstRespondedDate", "LastActivityDate", "StartDate", "EndDate"})

PARENT_NAME_FIELDS = ("Id", "Name", "FirstName", "LastName", "Email", "Phone", "Title", "Type", "Username", "IsActive")
"""Fields of whoever stands behind a reference that may point to several kinds ("Name" object)."""


def source_named(name: str) -> Source:
    """What is known of `name`; a custom object has no merge, no conversion and no links."""
    return _BY_NAME.get(name) or Source(name=name, links={})
