"""What the published document says is what the app does."""

import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for

from connector.flows.event_shapes import EventsRefused, read_events
from connector.web.openapi import document
from tests.unit.connector.web.outside import NOW, Outside

BASE = {"id": "evt_1", "at": "2026-11-02T08:59:00Z", "email": "ann@example.com"}
GOOD: tuple[dict[str, Any], ...] = (
    {**BASE, "type": "page_view", "path": "/", "seconds": 3},
    {**BASE, "type": "page_view", "url": "https://www.example.com/a?b"},
    {**BASE, "type": "form_submit", "form": "contact"},
    {**BASE, "type": "download", "asset": "guide.pdf", "campaign": "spring"},
    {**BASE, "type": "product_use", "feature": "export"},
    {**BASE, "type": "trial_started"},
    {**BASE, "type": "inquiry"},
    {**BASE, "type": "identify", "visitor": "visitor-1"},
)
BAD: tuple[Any, ...] = (
    {**GOOD[0], "seconds": -1},
    {**GOOD[0], "type": "purchase"},
    {**GOOD[0], "budget": 1},
    {**GOOD[2], "form": ""},
    {**GOOD[7], "visitor": "no spaces allowed"},
    {k: v for k, v in GOOD[4].items() if k != "feature"},
    [],
    "text",
)


@pytest.fixture
def published() -> dict[str, Any]:
    answer = Outside().client(public_url="https://hotlead.example.com").get("/openapi.json")
    assert answer.content_type == "application/json"
    found: dict[str, Any] = json.loads(answer.data)
    return found


def body_schema(published: dict[str, Any]) -> dict[str, Any]:
    schema = published["paths"]["/events"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    return {**schema, "components": published["components"]}


def test_every_route_of_the_app_is_published_and_no_other(published: dict[str, Any]) -> None:
    rules = Outside().client().application.url_map.iter_rules()
    there_are = {(re.sub(r"<(\w+)>", r"{\1}", rule.rule), m.lower()) for rule in rules for m in (rule.methods or set()) - {"HEAD"}}
    automatic = {(path, m) for path, m in there_are if m == "options" and path != "/events/page"}

    assert {(path, m) for path, ways in published["paths"].items() for m in ways} == there_are - automatic


def test_the_document_is_whole(published: dict[str, Any]) -> None:
    names = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(published)))

    assert published["openapi"] == "3.1.0"
    assert published["servers"] == [{"url": "https://hotlead.example.com"}]
    assert names <= set(published["components"]["schemas"])
    for schema in published["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("body", [*GOOD, list(GOOD)])
def test_what_the_published_schema_takes_is_taken(published: dict[str, Any], body: Any) -> None:
    schema = body_schema(published)

    assert list(validator_for(schema)(schema).iter_errors(body)) == []
    assert read_events(json.dumps(body).encode(), now=NOW)


@pytest.mark.parametrize("body", BAD)
def test_what_the_published_schema_refuses_is_refused(published: dict[str, Any], body: Any) -> None:
    schema = body_schema(published)

    assert list(validator_for(schema)(schema).iter_errors(body))
    with pytest.raises(EventsRefused):
        read_events(json.dumps(body).encode(), now=NOW)


def test_the_example_is_an_event(published: dict[str, Any]) -> None:
    example = published["paths"]["/events"]["post"]["requestBody"]["content"]["application/json"]["examples"]["one"]["value"]

    assert [e.type for e in read_events(json.dumps(example).encode(), now=NOW)] == ["inquiry"]


def test_the_document_can_be_made_without_an_address() -> None:
    assert document(version="1")["servers"] == [{"url": "/"}]
