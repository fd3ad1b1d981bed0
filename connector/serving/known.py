"""What receivers and jobs look up again and again, remembered for a few seconds: how connections receive, and which sites there are."""

from dataclasses import dataclass

from connector.bootstrap import Installation
from connector.flows.receiving import Hook, find_hook
from connector.flows.remembered import Remembered
from connector.flows.sites import KnownSite, known_sites


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Safe for several threads."""

    hook_of: Remembered[Hook | None]
    sites: Remembered[tuple[KnownSite, ...]]

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

    return Known(hook_of=Remembered(hook), sites=Remembered(sites))
