"""Values as HubSpot takes them, and which writes may go in one call."""

import pytest

from adapters.hubspot.write import group_places, to_text
from connector.core.records import RecordKey
from connector.ports.crm import Json, Write


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("A1", "A1"),
        (71, "71"),
        (0, "0"),
        (12.5, "12.5"),
        (True, "true"),
        (False, "false"),
        (["web", "fair"], "web;fair"),
        ([], ""),
    ],
)
def test_values_travel_as_text(value: Json, text: str) -> None:
    assert to_text(value) == text


def _write(source: str, record_id: str) -> Write:
    return Write(key=RecordKey("eu", source, record_id), fields={"x": 1})


def test_a_batch_holds_a_hundred_of_one_source() -> None:
    writes = [_write("contacts", str(number)) for number in range(201)]

    assert [len(places) for places in group_places(writes)] == [100, 100, 1]


def test_sources_go_apart_and_keep_the_order_of_their_writes() -> None:
    writes = [_write("contacts", "1"), _write("deals", "1"), _write("contacts", "2"), _write("deals", "2")]

    assert group_places(writes) == [[0, 2], [1, 3]]


def test_a_record_named_twice_goes_into_a_later_batch() -> None:
    writes = [_write("contacts", "1"), _write("contacts", "2"), _write("contacts", "1"), _write("contacts", "3")]

    assert group_places(writes) == [[0, 1], [2, 3]]
