"""How points fade: one table of whole micropoints by age in hours for each half-life.

Station: used by `core.engagement`. Built with `decimal`, because `exp2` differs between libraries in its last bits and a score must not.
"""

from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache

import numpy as np

from connector.core.facts import Int64

MICRO = 1_000_000
"""Micropoints to the point."""

_PRECISE = Context(prec=60)


@lru_cache(maxsize=256)
def weights(*, half_life_hours: int | None, window_hours: int) -> Int64:
    """Micropoints that one point is still worth at each age of 0..window_hours-1 hours: 10**6 * 2**(-age/half-life), rounded half up.

    Without a half-life, 10**6 throughout. The array is shared and read only.
    """
    if half_life_hours is None:
        table = np.full(window_hours, MICRO, dtype=np.int64)
    else:
        table = np.array(_faded(half_life_hours=half_life_hours, window_hours=window_hours), dtype=np.int64)
    table.flags.writeable = False
    return table


def _faded(*, half_life_hours: int, window_hours: int) -> list[int]:
    """Whole half-lives are exact (10**6 / 2**7 is a tie that must round up); between them the value is irrational, so 60 digits decide."""
    hour = _PRECISE.power(Decimal(2), _PRECISE.divide(Decimal(-1), Decimal(half_life_hours)))
    within_one = [Decimal(MICRO)]
    for _ in range(1, min(half_life_hours, window_hours)):
        within_one.append(_PRECISE.multiply(within_one[-1], hour))
    table = []
    for age in range(window_hours):
        halvings, rest = divmod(age, half_life_hours)
        left = _PRECISE.divide(within_one[rest], Decimal(2**halvings)) if halvings < 64 else Decimal(0)
        table.append(int(left.to_integral_value(rounding=ROUND_HALF_UP)))
    return table
