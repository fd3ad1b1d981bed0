"""HubSpot's refusals: status, category and body of each, as the documentation and public reports show them.

Station: HubSpot sandbox, ground. A view raises `ApiFault`; the app turns it into the reply. Every body carries a
correlationId.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Body = dict[str, Any]


class ApiFault(Exception):
    """A refusal on its way to the caller."""

    def __init__(self, status: int, body: Body, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(body.get("message", ""))
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyProblem:
    """Why one property value was refused. `code` is HubSpot's, e.g. PROPERTY_DOESNT_EXIST."""

    name: str
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRefusal:
    """Why one row of a batch was refused; `context` names the row."""

    category: str
    message: str
    context: Mapping[str, Sequence[str]]
    errors: tuple[Mapping[str, Any], ...] = ()
    sub_category: str = field(default="")

    def body(self) -> Body:
        """The entry of a 207 reply's `errors`."""
        entry: Body = {"status": "error", "id": str(uuid.uuid4()), "category": self.category, "message": self.message}
        if self.sub_category:
            entry["subCategory"] = self.sub_category
        entry["context"] = {key: list(values) for key, values in self.context.items()}
        if self.errors:
            entry["errors"] = [dict(error) for error in self.errors]
        return entry


def fault(status: int, message: str, category: str = "", **extra: Any) -> ApiFault:
    """A refusal with HubSpot's common body: status, message, correlationId, category, and whatever `extra` names."""
    body: Body = {"status": "error", "message": message, "correlationId": str(uuid.uuid4())}
    if category:
        body["category"] = category
    return ApiFault(status, body | extra)


def invalid_request(message: str, **extra: Any) -> ApiFault:
    """400 VALIDATION_ERROR with that message."""
    return fault(400, message, "VALIDATION_ERROR", **extra)


def not_found(message: str = "resource not found") -> ApiFault:
    """404 OBJECT_NOT_FOUND."""
    return fault(404, message, "OBJECT_NOT_FOUND")


def problems_message(problems: Sequence[PropertyProblem]) -> str:
    """The sentence with JSON inside that HubSpot sends when property values were refused."""
    listed = [
        {
            "isValid": False,
            "message": problem.message,
            "error": problem.code,
            "name": problem.name,
            "localizedErrorMessage": problem.message,
        }
        for problem in problems
    ]
    return "Property values were not valid: " + json.dumps(listed, ensure_ascii=False, separators=(",", ":"))


def problem_errors(problems: Sequence[PropertyProblem]) -> list[Body]:
    """The `errors` list that goes with `problems_message`."""
    return [{"message": problem.message, "code": problem.code, "context": {"propertyName": [problem.name]}} for problem in problems]


def invalid_properties(problems: Sequence[PropertyProblem]) -> ApiFault:
    """400 VALIDATION_ERROR for property values that were refused."""
    return fault(400, problems_message(problems), "VALIDATION_ERROR", errors=problem_errors(problems))


def no_credentials() -> ApiFault:
    """401 for a call without a bearer token."""
    message = (
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more "
        "details at https://developers.hubspot.com/docs/methods/auth/oauth-overview"
    )
    return fault(401, message, "INVALID_AUTHENTICATION")


def invalid_token() -> ApiFault:
    """401 for a token this portal never gave out."""
    message = (
        "Authentication credentials not found. The access token provided is invalid or has been revoked. "
        "Check the token, and that it belongs to this account."
    )
    return fault(401, message, "INVALID_AUTHENTICATION")


def expired_token(hours: int = 1) -> ApiFault:
    """401 for a token whose time is over."""
    return fault(401, f"The OAuth token used to make this call expired {hours} hour(s) ago.", "EXPIRED_AUTHENTICATION")


def missing_scopes(scopes: Sequence[str]) -> ApiFault:
    """403 MISSING_SCOPES; any one of `scopes` would do."""
    message = (
        "This app hasn't been granted all required scopes to make this call. Read more about required scopes here: "
        "https://developers.hubspot.com/scopes."
    )
    return fault(
        403,
        message,
        "MISSING_SCOPES",
        errors=[
            {
                "message": "One or more of the following scopes are required.",
                "context": {"requiredGranularScopes": list(scopes)},
            }
        ],
        links={"scopes": "https://developers.hubspot.com/scopes"},
    )


def rate_limited(policy: str, headers: Mapping[str, str]) -> ApiFault:
    """429 of one policy: DAILY, SECONDLY or TEN_SECONDLY_ROLLING. HubSpot sends no Retry-After with it."""
    words = {"DAILY": "daily", "SECONDLY": "secondly", "TEN_SECONDLY_ROLLING": "ten_secondly_rolling"}
    body = {
        "status": "error",
        "message": f"You have reached your {words[policy]} limit.",
        "errorType": "RATE_LIMIT",
        "correlationId": str(uuid.uuid4()),
        "policyName": policy,
        "requestId": str(uuid.uuid4()),
    }
    return ApiFault(429, body, headers)
