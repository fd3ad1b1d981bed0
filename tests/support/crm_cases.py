"""What the contract suite needs to know of each CRM. Station: tests, support.

A CRM joins the suite by one entry in `CASES`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from adapters.kit.clock import Clock
from connector.ports.errors import Action
from tests.support.clocks import HurriedClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """A way the CRM refuses one row, and what the port must make of it."""

    code: str
    message: str
    action: Action
    mended_by: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CrmCase:
    """The words of one CRM that the suite needs."""

    crm: str
    people: int
    page_rows: int
    """Rows of one page of `contact`; the sandbox must hold more than that of them."""
    contact: str
    contact_fields: tuple[str, ...]
    email_field: str
    text_field: str
    """A plain text field of contacts that people and the API may write from the start."""
    new_contact: Callable[[str], Mapping[str, Any]]
    """Field values with which a person makes a contact of this last name."""
    deal: str
    deal_fields: tuple[str, ...]
    deal_contact: str
    activity: str
    activity_fields: tuple[str, ...]
    activity_since: str
    """The datetime field of activities that bounds a first load; one of `activity_fields`."""
    missing_field: str
    missing_source: str
    score_field: str
    reasons_field: str
    """Fields that `install` makes on `contact`."""
    task_source: str
    task_key_field: str
    task_done: Mapping[str, Any]
    """Field values with which a person completes a task."""
    look_up_path: str
    """Path glob of the call that looks tasks up by their keys."""
    secret_setting: str
    token_path: str
    """Path glob of the call that gives a token; empty where there is none."""
    read_path: str
    write_path: str
    task_path: str
    write_calls: Callable[[Mapping[str, int]], int]
    """How many calls of a counters answer were batch writes of contacts."""
    reread_calls: Callable[[int], int]
    """The fewest calls that re-read so many deals with the people of each."""
    subscription: Mapping[str, Any]
    """What makes the sandbox push every save of a contact, beside the address."""
    denials: tuple[Denial, ...]
    fault_limit: Mapping[str, Any] = field(default_factory=dict)
    """A `status` fault that says: too many calls just now, come back soon."""
    hook_secret: str = ""
    """What the sandbox signs with."""
    options: tuple[str, ...] = ()
    record: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict
    """Field values of a raw record as `Sandbox.record` gives it."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Settings for speed, beyond what `sandbox_settings` gives."""
    clock: Clock | None = None
    """What the adapter sleeps by, where its kind takes one: retries then need no real time."""


SALESFORCE = CrmCase(
    crm="salesforce",
    people=5000,
    page_rows=2000,
    contact="Lead",
    contact_fields=("Email", "LastName", "Company", "Title"),
    email_field="Email",
    text_field="Title",
    new_contact=lambda last_name: {"LastName": last_name, "Company": "Contract Ltd", "Email": f"{last_name.lower()}@contract.test"},
    deal="Opportunity",
    deal_fields=("Name", "StageName"),
    deal_contact="Contact",
    activity="Task",
    activity_fields=("Subject", "CreatedDate"),
    activity_since="CreatedDate",
    missing_field="No_Such__c",
    missing_source="No_Such_Object__c",
    score_field="Hotlead_Score__c",
    reasons_field="Hotlead_Reasons__c",
    task_source="Task",
    task_key_field="Hotlead_Key__c",
    task_done={"Status": "Completed"},
    look_up_path="*/queryAll",
    secret_setting="client_secret",
    token_path="/services/oauth2/token",
    read_path="*/queryAll",
    write_path="*/composite/sobjects",
    task_path="*/composite/sobjects/Task/*",
    write_calls=lambda calls: calls.get("PATCH /services/data/<version>/composite/sobjects", 0),
    reread_calls=lambda rows: ceil(rows / 400),
    subscription={"object": "Lead", "fields": ["Email"], "when": "create_or_update", "include_session_id": True},
    denials=(
        Denial(
            code="FIELD_CUSTOM_VALIDATION_EXCEPTION",
            message="Phone must be set.",
            action=Action.SKIP_RECORD,
            mended_by="owner of the record",
        ),
        Denial(
            code="INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            message="bad value",
            action=Action.FIX_MAPPING,
            mended_by="admin of the mapping",
            fields=("Rating",),
        ),
        Denial(
            code="INVALID_FIELD_FOR_INSERT_UPDATE",
            message="Unable to create/update fields: Title.",
            action=Action.FIX_MAPPING,
            mended_by="admin of the CRM",
            fields=("Title",),
        ),
        Denial(
            code="CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            message="LeadTrigger: execution of BeforeUpdate caused by: System.NullPointerException",
            action=Action.SKIP_RECORD,
            mended_by="admin of the CRM",
        ),
        Denial(
            code="STRING_TOO_LONG",
            message="Title: data value too large",
            action=Action.FIX_MAPPING,
            mended_by="admin of the mapping",
            fields=("Title",),
        ),
        Denial(code="SOME_NEW_CODE", message="never seen before", action=Action.SKIP_RECORD, mended_by="admin of the CRM"),
    ),
    settings={"timeout_s": "3"},
    clock=HurriedClock(),
)

HUBSPOT = CrmCase(
    crm="hubspot",
    people=500,
    page_rows=100,
    contact="contacts",
    contact_fields=("email", "lastname", "company", "jobtitle"),
    email_field="email",
    text_field="jobtitle",
    new_contact=lambda last_name: {"lastname": last_name, "company": "Contract Ltd", "email": f"{last_name.lower()}@contract.test"},
    deal="deals",
    deal_fields=("dealname", "dealstage"),
    deal_contact="contacts",
    activity="calls",
    activity_fields=("hs_call_title", "hs_timestamp"),
    activity_since="hs_timestamp",
    missing_field="no_such_property",
    missing_source="no_such_objects",
    score_field="hotlead_score",
    reasons_field="hotlead_reasons",
    task_source="tasks",
    task_key_field="hotlead_key",
    task_done={"hs_task_status": "COMPLETED"},
    look_up_path="*/objects/tasks/batch/read",
    secret_setting="token",
    token_path="",
    read_path="*/objects/contacts",
    write_path="*/objects/contacts/batch/update",
    task_path="*/objects/tasks/batch/*",
    write_calls=lambda calls: calls.get("POST /crm/v3/objects/<kind>/batch/update", 0),
    reread_calls=lambda rows: ceil(rows / 100) + ceil(rows / 1000),
    subscription={
        "secret": "app-secret-ü",
        "stamps": "real",
        "subscriptions": [
            {"subscriptionType": "contact.creation"},
            {"subscriptionType": "object.propertyChange", "objectType": "CONTACT", "propertyName": "jobtitle"},
        ],
    },
    hook_secret="app-secret-ü",
    denials=(
        Denial(
            code="INVALID_OPTION",
            message="Z9 was not one of the allowed options",
            action=Action.FIX_MAPPING,
            mended_by="admin of the mapping",
            fields=("hotlead_grade",),
        ),
        Denial(
            code="PROPERTY_DOESNT_EXIST",
            message='Property "no_such" does not exist',
            action=Action.FIX_MAPPING,
            mended_by="admin of the mapping",
            fields=("no_such",),
        ),
        Denial(
            code="READ_ONLY_VALUE",
            message="createdate is a read only property",
            action=Action.FIX_MAPPING,
            mended_by="admin of the mapping",
            fields=("createdate",),
        ),
        Denial(code="OBJECT_NOT_FOUND", message="Could not get some CONTACT objects", action=Action.SKIP_RECORD, mended_by="nobody"),
        Denial(code="CONFLICT", message="another record has that value", action=Action.SKIP_RECORD, mended_by="owner of the record"),
        Denial(code="VALIDATION_ERROR", message="Phone number is required", action=Action.SKIP_RECORD, mended_by="admin of the CRM"),
        Denial(code="INTERNAL_ERROR", message="internal error", action=Action.RETRY, mended_by="nobody"),
        Denial(code="SOME_NEW_CODE", message="never seen before", action=Action.SKIP_RECORD, mended_by="admin of the CRM"),
    ),
    fault_limit={
        "status": 429,
        "body": {"status": "error", "errorType": "RATE_LIMIT", "policyName": "SECONDLY", "message": "secondly limit"},
    },
    options=("--burst", "0", "--search-rate", "0", "--alone"),
    record=lambda raw: raw["properties"],
    settings={"timeout_s": "3", "calls_per_10s": "off", "searches_per_second": "off"},
)

CASES: Mapping[str, CrmCase] = {case.crm: case for case in (SALESFORCE, HUBSPOT)}
