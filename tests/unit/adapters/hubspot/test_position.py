"""A cursor is the position as text, and nonsense begins the read anew."""

import json

import pytest

from adapters.hubspot.position import Phase, Position, pack, unpack


def test_a_position_comes_back_from_its_cursor() -> None:
    position = Position(
        phase=Phase.SEARCH, lower_ms=1_700_000_000_000, started_ms=1_700_000_600_000, last_id=210_000_000_400, given=200, expected=431,
        deleted_ms=1_699_999_000_000, deleted_calls=3,
    )  # fmt: skip

    assert unpack(pack(position)) == position


@pytest.mark.parametrize(
    "cursor", [None, "", "rubbish", "[]", json.dumps({"v": 0, "phase": "list"}), json.dumps({"v": 1, "phase": "list"})]
)
def test_no_cursor_or_one_of_another_make_begins_anew(cursor: str | None) -> None:
    assert unpack(cursor) is None


@pytest.mark.parametrize("change", [{"phase": "elsewhere"}, {"last": "12"}, {"lower": None}])
def test_a_cursor_with_a_wrong_part_begins_anew(change: dict[str, object]) -> None:
    parts = json.loads(pack(Position(phase=Phase.LIST)))

    assert unpack(json.dumps({**parts, **change})) is None


def test_the_start_of_a_run_is_fixed_by_its_first_answer() -> None:
    position = Position(phase=Phase.LIST).at(1000).at(2000)

    assert position.started_ms == 1000


def test_rest_forgets_the_run_but_not_when_it_began() -> None:
    position = Position(phase=Phase.SEARCH, first=True, started_ms=5, last_id=9, given=7, expected=7, deleted_ms=3, deleted_calls=2)

    assert position.resting() == Position(phase=Phase.REST, started_ms=5, deleted_ms=3, deleted_calls=2)
