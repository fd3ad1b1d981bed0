"""Users, queues, the organisation, lead statuses, stages, and what permissions and custom fields are made of.

Station: Salesforce sandbox, values only.
"""

from __future__ import annotations

from adapters.salesforce.sandbox.field_kinds import (
    READ_ONLY,
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
    whole,
)
from adapters.salesforce.sandbox.sobjects import Child, SObject

_ID = system_fields()[0]
_STAMPS = tuple(field for field in system_fields() if field.name != "IsDeleted")
_STAMP_ONLY = (_ID, system_fields()[-1])


USER = SObject(
    name="User",
    label="User",
    plural="Users",
    prefix="005",
    createable=False,
    deletable=False,
    fields=(
        *_STAMPS,
        text("Username", 80, nillable=False, id_lookup=True),
        text("LastName", 80, nillable=False),
        text("FirstName", 40),
        text("Name", 121, label="Full Name", nillable=False, name_field=True, **READ_ONLY),
        email("Email", 128, nillable=False),
        text("Alias", 8, nillable=False),
        text("Title", 80),
        text("Department", 80),
        phone("Phone"),
        flag("IsActive", default=True, label="Active"),
        pick(
            "UserType",
            picks("Standard", "PowerPartner", "CSPLitePortal", "Guest", "CloudIntegrationUser"),
            length=40,
            restricted=True,
            **READ_ONLY,
        ),
        lookup("ProfileId", "Profile", nillable=False),
        lookup("UserRoleId", "UserRole"),
        lookup("ManagerId", "User"),
        pick("TimeZoneSidKey", picks("GMT", "Asia/Tokyo", "America/Los_Angeles"), length=40, nillable=False),
        pick("LocaleSidKey", picks("ja_JP", "en_US", "en_GB"), length=40, nillable=False),
        pick("LanguageLocaleKey", picks("ja", "en_US"), length=40, nillable=False),
        pick("EmailEncodingKey", picks("UTF-8"), length=40, nillable=False, default="UTF-8"),
        moment("LastLoginDate", **READ_ONLY),
    ),
)

PROFILE = SObject(
    name="Profile",
    label="Profile",
    plural="Profiles",
    prefix="00e",
    createable=False,
    updateable=False,
    deletable=False,
    replicateable=False,
    fields=(*_STAMPS, text("Name", 255, nillable=False, name_field=True)),
)

USER_ROLE = SObject(
    name="UserRole",
    label="Role",
    plural="Roles",
    prefix="00E",
    createable=False,
    updateable=False,
    deletable=False,
    replicateable=False,
    fields=(*_STAMP_ONLY, text("Name", 80, nillable=False, name_field=True), text("DeveloperName", 80)),
)

GROUP = SObject(
    name="Group",
    label="Group",
    plural="Groups",
    prefix="00G",
    createable=False,
    updateable=False,
    deletable=False,
    fields=(
        *_STAMPS,
        text("Name", 40, nillable=False, name_field=True),
        text("DeveloperName", 80),
        pick("Type", picks("Regular", "Queue", "Role", "Organization"), length=40, restricted=True, nillable=False),
        email("Email", 80),
    ),
)

ORGANIZATION = SObject(
    name="Organization",
    label="Organization",
    plural="Organizations",
    prefix="00D",
    createable=False,
    updateable=False,
    deletable=False,
    replicateable=False,
    fields=(
        *_STAMPS,
        text("Name", 80, nillable=False, name_field=True),
        text("Country", 80),
        text("TimeZoneSidKey", 40),
        text("DefaultLocaleSidKey", 40),
        text("LanguageLocaleKey", 40),
        text("OrganizationType", 40),
        text("InstanceName", 5),
        flag("IsSandbox"),
        text("NamespacePrefix", 15),
    ),
)

LEAD_STATUS = SObject(
    name="LeadStatus",
    label="Lead Status Value",
    plural="Lead Status Values",
    prefix="01J",
    createable=False,
    updateable=False,
    deletable=False,
    replicateable=False,
    fields=(
        *_STAMPS,
        text("MasterLabel", 255, nillable=False, name_field=True),
        text("ApiName", 255),
        whole("SortOrder"),
        flag("IsDefault"),
        flag("IsConverted"),
    ),
)

OPPORTUNITY_STAGE = SObject(
    name="OpportunityStage",
    label="Opportunity Stage",
    plural="Opportunity Stages",
    prefix="01J",
    createable=False,
    updateable=False,
    deletable=False,
    replicateable=False,
    fields=(
        *_STAMPS,
        text("MasterLabel", 255, nillable=False, name_field=True),
        text("ApiName", 255),
        flag("IsActive"),
        whole("SortOrder"),
        flag("IsClosed"),
        flag("IsWon"),
        text("ForecastCategoryName", 255),
        number("DefaultProbability", 3, 0, kind="percent"),
    ),
)

CURRENCY_TYPE = SObject(
    name="CurrencyType",
    label="Currency Type",
    plural="Currency Types",
    prefix="01L",
    createable=False,
    updateable=False,
    deletable=False,
    replicateable=False,
    fields=(
        *_STAMPS,
        text("IsoCode", 3, nillable=False, name_field=True),
        number("ConversionRate", 18, 6),
        whole("DecimalPlaces"),
        flag("IsActive"),
        flag("IsCorporate"),
    ),
)

PERMISSION_SET = SObject(
    name="PermissionSet",
    label="Permission Set",
    plural="Permission Sets",
    prefix="0PS",
    undeletable=False,
    replicateable=False,
    fields=(
        *_STAMPS,
        text("Name", 80, nillable=False, name_field=True),
        text("Label", 80, nillable=False),
        text("Description", 255),
        flag("IsOwnedByProfile", **READ_ONLY),
        flag("IsCustom", default=True, **READ_ONLY),
        text("NamespacePrefix", 15, **READ_ONLY),
    ),
    children=(
        Child(relationship="Assignments", child="PermissionSetAssignment", field="PermissionSetId", cascade=True),
        Child(relationship="FieldPerms", child="FieldPermissions", field="ParentId", cascade=True),
    ),
)

PERMISSION_SET_ASSIGNMENT = SObject(
    name="PermissionSetAssignment",
    label="Permission Set Assignment",
    plural="Permission Set Assignments",
    prefix="0Pa",
    updateable=False,
    undeletable=False,
    replicateable=False,
    fields=(
        *_STAMP_ONLY,
        lookup("PermissionSetId", "PermissionSet", nillable=False, updateable=False),
        lookup("AssigneeId", "User", nillable=False, updateable=False),
        flag("IsActive", default=True, **READ_ONLY),
    ),
)

FIELD_PERMISSIONS = SObject(
    name="FieldPermissions",
    label="Field Permissions",
    plural="Field Permissions",
    prefix="01k",
    undeletable=False,
    replicateable=False,
    fields=(
        *_STAMP_ONLY,
        lookup("ParentId", "PermissionSet", nillable=False, updateable=False),
        text("SobjectType", 255, nillable=False, updateable=False),
        text("Field", 255, nillable=False, updateable=False),
        flag("PermissionsEdit"),
        flag("PermissionsRead"),
    ),
)

CUSTOM_FIELD = SObject(
    name="CustomField",
    label="Custom Field",
    plural="Custom Fields",
    prefix="00N",
    undeletable=False,
    replicateable=False,
    tooling=True,
    fields=(
        *_STAMPS,
        text("DeveloperName", 80, nillable=False, name_field=True, **READ_ONLY),
        text("TableEnumOrId", 40, **READ_ONLY),
        text("NamespacePrefix", 15, **READ_ONLY),
        text("FullName", 255, **READ_ONLY),
        text("InlineHelpText", 510, **READ_ONLY),
    ),
)
