"""Which calendar day an instant falls on in a zone, for many instants at once.

Station: used by `core.patterns` for points per day and for distinct days.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from connector.core.facts import Int64

DAY_S = 86_400
_FIRST_S = int(datetime(1990, 1, 1, tzinfo=UTC).timestamp())
_LAST_S = int(datetime(2060, 1, 1, tzinfo=UTC).timestamp())


def local_days(at: Int64, *, zone: str) -> Int64:
    """Days since 1970-01-01 of the zone's own calendar, for instants in seconds since 1970-01-01 UTC.

    Exact across clock changes from 1990 to 2060; before and after, the offset of those ends holds.
    """
    changes, offsets = _offsets(zone)
    first, last = np.searchsorted(changes, [at.min(), at.max()], side="right") if len(at) else (0, 0)
    if first == last:
        days: Int64 = (at + offsets[first]) // DAY_S
    else:
        period = np.searchsorted(changes[first:last], at, side="right")
        days = (at + offsets[first : last + 1].take(period)) // DAY_S
    return days


@lru_cache(maxsize=64)
def _offsets(zone: str) -> tuple[Int64, Int64]:
    """The instants at which the zone's offset from UTC changes, and the offsets before, between and after them, all in seconds."""
    where = ZoneInfo(zone)

    def offset(at: int) -> int:
        shift = datetime.fromtimestamp(at, tz=where).utcoffset()
        return 0 if shift is None else int(shift.total_seconds())

    changes: list[int] = []
    offsets = [offset(_FIRST_S)]
    for day in range(_FIRST_S + DAY_S, _LAST_S, DAY_S):
        after = offset(day)
        if after != offsets[-1]:
            changes.append(_change_between(day - DAY_S, day, offsets[-1], offset))
            offsets.append(after)
    return np.array(changes, dtype=np.int64), np.array(offsets, dtype=np.int64)


def _change_between(low: int, high: int, before: int, offset: Callable[[int], int]) -> int:
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if offset(middle) == before else (low, middle)
    return high
