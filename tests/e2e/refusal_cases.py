"""Every class of refusal that the adapters know for a row, as an admin should meet it: worked out by hand from the CRMs' documentation."""

from dataclasses import dataclass

CRM_ADMIN = "admin of the CRM"
MAPPING_ADMIN = "admin of the mapping"
RECORD_OWNER = "owner of the record"
NOBODY = "nobody"

NEXT_RUN = "by the next write-back"
TOUCHED = "once somebody has touched the record"
LATER = "after an hour"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a refused row is to be told as; `cause` is a part of it. `heals`: by which step of the story it is written."""

    crm: str
    code: str
    action: str
    mended_by: str
    cause: str
    heals: str
    also_says: str = ""

    @property
    def message(self) -> str:
        """What the CRM says of the row, in words that no other row is refused with."""
        return f"Refused with {self.code}{self.also_says} by this {self.crm}."

    @property
    def name(self) -> str:
        return f"{self.crm} {self.code}{' behind a trigger' if self.also_says else ''}"


def _cases(crm: str, action: str, mended_by: str, cause: str, *codes: str) -> list[Case]:
    heals = NEXT_RUN if action == "retry" else TOUCHED if mended_by == RECORD_OWNER else LATER
    return [Case(crm=crm, code=code, action=action, mended_by=mended_by, cause=cause, heals=heals) for code in codes]


SALESFORCE = [
    *_cases("salesforce", "retry", NOBODY, "Somebody else was changing the record", "UNABLE_TO_LOCK_ROW"),
    *_cases("salesforce", "retry", CRM_ADMIN, "A limit of the org", "LIMIT_EXCEEDED"),
    *_cases("salesforce", "retry", NOBODY, "does not say why", "UNKNOWN_EXCEPTION"),
    *_cases(
        "salesforce",
        "skip_record",
        NOBODY,
        "deleted, merged or cannot be seen",
        "ENTITY_IS_DELETED",
        "INVALID_CROSS_REFERENCE_KEY",
        "NOT_FOUND",
        "MALFORMED_ID",
    ),
    *_cases("salesforce", "skip_record", NOBODY, "has been converted", "CANNOT_UPDATE_CONVERTED_LEAD"),
    *_cases("salesforce", "fix_mapping", CRM_ADMIN, "may not write the field", "INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE"),
    *_cases(
        "salesforce",
        "skip_record",
        CRM_ADMIN,
        "see the record but not edit it",
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        "INSUFFICIENT_ACCESS_OR_READONLY",
    ),
    *_cases("salesforce", "skip_record", CRM_ADMIN, "Apex trigger or flow", "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"),
    *_cases("salesforce", "skip_record", RECORD_OWNER, "validation rule of the org", "FIELD_CUSTOM_VALIDATION_EXCEPTION"),
    *_cases("salesforce", "skip_record", RECORD_OWNER, "is empty on the record", "REQUIRED_FIELD_MISSING"),
    *_cases(
        "salesforce",
        "skip_record",
        RECORD_OWNER,
        "A rule of the org",
        "FIELD_FILTER_VALIDATION_EXCEPTION",
        "FIELD_INTEGRITY_EXCEPTION",
        "BAD_CUSTOM_ENTITY_PARENT_DOMAIN",
        "NUM_HISTORY_FIELDS_BY_SOBJECT_EXCEEDED",
    ),
    *_cases("salesforce", "skip_record", CRM_ADMIN, "duplicate rule", "DUPLICATES_DETECTED"),
    *_cases("salesforce", "skip_record", RECORD_OWNER, "same unique value", "DUPLICATE_VALUE"),
    *_cases(
        "salesforce",
        "fix_mapping",
        MAPPING_ADMIN,
        "does not take such a value",
        "STRING_TOO_LONG",
        "INVALID_TYPE_ON_FIELD_IN_RECORD",
        "JSON_PARSER_ERROR",
        "NUMBER_OUTSIDE_VALID_RANGE",
        "INVALID_EMAIL_ADDRESS",
    ),
    *_cases("salesforce", "fix_mapping", MAPPING_ADMIN, "none of the picklist's", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
    *_cases("salesforce", "skip_record", CRM_ADMIN, "inactive user", "INACTIVE_OWNER_OR_USER", "OPERATION_WITH_INACTIVE_USER_EXCEPTION"),
    *_cases("salesforce", "skip_record", CRM_ADMIN, "new owner may not read", "TRANSFER_REQUIRES_READ"),
    *_cases("salesforce", "stop", CRM_ADMIN, "storage is full", "STORAGE_LIMIT_EXCEEDED"),
    *_cases("salesforce", "skip_record", RECORD_OWNER, "approval process", "ENTITY_IS_LOCKED"),
]
HUBSPOT = [
    *_cases("hubspot", "retry", NOBODY, "just now", "RATE_LIMITS", "RATE_LIMIT", "INTERNAL_ERROR", "LOCKED"),
    *_cases(
        "hubspot",
        "skip_record",
        NOBODY,
        "deleted in HubSpot, or merged",
        "OBJECT_NOT_FOUND",
        "NOT_FOUND",
        "OBJECT_ALREADY_DELETED",
    ),
    *_cases("hubspot", "fix_mapping", MAPPING_ADMIN, "no such property", "PROPERTY_DOESNT_EXIST"),
    *_cases("hubspot", "fix_mapping", MAPPING_ADMIN, "lets nobody write it", "READ_ONLY_VALUE", "PROPERTY_READ_ONLY"),
    *_cases(
        "hubspot",
        "fix_mapping",
        MAPPING_ADMIN,
        "type or options",
        "INVALID_OPTION",
        "INVALID_INTEGER",
        "INVALID_LONG",
        "INVALID_NUMBER",
        "INVALID_NUMERIC",
        "INVALID_DATE",
        "INVALID_DATE_FORMAT",
        "INVALID_BOOLEAN",
        "INVALID_EMAIL",
        "INVALID_OWNER_ID",
        "INVALID_OBJECT_PROPERTY_VALUE",
    ),
    *_cases("hubspot", "fix_mapping", MAPPING_ADMIN, "longer than", "VALUE_TOO_LONG", "PROPERTY_VALUE_TOO_LONG", "LENGTH_EXCEEDED"),
    *_cases(
        "hubspot",
        "skip_record",
        RECORD_OWNER,
        "must be unique",
        "CONFLICT",
        "CONFLICTING_UNIQUE_VALUE",
        "VALUE_ALREADY_EXISTS",
        "UNIQUE_VALUE_CONFLICT",
    ),
    *_cases(
        "hubspot",
        "skip_record",
        CRM_ADMIN,
        "validation rule of the portal",
        "VALIDATION_ERROR",
        "REQUIRED_PROPERTY_MISSING",
        "REQUIRED_PROPERTIES_MISSING",
    ),
    *_cases("hubspot", "reconnect", CRM_ADMIN, "lacks a scope", "MISSING_SCOPES", "USER_DOES_NOT_HAVE_PERMISSIONS", "FORBIDDEN"),
]
UNHEARD_OF = [
    *_cases("salesforce", "skip_record", CRM_ADMIN, "Salesforce refused the record", "SOME_NEW_CODE"),
    *_cases("hubspot", "skip_record", CRM_ADMIN, "its message says why", "SOME_NEW_CODE"),
]
BEHIND_A_TRIGGER = Case(
    crm="salesforce",
    code="CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
    action="retry",
    mended_by=NOBODY,
    cause="Somebody else was changing the record",
    heals=NEXT_RUN,
    also_says=" (a trigger met UNABLE_TO_LOCK_ROW)",
)
"""A trigger that only met a lock is tried again as a lock is."""

CASES = (*SALESFORCE, *HUBSPOT, *UNHEARD_OF, BEHIND_A_TRIGGER)
