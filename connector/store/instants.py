"""Instants as whole microseconds since 1970-01-01 UTC, as the store keeps them."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_us(instant: datetime) -> int:
    """Microseconds since 1970. Raises ValueError for a time without a zone."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return (instant - EPOCH) // _MICROSECOND


def from_us(us: int) -> datetime:
    """The instant, in UTC."""
    return EPOCH + timedelta(microseconds=us)


def to_us_or_none(instant: datetime | None) -> int | None:
    return None if instant is None else to_us(instant)


def from_us_or_none(us: int | None) -> datetime | None:
    return None if us is None else from_us(us)
