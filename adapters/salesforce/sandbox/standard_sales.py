"""Opportunity, its contact roles, Campaign and its members, Task and Event as every org has them.

Station: Salesforce sandbox, values only.
"""

from __future__ import annotations

from adapters.salesforce.sandbox.field_kinds import (
    READ_ONLY,
    area,
    day,
    flag,
    lookup,
    moment,
    number,
    pick,
    picks,
    system_fields,
    text,
    whole,
)
from adapters.salesforce.sandbox.fields import Field
from adapters.salesforce.sandbox.sobjects import Child, SObject
from adapters.salesforce.sandbox.standard_people import CURRENCIES, LEAD_SOURCES

STAGES: tuple[tuple[str, int, str, str], ...] = (
    ("Prospecting", 10, "Pipeline", "open"),
    ("Qualification", 10, "Pipeline", "open"),
    ("Needs Analysis", 20, "Pipeline", "open"),
    ("Value Proposition", 50, "Pipeline", "open"),
    ("Id. Decision Makers", 60, "Pipeline", "open"),
    ("Perception Analysis", 70, "Pipeline", "open"),
    ("Proposal/Price Quote", 75, "Pipeline", "open"),
    ("Negotiation/Review", 90, "Pipeline", "open"),
    ("Closed Won", 100, "Closed", "won"),
    ("Closed Lost", 0, "Omitted", "lost"),
)
"""(stage name, probability percent, forecast category, open | won | lost), in sort order."""

CONTACT_ROLES = picks(
    "Business User", "Decision Maker", "Economic Buyer", "Economic Decision Maker", "Evaluator", "Executive Sponsor",
    "Influencer", "Technical Buyer", "Champion", "Other",
)  # fmt: skip
TASK_STATUSES = picks("Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred", default="Not Started")
PRIORITIES = picks("High", "Normal", "Low", default="Normal")

WHAT_TARGETS = ("Account", "Campaign", "Opportunity")
WHO_TARGETS = ("Contact", "Lead")

OPPORTUNITY = SObject(
    name="Opportunity",
    label="Opportunity",
    plural="Opportunities",
    prefix="006",
    custom_fields_on="Opportunity",
    fields=(
        *system_fields(),
        lookup("AccountId", "Account"),
        flag("IsPrivate", label="Private"),
        text("Name", 120, nillable=False, name_field=True),
        area("Description"),
        pick("StageName", picks(*(stage[0] for stage in STAGES)), label="Stage", nillable=False),
        number("Amount", 18, 2, kind="currency"),
        number("Probability", 3, 0, kind="percent", label="Probability (%)"),
        number("ExpectedRevenue", 18, 2, kind="currency", label="Expected Amount", **READ_ONLY),
        day("CloseDate", nillable=False),
        pick("Type", picks("New Customer", "Existing Customer - Upgrade", "Existing Customer - Replacement")),
        text("NextStep", 255),
        pick("LeadSource", LEAD_SOURCES),
        flag("IsClosed", label="Closed", **READ_ONLY),
        flag("IsWon", label="Won", **READ_ONLY),
        pick("ForecastCategory", picks("Omitted", "Pipeline", "BestCase", "Forecast", "Closed"), **READ_ONLY),
        pick("ForecastCategoryName", picks("Omitted", "Pipeline", "Best Case", "Commit", "Closed")),
        lookup("CampaignId", "Campaign"),
        lookup("OwnerId", "User", nillable=False),
        day("LastActivityDate", label="Last Activity", **READ_ONLY),
        moment("LastStageChangeDate", **READ_ONLY),
        whole("FiscalQuarter", 9, **READ_ONLY),
        whole("FiscalYear", 9, **READ_ONLY),
        lookup("ContactId", "Contact", updateable=False),
        flag("HasOpenActivity", **READ_ONLY),
        pick("CurrencyIsoCode", CURRENCIES, length=3, restricted=True, label="Opportunity Currency"),
    ),
    children=(
        Child(relationship="OpportunityContactRoles", child="OpportunityContactRole", field="OpportunityId", cascade=True),
        Child(relationship="Tasks", child="Task", field="WhatId"),
        Child(relationship="Events", child="Event", field="WhatId"),
    ),
)

CONTACT_ROLE = SObject(
    name="OpportunityContactRole",
    label="Opportunity Contact Role",
    plural="Opportunity Contact Roles",
    prefix="00K",
    undeletable=False,
    custom_fields_on="OpportunityContactRole",
    fields=(
        *system_fields(),
        lookup("OpportunityId", "Opportunity", nillable=False, updateable=False),
        lookup("ContactId", "Contact", nillable=False),
        pick("Role", CONTACT_ROLES),
        flag("IsPrimary", label="Primary"),
    ),
)

CAMPAIGN = SObject(
    name="Campaign",
    label="Campaign",
    plural="Campaigns",
    prefix="701",
    custom_fields_on="Campaign",
    fields=(
        *system_fields(),
        text("Name", 80, nillable=False, name_field=True),
        lookup("ParentId", "Campaign"),
        pick(
            "Type",
            picks(
                "Conference",
                "Webinar",
                "Trade Show",
                "Public Relations",
                "Partners",
                "Referral Program",
                "Advertisement",
                "Banner Ads",
                "Direct Mail",
                "Email",
                "Telemarketing",
                "Content",
                "Event",
                "Other",
            ),
        ),
        pick("Status", picks("Planned", "In Progress", "Completed", "Aborted", default="Planned")),
        day("StartDate"),
        day("EndDate"),
        number("ExpectedRevenue", 18, 0, kind="currency"),
        number("BudgetedCost", 18, 0, kind="currency"),
        number("ActualCost", 18, 0, kind="currency"),
        flag("IsActive", label="Active"),
        area("Description"),
        lookup("OwnerId", "User", nillable=False),
    ),
    children=(Child(relationship="CampaignMembers", child="CampaignMember", field="CampaignId", cascade=True),),
)

CAMPAIGN_MEMBER = SObject(
    name="CampaignMember",
    label="Campaign Member",
    plural="Campaign Members",
    prefix="00v",
    undeletable=False,
    custom_fields_on="CampaignMember",
    fields=(
        *system_fields(),
        lookup("CampaignId", "Campaign", nillable=False, updateable=False),
        lookup("LeadId", "Lead", updateable=False),
        lookup("ContactId", "Contact", updateable=False),
        lookup("LeadOrContactId", "Contact", "Lead", expression="COALESCE({t}.ContactId, {t}.LeadId)", **READ_ONLY),
        text("Type", 40, expression="CASE WHEN {t}.ContactId IS NULL THEN 'Lead' ELSE 'Contact' END", **READ_ONLY),
        pick("Status", picks("Sent", "Responded", "Registered", "Attended", "No Show", default="Sent")),
        flag("HasResponded", label="Responded", **READ_ONLY),
        day("FirstRespondedDate", **READ_ONLY),
    ),
)

RESPONDED_STATUSES = frozenset({"Responded", "Registered", "Attended"})
"""Campaign member statuses that count as a response."""


ARCHIVE_AFTER_DAYS = 365
"""Age at which closed activities leave `query` and stay in `queryAll`. Source: Salesforce Help, Archived Activities."""

_ARCHIVED_TASK = "{t}.IsClosed AND IFNULL({t}.ActivityDate, substr({t}.CreatedDate, 1, 10)) < (SELECT archived_before FROM _days)"
_ARCHIVED_EVENT = "substr({t}.EndDateTime, 1, 10) < (SELECT archived_before FROM _days)"


def _activity(subject_values: tuple[str, ...], archived: str) -> tuple[Field, ...]:
    return (
        *system_fields(),
        lookup("WhoId", *WHO_TARGETS, relationship="Who", label="Name"),
        lookup("WhatId", *WHAT_TARGETS, relationship="What", label="Related To"),
        pick("Subject", picks(*subject_values), type="combobox"),
        lookup("AccountId", "Account", **READ_ONLY),
        area("Description"),
        pick("Type", picks("Call", "Email", "Meeting", "Other")),
        flag("IsArchived", label="Archived", expression=archived, **READ_ONLY),
    )


TASK = SObject(
    name="Task",
    label="Task",
    plural="Tasks",
    prefix="00T",
    custom_fields_on="Activity",
    fields=(
        *_activity(("Call", "Email", "Send Letter", "Send Quote", "Other"), _ARCHIVED_TASK),
        lookup("OwnerId", "Group", "User", nillable=False, label="Assigned To ID"),
        day("ActivityDate", label="Due Date Only"),
        pick("Status", TASK_STATUSES, nillable=False),
        pick("Priority", PRIORITIES, length=20, nillable=False),
        flag("IsHighPriority", label="High Priority", **READ_ONLY),
        flag("IsClosed", label="Closed", **READ_ONLY),
        whole("CallDurationInSeconds", label="Call Duration"),
        pick("CallType", picks("Internal", "Inbound", "Outbound"), length=40, restricted=True),
        text("CallDisposition", 255, label="Call Result"),
        text("CallObject", 255, label="Call Object Identifier"),
        moment("ReminderDateTime"),
        flag("IsReminderSet", label="Reminder Set"),
        flag("IsRecurrence", label="Create Recurring Series of Tasks", updateable=False),
        pick(
            "TaskSubtype",
            picks("Task", "Email", "Call", "ListEmail", "Cadence", "LinkedIn"),
            length=40,
            restricted=True,
            updateable=False,
        ),
        moment("CompletedDateTime", **READ_ONLY),
    ),
)

EVENT = SObject(
    name="Event",
    label="Event",
    plural="Events",
    prefix="00U",
    custom_fields_on="Activity",
    fields=(
        *_activity(("Call", "Email", "Meeting", "Send Letter/Quote", "Other"), _ARCHIVED_EVENT),
        lookup("OwnerId", "User", nillable=False, label="Assigned To ID"),
        text("Location", 255),
        flag("IsAllDayEvent", label="All-Day Event"),
        moment("ActivityDateTime", label="Due Date Time"),
        day("ActivityDate", label="Due Date Only"),
        whole("DurationInMinutes", label="Duration"),
        moment("StartDateTime", label="Start Date Time"),
        moment("EndDateTime", label="End Date Time"),
        flag("IsPrivate", label="Private"),
        pick("ShowAs", picks("Busy", "OutOfOffice", "Free", default="Busy"), length=40, restricted=True),
        flag("IsChild", **READ_ONLY),
        flag("IsReminderSet", label="Reminder Set"),
        moment("ReminderDateTime"),
        pick("EventSubtype", picks("Event"), length=40, restricted=True, updateable=False),
    ),
)
