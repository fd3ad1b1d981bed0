"""What HubSpot makes of a property value it is given: the stored text, null, or a refusal with HubSpot's code.

Station: HubSpot sandbox, pure rules. Values are stored as v3 replies send them: text, never numbers; nothing for empty.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from adapters.hubspot.sandbox.catalogue import Property
from adapters.hubspot.sandbox.errors import PropertyProblem
from adapters.hubspot.sandbox.stamps import iso, parse_instant

MAX_TEXT = 65_536
"""Characters a text property takes. Source: HubSpot knowledge base on property limits (single and multi-line text)."""

DAY_MS = 86_400_000

ExternalOptions = Callable[[str], "frozenset[str] | None"]
"""Values allowed for a property whose options live elsewhere; None when anything goes."""


class RefusedValueError(ValueError):
    """A value HubSpot refuses; `problem` says why."""

    def __init__(self, problem: PropertyProblem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def _refuse(found: Property, code: str, message: str) -> RefusedValueError:
    return RefusedValueError(PropertyProblem(name=found.name, code=code, message=message))


def stored_value(found: Property, given: Any, external: ExternalOptions) -> str | None:
    """The text kept for `given`, or None when it clears the property ("" or null). Raises RefusedValueError."""
    if isinstance(given, (list, dict)):
        raise _refuse(found, "INVALID_TYPE", f"{found.name} takes a text, a number or true/false")
    text = _as_text(given)
    if not text.strip():
        return None
    return _BY_TYPE.get(found.type, _string)(found, text, external)


def _as_text(given: Any) -> str:
    if given is None:
        return ""
    if isinstance(given, bool):
        return "true" if given else "false"
    return str(given)


def _string(found: Property, text: str, _external: ExternalOptions) -> str:
    if len(text) > MAX_TEXT:
        message = f"The value of {found.name} is {len(text)} characters long; it may be {MAX_TEXT}."
        raise _refuse(found, "PROPERTY_VALUE_TOO_LONG", message)
    if found.name == "email":
        address = text.strip().lower()
        if address.count("@") != 1 or address.startswith("@") or "." not in address.split("@")[1] or " " in address:
            raise _refuse(found, "INVALID_EMAIL", f"Email address {text} is invalid")
        return address
    return text


def _number(found: Property, text: str, _external: ExternalOptions) -> str:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        raise _refuse(found, "INVALID_INTEGER", f"{text} was not a valid number.") from None
    if not number.is_finite():
        raise _refuse(found, "INVALID_INTEGER", f"{text} was not a valid number.")
    plain = format(number, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _datetime(found: Property, text: str, _external: ExternalOptions) -> str:
    try:
        return iso(parse_instant(text))
    except (ValueError, OverflowError):
        raise _refuse(found, "INVALID_LONG", f"{text} was not a valid long.") from None


def _date(found: Property, text: str, _external: ExternalOptions) -> str:
    try:
        ms = parse_instant(text)
    except (ValueError, OverflowError):
        raise _refuse(found, "INVALID_LONG", f"{text} was not a valid long.") from None
    if ms % DAY_MS:
        clock = iso(ms)[11:23]
        raise _refuse(found, "INVALID_DATE", f"{text} is at {clock} UTC, not midnight!")
    return iso(ms)[:10]


def _bool(found: Property, text: str, _external: ExternalOptions) -> str:
    lowered = text.strip().lower()
    if lowered not in ("true", "false"):
        raise _refuse(found, "INVALID_OPTION", f"{text} was not one of the allowed options: [true, false]")
    return lowered


def _enumeration(found: Property, text: str, external: ExternalOptions) -> str:
    allowed = external(found.name) if found.external else frozenset(option.value for option in found.options)
    wanted = [part for part in text.split(";") if part] if found.takes_many else [text]
    for part in wanted:
        if allowed is not None and part not in allowed:
            listed = ", ".join(option.value for option in found.options) or ", ".join(sorted(allowed))
            raise _refuse(found, "INVALID_OPTION", f"{part} was not one of the allowed options: [{listed}]")
    return ";".join(wanted)


_BY_TYPE: Mapping[str, Callable[[Property, str, ExternalOptions], str]] = {
    "string": _string,
    "number": _number,
    "datetime": _datetime,
    "date": _date,
    "bool": _bool,
    "enumeration": _enumeration,
}


def checked(
    given: Mapping[str, Any],
    find: Callable[[str], Property | None],
    external: ExternalOptions,
    *,
    may_write_read_only: bool = False,
) -> tuple[dict[str, str | None], list[PropertyProblem]]:
    """The stored values of `given`, and every problem in it: unknown, read-only and invalid properties."""
    kept: dict[str, str | None] = {}
    problems: list[PropertyProblem] = []
    for name, value in given.items():
        found = find(name)
        if found is None:
            message = f'Property "{name}" does not exist'
            problems.append(PropertyProblem(name=name, code="PROPERTY_DOESNT_EXIST", message=message))
        elif found.read_only and not may_write_read_only:
            message = f'"{name}" is a read only property; its value cannot be set.'
            problems.append(PropertyProblem(name=name, code="READ_ONLY_VALUE", message=message))
        else:
            try:
                kept[name] = stored_value(found, value, external)
            except RefusedValueError as refused:
                problems.append(refused.problem)
    return kept, problems
