"""What an org has before the first lead: organisation, users, a queue, statuses, stages, currencies, one custom field.

Station: Salesforce sandbox, used by seeding only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from adapters.kit.sandbox import names
from adapters.kit.sandbox.seeds import SeedOwner
from adapters.kit.sandbox.world import World
from adapters.salesforce.sandbox.custom_fields import custom_field, save_custom_field
from adapters.salesforce.sandbox.ids import make_id
from adapters.salesforce.sandbox.org import API_USER_ID, ORG_ID, Org
from adapters.salesforce.sandbox.rules import person_name
from adapters.salesforce.sandbox.seed_rows import RowStore
from adapters.salesforce.sandbox.standard_people import CONVERTED_STATUS, LEAD_STATUSES
from adapters.salesforce.sandbox.standard_sales import STAGES

ADMIN_ID = make_id("005", 2)
API_USERNAME = f"integration@{names.OWN_DOMAIN}"
"""The API user's name: a JWT's `sub`."""
CORPORATE_CURRENCY = "JPY"
EPOCH = "2021-04-01T00:00:00.000+0000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """Ids that the seeded records point to. `owners` are user ids by the world's owner index."""

    owners: tuple[str, ...]
    queue_id: str


def set_up(org: Org, world: World) -> Setup:
    """Writes the setup and gives the ids that people and deals need."""
    rows = RowStore(org)
    owners = _users(rows, world.owners)
    _organisation(rows)
    queue_id = rows.add(
        "Group",
        {**_stamps(), "Name": "Inside Sales", "DeveloperName": "Inside_Sales", "Type": "Queue"},
    )
    rows.add("Group", {**_stamps(), "Name": "Field Sales", "DeveloperName": "Field_Sales", "Type": "Queue"})
    _statuses_and_stages(rows)
    _currencies(rows)
    rows.flush_above(0)
    _own_custom_field(org)
    return Setup(owners=owners, queue_id=queue_id)


def _users(rows: RowStore, owners: tuple[SeedOwner, ...]) -> tuple[str, ...]:
    profile = rows.add("Profile", {**_stamps(), "Name": "Standard User"})
    api_profile = rows.add("Profile", {**_stamps(), "Name": "Minimum Access - API Only Integrations"})
    role = rows.add("UserRole", {"SystemModstamp": EPOCH, "Name": "Sales", "DeveloperName": "Sales"})
    rows.add(
        "User",
        {
            **_user(API_USERNAME, "", "Integration User", api_profile),
            "UserType": "CloudIntegrationUser",
            "TimeZoneSidKey": "GMT",
        },
    )
    rows.add("User", _user(f"admin@{names.OWN_DOMAIN}", "Aoi", "Admin", profile))
    made = []
    for owner in owners:
        user = _user(owner.email, owner.first_name, owner.last_name, profile)
        user |= {"Title": owner.team.replace("_", " ").capitalize(), "Department": "Sales", "UserRoleId": role}
        made.append(rows.add("User", user))
    return tuple(made)


def _user(username: str, first: str, last: str, profile: str) -> dict[str, Any]:
    return {
        **_stamps(),
        "Username": username,
        "Email": username,
        "FirstName": first or None,
        "LastName": last,
        "Name": person_name(first, last),
        "Alias": username[:8],
        "UserType": "Standard",
        "ProfileId": profile,
        "TimeZoneSidKey": "Asia/Tokyo",
        "LocaleSidKey": "ja_JP",
        "LanguageLocaleKey": "ja",
    }


def _organisation(rows: RowStore) -> None:
    rows.add(
        "Organization",
        {
            **_stamps(),
            "Name": "Kumoi Works",
            "Country": "JP",
            "TimeZoneSidKey": "Asia/Tokyo",
            "DefaultLocaleSidKey": "ja_JP",
            "LanguageLocaleKey": "ja",
            "OrganizationType": "Enterprise Edition",
            "InstanceName": "AP99",
            "IsSandbox": 1,
        },
        record_id=ORG_ID,
    )


def _statuses_and_stages(rows: RowStore) -> None:
    for order, pick in enumerate(LEAD_STATUSES, start=1):
        rows.add(
            "LeadStatus",
            {
                **_stamps(),
                "MasterLabel": pick.label,
                "ApiName": pick.value,
                "SortOrder": order,
                "IsDefault": int(pick.default),
                "IsConverted": int(pick.value == CONVERTED_STATUS),
            },
        )
    for order, (name, probability, category, state) in enumerate(STAGES, start=1):
        rows.add(
            "OpportunityStage",
            {
                **_stamps(),
                "MasterLabel": name,
                "ApiName": name,
                "IsActive": 1,
                "SortOrder": order,
                "IsClosed": int(state != "open"),
                "IsWon": int(state == "won"),
                "ForecastCategoryName": category,
                "DefaultProbability": float(probability),
            },
        )


def _currencies(rows: RowStore) -> None:
    for code, per_dollar in names.PER_DOLLAR.items():
        rows.add(
            "CurrencyType",
            {
                **_stamps(),
                "IsoCode": code,
                "ConversionRate": round(per_dollar / names.PER_DOLLAR[CORPORATE_CURRENCY], 6),
                "DecimalPlaces": 0 if code == "JPY" else 2,
                "IsActive": 1,
                "IsCorporate": int(code == CORPORATE_CURRENCY),
            },
        )


def _own_custom_field(org: Org) -> None:
    """A field of the company's own, granted to the API user, as orgs have dozens of."""
    field = custom_field("Do_Not_Trade__c", {"type": "Checkbox", "label": "Do not trade", "defaultValue": False})
    with org.database.writing() as db:
        save_custom_field(org, db, owner="Account", field=field, user_id=ADMIN_ID)
    rows = RowStore(org)
    granted = rows.add("PermissionSet", {**_stamps(), "Name": "Integration_Fields", "Label": "Integration fields", "IsCustom": 1})
    rows.add(
        "FieldPermissions",
        {
            "SystemModstamp": EPOCH,
            "ParentId": granted,
            "SobjectType": "Account",
            "Field": "Account.Do_Not_Trade__c",
            "PermissionsEdit": 0,
            "PermissionsRead": 1,
        },
    )
    rows.add("PermissionSetAssignment", {"SystemModstamp": EPOCH, "PermissionSetId": granted, "AssigneeId": API_USER_ID})
    rows.flush_above(0)


def _stamps() -> dict[str, Any]:
    return {
        "CreatedDate": EPOCH,
        "CreatedById": ADMIN_ID,
        "LastModifiedDate": EPOCH,
        "LastModifiedById": ADMIN_ID,
        "SystemModstamp": EPOCH,
    }
