"""A search body becomes SQL that finds what HubSpot's operators mean, by the types of the properties."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import pytest

from adapters.hubspot.sandbox.catalogue import Option, Property
from adapters.hubspot.sandbox.errors import ApiFault
from adapters.hubspot.sandbox.kinds import BY_NAME
from adapters.hubspot.sandbox.search import folded, has_token, translate

CONTACTS = BY_NAME["contacts"]


def _property(name: str, type_: str, field_type: str = "text", options: tuple[str, ...] = ()) -> Property:
    listed = tuple(Option(value=value, label=value, order=n) for n, value in enumerate(options))
    return Property(name=name, label=name, type=type_, field_type=field_type, group="g", options=listed)


KNOWN = {
    one.name: one
    for one in (
        _property("lastname", "string"),
        _property("email", "string"),
        _property("visits", "number", "number"),
        _property("seen", "datetime", "date"),
        _property("born", "date", "date"),
        _property("stage", "enumeration", "select", ("lead", "Customer")),
        _property("roles", "enumeration", "checkbox", ("A", "B", "C")),
    )
}

ROWS: dict[int, tuple[int, int, dict[str, str]]] = {
    1: (1000, 5000, {"lastname": "Sato", "email": "sato@one.example", "visits": "9", "roles": "A;B", "stage": "lead"}),
    2: (2000, 5000, {"lastname": "Tanaka Sato", "visits": "10", "seen": "2026-11-01T00:00:00.000Z", "stage": "Customer"}),
    3: (3000, 6000, {"lastname": "Ito", "born": "1990-05-01", "roles": "AB"}),
}


def _found(*groups: list[dict[str, Any]], **body: Any) -> list[int]:
    """The ids a search over ROWS gives, in its order."""
    search = translate({"filterGroups": [{"filters": group} for group in groups], **body}, CONTACTS, KNOWN.get)
    connection = sqlite3.connect(":memory:")
    connection.create_function("has_token", 2, has_token)
    connection.create_function("folded", 1, folded)
    connection.execute("CREATE TABLE contacts (id INTEGER, created_ms INTEGER, modified_ms INTEGER, props TEXT)")
    rows = [(row_id, created, modified, json.dumps(props)) for row_id, (created, modified, props) in ROWS.items()]
    connection.executemany("INSERT INTO contacts VALUES (?,?,?,?)", rows)
    found = connection.execute(f"SELECT id FROM contacts WHERE {search.where} ORDER BY {search.order}", search.args)
    return [row[0] for row in found]


def _is(name: str, operator: str, **rest: Any) -> dict[str, Any]:
    return {"propertyName": name, "operator": operator, **rest}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (_is("lastname", "EQ", value="SATO"), [1]),
        (_is("lastname", "NEQ", value="sato"), [2, 3]),
        (_is("lastname", "IN", values=["sato", "ito"]), [1, 3]),
        (_is("lastname", "CONTAINS_TOKEN", value="sato"), [1, 2]),
        (_is("lastname", "NOT_CONTAINS_TOKEN", value="sato"), [3]),
        (_is("email", "CONTAINS_TOKEN", value="*@one.example"), [1]),
        (_is("email", "HAS_PROPERTY"), [1]),
        (_is("email", "NOT_HAS_PROPERTY"), [2, 3]),
        (_is("visits", "GT", value="9"), [2]),
        (_is("visits", "BETWEEN", value="9", highValue="10"), [1, 2]),
        (_is("seen", "GTE", value="1793491200000"), [2]),
        (_is("seen", "LT", value="2026-11-01T00:00:00Z"), []),
        (_is("born", "EQ", value="1990-05-01"), [3]),
        (_is("stage", "EQ", value="customer"), [2]),
        (_is("roles", "EQ", value="A"), [1]),
        (_is("roles", "NOT_IN", values=["A"]), [3]),
        (_is("hs_object_id", "GT", value="1"), [2, 3]),
        (_is("createdate", "LTE", value="2000"), [1, 2]),
        (_is("lastmodifieddate", "EQ", value="5000"), [1, 2]),
        (_is("lastmodifieddate", "GTE", value="1970-01-01T00:00:06Z"), [3]),
    ],
)
def test_operator_compares_by_the_property_type(condition: dict[str, Any], expected: list[int]) -> None:
    assert _found([condition]) == expected


def test_filters_of_a_group_are_joined_by_and_and_groups_by_or() -> None:
    both = [_is("lastname", "CONTAINS_TOKEN", value="sato"), _is("visits", "GT", value="9")]
    ito = [_is("lastname", "EQ", value="ito")]

    assert _found(both) == [2]
    assert _found(both, ito) == [2, 3]


def test_order_is_creation_unless_one_sort_is_named() -> None:
    assert _found() == [1, 2, 3]
    assert _found(sorts=[{"propertyName": "visits", "direction": "DESCENDING"}]) == [2, 1, 3]
    assert _found(sorts=["-hs_object_id"]) == [3, 2, 1]


def test_keyset_search_needs_no_row() -> None:
    keyset = [_is("lastmodifieddate", "GTE", value="1790000000000"), _is("hs_object_id", "GT", value="5")]

    by_columns = translate({"filterGroups": [{"filters": keyset}], "sorts": ["hs_object_id"]}, CONTACTS, KNOWN.get)
    by_value = translate({"filterGroups": [{"filters": [_is("visits", "EQ", value="1")]}]}, CONTACTS, KNOWN.get)

    assert not by_columns.reads_rows
    assert by_value.reads_rows


@pytest.mark.parametrize(
    "body",
    [
        {"filterGroups": [{"filters": [_is("visits", "EQ", value="many")]}]},
        {"filterGroups": [{"filters": [_is("lastname", "EQ")]}]},
        {"filterGroups": [{"filters": [_is("lastname", "IN", values=[])]}]},
        {"filterGroups": [{"filters": [_is("props') --", "EQ", value="x")]}]},
        {"filterGroups": "all"},
        {"limit": "many"},
        {"limit": 200, "after": "9801"},
        {"sorts": [{"propertyName": "visits", "direction": "SIDEWAYS"}]},
    ],
)
def test_what_the_guide_forbids_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(ApiFault) as refused:
        translate(body, CONTACTS, KNOWN.get)

    assert refused.value.status == 400


def test_last_page_before_the_cap_is_given() -> None:
    assert translate({"limit": 200, "after": "9800"}, CONTACTS, KNOWN.get).after == 9800
