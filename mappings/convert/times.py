"""Days and instants, both ways.

Station: below `convert.registry`. A day or time without a zone takes the connection's.
"""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo

from connector.core.records import Value
from connector.ports.crm import Json
from mappings.convert.plain import UNKNOWN, Read, Reader, Unknown

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS = re.compile(r"-?\d{9,15}")


def instant_reader(zone: tzinfo) -> Reader:
    """Reads an instant as aware UTC: ISO 8601 with any offset, milliseconds since 1970, or a day (its first moment in the zone)."""

    def read(raw: Json) -> Read:
        if not raw:
            return None
        if isinstance(raw, str):
            try:
                moment = datetime.fromisoformat(raw)
            except ValueError:
                return _from_milliseconds(int(raw)) if _MILLISECONDS.fullmatch(raw.strip()) else UNKNOWN
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=zone)
            return moment if moment.tzinfo is UTC else _moved(moment, UTC)
        return _from_milliseconds(raw) if isinstance(raw, int) and not isinstance(raw, bool) else UNKNOWN

    return read


def day_reader(zone: tzinfo) -> Reader:
    """Reads a day: ISO 8601, the day in the zone of an instant, or milliseconds since 1970 (their day in UTC, as CRMs store days)."""
    read_instant = instant_reader(zone)

    def read(raw: Json) -> Read:
        if isinstance(raw, str) and len(raw) == 10 and raw[4] == "-":
            try:
                return date.fromisoformat(raw)
            except ValueError:
                return UNKNOWN
        moment = read_instant(raw)
        if isinstance(moment, datetime) and not (isinstance(raw, int) or _MILLISECONDS.fullmatch(str(raw).strip())):
            moment = _moved(moment, zone)
        return moment.date() if isinstance(moment, datetime) else moment

    return read


def written_instant(value: Value) -> Json:
    """An instant as both CRMs take it: `2026-11-21T09:30:00Z`, milliseconds only where there are some."""
    if not isinstance(value, datetime):
        return str(value)
    return value.astimezone(UTC).isoformat(timespec="milliseconds" if value.microsecond else "seconds").replace("+00:00", "Z")


def written_day(value: Value) -> Json:
    """A day as both CRMs take it: `2026-11-21`."""
    return value.isoformat() if isinstance(value, date) else str(value)


def _moved(moment: datetime, zone: tzinfo) -> datetime | Unknown:
    """The moment in this zone; UNKNOWN where its year there would be 0 or 10000, as of dates that stand for never."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return UNKNOWN


def _from_milliseconds(count: int) -> Read:
    try:
        return _EPOCH + timedelta(milliseconds=count)
    except OverflowError:
        return UNKNOWN
