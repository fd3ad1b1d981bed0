"""Where each HubSpot API lives, by API version: `v3`, or a dated one such as `2026-09`.

Station: HubSpot adapter, values only; every call takes its path from here. HubSpot serves dated paths since 2026-03-30 and drops the v4
associations from 2027-03 on (changelog "Introducing date-based API versioning", seen 2026-11).
"""

import re
from dataclasses import dataclass

CLASSIC = "v3"
_DATED = re.compile(r"20\d\d-\d\d")


def is_api_version(text: str) -> bool:
    """True for `v3` and for a dated version."""
    return text == CLASSIC or _DATED.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Paths:
    """Path of each API for one version."""

    version: str = CLASSIC

    def objects(self, source: str) -> str:
        """Records of one object type: list, batch and search hang below it."""
        return f"/crm/v3/objects/{source}" if self._is_classic else f"/crm/objects/{self.version}/{source}"

    def associations(self, source: str, other: str) -> str:
        """Associations from one object type to another; `batch/read` hangs below it."""
        return f"/crm/v4/associations/{source}/{other}" if self._is_classic else f"/crm/associations/{self.version}/{source}/{other}"

    def properties(self, source: str) -> str:
        """Property definitions of one object type; `groups` hangs below it."""
        return f"/crm/v3/properties/{source}" if self._is_classic else f"/crm/properties/{self.version}/{source}"

    @property
    def owners(self) -> str:
        """The users who can own records."""
        return "/crm/v3/owners" if self._is_classic else f"/crm/owners/{self.version}"

    @property
    def account(self) -> str:
        """Portal id, time zone, currency and kind of account."""
        return "/account-info/v3/details" if self._is_classic else f"/account-info/{self.version}/details"

    @property
    def events(self) -> str:
        """Event occurrences, such as page views."""
        return "/events/v3/events" if self._is_classic else f"/events/event-occurrences/{self.version}"

    @property
    def token(self) -> str:
        """What a private app's token may do; undated."""
        return "/oauth/v2/private-apps/get/access-token-info"

    @property
    def _is_classic(self) -> bool:
        return self.version == CLASSIC
