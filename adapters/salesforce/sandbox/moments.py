"""Dates and times as Salesforce writes and reads them.

Station: Salesforce sandbox, values only. Instants are kept as text in the API's own form, always in UTC, so that they
sort as text and go out unchanged.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

_INSTANT = re.compile(r"(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|z|[+-]\d{2}:?\d{2})?")


def instant_text(moment: datetime) -> str:
    """`moment` (aware) as the API writes it, cut to whole seconds: `2026-11-21T08:00:00.000+0000`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def parse_instant(text: str) -> str | None:
    """An ISO 8601 date-time in the API's own form, in UTC, milliseconds kept; None when `text` is no date-time.

    A date-time without a zone counts as UTC, and so does a plain date (midnight).
    """
    match = _INSTANT.fullmatch(text.strip())
    if match is None:
        day = parse_date(text)
        return f"{day}T00:00:00.000+0000" if day and len(text.strip()) == 10 else None
    zone = match[8] or "+00:00"
    zone = "+00:00" if zone in "Zz" else zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
    millis = (match[7] or "000")[:3].ljust(3, "0")
    plain = f"{match[1]}-{match[2]}-{match[3]}T{match[4]}:{match[5]}:{match[6] or '00'}{zone}"
    try:
        moment = datetime.fromisoformat(plain).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + millis + "+0000"


def parse_date(text: str) -> str | None:
    """The date of an ISO date or date-time as `2026-11-21`; None when `text` is neither."""
    try:
        return date.fromisoformat(text.strip()[:10]).isoformat()
    except ValueError:
        return None
