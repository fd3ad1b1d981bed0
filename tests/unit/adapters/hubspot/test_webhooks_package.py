"""The shipped subscriptions are those that the shipped mapping needs, and none to what hotlead itself writes."""

import json
from pathlib import Path
from typing import Any

from adapters.hubspot import webhook_events
from mappings.compile import SourceRead, compile_fields, compile_lifecycle
from mappings.document import packaged

PACKAGE = Path(webhook_events.__file__).parent / "package" / "webhooks-hsmeta.json"
WORDS = {"contacts": "contact", "companies": "company", "deals": "deal", "calls": "call", "emails": "email", "meetings": "meeting"}


def _lines() -> list[dict[str, Any]]:
    subscriptions = json.loads(PACKAGE.read_text(encoding="utf-8"))["config"]["subscriptions"]
    return [line for part in ("crmObjects", "legacyCrmObjects", "hubEvents") for line in subscriptions[part]]


def _reads(*, sources: frozenset[str] | None = None) -> tuple[SourceRead, ...]:
    ladder = compile_lifecycle(packaged("lifecycle", "b2b_default"), file="lifecycle", version=1)
    return compile_fields(
        packaged("fields", "hubspot"), file="hubspot", connection="c", version=1, ladder=ladder, zone="UTC", sources=sources
    ).reads


def test_every_property_of_the_mapping_that_can_change_is_subscribed_to() -> None:
    """Also those that are read only where the portal opens no events, as most do: there they tell of page views and forms."""
    reads = (*_reads(), *_reads(sources=frozenset(WORDS)))
    pushed = {(line["objectType"], line["propertyName"]) for line in _lines() if "propertyName" in line}

    wanted = {(WORDS[read.source], name) for read in reads if read.source in WORDS for name in read.fields}

    assert pushed == {(word, name) for word, name in wanted if name != "createdate" and not name.startswith("hotlead_")}
    assert {read.source for read in reads} - set(WORDS) == {"events:e_visited_page", "events:e_submitted_form"}


def test_records_that_come_go_merge_and_link_are_subscribed_to() -> None:
    deeds: dict[str, set[str]] = {}
    for line in _lines():
        deeds.setdefault(line.get("objectType", ""), set()).add(line["subscriptionType"].removeprefix("object."))

    life = {"creation", "deletion", "restore", "propertyChange"}
    assert deeds == {
        "contact": life | {"merge"},
        "company": life | {"merge"},
        "deal": life | {"merge", "associationChange"},
        "call": life | {"associationChange"},
        "email": life | {"associationChange"},
        "meeting": life | {"associationChange"},
        "": {"contact.privacyDeletion"},
    }
    assert all(line["active"] for line in _lines())
