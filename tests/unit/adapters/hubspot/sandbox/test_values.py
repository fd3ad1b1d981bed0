"""Property values are kept as text, cleared by "", or refused with HubSpot's code."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.hubspot.sandbox.catalogue import Option, Property
from adapters.hubspot.sandbox.values import RefusedValueError, checked, stored_value


def _property(type_: str, field_type: str = "text", **more: Any) -> Property:
    return Property(name=more.pop("name", "p"), label="P", type=type_, field_type=field_type, group="g", **more)


def _anything(_name: str) -> frozenset[str] | None:
    return None


STAGES = tuple(Option(value=value, label=value, order=n) for n, value in enumerate(("lead", "customer")))


@pytest.mark.parametrize(
    ("found", "given", "kept"),
    [
        (_property("string"), "  spaced ", "  spaced "),
        (_property("string"), "", None),
        (_property("string"), None, None),
        (_property("string", name="email"), " Yoko@Example.JP ", "yoko@example.jp"),
        (_property("number", "number"), 87, "87"),
        (_property("number", "number"), "87.50", "87.5"),
        (_property("number", "number"), 87.0, "87"),
        (_property("number", "number"), "100", "100"),
        (_property("datetime", "date"), "1793491200000", "2026-11-01T00:00:00.000Z"),
        (_property("datetime", "date"), "2026-11-01T09:00:00+09:00", "2026-11-01T00:00:00.000Z"),
        (_property("date", "date"), "1793491200000", "2026-11-01"),
        (_property("bool", "booleancheckbox"), True, "true"),
        (_property("enumeration", "select", options=STAGES), "lead", "lead"),
        (_property("enumeration", "checkbox", options=STAGES), "lead;customer", "lead;customer"),
    ],
)
def test_value_is_kept_as_v3_sends_it(found: Property, given: Any, kept: str | None) -> None:
    assert stored_value(found, given, _anything) == kept


@pytest.mark.parametrize(
    ("found", "given", "code"),
    [
        (_property("number", "number"), "many", "INVALID_INTEGER"),
        (_property("number", "number"), "NaN", "INVALID_INTEGER"),
        (_property("datetime", "date"), "10/01/2026", "INVALID_LONG"),
        (_property("date", "date"), "1793491200001", "INVALID_DATE"),
        (_property("bool", "booleancheckbox"), "yes", "INVALID_OPTION"),
        (_property("enumeration", "select", options=STAGES), "Lead", "INVALID_OPTION"),
        (_property("enumeration", "select", options=STAGES), "lead;customer", "INVALID_OPTION"),
        (_property("enumeration", "checkbox", options=STAGES), "lead;hot", "INVALID_OPTION"),
        (_property("string", name="email"), "not an address", "INVALID_EMAIL"),
        (_property("string"), "x" * 65_537, "PROPERTY_VALUE_TOO_LONG"),
        (_property("string"), {"a": 1}, "INVALID_TYPE"),
    ],
)
def test_wrong_value_is_refused_with_its_code(found: Property, given: Any, code: str) -> None:
    with pytest.raises(RefusedValueError) as refused:
        stored_value(found, given, _anything)

    assert refused.value.problem.code == code


def test_options_kept_elsewhere_are_asked_for() -> None:
    owner = _property("enumeration", "select", name="hubspot_owner_id", external=True)

    assert stored_value(owner, "7", lambda _name: frozenset({"7"})) == "7"
    with pytest.raises(RefusedValueError):
        stored_value(owner, "8", lambda _name: frozenset({"7"}))


def test_every_problem_of_a_body_is_named() -> None:
    known = {
        "score": _property("number", "number", name="score"),
        "views": _property("number", "number", name="views", read_only=True),
        "city": _property("string", name="city"),
    }

    kept, problems = checked({"score": "x", "views": "3", "nope": "1", "city": "Nara"}, known.get, _anything)

    assert kept == {"city": "Nara"}
    assert [(one.name, one.code) for one in problems] == [
        ("score", "INVALID_INTEGER"),
        ("views", "READ_ONLY_VALUE"),
        ("nope", "PROPERTY_DOESNT_EXIST"),
    ]
