"""What each kind of HubSpot event hints at, and which events are the same one."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.hubspot.webhooks import HubSpotHooks
from connector.ports.hooks import BadEvent, Hint, HintKind

HOOKS = HubSpotHooks()
CHANGED, DELETED, ERASED = HintKind.CHANGED, HintKind.DELETED, HintKind.ERASED


def _split(*events: Any) -> list[Hint | BadEvent]:
    return list(HOOKS.split(json.dumps(events).encode()))


def _event(**parts: Any) -> dict[str, Any]:
    return {"portalId": 33, "subscriptionId": 5, "occurredAt": 1_700_000_000_123, "attemptNumber": 0, "eventId": 1, **parts}


def _about(*told: Hint | BadEvent) -> list[tuple[str, str, HintKind] | str]:
    return [one.reason if isinstance(one, BadEvent) else (one.source, one.record, one.kind) for one in told]


@pytest.mark.parametrize(
    ("subscription", "type_id", "expected"),
    [
        ("contact.creation", None, ("contacts", "7", CHANGED)),
        ("contact.propertyChange", None, ("contacts", "7", CHANGED)),
        ("company.restore", None, ("companies", "7", CHANGED)),
        ("deal.deletion", None, ("deals", "7", DELETED)),
        ("line_item.creation", None, ("line_items", "7", CHANGED)),
        ("contact.privacyDeletion", None, ("contacts", "7", ERASED)),
        ("object.creation", "0-1", ("contacts", "7", CHANGED)),
        ("object.propertyChange", "0-2", ("companies", "7", CHANGED)),
        ("object.deletion", "0-3", ("deals", "7", DELETED)),
        ("object.restore", "0-48", ("calls", "7", CHANGED)),
        ("object.creation", "0-47", ("meetings", "7", CHANGED)),
        ("object.creation", "0-49", ("emails", "7", CHANGED)),
        ("object.creation", "2-1234567", ("2-1234567", "7", CHANGED)),
        ("object.creation", None, "a kind of record this version does not know"),
        ("object.creation", "contacts; drop", "a kind of record this version does not know"),
        ("conversation.creation", None, "a kind of record this version does not know"),
        ("contact.applause", None, "an event type this version does not know"),
        ("contact", None, "an event type this version does not know"),
        ("", None, "an event type this version does not know"),
    ],
)
def test_an_event_type_hints_at_its_record(subscription: str, type_id: str | None, expected: tuple[str, str, HintKind] | str) -> None:
    typed = {"objectTypeId": type_id} if type_id else {}

    told = _split(_event(subscriptionType=subscription, objectId=7, **typed))

    assert _about(*told) == [expected]


def test_the_type_may_stand_under_its_other_name_and_the_id_as_text() -> None:
    (hint,) = _split(_event(eventType="contact.creation", objectId="7"))

    assert isinstance(hint, Hint)
    assert (hint.record, hint.at) == ("7", datetime(2023, 11, 14, 22, 13, 20, 123_000, tzinfo=UTC))


def test_a_merge_hints_at_every_record_it_names_once() -> None:
    merge = _event(subscriptionType="contact.merge", objectId=9, primaryObjectId=7, mergedObjectIds=[8, 7, "6"], newObjectId=9)

    told = _split(merge)

    assert _about(*told) == [("contacts", record, CHANGED) for record in ("9", "7", "8", "6")]
    assert len({one.event for one in told if isinstance(one, Hint)}) == 4


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"associationType": "CONTACT_TO_COMPANY"}, [("contacts", "7", CHANGED), ("companies", "8", CHANGED)]),
        ({"associationType": "COMPANY_TO_PARENT_COMPANY"}, [("companies", "7", CHANGED), ("companies", "8", CHANGED)]),
        ({"fromObjectTypeId": "0-3", "toObjectTypeId": "0-1"}, [("deals", "7", CHANGED), ("contacts", "8", CHANGED)]),
        (
            {"associationType": "DEAL_TO_SOMETHING_NEW"},
            [("deals", "7", CHANGED), "an association with a kind of record this version does not know"],
        ),
        ({}, ["an association with a kind of record this version does not know"]),
    ],
)
def test_an_association_hints_at_both_ends(parts: dict[str, str], expected: list[Any]) -> None:
    told = _split(_event(subscriptionType="deal.associationChange", fromObjectId=7, toObjectId=8, associationRemoved=False, **parts))

    assert _about(*told) == expected


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(None, id="null"),
        pytest.param([], id="an array"),
        pytest.param({"subscriptionType": "contact.creation", "objectId": 7}, id="no portal"),
        pytest.param({"portalId": 33, "objectId": 7}, id="no type"),
        pytest.param({"portalId": 33, "subscriptionType": 5, "objectId": 7}, id="a type that is no text"),
        pytest.param({"portalId": 33, "subscriptionType": "contact.creation"}, id="no record"),
        pytest.param({"portalId": 33, "subscriptionType": "contact.creation", "objectId": True}, id="a record that is true"),
        pytest.param({"portalId": 33, "subscriptionType": "contact.creation", "objectId": -7}, id="a negative record"),
        pytest.param({"portalId": 33, "subscriptionType": "contact.creation", "objectId": 7.5}, id="half a record"),
        pytest.param({"portalId": 33, "subscriptionType": "contact.creation", "objectId": "7'; --"}, id="no number"),
        pytest.param({"portalId": 33, "subscriptionType": "contact.creation", "objectId": "٧"}, id="digits of another script"),
        pytest.param({"portalId": 33, "subscriptionType": "contact.merge", "mergedObjectIds": "8"}, id="a merge of nothing"),
    ],
)
def test_an_event_that_makes_no_sense_is_told_with_its_place_and_stops_no_other(event: Any) -> None:
    good = _event(subscriptionType="contact.creation", objectId=7)

    first, second, third = _split(good, event, good)

    assert isinstance(second, BadEvent)
    assert second.place == 1
    assert _about(first, third) == [("contacts", "7", CHANGED)] * 2


@pytest.mark.parametrize("occurred", [None, "yesterday", "2026-11-02T09:00:00", True, -1, 10**30, 1.5, float("1e18")])
def test_a_time_that_makes_no_sense_is_left_out(occurred: Any) -> None:
    (hint,) = _split(_event(subscriptionType="contact.creation", objectId=7, occurredAt=occurred))

    assert isinstance(hint, Hint)
    assert hint.at is None


def _key(**parts: Any) -> str:
    (hint, *_) = _split(_event(**{"subscriptionType": "contact.propertyChange", "objectId": 7, "propertyName": "email", **parts}))
    assert isinstance(hint, Hint)
    return hint.event


def test_the_same_event_delivered_again_is_the_same() -> None:
    # sha1 of ["contact.creation",62515,12345,123,null,null,null,1564113600000,null,…] by sha1sum
    documented = {"subscriptionId": 12345, "portalId": 62515, "occurredAt": 1_564_113_600_000, "objectId": 123}
    known = _split({"subscriptionType": "contact.creation", **documented})

    assert [one.event for one in known if isinstance(one, Hint)] == ["ae38c914643dcfa99f40d9a70daf5fe0fb1a7c30"]
    assert _key() == _key(attemptNumber=3, eventId=99, changeSource="INTEGRATION")


@pytest.mark.parametrize(
    "difference",
    [
        {"portalId": 34},
        {"subscriptionId": 6},
        {"objectId": 8},
        {"propertyName": "phone"},
        {"occurredAt": 1_700_000_000_124},
        {"propertyValue": "a"},
        {"subscriptionType": "contact.deletion"},
    ],
)
def test_two_events_never_share_a_key(difference: dict[str, Any]) -> None:
    assert _key() != _key(**difference)


def test_an_association_made_and_unmade_at_once_is_two_events() -> None:
    parts = {"subscriptionType": "contact.associationChange", "associationType": "CONTACT_TO_COMPANY", "fromObjectId": 7, "toObjectId": 8}

    made, unmade = _split(_event(**parts, associationRemoved=False)), _split(_event(**parts, associationRemoved=True))

    assert len({one.event for one in (*made, *unmade) if isinstance(one, Hint)}) == 4
