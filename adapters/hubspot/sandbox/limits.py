"""HubSpot's call limits: so many in ten seconds per app, so many a day per account, five searches a second.

Station: HubSpot sandbox. Burst and search windows run on real time, so that a frozen sandbox clock does not shut the
portal; the day ends at midnight of the portal's time zone by the sandbox's clock. Figures: facts §6.2.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from adapters.hubspot.sandbox.errors import rate_limited

INTERVAL_S = 10.0
BURST_BY_TIER = {"free": 100, "professional": 190, "enterprise": 190}
DAILY_BY_TIER = {"free": 250_000, "professional": 625_000, "enterprise": 1_000_000}
SEARCHES_A_SECOND = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """Calls in ten seconds per token, searches a second and calls a day per account; 0 switches a limit off."""

    burst: int
    search_rate: int
    daily: int


class Limits:
    """Counts calls and refuses those beyond a limit. Safe to use from many threads."""

    def __init__(
        self,
        settings: LimitSettings,
        *,
        time_zone: str,
        now: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self._zone = ZoneInfo(time_zone)
        self._now = now
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._bursts: dict[str, tuple[float, int]] = {}
        self._searches: deque[float] = deque()
        self._day = ""
        self._today = 0

    def admit(self, token: str, *, is_search: bool) -> dict[str, str]:
        """The rate-limit headers of the reply (none for a search). Raises ApiFault (429)."""
        with self._lock:
            self._count_day()
            if is_search:
                self._admit_search()
                self._today += 1
                return {}
            headers = self._burst_headers(token)
            self._today += 1
            if self.settings.daily:
                headers["X-HubSpot-RateLimit-Daily"] = str(self.settings.daily)
                headers["X-HubSpot-RateLimit-Daily-Remaining"] = str(max(0, self.settings.daily - self._today))
            return headers

    def told(self) -> dict[str, int]:
        """The limits and what is used of the daily one."""
        with self._lock:
            return {**asdict(self.settings), "used_today": self._today}

    def change(self, wanted: Mapping[str, Any]) -> None:
        """Puts any of `burst`, `search_rate`, `daily` and `used_today` in place at once. Raises ValueError."""
        known = {"burst", "search_rate", "daily", "used_today"}
        numbers = {str(name): int(value) for name, value in wanted.items()}
        if set(numbers) - known or min(numbers.values(), default=0) < 0:
            raise ValueError(f"limits are whole numbers from 0 under {', '.join(sorted(known))}")
        with self._lock:
            if "used_today" in numbers:
                self._day = self._now().astimezone(self._zone).date().isoformat()
                self._today = numbers.pop("used_today")
            self.settings = replace(self.settings, **numbers)

    def used_today(self) -> int:
        """Calls counted since midnight."""
        with self._lock:
            return self._today

    def _count_day(self) -> None:
        day = self._now().astimezone(self._zone).date().isoformat()
        if day != self._day:
            self._day, self._today = day, 0
        if self.settings.daily and self._today >= self.settings.daily:
            headers = {
                "X-HubSpot-RateLimit-Daily": str(self.settings.daily),
                "X-HubSpot-RateLimit-Daily-Remaining": "0",
            }
            raise rate_limited("DAILY", headers)

    def _admit_search(self) -> None:
        if not self.settings.search_rate:
            return
        present = self._monotonic()
        while self._searches and present - self._searches[0] >= 1.0:
            self._searches.popleft()
        if len(self._searches) >= self.settings.search_rate:
            raise rate_limited("SECONDLY", {})
        self._searches.append(present)

    def _burst_headers(self, token: str) -> dict[str, str]:
        most = self.settings.burst
        if not most:
            return {}
        present = self._monotonic()
        began, count = self._bursts.get(token, (present, 0))
        if present - began >= INTERVAL_S:
            began, count = present, 0
        headers = {
            "X-HubSpot-RateLimit-Max": str(most),
            "X-HubSpot-RateLimit-Remaining": str(max(0, most - count - 1)),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(int(INTERVAL_S * 1000)),
        }
        if count >= most:
            raise rate_limited("TEN_SECONDLY_ROLLING", headers)
        self._bursts[token] = (began, count + 1)
        return headers
