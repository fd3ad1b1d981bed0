"""What the open CRMs say of themselves: calls made, quota, clock. Read by metrics, health and the list of workers."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from connector.flows.health_states import CallsToday
from connector.flows.receiving import skew_fact
from connector.ports.crm import Crm
from connector.ports.telemetry import Count, Meter


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCounter:
    """Over the CRMs that this process opened last. Safe for several threads."""

    crms: Mapping[str, Crm]
    meter: Meter
    _noted: dict[tuple[int, str], int] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def note(self) -> None:
        """Tells the meter of the calls made since it was last told."""
        with self._guard:
            for name, crm in dict(self.crms).items():
                for purpose, made in crm.usage().calls.items():
                    before = self._noted.get((id(crm), purpose), 0)
                    if made > before:
                        self.meter.count(Count.CALLS, by=made - before, connection=name, purpose=purpose)
                        self._noted[id(crm), purpose] = made

    def today(self) -> Mapping[str, CallsToday]:
        """Calls since each CRM's day began, as far as it says."""
        used = {name: crm.usage() for name, crm in dict(self.crms).items()}
        return {name: CallsToday(made=u.day_used, budget=u.day_limit) for name, u in used.items() if u.day_used is not None}

    def skew_of(self, connection: str) -> float | None:
        """How far our clock is ahead of the CRM's, in seconds; None where it has not answered yet."""
        crm = dict(self.crms).get(connection)
        return None if crm is None else crm.usage().skew_s

    def skews(self) -> Mapping[str, float]:
        """By the name under which a worker tells it."""
        found = {name: crm.usage().skew_s for name, crm in dict(self.crms).items()}
        return {skew_fact(name): skew for name, skew in found.items() if skew is not None}
