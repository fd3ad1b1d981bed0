"""HubSpot's refusals as the port's errors and outcomes: one table for whole calls, one for rows of a batch.

Station: HubSpot adapter; asked by the client for failed calls and by write and tasks for failed rows. Vendor exceptions end here.
Category and code names: HubSpot developer documentation "Handling errors", and property validation errors in public reports (2026-11).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connector.ports.crm import Refusal
from connector.ports.errors import Action, CrmAuth, CrmError, CrmField, CrmLimit, CrmRefused, CrmUnreachable

CRM_ADMIN = "admin of the CRM"
MAPPING_ADMIN = "admin of the mapping"
RECORD_OWNER = "owner of the record"
NOBODY = "nobody"

LONGEST_MESSAGE = 500


@dataclass(frozen=True, slots=True)
class RowRule:
    """What a refused row means: our action, the cause in words, and who mends it."""

    action: Action
    cause: str
    mended_by: str


_GONE = RowRule(Action.SKIP_RECORD, "The record was deleted in HubSpot, or merged into another one.", NOBODY)
_NO_PROPERTY = RowRule(Action.FIX_MAPPING, "HubSpot has no such property; run hotlead install, or map another one.", MAPPING_ADMIN)
_READ_ONLY = RowRule(Action.FIX_MAPPING, "HubSpot sets this property itself and lets nobody write it.", MAPPING_ADMIN)
_BAD_VALUE = RowRule(Action.FIX_MAPPING, "The value does not suit the property's type or options in HubSpot.", MAPPING_ADMIN)
_TOO_LONG = RowRule(Action.FIX_MAPPING, "The value is longer than HubSpot lets this property be.", MAPPING_ADMIN)
_TAKEN = RowRule(Action.SKIP_RECORD, "Another record holds this value of a property that must be unique.", RECORD_OWNER)
_RULE = RowRule(Action.SKIP_RECORD, "A validation rule of the portal refuses the record as it is.", CRM_ADMIN)
_FORBIDDEN = RowRule(Action.RECONNECT, "The key lacks a scope, or its user a permission, for this record.", CRM_ADMIN)
_LATER = RowRule(Action.RETRY, "HubSpot could not do it just now.", NOBODY)
_UNKNOWN = RowRule(Action.SKIP_RECORD, "HubSpot refuses this record; its message says why.", CRM_ADMIN)
_STUCK_STAGE = RowRule(
    Action.SKIP_RECORD,
    "HubSpot moves a lifecycle stage forward only and left it as it was; the other fields were written.",
    RECORD_OWNER,
)

ROW_RULES: Mapping[str, RowRule] = {
    "OBJECT_NOT_FOUND": _GONE,
    "NOT_FOUND": _GONE,
    "OBJECT_ALREADY_DELETED": _GONE,
    "PROPERTY_DOESNT_EXIST": _NO_PROPERTY,
    "READ_ONLY_VALUE": _READ_ONLY,
    "PROPERTY_READ_ONLY": _READ_ONLY,
    "INVALID_OPTION": _BAD_VALUE,
    "INVALID_INTEGER": _BAD_VALUE,
    "INVALID_LONG": _BAD_VALUE,
    "INVALID_NUMBER": _BAD_VALUE,
    "INVALID_NUMERIC": _BAD_VALUE,
    "INVALID_DATE": _BAD_VALUE,
    "INVALID_DATE_FORMAT": _BAD_VALUE,
    "INVALID_BOOLEAN": _BAD_VALUE,
    "INVALID_EMAIL": _BAD_VALUE,
    "INVALID_OWNER_ID": _BAD_VALUE,
    "INVALID_OBJECT_PROPERTY_VALUE": _BAD_VALUE,
    "VALUE_TOO_LONG": _TOO_LONG,
    "PROPERTY_VALUE_TOO_LONG": _TOO_LONG,
    "LENGTH_EXCEEDED": _TOO_LONG,
    "CONFLICT": _TAKEN,
    "CONFLICTING_UNIQUE_VALUE": _TAKEN,
    "VALUE_ALREADY_EXISTS": _TAKEN,
    "UNIQUE_VALUE_CONFLICT": _TAKEN,
    "VALIDATION_ERROR": _RULE,
    "REQUIRED_PROPERTY_MISSING": _RULE,
    "REQUIRED_PROPERTIES_MISSING": _RULE,
    "MISSING_SCOPES": _FORBIDDEN,
    "USER_DOES_NOT_HAVE_PERMISSIONS": _FORBIDDEN,
    "FORBIDDEN": _FORBIDDEN,
    "RATE_LIMITS": _LATER,
    "RATE_LIMIT": _LATER,
    "INTERNAL_ERROR": _LATER,
    "LOCKED": _LATER,
    "NO_RESULT": _LATER,
    "LIFECYCLE_STAGE_UNMOVED": _STUCK_STAGE,
}
"""By HubSpot's most exact word for it: a property's error code, else subCategory, else category. `NO_RESULT` and
`LIFECYCLE_STAGE_UNMOVED` are ours, for what HubSpot leaves out without a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """What HubSpot's error body says, in its own words."""

    code: str
    message: str
    field: str = ""
    fields: tuple[str, ...] = ()
    """Every property the body names."""


class Answered(Exception):
    """What HubSpot answered; stands as the cause of the error made of it, for those who send rows and want its own words."""

    def __init__(self, complaint: Complaint) -> None:
        super().__init__(complaint.code)
        self.complaint = complaint


def read_complaint(body: object, *, status: int = 0) -> Complaint:
    """The most exact code, the message and the properties named in an error body or in one entry of a batch's `errors`."""
    if not isinstance(body, Mapping):
        return Complaint(code=f"HTTP_{status}", message=str(body or "")[:LONGEST_MESSAGE])
    message = str(body.get("message") or "")
    details = [detail for detail in body.get("errors") or () if isinstance(detail, Mapping)]
    inside = _inside(message)
    details += inside
    named = tuple(dict.fromkeys(name for detail in (body, *details) for name in _names(detail)))
    codes = [str(detail.get("code") or detail.get("error") or "") for detail in details]
    words = [*codes, _word(body.get("subCategory")), str(body.get("category") or ""), str(body.get("errorType") or "")]
    known = [word for word in words if word in ROW_RULES and word != "VALIDATION_ERROR"]
    code = next(iter(known), next((word for word in words if word), f"HTTP_{status}"))
    said = str(inside[0].get("message") or message) if inside else message
    scopes = [scope for detail in (body, *details) for scope in _scopes(detail)]
    said += f" One of these scopes is needed: {', '.join(dict.fromkeys(scopes))}." if scopes else ""
    return Complaint(code=code, message=said[:LONGEST_MESSAGE], field=named[0] if named else "", fields=named)


def refusal(complaint: Complaint) -> Refusal:
    """The outcome of a refused row, by the table."""
    rule = ROW_RULES.get(complaint.code, _UNKNOWN)
    return Refusal(
        action=rule.action,
        code=complaint.code,
        message=complaint.message,
        cause=rule.cause,
        mended_by=rule.mended_by,
        field=complaint.field,
    )


def call_error(complaint: Complaint, *, status: int, connection: str, what: str, until: datetime | None = None) -> CrmError:
    """The port's error for a call that HubSpot answered with `status`, caused by `Answered`. `what` names the call without ids."""
    error = _call_error(complaint, status=status, connection=connection, what=what, until=until)
    error.__cause__ = Answered(complaint)
    return error


def complaint_of(refused: CrmError) -> Complaint:
    """HubSpot's own words behind an error made by `call_error`."""
    cause = refused.__cause__
    return cause.complaint if isinstance(cause, Answered) else Complaint(code=refused.code, message=str(refused))


def _call_error(complaint: Complaint, *, status: int, connection: str, what: str, until: datetime | None) -> CrmError:
    said = f'HubSpot "{connection}": {what} was answered {status} {complaint.code}: {complaint.message}'.rstrip(": ")
    if status == 401:
        return CrmAuth(
            said,
            connection=connection,
            code=complaint.code,
            hint="The service key or token is wrong, expired or revoked: make a new one in HubSpot and run hotlead connect again.",
        )
    if status == 403:
        return CrmAuth(
            said,
            connection=connection,
            code=complaint.code,
            hint="An admin of the portal adds the scope to the key (README lists them), or the portal's tier does not include this.",
        )
    if status in (429, 477):
        return CrmLimit(
            said, connection=connection, code=complaint.code, hint="Give the command again then; it goes on where it stood.", until=until
        )
    if status == 423 or status >= 500:
        return CrmUnreachable(
            said, connection=connection, code=complaint.code, hint="Give the command again in a while; it goes on where it stood."
        )
    rule = ROW_RULES.get(complaint.code)
    if complaint.field or (rule is not None and rule.action is Action.FIX_MAPPING):
        return CrmField(
            said,
            connection=connection,
            code=complaint.code,
            hint=rule.cause if rule else "Look at this property in HubSpot and in the mapping.",
            field=complaint.field,
        )
    return CrmRefused(said, connection=connection, code=complaint.code, hint="HubSpot's message says what to change.")


HOST = "api.hubapi.com (or the base_url that was set)"
_IN_WORDS = {
    "NewConnectionError": "nobody takes a connection there",
    "NameResolutionError": "the host's name is not known here",
    "ConnectTimeoutError": "no connection in time",
    "ReadTimeoutError": "no answer in time",
}
"""What urllib3's names for a failure mean."""


def unreachable(failure: BaseException | str, *, connection: str, what: str) -> CrmUnreachable:
    """The port's error for a call without a usable answer."""
    name = failure if isinstance(failure, str) else type(_root(failure)).__name__
    if "SSL" in name or "Certificate" in name:
        hint = "The TLS certificate was not accepted: look at the machine's certificates, clock and proxy."
    else:
        hint = f"See whether this machine reaches {HOST}; then give the command again, it goes on where it stood."
    return CrmUnreachable(
        f'HubSpot "{connection}": no usable answer to {what} ({_IN_WORDS.get(name, name)}).', connection=connection, code=name, hint=hint
    )


def _root(failure: BaseException) -> BaseException:
    """The innermost reason that urllib3 wrapped."""
    reason = getattr(failure, "reason", None)
    return _root(reason) if isinstance(reason, BaseException) else failure


def _inside(message: str) -> list[Mapping[str, Any]]:
    """Property errors that HubSpot puts as JSON inside its sentence: `Property values were not valid: [{…}]`."""
    start = message.find("[{")
    if start < 0:
        return []
    try:
        listed, _ = json.JSONDecoder().raw_decode(message[start:])
    except ValueError:
        return []
    return [entry for entry in listed if isinstance(entry, Mapping)]


def _names(detail: Mapping[str, Any]) -> list[str]:
    """Properties that one entry of an error body names."""
    context = detail.get("context")
    listed = context.get("propertyName") or context.get("properties") if isinstance(context, Mapping) else None
    names = [str(name) for name in listed] if isinstance(listed, list) else []
    return [*names, str(detail["name"])] if "isValid" in detail and detail.get("name") else names


def _scopes(detail: Mapping[str, Any]) -> list[str]:
    """Scopes that one entry of an error body asks for."""
    context = detail.get("context")
    listed = context.get("requiredGranularScopes") or context.get("missingScopes") if isinstance(context, Mapping) else None
    return [str(scope) for scope in listed] if isinstance(listed, list) else []


def _word(text: object) -> str:
    """The last word of a subCategory: `crm.associations.NO_ASSOCIATIONS_FOUND` is NO_ASSOCIATIONS_FOUND."""
    return str(text).rsplit(".", 1)[-1] if isinstance(text, str) else ""
