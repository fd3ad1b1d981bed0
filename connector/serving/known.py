"""What receivers and jobs look up again and again, remembered for a few seconds: how connections receive, and which sites there are."""

from dataclasses import dataclass

from connector.bootstrap import Installation
from connector.flows.receiving import Hook, clock_skew, find_hook
from connector.flows.remembered import Remembered
from connector.flows.sites import KnownSite, known_sites
from connector.serving.names import machine_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Safe for several threads."""

    hook_of: Remembered[Hook | None]
    sites: Remembered[tuple[KnownSite, ...]]
    skew_of: Remembered[float | None]
    """How far this machine's clock is ahead of a connection's CRM, as any of its processes measured it."""

    def receives(self, connection: str) -> bool:
        """Whether the connection pushes."""
        return self.hook_of(connection) is not None

    def forget(self) -> None:
        """Looks everything up anew."""
        self.hook_of.forget()
        self.sites.forget()


def known_of(here: Installation) -> Known:
    """Over what this installation has stored."""

    def hook(name: str) -> Hook | None:
        return find_hook(store=here.store, vault=here.vault, kinds=here.kinds, connection=name)

    def sites(_: str) -> tuple[KnownSite, ...]:
        return known_sites(store=here.store, vault=here.vault)

    def skew(name: str) -> float | None:
        return clock_skew(store=here.store, connection=name, machine=machine_name())

    return Known(hook_of=Remembered(hook), sites=Remembered(sites), skew_of=Remembered(skew))
