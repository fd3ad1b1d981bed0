"""The world's words in this org's own: picklist values for industries, sources, statuses and stages.

Station: Salesforce sandbox, used by seeding only.
"""

from __future__ import annotations

INDUSTRIES = {
    "manufacturing": "Manufacturing",
    "machinery": "Machinery",
    "electronics": "Electronics",
    "technology": "Technology",
    "logistics": "Transportation",
    "construction": "Construction",
    "food": "Food & Beverage",
    "retail": "Retail",
    "energy": "Energy",
    "healthcare": "Healthcare",
    "finance": "Finance",
    "education": "Education",
    "government": "Government",
    "media": "Media",
    "consulting": "Consulting",
}
COUNTRIES = {
    "JP": "Japan",
    "US": "United States",
    "GB": "United Kingdom",
    "DE": "Germany",
    "SG": "Singapore",
    "AU": "Australia",
    "IN": "India",
}
SOURCES = {
    "web": "Web",
    "inquiry": "Web",
    "event": "Trade Show",
    "referral": "Employee Referral",
    "ad": "Advertisement",
    "partner": "Partner Referral",
    "list_import": "Purchased List",
}
STATUSES = {
    "new": "New",
    "": "New",
    "working": "Contacted",
    "qualified": "Contacted",
    "nurturing": "Nurturing",
    "unqualified": "Unqualified",
}
STAGES = {
    "qualification": "Qualification",
    "needs_analysis": "Needs Analysis",
    "proposal": "Proposal/Price Quote",
    "negotiation": "Negotiation/Review",
    "closed_won": "Closed Won",
    "closed_lost": "Closed Lost",
}
DEPARTMENTS = {
    "it": "IT",
    "operations": "Operations",
    "production": "Production",
    "sales": "Sales",
    "marketing": "Marketing",
    "purchasing": "Purchasing",
    "finance": "Finance",
    "hr": "Human Resources",
    "research": "Research",
}
