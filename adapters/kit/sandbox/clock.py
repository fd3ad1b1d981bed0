"""The sandbox's own clock: every stamp a sandbox CRM writes comes from here, so that tests can move time.

Station: sandbox ground. `control.py` shows it at `/_sandbox/clock`.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta


class SandboxClock:
    """A clock that starts at `start` (the real time when None) and runs on with real time until it is frozen."""

    def __init__(self, *, start: datetime | None = None) -> None:
        self._lock = threading.Lock()
        real = datetime.now(UTC)
        self._shift = timedelta() if start is None else _in_utc(start) - real
        self._frozen_at: datetime | None = None

    @property
    def is_frozen(self) -> bool:
        """True while the clock stands still."""
        return self._frozen_at is not None

    def now(self) -> datetime:
        """The sandbox's present, aware, in UTC, with microseconds."""
        with self._lock:
            return self._frozen_at or datetime.now(UTC) + self._shift

    def adjust(self, *, now: datetime | None = None, frozen: bool | None = None, advance_s: float = 0.0) -> None:
        """Moves the clock: first to `now`, then on by `advance_s` seconds, then stops or runs as `frozen` says.

        `frozen=None` leaves it standing or running as it was.
        """
        with self._lock:
            real = datetime.now(UTC)
            target = _in_utc(now) if now is not None else (self._frozen_at or real + self._shift)
            target += timedelta(seconds=advance_s)
            stands = frozen if frozen is not None else self._frozen_at is not None
            self._frozen_at = target if stands else None
            self._shift = target - real


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("the sandbox clock takes a time with a zone, as in 2026-11-02T09:00:00Z")
    return moment.astimezone(UTC)
