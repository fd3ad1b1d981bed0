"""What a caller sent, taken apart with care: every shape HubSpot would refuse becomes its 400, never a crash.

Station: HubSpot sandbox, between a JSON body and the views.
"""

from __future__ import annotations

from typing import Any

from adapters.hubspot.sandbox.errors import invalid_request

_MOST_DIGITS = 18
"""A record id has at most so many digits; more would not fit 64 bits."""


def record_number(text: str) -> int | None:
    """The number behind a record id; None for what cannot be one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else None


def record_id(given: Any) -> int:
    """The number behind a record id. Raises ApiFault (400)."""
    found = record_number("" if given is None else str(given))
    if found is None:
        raise invalid_request(f"Invalid record id {given!r}: it must be a whole number.")
    return found


def whole_number(given: Any, name: str) -> int:
    """A whole number, also written as text, sign allowed. Raises ApiFault (400)."""
    text = str(given)
    if isinstance(given, bool) or record_number(text.removeprefix("-")) is None:
        raise invalid_request(f"Invalid value for {name}: {given!r} is not a whole number.")
    return int(text)


def mapping(given: Any, name: str) -> dict[str, Any]:
    """A JSON object. Raises ApiFault (400)."""
    if not isinstance(given, dict):
        raise invalid_request(f"Invalid input JSON: {name} must be an object")
    return given


def mappings(given: Any, name: str, *, most: int | None = None, may_be_empty: bool = True) -> list[dict[str, Any]]:
    """A list of JSON objects; nothing is an empty one. Raises ApiFault (400), also for more than `most`."""
    listed = [] if given is None else given
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise invalid_request(f"Invalid input JSON: {name} must be a list of objects")
    if not listed and not may_be_empty:
        raise invalid_request(f"Invalid input JSON: {name} must not be empty")
    if most is not None and len(listed) > most:
        raise invalid_request(f"The maximum number of {name} supported here is {most:,}; {len(listed):,} were sent.")
    return listed


def names(given: Any, name: str) -> list[str]:
    """A list of names; nothing is an empty one. Raises ApiFault (400)."""
    listed = [] if given is None else given
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise invalid_request(f"Invalid input JSON: {name} must be a list of names")
    return listed


def type_ids(given: Any, name: str = "types") -> list[int]:
    """The ids of a list of association types, at least one. Raises ApiFault (400)."""
    listed = mappings(given, name, may_be_empty=False)
    return [whole_number(one.get("associationTypeId"), "associationTypeId") for one in listed]
