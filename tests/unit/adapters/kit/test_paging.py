"""Batches keep order and size; cursors survive a round trip and refuse what is not theirs."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from adapters.kit.paging import batches, pack_cursor, pack_moment, unpack_cursor, unpack_moment


def test_batches_keep_order_and_size() -> None:
    assert list(batches(range(5), 2)) == [(0, 1), (2, 3), (4,)]


def test_no_rows_make_no_batch() -> None:
    assert list(batches((), 200)) == []


def test_a_cursor_is_one_line_and_comes_back_as_it_was() -> None:
    text = pack_cursor(version=2, at="2026-11-02", id="00Q1", left=["a", "b"])

    assert text == '{"at":"2026-11-02","id":"00Q1","left":["a","b"],"v":2}'
    assert unpack_cursor(text, version=2) == {"at": "2026-11-02", "id": "00Q1", "left": ["a", "b"]}


@pytest.mark.parametrize("text", ["", "nonsense", "[]", '{"v":1}', '{"at":"x"}'])
def test_a_cursor_of_another_version_is_no_cursor(text: str) -> None:
    assert unpack_cursor(text, version=2) is None


def test_an_instant_comes_back_in_utc() -> None:
    tokyo = datetime(2026, 11, 2, 18, 0, tzinfo=timezone(timedelta(hours=9)))

    assert unpack_moment(pack_moment(tokyo)) == datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no zone"):
        unpack_moment("2026-11-02T09:00:00")
