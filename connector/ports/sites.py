"""The web sites and products that may send first-party events, as the store keeps them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One sender of first-party events."""

    name: str
    public_key: str
    """Stands in the web pages for everybody to read; it only says which site a page view is of."""
    origins: tuple[str, ...]
    """Origins (`https://www.example.com`) whose pages may send page views."""
    needs_consent: bool = True
    """Whether page views are taken only from visitors who agreed."""
    production: bool = True
    """Whether its visitors are real people; they are looked for among connections of the same kind."""
    sealed: bytes = field(repr=False)
    """Its signing secrets, newest first by name; only a `Vault` opens them."""
    created_at: datetime


class Sites(Protocol):
    def all(self) -> Sequence[Site]:
        """By name."""

    def get(self, name: str) -> Site | None: ...
    def put(self, site: Site) -> None:
        """Makes or replaces it."""

    def remove(self, name: str) -> None: ...
