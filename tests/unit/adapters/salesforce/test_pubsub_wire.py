"""The Pub/Sub API's messages byte by byte, worked out by hand from the field numbers."""

import pytest

from adapters.salesforce.pubsub.wire import (
    CUSTOM,
    Event,
    UnreadableMessage,
    fetch_request,
    read_fetched,
    read_schema,
    schema_request,
)


def test_the_first_request_says_topic_place_and_how_many() -> None:
    assert fetch_request(topic="/d", most=100, preset=CUSTOM, replay_id=b"\x00\x07") == b"\x0a\x02/d\x10\x02\x1a\x02\x00\x07\x20\x64"


def test_a_request_for_more_says_no_place() -> None:
    assert fetch_request(topic="/d", most=300) == b"\x0a\x02/d\x20\xac\x02"


def test_an_answer_gives_its_events_the_newest_place_and_what_is_pending() -> None:
    inner = b"\x0a\x02e1" + b"\x12\x02s1" + b"\x1a\x03\x01\x02\x03"
    event = b"\x0a" + bytes([len(inner)]) + inner + b"\x12\x01\x09"
    raw = b"\x0a" + bytes([len(event)]) + event + b"\x12\x01\x0a" + b"\x1a\x03rpc" + b"\x20\x63"

    fetched = read_fetched(raw)

    assert fetched.events == (Event(id="e1", schema="s1", payload=b"\x01\x02\x03", replay_id=b"\x09"),)
    assert (fetched.replay_id, fetched.pending) == (b"\x0a", 99)


def test_a_keep_alive_has_no_events() -> None:
    fetched = read_fetched(b"\x12\x01\x0a")

    assert (fetched.events, fetched.replay_id, fetched.pending) == ((), b"\x0a", 0)


def test_fields_that_are_not_known_are_skipped() -> None:
    assert read_fetched(b"\x99\x06" + b"\x00" * 8 + b"\x9d\x06" + b"\x00" * 4 + b"\xa2\x06\x02xx" + b"\x12\x01\x0a").replay_id == b"\x0a"


def test_a_schema_is_asked_for_by_its_id() -> None:
    assert schema_request("s1") == b"\x0a\x02s1"
    assert read_schema(b"\x0a\x02{}\x12\x02s1") == "{}"


@pytest.mark.parametrize("raw", [b"\x0a", b"\x0a\x05ab", b"\xff" * 11, b"\x0b", b"\x21\x00"])
def test_what_is_no_message_is_refused(raw: bytes) -> None:
    with pytest.raises(UnreadableMessage):
        read_fetched(raw)
