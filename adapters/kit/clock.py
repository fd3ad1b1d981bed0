"""The clock adapters read and sleep by, given as an argument so that a test can turn it.

Station: adapters' common ground.
"""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What an adapter may ask of time."""

    def now(self) -> datetime:
        """The present on this machine, aware, UTC."""

    def monotonic(self) -> float:
        """Seconds that only ever grow, from an arbitrary start."""

    def sleep(self, seconds: float) -> None:
        """Comes back after `seconds`."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
