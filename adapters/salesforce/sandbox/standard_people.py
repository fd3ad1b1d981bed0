"""Lead, Contact and Account as every org has them: the fields sales teams use, with the platform's types and limits.

Station: Salesforce sandbox, values only. Compound fields (Address, Geolocation) are left out; their parts are here.
"""

from __future__ import annotations

from adapters.salesforce.sandbox.field_kinds import (
    READ_ONLY,
    address,
    area,
    day,
    email,
    flag,
    lookup,
    moment,
    number,
    phone,
    pick,
    picks,
    system_fields,
    text,
    url,
    whole,
)
from adapters.salesforce.sandbox.fields import Field
from adapters.salesforce.sandbox.sobjects import Child, SObject

INDUSTRIES = picks(
    "Agriculture", "Apparel", "Banking", "Biotechnology", "Chemicals", "Communications", "Construction", "Consulting",
    "Education", "Electronics", "Energy", "Engineering", "Entertainment", "Environmental", "Finance", "Food & Beverage",
    "Government", "Healthcare", "Hospitality", "Insurance", "Machinery", "Manufacturing", "Media", "Not For Profit",
    "Other", "Recreation", "Retail", "Shipping", "Technology", "Telecommunications", "Transportation", "Utilities",
)  # fmt: skip
LEAD_SOURCES = picks(
    "Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Trade Show", "Employee Referral", "Advertisement",
    "Other",
)  # fmt: skip
RATINGS = picks("Hot", "Warm", "Cold")
SALUTATIONS = picks("Mr.", "Ms.", "Mrs.", "Dr.", "Prof.", "Mx.")
LEAD_STATUSES = picks("New", "Contacted", "Nurturing", "Qualified", "Unqualified", default="New")
CONVERTED_STATUS = "Qualified"
"""The status a lead gets by conversion, as in orgs set up since Lightning."""
CURRENCIES = picks("JPY", "USD", "GBP", "EUR", "SGD", "AUD", "INR", default="JPY")
"""The org has several currencies switched on; the yen is its corporate one."""
ACCOUNT_TYPES = picks(
    "Prospect", "Customer - Direct", "Customer - Channel", "Channel Partner / Reseller", "Installation Partner",
    "Technology Partner", "Other",
)  # fmt: skip


def _person_name(length: int = 121) -> tuple[Field, ...]:
    return (
        text("LastName", 80, nillable=False),
        text("FirstName", 40),
        pick("Salutation", SALUTATIONS, length=40),
        text("Name", length, label="Full Name", nillable=False, name_field=True, **READ_ONLY),
    )


def _reachability() -> tuple[Field, ...]:
    return (
        flag("HasOptedOutOfEmail", label="Email Opt Out"),
        flag("HasOptedOutOfFax", label="Fax Opt Out"),
        flag("DoNotCall", label="Do Not Call"),
        text("EmailBouncedReason", 255),
        moment("EmailBouncedDate"),
    )


def _viewing() -> tuple[Field, ...]:
    return (
        day("LastActivityDate", label="Last Activity", **READ_ONLY),
        moment("LastViewedDate", **READ_ONLY),
        moment("LastReferencedDate", **READ_ONLY),
    )


_ACTIVITY_CHILDREN_OF_WHO = tuple(
    Child(relationship=plural, child=name, field="WhoId") for plural, name in (("Tasks", "Task"), ("Events", "Event"))
)
_ACTIVITY_CHILDREN_OF_WHAT = tuple(
    Child(relationship=plural, child=name, field="WhatId") for plural, name in (("Tasks", "Task"), ("Events", "Event"))
)

LEAD = SObject(
    name="Lead",
    label="Lead",
    plural="Leads",
    prefix="00Q",
    custom_fields_on="Lead",
    fields=(
        *system_fields(),
        lookup("MasterRecordId", "Lead", **READ_ONLY),
        *_person_name(),
        text("Title", 128),
        text("Company", 255, nillable=False),
        *address(),
        phone("Phone"),
        phone("MobilePhone"),
        phone("Fax"),
        email(),
        url("Website"),
        area("Description"),
        pick("LeadSource", LEAD_SOURCES),
        pick("Status", LEAD_STATUSES, nillable=False),
        pick("Industry", INDUSTRIES),
        pick("Rating", RATINGS),
        number("AnnualRevenue", 18, 0, kind="currency"),
        whole("NumberOfEmployees", label="Employees"),
        lookup("OwnerId", "Group", "User", nillable=False),
        flag("IsConverted", label="Converted", updateable=False),
        day("ConvertedDate", **READ_ONLY),
        lookup("ConvertedAccountId", "Account", **READ_ONLY),
        lookup("ConvertedContactId", "Contact", **READ_ONLY),
        lookup("ConvertedOpportunityId", "Opportunity", **READ_ONLY),
        flag("IsUnreadByOwner", default=True, label="Unread By Owner"),
        *_viewing(),
        *_reachability(),
        pick("CurrencyIsoCode", CURRENCIES, length=3, restricted=True, label="Lead Currency"),
    ),
    children=(*_ACTIVITY_CHILDREN_OF_WHO, Child(relationship="CampaignMembers", child="CampaignMember", field="LeadId")),
)

CONTACT = SObject(
    name="Contact",
    label="Contact",
    plural="Contacts",
    prefix="003",
    custom_fields_on="Contact",
    fields=(
        *system_fields(),
        lookup("MasterRecordId", "Contact", **READ_ONLY),
        lookup("AccountId", "Account"),
        *_person_name(),
        *address("Mailing"),
        *address("Other"),
        phone("Phone"),
        phone("Fax"),
        phone("MobilePhone"),
        phone("HomePhone"),
        phone("OtherPhone"),
        lookup("ReportsToId", "Contact"),
        email(),
        text("Title", 128),
        text("Department", 80),
        pick("LeadSource", LEAD_SOURCES),
        day("Birthdate"),
        area("Description"),
        lookup("OwnerId", "User", nillable=False),
        *_viewing(),
        *_reachability(),
        pick("CurrencyIsoCode", CURRENCIES, length=3, restricted=True, label="Contact Currency"),
    ),
    children=(
        *_ACTIVITY_CHILDREN_OF_WHO,
        Child(relationship="CampaignMembers", child="CampaignMember", field="ContactId"),
        Child(relationship="OpportunityContactRoles", child="OpportunityContactRole", field="ContactId", cascade=True),
    ),
)

ACCOUNT = SObject(
    name="Account",
    label="Account",
    plural="Accounts",
    prefix="001",
    custom_fields_on="Account",
    fields=(
        *system_fields(),
        lookup("MasterRecordId", "Account", **READ_ONLY),
        text("Name", 255, label="Account Name", nillable=False, name_field=True),
        pick("Type", ACCOUNT_TYPES, label="Account Type"),
        lookup("ParentId", "Account"),
        *address("Billing"),
        *address("Shipping"),
        phone("Phone"),
        phone("Fax"),
        text("AccountNumber", 40),
        url("Website"),
        text("Sic", 20, label="SIC Code"),
        pick("Industry", INDUSTRIES),
        number("AnnualRevenue", 18, 0, kind="currency"),
        whole("NumberOfEmployees", label="Employees"),
        pick("Ownership", picks("Public", "Private", "Subsidiary", "Other")),
        pick("Rating", RATINGS),
        pick("AccountSource", LEAD_SOURCES),
        area("Description"),
        text("Site", 80),
        pick("CurrencyIsoCode", CURRENCIES, length=3, restricted=True, label="Account Currency"),
        lookup("OwnerId", "User", nillable=False),
        *_viewing(),
    ),
    children=(
        Child(relationship="Contacts", child="Contact", field="AccountId", cascade=True),
        Child(relationship="Opportunities", child="Opportunity", field="AccountId", cascade=True),
        Child(relationship="ChildAccounts", child="Account", field="ParentId"),
        *_ACTIVITY_CHILDREN_OF_WHAT,
    ),
)
