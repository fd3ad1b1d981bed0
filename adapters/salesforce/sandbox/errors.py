"""What the sandbox refuses, in the API's own words.

Station: Salesforce sandbox. `ApiRefusal` ends a request; `RowRefusal` ends one row of it, which a single-record call
turns into the whole answer and a collection call into that row's result.
"""

from __future__ import annotations

from typing import Any

ROW_STATUS = {"ENTITY_IS_DELETED": 404, "NOT_FOUND": 404, "INSUFFICIENT_ACCESS_OR_READONLY": 403}
"""HTTP status of a single-record call by row error code; every other code is 400."""


class ApiRefusal(Exception):
    """A request answered with an error body: a list of one {message, errorCode}."""

    def __init__(self, status: int, code: str, message: str, fields: tuple[str, ...] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.fields = fields

    def body(self) -> list[dict[str, Any]]:
        """The documented error body."""
        error: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            error["fields"] = list(self.fields)
        return [error]


class RowRefusal(Exception):
    """One record refused, with the fields at fault."""

    def __init__(self, code: str, message: str, fields: tuple[str, ...] = ()) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.fields = fields

    def entry(self) -> dict[str, Any]:
        """The row's entry in a collection result's `errors`."""
        return {"statusCode": self.code, "message": self.message, "fields": list(self.fields)}

    def as_refusal(self) -> ApiRefusal:
        """The same as the answer of a single-record call."""
        is_about_itself = self.code == "INVALID_CROSS_REFERENCE_KEY" and not self.fields
        status = 404 if is_about_itself else ROW_STATUS.get(self.code, 400)
        return ApiRefusal(status, self.code, self.message, self.fields)


def malformed_query(message: str) -> ApiRefusal:
    """400 MALFORMED_QUERY."""
    return ApiRefusal(400, "MALFORMED_QUERY", message)


def no_such_column(query: str, position: int, field: str, entity: str) -> ApiRefusal:
    """400 INVALID_FIELD with the excerpt, caret, row and column that the real API shows."""
    return ApiRefusal(
        400,
        "INVALID_FIELD",
        f"{pointer(query, position)}\nNo such column '{field}' on entity '{entity}'. If you are attempting to use a "
        "custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the "
        "describe call for the appropriate names.",
    )


def pointer(query: str, position: int) -> str:
    """An excerpt of `query` around `position` (0-based) with a caret below it, and the row and column."""
    before = query[:position]
    row = before.count("\n") + 1
    column = position - (before.rfind("\n") + 1) + 1
    start = max(0, position - 40)
    excerpt = query[start : position + 40].replace("\n", " ")
    return f"\n{excerpt}\n{' ' * (position - start)}^\nERROR at Row:{row}:Column:{column}"
