"""How often something happened, hour by hour, where only the last day counts. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

HOUR_S = 3600
KEPT_HOURS = 48


@dataclass(frozen=True, slots=True)
class Hourly:
    """Counts by the number of the hour since 1970. What lies ahead, because a clock was set back since, counts as just now."""

    hours: Mapping[int, int] = field(default_factory=dict)

    def plus(self, count: int, *, at: datetime) -> "Hourly":
        """With `count` more in this hour; hours of long ago are dropped."""
        now = _hour(at)
        kept = {hour: n for hour, n in self.hours.items() if hour > now - KEPT_HOURS}
        return Hourly({**kept, now: kept.get(now, 0) + count})

    def within(self, span: timedelta, *, now: datetime) -> int:
        """The count of the last `span`, rounded up to whole hours."""
        first = _hour(now - span)
        return sum(n for hour, n in self.hours.items() if hour >= first)

    def plain(self) -> Mapping[str, int]:
        """For JSON."""
        return {str(hour): n for hour, n in self.hours.items()}


def hourly_from(plain: Mapping[str, int]) -> Hourly:
    """The value that `Hourly.plain` gave."""
    return Hourly({int(hour): int(n) for hour, n in plain.items()})


def _hour(at: datetime) -> int:
    return int(at.timestamp()) // HOUR_S
