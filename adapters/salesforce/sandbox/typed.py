"""JSON values to what the org keeps, by the field's type and limits.

Station: Salesforce sandbox, pure. A value of the wrong JSON type spoils the whole request, as in the real API; a value
that breaks a limit is refused for its record only.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from adapters.salesforce.sandbox.errors import ApiRefusal, RowRefusal
from adapters.salesforce.sandbox.fields import Field
from adapters.salesforce.sandbox.ids import full_id
from adapters.salesforce.sandbox.moments import parse_date, parse_instant

_EMAIL = re.compile(r"[^@\s,;<>()]+@[^@\s,;<>()]+\.[^@\s,;<>().]{2,}")
_JSON_NAMES = {
    "boolean": "boolean", "int": "int", "double": "double", "currency": "double", "percent": "double",
    "date": "date", "datetime": "datetime",
}  # fmt: skip


def kept_value(field: Field, raw: Any) -> Any:
    """What the org keeps of a JSON value: text, number, 0/1, ISO text, or None (also for empty text).

    Raises ApiRefusal JSON_PARSER_ERROR for the wrong JSON type and RowRefusal for a value beyond the field's limits.
    """
    if raw is None:
        return 0 if field.type == "boolean" else None
    if isinstance(raw, dict | list):
        raise _not_parsed(field, raw)
    if field.type == "boolean":
        return _boolean(field, raw)
    if field.is_number:
        return _number(field, raw)
    if field.type == "date":
        return _date(field, raw)
    if field.type == "datetime":
        moment = parse_instant(raw) if isinstance(raw, str) else None
        if moment is None:
            raise _not_parsed(field, raw)
        return moment
    text = str(raw).lower() if isinstance(raw, bool) else str(raw)
    return _text(field, text) if text.strip() else None


def _boolean(field: Field, raw: Any) -> int:
    if isinstance(raw, bool):
        return int(raw)
    if isinstance(raw, str) and raw.lower() in ("true", "false"):
        return int(raw.lower() == "true")
    raise _not_parsed(field, raw)


def _number(field: Field, raw: Any) -> float | int | None:
    if isinstance(raw, bool):
        raise _not_parsed(field, raw)
    if isinstance(raw, str) and not raw.strip():
        return None
    try:
        value = float(raw)
    except ValueError as err:
        raise _not_parsed(field, raw) from err
    if field.type == "int":
        if value != int(value):
            raise _not_parsed(field, raw)
        if abs(value) >= 10 ** (field.precision or 9):
            raise _out_of_range(field, raw)
        return int(value)
    # Salesforce counts whole digits; decimals beyond the scale are rounded away, half up.
    if abs(value) >= 10 ** (field.precision - field.scale):
        raise _out_of_range(field, raw)
    step: int = 10**field.scale
    rounded = int(abs(value) * step + 0.5) / step
    return -rounded if value < 0 else rounded


def _out_of_range(field: Field, raw: Any) -> RowRefusal:
    return RowRefusal(
        "NUMBER_OUTSIDE_VALID_RANGE",
        f"{field.label}: value outside of valid range on numeric field: {raw}",
        (field.name,),
    )


def _date(field: Field, raw: Any) -> str:
    day = parse_date(raw) if isinstance(raw, str) else None
    if day is None:
        raise _not_parsed(field, raw)
    if not 1700 <= date.fromisoformat(day).year <= 4000:
        raise RowRefusal("INVALID_TYPE_ON_FIELD_IN_RECORD", f"{field.label}: invalid date: {raw}", (field.name,))
    return day


def _text(field: Field, text: str) -> str:
    if field.type == "reference":
        found = full_id(text)
        if found is None:
            raise RowRefusal("MALFORMED_ID", f"{field.label}: id value of incorrect type: {text}", (field.name,))
        return found
    if len(text) > field.length:
        shown = text if len(text) <= 255 else text[:255]
        raise RowRefusal("STRING_TOO_LONG", f"{field.label}: data value too large: {shown} (max length={field.length})", (field.name,))
    if field.type == "email":
        if not _EMAIL.fullmatch(text.strip()):
            raise RowRefusal("INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {text}", (field.name,))
        return text.strip()
    if field.restricted:
        allowed = {pick.value for pick in field.picks if pick.active}
        wanted = text.split(";") if field.type == "multipicklist" else [text]
        bad = [value for value in wanted if value not in allowed]
        if bad:
            raise RowRefusal(
                "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                f"{field.label}: bad value for restricted picklist field: {bad[0]}",
                (field.name,),
            )
    return text


def _not_parsed(field: Field, raw: Any) -> ApiRefusal:
    token = {str: "VALUE_STRING", bool: "VALUE_TRUE" if raw is True else "VALUE_FALSE", dict: "START_OBJECT"}
    token |= {list: "START_ARRAY", int: "VALUE_NUMBER_INT", float: "VALUE_NUMBER_FLOAT"}
    wanted = _JSON_NAMES.get(field.type, "string")
    return ApiRefusal(
        400,
        "JSON_PARSER_ERROR",
        f"Cannot deserialize instance of {wanted} from {token[type(raw)]} value {raw} or request may be missing a "
        f"required field at [line:1, column:1] (field {field.name})",
    )
