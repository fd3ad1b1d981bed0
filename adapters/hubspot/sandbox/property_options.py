"""The options of HubSpot's own enumerations, and the groups its properties stand under.

Station: HubSpot sandbox, ground; beside `property_tables.py`.
"""

from __future__ import annotations

_LIFECYCLE = (
    ("subscriber", "Subscriber"),
    ("lead", "Lead"),
    ("marketingqualifiedlead", "Marketing Qualified Lead"),
    ("salesqualifiedlead", "Sales Qualified Lead"),
    ("opportunity", "Opportunity"),
    ("customer", "Customer"),
    ("evangelist", "Evangelist"),
    ("other", "Other"),
)
_LEAD_STATUS = tuple(
    (word, word.replace("_", " ").capitalize())
    for word in (
        "NEW", "OPEN", "IN_PROGRESS", "OPEN_DEAL", "UNQUALIFIED", "ATTEMPTED_TO_CONTACT", "CONNECTED", "BAD_TIMING",
    )
)  # fmt: skip
_SOURCES = tuple(
    (word, word.replace("_", " ").capitalize())
    for word in (
        "ORGANIC_SEARCH", "PAID_SEARCH", "EMAIL_MARKETING", "SOCIAL_MEDIA", "REFERRALS", "OTHER_CAMPAIGNS",
        "DIRECT_TRAFFIC", "OFFLINE", "PAID_SOCIAL", "AI_REFERRALS",
    )
)  # fmt: skip
_YES_NO = (("true", "Yes"), ("false", "No"))


def _words(*words: str) -> tuple[tuple[str, str], ...]:
    return tuple((word, word.replace("_", " ").title()) for word in words)


INDUSTRIES = _words(
    "ACCOUNTING", "AUTOMOTIVE", "BANKING", "BIOTECHNOLOGY", "CHEMICALS", "COMPUTER_SOFTWARE", "CONSTRUCTION",
    "CONSUMER_GOODS", "EDUCATION_MANAGEMENT", "ELECTRICAL_ELECTRONIC_MANUFACTURING", "FINANCIAL_SERVICES",
    "FOOD_PRODUCTION", "GOVERNMENT_ADMINISTRATION", "HIGHER_EDUCATION", "HOSPITAL_HEALTH_CARE", "HOSPITALITY",
    "INDUSTRIAL_AUTOMATION", "INFORMATION_TECHNOLOGY_AND_SERVICES", "INSURANCE", "INTERNET", "LEGAL_SERVICES",
    "LOGISTICS_AND_SUPPLY_CHAIN", "MACHINERY", "MANAGEMENT_CONSULTING", "MARKETING_AND_ADVERTISING",
    "MECHANICAL_OR_INDUSTRIAL_ENGINEERING", "MEDICAL_DEVICES", "PHARMACEUTICALS", "REAL_ESTATE", "RETAIL",
    "TELECOMMUNICATIONS", "TRANSPORTATION_TRUCKING_RAILROAD", "UTILITIES", "WHOLESALE",
)  # fmt: skip
"""A part of HubSpot's fixed list of company industries."""

OPTIONS: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {
    ("contacts", "lifecyclestage"): _LIFECYCLE,
    ("companies", "lifecyclestage"): _LIFECYCLE,
    ("contacts", "hs_lead_status"): _LEAD_STATUS,
    ("companies", "hs_lead_status"): _LEAD_STATUS,
    ("contacts", "hs_analytics_source"): _SOURCES,
    ("contacts", "hs_latest_source"): _SOURCES,
    ("contacts", "hs_seniority"): _words(
        "vp", "director", "manager", "senior", "entry", "executive", "owner", "partner", "employee"
    ),
    ("contacts", "numemployees"): tuple((band, band) for band in ("1-5", "5-25", "25-50", "50-100", "100-500", "500-1000", "1000+")),
    ("contacts", "hs_buying_role"): _words(
        "BLOCKER", "BUDGET_HOLDER", "CHAMPION", "DECISION_MAKER", "END_USER", "EXECUTIVE_SPONSOR", "INFLUENCER",
        "LEGAL_AND_COMPLIANCE", "OTHER",
    ),
    ("contacts", "hs_language"): (("en", "English"), ("ja", "Japanese - 日本語"), ("de", "German"), ("fr", "French")),
    ("contacts", "hs_email_hard_bounce_reason_enum"): _words(
        "BLOCKED", "DMARC", "DNS_FAILURE", "MAILBOX_FULL", "OTHER", "POLICY", "SPAM", "UNKNOWN_USER", "PENDING_BOUNCE"
    ),
    ("contacts", "hs_email_optout"): _YES_NO,
    ("companies", "industry"): INDUSTRIES,
    ("companies", "type"): _words("PROSPECT", "PARTNER", "RESELLER", "VENDOR", "OTHER"),
    ("companies", "is_public"): _YES_NO,
    ("companies", "hs_is_target_account"): _YES_NO,
    ("companies", "hs_ideal_customer_profile"): (("tier_1", "Tier 1"), ("tier_2", "Tier 2"), ("tier_3", "Tier 3")),
    ("deals", "deal_currency_code"): (("USD", "US Dollar"), ("JPY", "Japanese Yen"), ("EUR", "Euro"), ("GBP", "Pound")),
    ("deals", "dealtype"): (("newbusiness", "New Business"), ("existingbusiness", "Existing Business")),
    ("deals", "hs_is_closed"): _YES_NO,
    ("deals", "hs_is_closed_won"): _YES_NO,
    ("deals", "hs_is_closed_lost"): _YES_NO,
    ("tasks", "hs_task_status"): _words("NOT_STARTED", "IN_PROGRESS", "WAITING", "COMPLETED", "DEFERRED"),
    ("tasks", "hs_task_priority"): _words("NONE", "LOW", "MEDIUM", "HIGH"),
    ("tasks", "hs_task_type"): _words("EMAIL", "CALL", "TODO", "LINKED_IN", "LINKED_IN_CONNECT", "LINKED_IN_MESSAGE"),
    ("calls", "hs_call_direction"): _words("INBOUND", "OUTBOUND"),
    ("calls", "hs_call_status"): _words(
        "BUSY", "CALLING_CRM_USER", "CANCELED", "COMPLETED", "CONNECTING", "FAILED", "IN_PROGRESS", "MISSED",
        "NO_ANSWER", "QUEUED", "RINGING",
    ),
    ("calls", "hs_call_disposition"): (
        ("9d9162e7-6cf3-4944-bf63-4dff82258764", "Busy"),
        ("f240bbac-87c9-4f6e-bf70-924b57d47db7", "Connected"),
        ("a4c4c377-d246-4b32-a13b-75a56a4cd0ff", "Left live message"),
        ("b2cf5968-551e-4856-9783-52b3da59a7d0", "Left voicemail"),
        ("73a0d17f-1163-4015-bdd5-ec830791da20", "No answer"),
        ("17b47fee-58de-441e-a44c-c6300d46f273", "Wrong number"),
    ),
    ("emails", "hs_email_direction"): _words("EMAIL", "INCOMING_EMAIL", "FORWARDED_EMAIL", "DRAFT_EMAIL"),
    ("emails", "hs_email_status"): _words("BOUNCED", "FAILED", "SCHEDULED", "SENDING", "SENT"),
    ("meetings", "hs_meeting_outcome"): _words("SCHEDULED", "COMPLETED", "RESCHEDULED", "NO_SHOW", "CANCELED"),
}  # fmt: skip

GROUPS: dict[str, tuple[tuple[str, str], ...]] = {
    "contacts": (
        ("contactinformation", "Contact information"),
        ("analyticsinformation", "Analytics history"),
        ("conversioninformation", "Conversion information"),
        ("emailinformation", "Email information"),
        ("sales_properties", "Sales properties"),
        ("deal_information", "Deal information"),
    ),
    "companies": (("companyinformation", "Company information"),),
    "deals": (("dealinformation", "Deal information"),),
    "tasks": (("task", "Task information"), ("engagement", "Activity information")),
    "calls": (("call", "Call information"), ("engagement", "Activity information")),
    "emails": (("email", "Email information"), ("engagement", "Activity information")),
    "meetings": (("meeting", "Meeting information"), ("engagement", "Activity information")),
    "notes": (("note", "Note information"), ("engagement", "Activity information")),
}
