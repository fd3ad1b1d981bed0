"""How all who call one CRM for one installation share what may be spent there: the pace of calls, and the day's quota.

Station: given to `CrmKind.open`, asked by the adapters' budget before each call. Without it each opened connection keeps its own.
"""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The day's quota of a connection, as whoever saw it last told."""

    used: int | None
    limit: int | None
    age_s: float
    """Seconds since then."""
    under_way: int
    """Calls of the others that have no answer yet: the CRM may or may not have counted them."""


class SharedBudget(Protocol):
    """Of one connection; one for each time it is opened. Safe for several threads. Raises StoreUnreachable where it cannot be asked."""

    def turn(self, *, lane: str, calls: int, seconds: float) -> float:
        """0 where a call may go now, and is counted: never more than `calls` within any `seconds`. Else the seconds until asking again."""

    def day(self, *, under_way: int, seen: tuple[int, int] | None) -> Day:
        """Tells how many of our calls have no answer yet, and the figures (used, limit) of an answer that has come since the last time."""


class Budgets(Protocol):
    """Those of all connections."""

    def of(self, connection: str) -> SharedBudget: ...
