"""Sites that may send first-party events: made, listed, their signing secrets renewed."""

from dataclasses import dataclass, field

from connector.ports.sites import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSite:
    """A site with its signing secrets (`whsec_…`), newest first."""

    site: Site
    secrets: tuple[str, ...] = field(repr=False)
