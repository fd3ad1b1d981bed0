"""The world's words in HubSpot's: industries, statuses, stages, seniorities, sources, roles, countries.

Station: HubSpot sandbox, tables for `seed.py`. A word missing here is left empty on the record.
"""

from __future__ import annotations

INDUSTRY = {
    "manufacturing": "MECHANICAL_OR_INDUSTRIAL_ENGINEERING",
    "machinery": "MACHINERY",
    "electronics": "ELECTRICAL_ELECTRONIC_MANUFACTURING",
    "technology": "COMPUTER_SOFTWARE",
    "logistics": "LOGISTICS_AND_SUPPLY_CHAIN",
    "construction": "CONSTRUCTION",
    "retail": "RETAIL",
    "finance": "FINANCIAL_SERVICES",
    "healthcare": "HOSPITAL_HEALTH_CARE",
    "education": "HIGHER_EDUCATION",
    "consulting": "MANAGEMENT_CONSULTING",
    "food": "FOOD_PRODUCTION",
    "energy": "UTILITIES",
    "media": "MARKETING_AND_ADVERTISING",
    "government": "GOVERNMENT_ADMINISTRATION",
}

LEAD_STATUS = {
    "new": "NEW",
    "working": "IN_PROGRESS",
    "nurturing": "BAD_TIMING",
    "unqualified": "UNQUALIFIED",
    "qualified": "CONNECTED",
}

STAGE = {"qualified": "salesqualifiedlead", "": "subscriber"}
"""Lifecycle stage by status; a lead where nothing stands here."""

SENIORITY = {"executive": "executive", "director": "director", "manager": "manager", "staff": "employee"}

SOURCE = {
    "web": "ORGANIC_SEARCH",
    "event": "OFFLINE",
    "referral": "REFERRALS",
    "ad": "PAID_SEARCH",
    "partner": "REFERRALS",
    "list_import": "OFFLINE",
    "inquiry": "DIRECT_TRAFFIC",
}

BUYING_ROLES = {
    "Champion": "CHAMPION",
    "Decision Maker": "DECISION_MAKER",
    "Evaluator": "END_USER",
    "Influencer": "INFLUENCER",
}

_COUNTRIES = {
    "JP": "Japan",
    "US": "United States",
    "GB": "United Kingdom",
    "DE": "Germany",
    "SG": "Singapore",
    "AU": "Australia",
    "IN": "India",
}


def country_name(code: str) -> str:
    """The country's English name, as HubSpot forms fill it in; the code itself for a country not listed."""
    return _COUNTRIES.get(code, code)
