"""The one budget of a connection: calls counted by purpose, the day's quota as the CRM tells it, and the pace of each lane.

Station: adapters' common ground; every call of an adapter goes through `Budget.spend` before it leaves.
"""

import math
from collections import Counter, deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from threading import Lock

from pyrate_limiter import InMemoryBucket, Rate, RateItem

from adapters.kit.clock import Clock
from connector.ports.budgets import SharedBudget
from connector.ports.crm import Usage
from connector.ports.errors import CrmLimit
from connector.ports.permits import require_permit


class Purpose(StrEnum):
    """What a call is for, as `Usage.calls` names it."""

    AUTH = "auth"
    READ = "read"
    WRITE = "write"
    REREAD = "reread"
    CATALOG = "catalog"
    INSTALL = "install"


RESERVED_SHARE = 0.1
"""Share of the day's quota that is left to the customer's other programs and to what a rep waits for."""

FOR_REPS = frozenset({Purpose.WRITE, Purpose.REREAD})
"""What a rep waits for: an event's record read again, its score written. Tasks are essential besides."""

LAST_SHARE = 0.03
"""Share of the day's quota that only essential calls touch: the other programs must not find it empty."""

LOOK_AGAIN = timedelta(minutes=15)
"""Where the CRM does not say when its quota is whole again (Salesforce counts over a rolling day), one call looks this often."""

WAITS_AT_MOST_S = 60.0
"""Who is asked to stand back for longer gives up, and comes again when that is over."""


LOOK_EVERY_S = 60.0
"""Of those who share a budget one goes to see the figures so often; the others wait for what it sees."""

LOOK = "look"
"""The lane of these calls."""

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)

UNANSWERED_S = 120.0
"""A call that has no answer after this never gets one."""


class Lane:
    """A pace: at most `calls` within any `seconds`. Not thread-safe on its own; its Budget locks."""

    def __init__(self, *, calls: int, seconds: float) -> None:
        self.calls = calls
        self.seconds = seconds
        self._bucket = InMemoryBucket([Rate(calls, round(seconds * 1000))])

    def wait_s(self, *, now_ms: int) -> float:
        """0 when a call may go now (and is counted), else how long until it may."""
        self._bucket.leak(now_ms)
        call = RateItem("call", now_ms)
        if self._bucket.put(call):
            return 0.0
        waiting_ms = self._bucket.waiting(call)
        return max(1, waiting_ms if isinstance(waiting_ms, int) else 1) / 1000


class Budget:
    """Thread-safe. `resume_at` says when a used-up day is worth another look, given now; the default is in 15 minutes.

    `begins_anew`: the day's quota is whole again then, where else a call has to find out.
    """

    def __init__(
        self,
        *,
        connection: str,
        clock: Clock,
        lanes: Mapping[str, Lane] | None = None,
        resume_at: Callable[[datetime], datetime] = lambda now: now + LOOK_AGAIN,
        begins_anew: bool = False,
        shared: SharedBudget | None = None,
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._lanes = dict(lanes or {})
        self._resume_at = resume_at
        self._begins_anew = begins_anew
        self._anew_at: datetime | None = None
        """When the quota that is used up is whole again, where the CRM's day has an end."""
        self._calls: Counter[str] = Counter()
        self._day_used: int | None = None
        self._day_limit: int | None = None
        self._skew_s: float | None = None
        self._closed_until: datetime | None = None
        self._closed_share = 1.0
        """Calls that may use more than this share of the day still go."""
        self._back_at = -math.inf
        """When calls are welcome again, by the clock's `monotonic`."""
        self._figure_at = self._looked_at = _NEVER
        """When the day's figures were seen, and when a call last went only to see them."""
        self._told_at: datetime | None = None
        """When an answer to us last told the day's figures."""
        self._under_way: deque[float] = deque()
        """When the calls went that have no answer yet."""
        self._shared = shared
        self._news: tuple[int, int] | None = None
        """Figures of an answer that those who share the budget have not been told."""
        self._others = 0
        """Their calls that have no answer yet."""
        self._lock = Lock()

    def spend(self, *, purpose: Purpose, lanes: tuple[str, ...] = (), essential: bool = False) -> None:
        """Counts one call and comes back when it may go, after waiting for each of `lanes`.

        Raises CrmLimit for a call once nine tenths of the day's quota are used (what a rep waits for: all but the last hundredths; what is
        essential: all of it), or after `close`, but for logins; for every call while the CRM wants none for a longer time (`stand_back`);
        LeaseLost for a write once somebody else may have taken the work over, however long this one waited.
        """
        self._begin()
        try:
            if purpose is not Purpose.AUTH:  # without a token nobody finds out how the quota stands
                self._refuse_when_used_up(share=1 - (0 if essential else LAST_SHARE if purpose in FOR_REPS else RESERVED_SHARE))
            for name in lanes:
                self._wait_for(name)
            self._wait_until_welcome()
            if purpose is Purpose.WRITE:
                require_permit()
        except BaseException:
            self._take_back()
            raise
        with self._lock:
            self._calls[purpose] += 1

    def saw(self, *, day_used: int | None = None, day_limit: int | None = None, at: datetime | None = None) -> None:
        """Takes the day's figures and the CRM's clock (`at`) from the headers of an answer that has just come in; once for each answer."""
        with self._lock:
            if self._under_way:
                self._under_way.popleft()
            self._skew_s = self._skew_s if at is None else (self._clock.now() - at).total_seconds()
            told = day_used is not None
            if not told and self._day_used is not None:
                # Not every answer tells the day's figures (HubSpot's searches do not); its call was one all the same.
                day_used = self._day_used + 1
            self._day_used = day_used
            self._day_limit = self._day_limit if day_limit is None else day_limit
            if told:
                self._figure_at = self._told_at = self._clock.now()
            if day_used is not None:
                self._news = None if self._day_limit is None else (day_used, self._day_limit)

    def close(self, *, until: datetime) -> None:
        """Lets no call go before `until`: the CRM has said that the quota is used up."""
        with self._lock:
            self._closed_until, self._closed_share = until, 1.0
            self._anew_at = until if self._begins_anew else None

    def stand_back(self, *, seconds: float) -> None:
        """Lets no call go for so long, whoever makes it and for what: the CRM has asked for that (`Retry-After`)."""
        with self._lock:
            self._back_at = max(self._back_at, self._clock.monotonic() + seconds)

    def pace(self, *, lane: str, calls: int, seconds: float) -> None:
        """Sets the pace of a lane to what the CRM's headers say; the same pace again changes nothing."""
        with self._lock:
            present = self._lanes.get(lane)
            if present is None or (present.calls, present.seconds) != (calls, seconds):
                self._lanes[lane] = Lane(calls=calls, seconds=seconds)

    def is_blind(self) -> bool:
        """Whether answers have told no figures for so long that other programs may have used much meanwhile."""
        with self._lock:
            return self._told_at is not None and self._clock.now() - self._told_at >= LOOK_AGAIN

    def usage(self) -> Usage:
        """Calls made so far by purpose, the day's figures last seen, and how far our clock was ahead of the CRM's at its last answer."""
        with self._lock:
            return Usage(calls=dict(self._calls), day_used=self._day_used, day_limit=self._day_limit, skew_s=self._skew_s)

    def _refuse_when_used_up(self, *, share: float) -> None:
        """`share` of the day's quota is what the call may use."""
        now = self._clock.now()
        with self._lock:
            if self._anew_at is not None and now >= self._anew_at:
                self._anew_at = self._closed_until = None
                self._day_used, self._news = 0, None if self._day_limit is None else (0, self._day_limit)
            is_used_up = self._is_used_up(share)
            if self._closed_share < share and not is_used_up:
                return
            if self._looks(now, is_used_up=is_used_up):
                # One call goes through to learn the present figures from its answer.
                self._closed_until, self._looked_at = None, now
                is_looking = True
            else:
                is_looking = False
        if is_looking and (not is_used_up or self._may_look()):
            return
        with self._lock:
            if is_looking:
                self._closed_until, self._closed_share = now + timedelta(seconds=LOOK_EVERY_S), share
            if self._is_used_up(share) and (self._closed_until is None or self._closed_share < share):
                self._closed_until, self._closed_share = self._resume_at(now), share
                self._anew_at = self._closed_until if self._begins_anew else None
            if self._closed_until is None:
                return
            until = self._closed_until
            used = f"{self._day_used} of {self._day_limit}" if self._day_limit else "all"
        raise CrmLimit(
            f"{self._connection}: {used} API calls of the day are used; hotlead leaves the rest and goes on at {until:%H:%M} UTC.",
            connection=self._connection,
            code="DAY_QUOTA",
            hint="Nothing to do; or raise the CRM's API allowance, or pull less often.",
            until=until,
        )

    def _looks(self, now: datetime, *, is_used_up: bool) -> bool:
        """Whether what is known is too old to refuse a call by it."""
        if self._closed_until is not None:
            return now >= self._closed_until
        return is_used_up and now - max(self._figure_at, self._looked_at) >= LOOK_AGAIN

    def _may_look(self) -> bool:
        return self._shared is None or self._shared.turn(lane=LOOK, calls=1, seconds=LOOK_EVERY_S) <= 0

    def _is_used_up(self, share: float) -> bool:
        """Whether one more call could be beyond the share: each that has no answer yet may be counted already, or not."""
        if not self._day_limit or self._day_used is None:
            return False
        return self._day_used + len(self._under_way) + self._others > self._day_limit * share

    def _wait_until_welcome(self) -> None:
        while True:
            with self._lock:
                left_s = self._back_at - self._clock.monotonic()
            if left_s <= 0:
                return
            if left_s > WAITS_AT_MOST_S:
                until = self._clock.now() + timedelta(seconds=left_s)
                raise CrmLimit(
                    f"{self._connection}: the CRM asks not to be called for a while; hotlead goes on at {until:%H:%M:%S} UTC.",
                    connection=self._connection,
                    code="RETRY_AFTER",
                    hint="Nothing to do; if it comes often, see which other programs call the CRM.",
                    until=until,
                )
            self._clock.sleep(left_s)

    def _begin(self) -> None:
        """Counts one more call as under way, and learns how the day stands by now."""
        with self._lock:
            present = self._clock.monotonic()
            while self._under_way and present - self._under_way[0] > UNANSWERED_S:
                self._under_way.popleft()
            self._under_way.append(present)
        self._tell()

    def _take_back(self) -> None:
        """The call does not go."""
        with self._lock:
            if self._under_way:
                self._under_way.pop()
        self._tell()

    def _tell(self) -> None:
        if self._shared is None:
            return
        with self._lock:
            under_way, news, self._news = len(self._under_way), self._news, None
        day = self._shared.day(under_way=under_way, seen=news)
        with self._lock:
            self._others = day.under_way
            if self._news is None and day.used is not None:
                self._day_used, self._day_limit = day.used, day.limit
                self._figure_at = self._clock.now() - timedelta(seconds=day.age_s)

    def _wait_for(self, name: str) -> None:
        while (wait_s := self._turn(name)) > 0:
            self._clock.sleep(wait_s)

    def _turn(self, name: str) -> float:
        """0: the call may go by this lane, and is counted there; else how long until it may."""
        with self._lock:
            lane = self._lanes.get(name)
            if lane is None:
                return 0.0
            if self._shared is None:
                return lane.wait_s(now_ms=round(self._clock.monotonic() * 1000))
        return self._shared.turn(lane=name, calls=lane.calls, seconds=lane.seconds)
