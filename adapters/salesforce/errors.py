"""Turns every way Salesforce can fail into the port's errors and refusals, by tables.

Station: used by every file of this folder; no vendor or transport exception leaves it. The action of each code is our own judgement; the
codes are those of the "SOAP API Developer Guide", Core Data Types, StatusCode and ExceptionCode.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests

from adapters.kit.redaction import Secret, scrub
from adapters.kit.retry import Transient
from connector.core.records import RecordKey
from connector.ports.crm import Refusal
from connector.ports.errors import Action, CrmAuth, CrmError, CrmField, CrmLimit, CrmRefused, CrmUnreachable

CRM_ADMIN = "admin of the CRM"
MAPPING_ADMIN = "admin of the mapping"
RECORD_OWNER = "owner of the record"
NOBODY = "nobody"

PERMISSION_SET = "Hotlead_Integration"
"""The permission set that `hotlead install` makes for the API user."""

LONGEST_MESSAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a row's status code means and who can mend it."""

    action: Action
    cause: str
    mended_by: str


_LOCKED = Meaning(action=Action.RETRY, cause="Somebody else was changing the record or its account, five tries long.", mended_by=NOBODY)
_GONE = Meaning(action=Action.SKIP_RECORD, cause="The record is deleted, merged or cannot be seen.", mended_by=NOBODY)
_HIDDEN = Meaning(
    action=Action.FIX_MAPPING,
    cause=f"The API user may not write the field: it is missing, read-only, or not granted by the permission set {PERMISSION_SET}.",
    mended_by=CRM_ADMIN,
)
_VALUE = Meaning(action=Action.FIX_MAPPING, cause="The field does not take such a value.", mended_by=MAPPING_ADMIN)
_RULE = Meaning(action=Action.SKIP_RECORD, cause="A rule of the org refuses the record as it stands.", mended_by=RECORD_OWNER)
_AUTOMATION = Meaning(action=Action.SKIP_RECORD, cause="An automation of the org (Apex trigger or flow) failed.", mended_by=CRM_ADMIN)
_ACCESS = Meaning(
    action=Action.SKIP_RECORD, cause="The API user may see the record but not edit it: sharing or object permission.", mended_by=CRM_ADMIN
)

ROWS: Mapping[str, Meaning] = {
    "UNABLE_TO_LOCK_ROW": _LOCKED,
    "ENTITY_IS_DELETED": _GONE,
    "INVALID_CROSS_REFERENCE_KEY": _GONE,
    "NOT_FOUND": _GONE,
    "MALFORMED_ID": _GONE,
    "CANNOT_UPDATE_CONVERTED_LEAD": Meaning(
        action=Action.SKIP_RECORD, cause="The lead has been converted; its contact lives on.", mended_by=NOBODY
    ),
    "INVALID_FIELD": _HIDDEN,
    "INVALID_FIELD_FOR_INSERT_UPDATE": _HIDDEN,
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": _ACCESS,
    "INSUFFICIENT_ACCESS_OR_READONLY": _ACCESS,
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": _AUTOMATION,
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": Meaning(
        action=Action.SKIP_RECORD, cause="A validation rule of the org refuses the record as it stands.", mended_by=RECORD_OWNER
    ),
    "REQUIRED_FIELD_MISSING": Meaning(
        action=Action.SKIP_RECORD, cause="A field the org requires is empty on the record.", mended_by=RECORD_OWNER
    ),
    "FIELD_FILTER_VALIDATION_EXCEPTION": _RULE,
    "FIELD_INTEGRITY_EXCEPTION": _RULE,
    "DUPLICATES_DETECTED": Meaning(
        action=Action.SKIP_RECORD, cause="A duplicate rule of the org blocks saving the record.", mended_by=CRM_ADMIN
    ),
    "DUPLICATE_VALUE": Meaning(action=Action.SKIP_RECORD, cause="Another record holds the same unique value.", mended_by=RECORD_OWNER),
    "STRING_TOO_LONG": _VALUE,
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": Meaning(
        action=Action.FIX_MAPPING, cause="The value is none of the picklist's, for this record's type.", mended_by=MAPPING_ADMIN
    ),
    "BAD_CUSTOM_ENTITY_PARENT_DOMAIN": _RULE,
    "INVALID_TYPE_ON_FIELD_IN_RECORD": _VALUE,
    "JSON_PARSER_ERROR": _VALUE,
    "NUMBER_OUTSIDE_VALID_RANGE": _VALUE,
    "NUM_HISTORY_FIELDS_BY_SOBJECT_EXCEEDED": _RULE,
    "INVALID_EMAIL_ADDRESS": _VALUE,
    "INACTIVE_OWNER_OR_USER": Meaning(action=Action.SKIP_RECORD, cause="The owner is an inactive user.", mended_by=CRM_ADMIN),
    "OPERATION_WITH_INACTIVE_USER_EXCEPTION": Meaning(
        action=Action.SKIP_RECORD, cause="The owner is an inactive user.", mended_by=CRM_ADMIN
    ),
    "TRANSFER_REQUIRES_READ": Meaning(action=Action.SKIP_RECORD, cause="The new owner may not read the record.", mended_by=CRM_ADMIN),
    "STORAGE_LIMIT_EXCEEDED": Meaning(action=Action.STOP, cause="The org's data storage is full.", mended_by=CRM_ADMIN),
    "ENTITY_IS_LOCKED": Meaning(action=Action.SKIP_RECORD, cause="An approval process has locked the record.", mended_by=RECORD_OWNER),
    "LIMIT_EXCEEDED": Meaning(action=Action.RETRY, cause="A limit of the org was met.", mended_by=CRM_ADMIN),
    "UNKNOWN_EXCEPTION": Meaning(action=Action.RETRY, cause="Salesforce failed inside and does not say why.", mended_by=NOBODY),
}
"""By the status code of one row. Anything else is refused for that row and shown."""

_UNKNOWN_ROW = Meaning(action=Action.SKIP_RECORD, cause="Salesforce refused the record.", mended_by=CRM_ADMIN)

GONE_CODES = frozenset({"ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "NOT_FOUND"})
"""Codes after which it is worth asking whether another record took over."""

CONVERTED = "CANNOT_UPDATE_CONVERTED_LEAD"

LOGINS: Mapping[str, str] = {
    "invalid_client_id": "The consumer key is wrong, or the app is not yet known everywhere (Salesforce takes up to 10 minutes).",
    "invalid_client": "The consumer secret is wrong; copy it again from the External Client App.",
    "app_not_found": "The org does not know this app: give the org's My Domain as domain, and check the consumer key.",
    "invalid_grant": "Approve the app for the API user (pre-authorised), set its run-as user; check domain and this machine's clock.",
    "inactive_user": "The API user is inactive; activate it or name another.",
    "inactive_org": "The org is locked or closed.",
    "rate_limit_exceeded": "Too many logins; wait some minutes.",
    "unsupported_grant_type": "Switch the flow on in the app: Enable Client Credentials Flow, or Enable JWT Bearer Flow.",
    "invalid_app_access": "The API user has no access to the app; pre-authorise one of its permission sets.",
}
"""What to do about a refused login, by the error of the token endpoint."""

_REFUSED_AFTER_LOGIN = "Log-in works but its token is refused: check the app's scopes (api) and policies."
_GRANT_IT = "Grant the API user what the message names."
DOORS: Mapping[str, str] = {
    "API_DISABLED_FOR_ORG": "The edition or the API user's profile has no API access: grant API Enabled.",
    "INVALID_SESSION_ID": _REFUSED_AFTER_LOGIN,
    "INVALID_AUTH_HEADER": _REFUSED_AFTER_LOGIN,
    "API_CURRENTLY_DISABLED": _GRANT_IT,
    "FUNCTIONALITY_NOT_ENABLED": _GRANT_IT,
    "FORBIDDEN": _GRANT_IT,
}
"""What to do where the org does not let a whole call in, by its code."""

QUOTA_USED = "REQUEST_LIMIT_EXCEEDED"
FIELD_CODES = frozenset({"INVALID_FIELD", "INVALID_TYPE", "INVALID_FIELD_FOR_INSERT_UPDATE", "INSUFFICIENT_ACCESS"})
"""Codes of a whole call that asks for a field or an object which is not there, or hidden."""


def row_refusal(errors: Sequence[Mapping[str, Any]], *, secrets: Iterable[Secret] = (), survivor: RecordKey | None = None) -> Refusal:
    """Why one row of a collection failed, by its first error."""
    first = errors[0] if errors else {}
    code = str(first.get("statusCode") or first.get("errorCode") or "UNKNOWN")
    message = scrub(str(first.get("message", "")), secrets)[:LONGEST_MESSAGE]
    meaning = ROWS.get(code, _UNKNOWN_ROW)
    if code == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY" and "UNABLE_TO_LOCK_ROW" in message:
        meaning = _LOCKED
    fields = first.get("fields") or []
    return Refusal(
        action=meaning.action,
        code=code,
        message=message,
        cause=meaning.cause,
        mended_by=meaning.mended_by,
        field=str(fields[0]) if fields else field_named(message),
        survivor=survivor,
    )


def is_lock(errors: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a row failed only because somebody else held it, so that a later try may do."""
    return bool(errors) and row_refusal(errors).action is Action.RETRY and "UNABLE_TO_LOCK_ROW" in str(errors[0])


_FIELD_PATTERNS = (
    re.compile(r"No such column '([\w.]+)' on (?:entity|sobject of type) '?(\w+)'?"),
    re.compile(r"Didn't understand relationship '(\w+)' in field path"),
    re.compile(r"No such column '([\w.]+)'"),
)


def field_named(message: str) -> str:
    """The field that a query error speaks of; empty when it names none."""
    for pattern in _FIELD_PATTERNS:
        found = pattern.search(message)
        if found:
            return found[1]
    return ""


def call_refused(*, status: int, body: Any, connection: str, what: str, secrets: Iterable[Secret], until: datetime) -> CrmError:
    """The error for a whole call that Salesforce answered with a refusal. `until` is when a used-up quota is looked at again."""
    code, message = first_error(body)
    message = scrub(message, secrets)[:LONGEST_MESSAGE]
    said = f'Salesforce "{connection}": {what}: {code or status}: {message}'
    if code == QUOTA_USED or status == 429:
        return CrmLimit(
            said,
            connection=connection,
            code=code or str(status),
            until=until,
            hint="Give the command again then; it goes on where it stood.",
        )
    if code in FIELD_CODES:
        return _field_error(said, code=code, message=message, connection=connection)
    if code in DOORS or status == 401:
        return CrmAuth(said, connection=connection, code=code or "401", hint=DOORS.get(code, _REFUSED_AFTER_LOGIN))
    return CrmRefused(said, connection=connection, code=code or str(status), hint="See the message of Salesforce.")


def _field_error(said: str, *, code: str, message: str, connection: str) -> CrmField:
    field = field_named(message)
    hint = (
        f"{field or 'The object'} does not exist or is hidden from the API user: grant it in the permission set {PERMISSION_SET}, "
        "or take it out of the mapping. Fields that begin with Hotlead_ are made by `hotlead install`."
    )
    return CrmField(said, connection=connection, code=code, field=field, hint=hint)


def first_error(body: Any) -> tuple[str, str]:
    """(code, message) of an error body in any of the forms Salesforce uses; empty texts where there is none."""
    if isinstance(body, list):
        body = body[0] if body else {}
    if not isinstance(body, dict):
        return "", ""
    code = body.get("errorCode") or body.get("statusCode") or body.get("error") or ""
    return str(code), str(body.get("message") or body.get("error_description") or "")


def unreachable(*, connection: str, code: str, detail: str = "") -> CrmUnreachable:
    """No good answer: the next try may have one."""
    return CrmUnreachable(
        f'Salesforce "{connection}" gives no answer ({code}{": " + detail if detail else ""}).',
        connection=connection,
        code=code,
        hint="Give the command again in a while; if it stays so, look at status.salesforce.com and at this machine's way to the internet.",
    )


def not_salesforce(*, connection: str, host: str, status: int) -> CrmRefused:
    """Something else answered: a login page, a proxy, a wrong host."""
    return CrmRefused(
        f'Salesforce "{connection}": {host} answers with a page, not with the API (HTTP {status}).',
        connection=connection,
        code="NOT_AN_API",
        hint="Check the setting domain (My Domain, such as acme.my), and whether a proxy stands between.",
    )


def transport_failure(failure: requests.RequestException, *, connection: str, host: str) -> Exception:
    """What to raise for a call that got no answer: a Transient, or an error when another try is idle."""
    if isinstance(failure, requests.exceptions.TooManyRedirects):
        return not_salesforce(connection=connection, host=host, status=302)
    if isinstance(failure, requests.exceptions.SSLError):
        return CrmRefused(
            f'Salesforce "{connection}": the certificate of {host} is not trusted.',
            connection=connection,
            code="TLS",
            hint="Check domain and this machine's clock; behind an inspecting proxy set REQUESTS_CA_BUNDLE to its certificate.",
        )
    if isinstance(failure, requests.exceptions.InvalidURL | requests.exceptions.MissingSchema | requests.exceptions.InvalidHeader):
        return CrmRefused(
            f'Salesforce "{connection}": {host} cannot be called ({type(failure).__name__}).', connection=connection, code="ADDRESS"
        )
    detail = f"host {host} is unknown; is the domain right?" if "NameResolution" in str(failure) else ""
    return Transient(unreachable(connection=connection, code=type(failure).__name__, detail=detail))


def login_refused(*, connection: str, code: str, description: str, secrets: Iterable[Secret]) -> CrmAuth:
    """The error for a login that was answered with no."""
    said = scrub(description, secrets)[:LONGEST_MESSAGE]
    return CrmAuth(
        f'Salesforce "{connection}" refuses the login: {code or "no code"}: {said}',
        connection=connection,
        code=code or "login",
        hint=LOGINS.get(code, "Check consumer key, secret or certificate, and the app's policies."),
    )
