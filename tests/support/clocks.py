"""Clocks for adapters under test: one stands until it is told, one never makes anybody wait."""

import time
from datetime import UTC, datetime, timedelta


class StillClock:
    """Fulfils `adapters.kit.clock.Clock`: sleeping moves it forward at once and is written down in `slept`."""

    def __init__(self, start: datetime = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)) -> None:
        self._start = start
        self._passed_s = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._passed_s)

    def monotonic(self) -> float:
        return self._passed_s

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._passed_s += seconds

    def advance(self, seconds: float) -> None:
        """Lets time pass without anybody sleeping."""
        self._passed_s += seconds


class SkewedClock:
    """The machine's clock, set wrong by `ahead_s` seconds (below 0: behind)."""

    def __init__(self, *, ahead_s: float) -> None:
        self._ahead = timedelta(seconds=ahead_s)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class HurriedClock:
    """The machine's clock, but whoever sleeps wakes at once; for servers that keep real time while we retry."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
