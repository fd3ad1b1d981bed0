"""All objects of the org as it comes out of the box, and what an id's first three characters say.

Station: Salesforce sandbox, values only.
"""

from __future__ import annotations

from adapters.salesforce.sandbox import standard_people, standard_sales, standard_setup
from adapters.salesforce.sandbox.sobjects import SObject

STANDARD: tuple[SObject, ...] = (
    standard_people.LEAD,
    standard_people.CONTACT,
    standard_people.ACCOUNT,
    standard_sales.OPPORTUNITY,
    standard_sales.CONTACT_ROLE,
    standard_sales.TASK,
    standard_sales.EVENT,
    standard_sales.CAMPAIGN,
    standard_sales.CAMPAIGN_MEMBER,
    standard_setup.USER,
    standard_setup.PROFILE,
    standard_setup.USER_ROLE,
    standard_setup.GROUP,
    standard_setup.ORGANIZATION,
    standard_setup.LEAD_STATUS,
    standard_setup.OPPORTUNITY_STAGE,
    standard_setup.CURRENCY_TYPE,
    standard_setup.PERMISSION_SET,
    standard_setup.PERMISSION_SET_ASSIGNMENT,
    standard_setup.FIELD_PERMISSIONS,
    standard_setup.CUSTOM_FIELD,
)

PREFIXES: dict[str, str] = {kind.prefix: kind.name for kind in STANDARD if kind.name != "OpportunityStage"}
"""Object name by key prefix."""

ACTIVITIES = ("Task", "Event")
"""The two objects whose custom fields are made on `Activity`."""
