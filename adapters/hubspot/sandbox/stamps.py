"""Instants as HubSpot writes them: epoch milliseconds inside, ISO 8601 with milliseconds and Z outside.

Station: HubSpot sandbox, ground.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_DIGITS = 14
_MS = timedelta(milliseconds=1)


def to_ms(at: datetime) -> int:
    """Epoch milliseconds of an aware datetime."""
    return (at - _EPOCH) // _MS


def from_ms(ms: int) -> datetime:
    """The aware UTC datetime of epoch milliseconds."""
    return _EPOCH + timedelta(milliseconds=ms)


def iso(ms: int) -> str:
    """`2026-11-21T09:00:00.000Z`; such texts compare as the instants do."""
    # By hand and by day: a page holds hundreds of stamps, and strftime would cost most of it.
    day, rest = divmod(ms, 86_400_000)
    seconds, thousandths = divmod(rest, 1000)
    minutes, second = divmod(seconds, 60)
    return f"{_day(day)}T{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}.{thousandths:03d}Z"


@lru_cache(maxsize=20_000)
def _day(days: int) -> str:
    return (_EPOCH + timedelta(days=days)).date().isoformat()


def parse_instant(text: str) -> int:
    """Epoch milliseconds of an epoch-ms number, an ISO instant or a plain date (midnight UTC).

    Raises ValueError for anything else; an ISO instant without a zone is UTC.
    """
    stripped = text.strip()
    if stripped.removeprefix("-").isdigit():
        if len(stripped) > _MOST_DIGITS:
            raise ValueError(f"{stripped} is no instant in milliseconds")
        return int(stripped)
    if len(stripped) == 10:
        return to_ms(datetime.combine(date.fromisoformat(stripped), datetime.min.time(), UTC))
    parsed = datetime.fromisoformat(stripped)
    return to_ms(parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC))
