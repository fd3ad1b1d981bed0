"""The properties every new HubSpot portal has, as tables: those that a lead scorer or its neighbours may meet.

Station: HubSpot sandbox, ground. A row is (name, label, type, fieldType, group, flags); flags are `r` read-only value,
`c` calculated, `u` unique value, `o` options kept outside the definition (owners, pipelines). Names, types and field
types follow HubSpot's lists of default properties; which ones are read-only is from memory where no page says so.
"""

from __future__ import annotations

Row = tuple[str, str, str, str, str, str]

CONTACTS: tuple[Row, ...] = (
    ("email", "Email", "string", "text", "contactinformation", "u"),
    ("firstname", "First Name", "string", "text", "contactinformation", ""),
    ("lastname", "Last Name", "string", "text", "contactinformation", ""),
    ("phone", "Phone Number", "string", "phonenumber", "contactinformation", ""),
    ("mobilephone", "Mobile Phone Number", "string", "phonenumber", "contactinformation", ""),
    ("jobtitle", "Job Title", "string", "text", "contactinformation", ""),
    ("job_function", "Job Function", "string", "text", "contactinformation", ""),
    ("seniority", "Seniority", "string", "text", "contactinformation", ""),
    ("hs_seniority", "Seniority (HubSpot)", "enumeration", "select", "contactinformation", ""),
    ("company", "Company Name", "string", "text", "contactinformation", ""),
    ("website", "Website URL", "string", "text", "contactinformation", ""),
    ("industry", "Industry", "string", "text", "contactinformation", ""),
    ("numemployees", "Number of Employees", "enumeration", "radio", "contactinformation", ""),
    ("annualrevenue", "Annual Revenue", "string", "text", "contactinformation", ""),
    ("address", "Street Address", "string", "text", "contactinformation", ""),
    ("city", "City", "string", "text", "contactinformation", ""),
    ("state", "State/Region", "string", "text", "contactinformation", ""),
    ("zip", "Postal Code", "string", "text", "contactinformation", ""),
    ("country", "Country/Region", "string", "text", "contactinformation", ""),
    ("salutation", "Salutation", "string", "text", "contactinformation", ""),
    ("message", "Message", "string", "textarea", "contactinformation", ""),
    ("lifecyclestage", "Lifecycle Stage", "enumeration", "radio", "contactinformation", ""),
    ("hs_lead_status", "Lead Status", "enumeration", "radio", "sales_properties", ""),
    ("hubspot_owner_id", "Contact owner", "enumeration", "select", "sales_properties", "o"),
    ("hubspot_owner_assigneddate", "Owner assigned date", "datetime", "date", "sales_properties", "r"),
    ("hubspot_team_id", "HubSpot Team", "enumeration", "select", "sales_properties", "or"),
    ("hs_buying_role", "Buying Role", "enumeration", "checkbox", "sales_properties", ""),
    ("hs_language", "Preferred language", "enumeration", "select", "contactinformation", ""),
    ("hs_persona", "Persona", "enumeration", "radio", "contactinformation", ""),
    ("hubspotscore", "HubSpot Score", "number", "number", "contactinformation", "r"),
    ("hs_additional_emails", "Additional email addresses", "enumeration", "checkbox", "contactinformation", "ro"),
    ("hs_email_domain", "Email Domain", "string", "text", "contactinformation", "rc"),
    ("hs_object_id", "Record ID", "number", "number", "contactinformation", "ru"),
    ("createdate", "Create Date", "datetime", "date", "contactinformation", "r"),
    ("lastmodifieddate", "Last Modified Date", "datetime", "date", "contactinformation", "r"),
    ("closedate", "Close Date", "datetime", "date", "contactinformation", ""),
    ("associatedcompanyid", "Primary Associated Company ID", "number", "number", "contactinformation", "r"),
    ("num_associated_deals", "Number of Associated Deals", "number", "number", "deal_information", "rc"),
    ("hs_merged_object_ids", "Merged record IDs", "enumeration", "checkbox", "contactinformation", "ro"),
    ("hs_calculated_merged_vids", "Merged vids with timestamps", "enumeration", "checkbox", "contactinformation", "rco"),
    ("hs_analytics_source", "Original Traffic Source", "enumeration", "select", "analyticsinformation", "r"),
    ("hs_analytics_source_data_1", "Original Source Drill-Down 1", "string", "text", "analyticsinformation", "r"),
    ("hs_latest_source", "Latest Traffic Source", "enumeration", "select", "analyticsinformation", "r"),
    ("hs_analytics_num_page_views", "Number of Pageviews", "number", "number", "analyticsinformation", "r"),
    ("hs_analytics_num_visits", "Number of Sessions", "number", "number", "analyticsinformation", "r"),
    ("hs_analytics_num_event_completions", "Event Completions", "number", "number", "analyticsinformation", "r"),
    ("hs_analytics_average_page_views", "Average Pageviews", "number", "number", "analyticsinformation", "r"),
    ("hs_analytics_first_timestamp", "Time First Seen", "datetime", "date", "analyticsinformation", "r"),
    ("hs_analytics_last_timestamp", "Time Last Seen", "datetime", "date", "analyticsinformation", "r"),
    ("hs_analytics_first_visit_timestamp", "First Session", "datetime", "date", "analyticsinformation", "r"),
    ("hs_analytics_last_visit_timestamp", "Last Session", "datetime", "date", "analyticsinformation", "r"),
    ("hs_analytics_first_url", "First Page Seen", "string", "text", "analyticsinformation", "r"),
    ("hs_analytics_last_url", "Last Page Seen", "string", "text", "analyticsinformation", "r"),
    ("num_conversion_events", "Number of Form Submissions", "number", "number", "conversioninformation", "r"),
    ("num_unique_conversion_events", "Unique Forms Submitted", "number", "number", "conversioninformation", "r"),
    ("first_conversion_date", "First Conversion Date", "datetime", "date", "conversioninformation", "r"),
    ("first_conversion_event_name", "First Conversion", "string", "text", "conversioninformation", "r"),
    ("recent_conversion_date", "Recent Conversion Date", "datetime", "date", "conversioninformation", "r"),
    ("recent_conversion_event_name", "Recent Conversion", "string", "text", "conversioninformation", "r"),
    ("hs_email_delivered", "Marketing emails delivered", "number", "number", "emailinformation", "r"),
    ("hs_email_open", "Marketing emails opened", "number", "number", "emailinformation", "r"),
    ("hs_email_click", "Marketing emails clicked", "number", "number", "emailinformation", "r"),
    ("hs_email_replied", "Marketing emails replied", "number", "number", "emailinformation", "r"),
    ("hs_email_bounce", "Marketing emails bounced", "number", "number", "emailinformation", "r"),
    ("hs_email_last_open_date", "Last marketing email open date", "datetime", "date", "emailinformation", "r"),
    ("hs_email_last_click_date", "Last marketing email click date", "datetime", "date", "emailinformation", "r"),
    ("hs_email_last_reply_date", "Last marketing email reply date", "datetime", "date", "emailinformation", "r"),
    ("hs_email_last_email_name", "Last marketing email name", "string", "text", "emailinformation", "r"),
    ("hs_email_optout", "Unsubscribed from all email", "bool", "booleancheckbox", "emailinformation", "r"),
    ("hs_email_hard_bounce_reason_enum", "Email hard bounce reason", "enumeration", "select", "emailinformation", "r"),
    ("hs_sales_email_last_replied", "Recent Sales Email Replied Date", "datetime", "date", "sales_properties", "r"),
    ("hs_sales_email_last_opened", "Recent Sales Email Opened Date", "datetime", "date", "sales_properties", "r"),
    ("hs_last_sales_activity_timestamp", "Last Engagement Date", "datetime", "date", "sales_properties", "r"),
    ("notes_last_contacted", "Last Contacted", "datetime", "date", "sales_properties", "r"),
    ("notes_last_updated", "Last Activity Date", "datetime", "date", "sales_properties", "r"),
    ("notes_next_activity_date", "Next Activity Date", "datetime", "date", "sales_properties", "r"),
    ("num_contacted_notes", "Number of times contacted", "number", "number", "sales_properties", "r"),
    ("num_notes", "Number of Sales Activities", "number", "number", "sales_properties", "r"),
    ("hs_lifecyclestage_subscriber_date", "Became a Subscriber Date", "datetime", "date", "contactinformation", "r"),
    ("hs_lifecyclestage_lead_date", "Became a Lead Date", "datetime", "date", "contactinformation", "r"),
    ("hs_lifecyclestage_marketingqualifiedlead_date", "Became an MQL Date", "datetime", "date", "contactinformation", "r"),
    ("hs_lifecyclestage_salesqualifiedlead_date", "Became an SQL Date", "datetime", "date", "contactinformation", "r"),
    ("hs_lifecyclestage_opportunity_date", "Became an Opportunity Date", "datetime", "date", "contactinformation", "r"),
    ("hs_lifecyclestage_customer_date", "Became a Customer Date", "datetime", "date", "contactinformation", "r"),
    ("hs_lifecyclestage_evangelist_date", "Became an Evangelist Date", "datetime", "date", "contactinformation", "r"),
    ("hs_lifecyclestage_other_date", "Became an Other Lifecycle Date", "datetime", "date", "contactinformation", "r"),
)  # fmt: skip

COMPANIES: tuple[Row, ...] = (
    ("name", "Company name", "string", "text", "companyinformation", ""),
    ("domain", "Company Domain Name", "string", "text", "companyinformation", ""),
    ("website", "Website URL", "string", "text", "companyinformation", ""),
    ("industry", "Industry", "enumeration", "select", "companyinformation", ""),
    ("numberofemployees", "Number of Employees", "number", "number", "companyinformation", ""),
    ("annualrevenue", "Annual Revenue", "number", "number", "companyinformation", ""),
    ("phone", "Phone Number", "string", "phonenumber", "companyinformation", ""),
    ("city", "City", "string", "text", "companyinformation", ""),
    ("state", "State/Region", "string", "text", "companyinformation", ""),
    ("zip", "Postal Code", "string", "text", "companyinformation", ""),
    ("country", "Country/Region", "string", "text", "companyinformation", ""),
    ("description", "Description", "string", "textarea", "companyinformation", ""),
    ("type", "Type", "enumeration", "select", "companyinformation", ""),
    ("hs_currency_code", "Currency", "string", "text", "companyinformation", ""),
    ("is_public", "Is Public", "bool", "booleancheckbox", "companyinformation", ""),
    ("lifecyclestage", "Lifecycle Stage", "enumeration", "radio", "companyinformation", ""),
    ("hs_lead_status", "Lead Status", "enumeration", "radio", "companyinformation", ""),
    ("hs_ideal_customer_profile", "Ideal Customer Profile Tier", "enumeration", "select", "companyinformation", ""),
    ("hs_is_target_account", "Target Account", "bool", "booleancheckbox", "companyinformation", ""),
    ("hubspot_owner_id", "Company owner", "enumeration", "select", "companyinformation", "o"),
    ("hs_parent_company_id", "Parent Company", "number", "number", "companyinformation", "r"),
    ("num_associated_contacts", "Number of Associated Contacts", "number", "number", "companyinformation", "rc"),
    ("num_associated_deals", "Number of Associated Deals", "number", "number", "companyinformation", "rc"),
    ("hs_merged_object_ids", "Merged record IDs", "enumeration", "checkbox", "companyinformation", "ro"),
    ("hs_object_id", "Record ID", "number", "number", "companyinformation", "ru"),
    ("createdate", "Create Date", "datetime", "date", "companyinformation", "r"),
    ("hs_lastmodifieddate", "Last Modified Date", "datetime", "date", "companyinformation", "r"),
)  # fmt: skip

DEALS: tuple[Row, ...] = (
    ("dealname", "Deal Name", "string", "text", "dealinformation", ""),
    ("pipeline", "Pipeline", "enumeration", "select", "dealinformation", "o"),
    ("dealstage", "Deal Stage", "enumeration", "radio", "dealinformation", "o"),
    ("amount", "Amount", "number", "number", "dealinformation", ""),
    ("amount_in_home_currency", "Amount in company currency", "number", "number", "dealinformation", "rc"),
    ("deal_currency_code", "Currency", "enumeration", "select", "dealinformation", ""),
    ("closedate", "Close Date", "datetime", "date", "dealinformation", ""),
    ("dealtype", "Deal Type", "enumeration", "radio", "dealinformation", ""),
    ("description", "Deal Description", "string", "textarea", "dealinformation", ""),
    ("closed_lost_reason", "Closed Lost Reason", "string", "textarea", "dealinformation", ""),
    ("closed_won_reason", "Closed Won Reason", "string", "textarea", "dealinformation", ""),
    ("hubspot_owner_id", "Deal owner", "enumeration", "select", "dealinformation", "o"),
    ("hs_is_closed", "Is Deal Closed?", "bool", "calculation_equation", "dealinformation", "rc"),
    ("hs_is_closed_won", "Is Closed Won", "bool", "calculation_equation", "dealinformation", "rc"),
    ("hs_is_closed_lost", "Is Closed Lost", "bool", "calculation_equation", "dealinformation", "rc"),
    ("hs_deal_stage_probability", "Deal probability", "number", "number", "dealinformation", "rc"),
    ("hs_closed_won_date", "Closed Won Date", "datetime", "date", "dealinformation", "rc"),
    ("num_associated_contacts", "Number of Associated Contacts", "number", "number", "dealinformation", "rc"),
    ("hs_merged_object_ids", "Merged record IDs", "enumeration", "checkbox", "dealinformation", "ro"),
    ("hs_object_id", "Record ID", "number", "number", "dealinformation", "ru"),
    ("createdate", "Create Date", "datetime", "date", "dealinformation", ""),
    ("hs_lastmodifieddate", "Last Modified Date", "datetime", "date", "dealinformation", "r"),
)  # fmt: skip

ENGAGEMENT: tuple[Row, ...] = (
    ("hs_timestamp", "Activity date", "datetime", "date", "engagement", ""),
    ("hubspot_owner_id", "Activity assigned to", "enumeration", "select", "engagement", "o"),
    ("hs_created_by_user_id", "Created by user ID", "number", "number", "engagement", "r"),
    ("hs_object_id", "Record ID", "number", "number", "engagement", "ru"),
    ("hs_createdate", "Create date", "datetime", "date", "engagement", "r"),
    ("hs_lastmodifieddate", "Last modified date", "datetime", "date", "engagement", "r"),
)

TASKS: tuple[Row, ...] = (
    ("hs_task_subject", "Task Title", "string", "text", "task", ""),
    ("hs_task_body", "Task Notes", "string", "html", "task", ""),
    ("hs_task_status", "Task Status", "enumeration", "select", "task", ""),
    ("hs_task_priority", "Priority", "enumeration", "select", "task", ""),
    ("hs_task_type", "Task Type", "enumeration", "select", "task", ""),
    ("hs_task_reminders", "Reminders", "string", "text", "task", ""),
    ("hs_queue_membership_ids", "Queue", "enumeration", "checkbox", "task", "o"),
    ("hs_task_completion_date", "Completed at", "datetime", "date", "task", "r"),
    ("hs_task_is_completed", "Is completed", "number", "number", "task", "rc"),
)  # fmt: skip

CALLS: tuple[Row, ...] = (
    ("hs_call_title", "Call Title", "string", "text", "call", ""),
    ("hs_call_body", "Call notes", "string", "html", "call", ""),
    ("hs_call_direction", "Call direction", "enumeration", "select", "call", ""),
    ("hs_call_disposition", "Call outcome", "enumeration", "select", "call", ""),
    ("hs_call_duration", "Call duration (ms)", "number", "number", "call", ""),
    ("hs_call_status", "Call status", "enumeration", "select", "call", ""),
    ("hs_call_from_number", "From number", "string", "text", "call", ""),
    ("hs_call_to_number", "To number", "string", "text", "call", ""),
)  # fmt: skip

EMAILS: tuple[Row, ...] = (
    ("hs_email_subject", "Email subject", "string", "text", "email", ""),
    ("hs_email_text", "Email body", "string", "textarea", "email", ""),
    ("hs_email_html", "Email body (HTML)", "string", "html", "email", ""),
    ("hs_email_direction", "Email direction", "enumeration", "select", "email", ""),
    ("hs_email_status", "Email send status", "enumeration", "select", "email", ""),
    ("hs_email_headers", "Email headers", "string", "textarea", "email", ""),
    ("hs_email_from_email", "From address", "string", "text", "email", "r"),
    ("hs_email_to_email", "To address", "string", "text", "email", "r"),
    ("hs_email_open_count", "Opens", "number", "number", "email", "r"),
    ("hs_email_click_count", "Clicks", "number", "number", "email", "r"),
    ("hs_email_reply_count", "Replies", "number", "number", "email", "r"),
)  # fmt: skip

MEETINGS: tuple[Row, ...] = (
    ("hs_meeting_title", "Meeting name", "string", "text", "meeting", ""),
    ("hs_meeting_body", "Meeting description", "string", "html", "meeting", ""),
    ("hs_internal_meeting_notes", "Internal notes", "string", "textarea", "meeting", ""),
    ("hs_meeting_location", "Location", "string", "text", "meeting", ""),
    ("hs_meeting_external_url", "External URL", "string", "text", "meeting", ""),
    ("hs_meeting_start_time", "Start time", "datetime", "date", "meeting", ""),
    ("hs_meeting_end_time", "End time", "datetime", "date", "meeting", ""),
    ("hs_meeting_outcome", "Meeting outcome", "enumeration", "select", "meeting", ""),
    ("hs_activity_type", "Meeting type", "string", "text", "meeting", ""),
)  # fmt: skip

NOTES: tuple[Row, ...] = (
    ("hs_note_body", "Note body", "string", "html", "note", ""),
    ("hs_attachment_ids", "Attachments", "enumeration", "checkbox", "note", "o"),
)  # fmt: skip

TABLES: dict[str, tuple[Row, ...]] = {
    "contacts": CONTACTS,
    "companies": COMPANIES,
    "deals": DEALS,
    "tasks": ENGAGEMENT + TASKS,
    "calls": ENGAGEMENT + CALLS,
    "emails": ENGAGEMENT + EMAILS,
    "meetings": ENGAGEMENT + MEETINGS,
    "notes": ENGAGEMENT + NOTES,
}

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
