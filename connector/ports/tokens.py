"""How the processes of one installation share the access tokens of a connection.

Station: given to `CrmKind.open`; who implements it takes a lease while a token is made, so that one process logs in for all.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedToken:
    """An access token as the processes of one installation share it."""

    text: str = field(repr=False)
    """Made and read by the adapter alone: the token and what belongs to it. Secret."""
    until: datetime | None
    """When it ends; None where the CRM does not say."""


class TokenShelf(Protocol):
    """Where processes share access tokens, so that one logs in for all. Keeps them sealed. Without it each process logs in for itself."""

    def get(self, connection: str) -> SharedToken | None:
        """The present token; None where there is none or it has ended."""

    def renew(self, connection: str, *, instead_of: SharedToken | None, login: Callable[[], SharedToken]) -> SharedToken:
        """The present token; where there is none or it is `instead_of`, the one that `login` gives.

        Of all processes one at a time is in `login`; the others wait and get its token. Raises what `login` raises; then nothing is kept.
        """
