"""What an admin types to connect a HubSpot portal, and its parsed form.

Station: HubSpot adapter, edge. Text comes in, a value that cannot hold nonsense goes out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

from adapters.hubspot.paths import CLASSIC, is_api_version
from adapters.kit.redaction import Secret
from connector.ports.crm import Setting
from connector.ports.errors import UsageError

HUBSPOT = "https://api.hubapi.com"
FIRST_GENERAL_PACE = 90
"""Calls per 10 s until the portal's own figure is known: nine tenths of the smallest allowance ("API usage guidelines", 2026-11)."""
SEARCH_PACE = 4
"""Searches per second; HubSpot allows 5 per account ("CRM search" guide, limits, 2026-11)."""

SETTINGS = (
    Setting(
        name="token",
        label="Service key or private-app token",
        secret=True,
        help="HubSpot: Settings > Development > Keys > Service keys (or an existing private app's access token). README lists the scopes.",
    ),
    Setting(
        name="journal_client_id",
        label="Client id of the journal's app",
        required=False,
        help="Only to pull changes from HubSpot's webhooks journal: the client id of an app that is installed in the portal.",
    ),
    Setting(
        name="journal_client_secret",
        label="Client secret of the journal's app",
        secret=True,
        required=False,
        help="Goes with journal_client_id.",
    ),
    Setting(
        name="api_version",
        label="API version",
        required=False,
        default=CLASSIC,
        help="Advanced. v3, or a dated version such as 2026-09.",
    ),
    Setting(
        name="base_url",
        label="API address",
        required=False,
        default=HUBSPOT,
        help="Advanced. Another address than HubSpot's own, for a sandbox on this machine.",
    ),
    Setting(
        name="base_url_anywhere",
        label="Allow an API address on another machine",
        required=False,
        default="no",
        help="Advanced. yes lets base_url name a host that is neither HubSpot nor this machine; the token goes there.",
    ),
    Setting(
        name="calls_per_10s",
        label="Calls per 10 seconds",
        required=False,
        default="auto",
        help="Advanced. auto follows the portal's own limit at 90 %; a number; or off.",
    ),
    Setting(
        name="searches_per_second",
        label="Searches per second",
        required=False,
        default="auto",
        help="Advanced. auto is 4 (HubSpot allows 5); a number; or off.",
    ),
    Setting(
        name="timeout_s",
        label="Seconds to wait for an answer",
        required=False,
        default="30",
        help="Advanced. No call waits longer; 1 to 300.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSpotSettings:
    """Checked settings of one connection."""

    token: Secret
    journal_client_id: str = ""
    """Empty: no journal."""
    journal_client_secret: Secret = field(default_factory=lambda: Secret(""))
    base_url: str = HUBSPOT
    api_version: str = CLASSIC
    calls_per_10s: int | None = FIRST_GENERAL_PACE
    """None: no pacing."""
    follow_headers: bool = True
    """Whether the pace of general calls follows the limit that HubSpot's headers tell."""
    searches_per_second: int | None = SEARCH_PACE
    timeout_s: float = 30.0

    @property
    def is_sandbox(self) -> bool:
        """Whether the calls go anywhere but to HubSpot."""
        return self.base_url != HUBSPOT


def parse_settings(*, connection: str, settings: Mapping[str, str]) -> HubSpotSettings:
    """The settings in their own types. Raises UsageError naming every wrong one."""
    known = {setting.name: setting.default for setting in SETTINGS}
    given = known | {name: text.strip() for name, text in settings.items() if text.strip()}
    faults = [f"{name} is not a setting; known: {', '.join(known)}" for name in settings if name not in known]
    if not given["token"]:
        faults.append("token is missing; paste a service key or private-app token")
    elif any(not 33 <= ord(sign) <= 126 for sign in given["token"]):
        faults.append("token holds characters that no HubSpot token has; copy it again")
    if bool(given["journal_client_id"]) != bool(given["journal_client_secret"]):
        faults.append("journal_client_id and journal_client_secret go together; give both or neither")
    if not is_api_version(given["api_version"]):
        faults.append(f"api_version is {given['api_version']!r}; allowed: v3, or a dated version such as 2026-09")
    if given["base_url_anywhere"] not in ("yes", "no"):
        faults.append(f"base_url_anywhere is {given['base_url_anywhere']!r}; allowed: yes, no")
    faults += _address_faults(given["base_url"], base_url_anywhere=given["base_url_anywhere"] == "yes")
    faults += [fault for name in ("calls_per_10s", "searches_per_second") if (fault := _pace_fault(name, given[name]))]
    if not _is_number(given["timeout_s"]) or not 1 <= float(given["timeout_s"]) <= 300:
        faults.append(f"timeout_s is {given['timeout_s']!r}; allowed: 1 to 300")
    if faults:
        raise UsageError(
            f"HubSpot connection {connection!r}: {'; '.join(faults)}.", hint=f"hotlead connect {connection} asks for them again."
        )
    return HubSpotSettings(
        token=Secret(given["token"]),
        journal_client_id=given["journal_client_id"],
        journal_client_secret=Secret(given["journal_client_secret"]),
        base_url=given["base_url"].rstrip("/"),
        api_version=given["api_version"],
        calls_per_10s=_pace(given["calls_per_10s"], auto=FIRST_GENERAL_PACE),
        follow_headers=given["calls_per_10s"] == "auto",
        searches_per_second=_pace(given["searches_per_second"], auto=SEARCH_PACE),
        timeout_s=float(given["timeout_s"]),
    )


def _address_faults(address: str, *, base_url_anywhere: bool) -> list[str]:
    if address.rstrip("/") == HUBSPOT:
        return []
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return ["base_url is no address; it looks like http://127.0.0.1:8080"]
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment or parts.username:
        return ["base_url is no plain address; it looks like http://127.0.0.1:8080"]
    if _is_loopback(host):
        return []
    if not base_url_anywhere:
        return [f"base_url names {host}, which is neither HubSpot nor this machine; set base_url_anywhere to yes if the token may go there"]
    return [] if parts.scheme == "https" else ["base_url on another machine must be https, or the token travels in the clear"]


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _pace_fault(name: str, text: str) -> str:
    if text in ("auto", "off") or (text.isdecimal() and 1 <= int(text) <= 100_000):
        return ""
    return f"{name} is {text!r}; allowed: auto, off, or a whole number from 1"


def _pace(text: str, *, auto: int) -> int | None:
    if text == "off":
        return None
    return auto if text == "auto" else int(text)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
