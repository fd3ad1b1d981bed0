"""Largest remainder, by hand."""

import numpy as np

from connector.core.explain import rounded, shown_points


def show(micropoints: list[int]) -> tuple[int, list[int]]:
    lines = np.array([micropoints], dtype=np.int64).T
    side = rounded(lines.sum(axis=0))
    return int(side[0]), shown_points(lines, side)[:, 0].tolist()


def test_a_side_rounds_half_up() -> None:
    assert rounded(np.array([2_499_999, 2_500_000, 3_500_000, -500_000, -500_001])).tolist() == [2, 3, 4, 0, -1]


def test_the_largest_remainders_get_what_is_missing() -> None:
    assert show([1_300_000, 2_600_000, 500_000]) == (4, [1, 3, 0])


def test_of_equal_remainders_the_first_line_gets_it() -> None:
    assert show([500_000, 1_500_000, 500_000, 500_000]) == (3, [1, 2, 0, 0])


def test_a_minus_line_is_rounded_down_first() -> None:
    assert show([5_400_000, -2_300_000]) == (3, [5, -2])  # down: 5 and -3; remainders 0.4 and 0.7; one is missing


def test_whole_lines_are_shown_as_they_are() -> None:
    assert show([20_000_000, -4_000_000, 0]) == (16, [20, -4, 0])
