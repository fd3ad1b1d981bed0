"""How points fade, by hand."""

import pytest

from connector.core.decay import weights
from tests.support.oracle import weight


def test_points_halve_every_half_life() -> None:
    table = weights(half_life_hours=24, window_hours=73)

    assert [int(table[age]) for age in (0, 24, 48, 72)] == [1_000_000, 500_000, 250_000, 125_000]


def test_a_tie_rounds_up() -> None:
    table = weights(half_life_hours=1, window_hours=9)

    assert int(table[7]) == 7_813  # 10**6 / 128 = 7812.5
    assert int(table[8]) == 3_906  # 10**6 / 256 = 3906.25


def test_nothing_is_left_after_many_half_lives() -> None:
    assert int(weights(half_life_hours=1, window_hours=2_000)[1_999]) == 0


def test_without_a_half_life_nothing_fades() -> None:
    assert set(weights(half_life_hours=None, window_hours=50).tolist()) == {1_000_000}


@pytest.mark.parametrize("half_life", [1, 5, 72, 336])
def test_every_weight_equals_the_one_found_with_whole_numbers(half_life: int) -> None:
    ages = [*range(40), 335, 336, 337, 700]

    table = weights(half_life_hours=half_life, window_hours=701)

    assert [int(table[age]) for age in ages] == [weight(age, half_life) for age in ages]


def test_the_shared_table_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        weights(half_life_hours=24, window_hours=10)[0] = 5
