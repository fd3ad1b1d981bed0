"""A clock that stands until it is told, for adapters under test."""

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
