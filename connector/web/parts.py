"""What the web needs of the rest of the product, filled in by bootstrap: ports and callables, no store and no adapter."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from connector.flows.health_states import Health
from connector.flows.receiving import Hook
from connector.flows.remembered import Remembered
from connector.flows.sites import KnownSite
from connector.ports.inbox import Arrived
from connector.ports.telemetry import Meter


@dataclass(frozen=True, slots=True, kw_only=True)
class WebParts:
    """Every callable is safe for several threads."""

    receive: Callable[[Sequence[Arrived]], None]
    """Returns once all of the bodies are durable; raises StoreError with none of them stored (flows/receive.py)."""
    hook_of: Remembered[Hook | None]
    """How a connection receives; None where there is none of that name or receiving is off. Raises StoreError."""
    sites: Callable[[], tuple[KnownSite, ...]]
    """The sites whose events are taken. Raises StoreError."""
    skew_of: Callable[[str], float | None]
    """How far our clock is ahead of that connection's CRM, in seconds; None where nobody has measured it."""
    overloaded: Callable[[], bool]
    """Whether no more may come in just now, for a reason that only the rest of the product knows, such as a drain that is being stopped."""
    health: Callable[[], Health]
    """How everything stands; never raises."""
    meter: Meter
    metrics: Callable[[], bytes]
    """What the meter has collected, as Prometheus reads it."""
    clock: Callable[[], datetime]
    version: str
    public_url: str = ""
    """The address under which the outside reaches us, without what follows it; empty: as each request says itself."""
    trust_proxy: bool = False
    """Whether one proxy stands before us whose X-Forwarded headers say where a request came from."""
    page_views_per_minute: int = 60
    """Page views that one address may send from the pages of one site."""
    metrics_token: str = field(default="", repr=False)
    """What /metrics asks for as a bearer token; empty: nothing."""
