"""What an admin types to connect a Salesforce org, and the typed settings made of it.

Station: read by `adapter.py` when a connection is opened; nothing here makes a call.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from adapters.kit.redaction import Secret
from connector.ports.crm import Setting
from connector.ports.errors import UsageError

API_VERSION = "66.0"
"""Spring '26. The library's own default, 59.0, is three years old."""

SETTINGS = (
    Setting(name="domain", label="My Domain", help="The org's own name, such as acme.my (a sandbox: acme--test.sandbox.my)."),
    Setting(
        name="client_id", label="Consumer key", help="Of the External Client App; Setup > External Client App Manager > Settings > OAuth."
    ),
    Setting(name="client_secret", label="Consumer secret", secret=True, required=False, help="For the client credentials flow."),
    Setting(name="username", label="API user", required=False, help="For the JWT bearer flow: the user name hotlead works as."),
    Setting(
        name="private_key",
        label="Private key (PEM)",
        secret=True,
        required=False,
        help="For the JWT bearer flow; the app holds its certificate.",
    ),
    Setting(name="currency", label="Org currency", required=False, help="Three letters, such as USD, for an org with a single currency."),
    Setting(
        name="api_version", label="API version", required=False, default=API_VERSION, help="Leave as it is unless Salesforce retires it."
    ),
    Setting(
        name="change_events",
        label="Change events",
        required=False,
        help="yes: ask the Pub/Sub API what changed (extra pubsub; Setup > Change Data Capture). Or a channel such as /data/Hotlead__chn.",
    ),
    Setting(name="timeout_s", label="Time-out in seconds", required=False, default="60", help="How long to wait for one answer."),
    Setting(name="base_url", label="Base URL", required=False, help="Advanced: a local server that answers in place of Salesforce."),
    Setting(
        name="pubsub_address",
        label="Pub/Sub address",
        required=False,
        help="Advanced: a server of this machine in place of the Pub/Sub API.",
    ),
    Setting(name="base_url_anywhere", label="Base URL may leave this machine", required=False, help="Advanced: yes, to allow it."),
)

_DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*")
_CHANNEL = re.compile(r"/(?:data|event)/\w+")
_YES = ("yes", "true", "1")
ALL_CHANGES = "/data/ChangeEvents"
"""The channel of every object that is selected under Setup > Change Data Capture."""
_GENERIC_HOSTS = ("login", "test", "www")


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesforceSettings:
    """Checked settings. Exactly one of `client_secret` and `private_key` (with `username`) is there."""

    domain: str
    """Host before `.salesforce.com`, lower case."""
    client_id: str
    client_secret: Secret | None
    username: str
    private_key: Secret | None
    currency: str
    api_version: str
    timeout_s: float
    base_url: str
    """Without a trailing slash; empty for the real thing."""
    change_events: str = ""
    """The channel of change events, such as /data/ChangeEvents; empty where they are not asked for."""
    pubsub_address: str = ""
    """Host and port on this machine, spoken to in plain; empty for the real thing."""

    @property
    def has_change_events(self) -> bool:
        """Whether they are asked for, and from whom: a local server that answers in place of Salesforce may have none."""
        return bool(self.change_events) and (not self.base_url or bool(self.pubsub_address))

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What must not show in any text."""
        return tuple(secret for secret in (self.client_secret, self.private_key) if secret)

    @property
    def login_host(self) -> str:
        """The host that gives tokens and shows records to people."""
        return f"{self.domain}.salesforce.com"


def read_settings(settings: Mapping[str, str]) -> SalesforceSettings:
    """The typed settings. Raises UsageError that names every wrong one."""
    given = {setting.name: settings.get(setting.name, setting.default).strip() for setting in SETTINGS}
    given["domain"] = _bare_domain(given["domain"])
    given["private_key"] = given["private_key"].replace("\\n", "\n")
    known = {setting.name for setting in SETTINGS}
    problems = [f"{name}: not a setting of Salesforce" for name in sorted(set(settings) - known)]
    problems += [f"{name}: {problem}" for name, examine in _EXAMINERS.items() if (problem := examine(given))]
    if problems:
        raise UsageError("Salesforce settings: " + "; ".join(problems), hint="See adapters/salesforce/README.md, step by step.")
    return SalesforceSettings(
        domain=given["domain"],
        client_id=given["client_id"],
        client_secret=Secret(given["client_secret"]) if given["client_secret"] else None,
        username=given["username"],
        private_key=Secret(given["private_key"]) if given["private_key"] else None,
        currency=given["currency"].upper(),
        api_version=given["api_version"],
        timeout_s=float(given["timeout_s"]),
        base_url=given["base_url"].rstrip("/"),
        change_events=ALL_CHANGES if given["change_events"].lower() in _YES else given["change_events"],
        pubsub_address=given["pubsub_address"],
    )


def _bare_domain(text: str) -> str:
    host = urlsplit(text).netloc if "//" in text else text.split("/")[0]
    return host.lower().removesuffix(".lightning.force.com").removesuffix(".salesforce.com")


def _domain_problem(given: Mapping[str, str]) -> str:
    if not given["domain"]:
        return "missing; the org's My Domain, such as acme.my"
    if given["domain"] in _GENERIC_HOSTS:
        return f"{given['domain']!r} is the host of all orgs; give your org's My Domain, such as acme.my (Setup > My Domain)"
    return "" if _DOMAIN.fullmatch(given["domain"]) else f"{given['domain']!r} is no host name; write it as acme.my"


def _client_id_problem(given: Mapping[str, str]) -> str:
    return "" if given["client_id"] else "missing; the consumer key of the External Client App"


def _credential_problem(given: Mapping[str, str]) -> str:
    if given["client_secret"] and given["private_key"]:
        return "give either client_secret or private_key with username, not both"
    if given["client_secret"]:
        return ""
    return "" if given["private_key"] else "missing; give client_secret, or private_key with username"


def _username_problem(given: Mapping[str, str]) -> str:
    return "missing; the JWT bearer flow needs the user name it works as" if given["private_key"] and not given["username"] else ""


def _private_key_problem(given: Mapping[str, str]) -> str:
    if not given["private_key"]:
        return ""
    try:
        key = load_pem_private_key(given["private_key"].encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return "not a PEM private key without a pass phrase (it begins with -----BEGIN PRIVATE KEY-----)"
    return "" if isinstance(key, RSAPrivateKey) else "not an RSA key; Salesforce takes RS256 only"


def _currency_problem(given: Mapping[str, str]) -> str:
    return "" if re.fullmatch(r"[A-Za-z]{3}|", given["currency"]) else f"{given['currency']!r} is no three-letter currency code"


def _api_version_problem(given: Mapping[str, str]) -> str:
    return "" if re.fullmatch(r"\d\d\.0", given["api_version"]) else f"{given['api_version']!r}; write it as {API_VERSION}"


def _timeout_problem(given: Mapping[str, str]) -> str:
    try:
        is_sensible = 0 < float(given["timeout_s"]) <= 600
    except ValueError:
        is_sensible = False
    return "" if is_sensible else f"{given['timeout_s']!r}; a number of seconds up to 600"


def _base_url_problem(given: Mapping[str, str]) -> str:
    if not given["base_url"]:
        return ""
    parts = urlsplit(given["base_url"])
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
        return f"{given['base_url']!r}; write it as http://127.0.0.1:8080"
    if _is_loopback(parts.hostname) or given["base_url_anywhere"].lower() in _YES:
        return ""
    return f"{parts.hostname} is another machine and would be sent the org's secrets; set base_url_anywhere to yes if that is meant"


def _change_events_problem(given: Mapping[str, str]) -> str:
    text = given["change_events"]
    if text.lower() in ("", *_YES) or _CHANNEL.fullmatch(text):
        return ""
    return f"{text!r}; write yes, or a channel such as /data/Hotlead__chn"


def _pubsub_address_problem(given: Mapping[str, str]) -> str:
    if not given["pubsub_address"]:
        return ""
    host, _, port = given["pubsub_address"].rpartition(":")
    if not port.isdigit() or not _is_loopback(host.strip("[]")):
        return f"{given['pubsub_address']!r}; it is spoken to in plain, so only this machine is allowed: write it as 127.0.0.1:7443"
    return "" if given["base_url"] else "goes with base_url: a token of the real Salesforce is not sent to another server"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


_EXAMINERS: Mapping[str, Callable[[Mapping[str, str]], str]] = {
    "domain": _domain_problem,
    "client_id": _client_id_problem,
    "client_secret": _credential_problem,
    "username": _username_problem,
    "private_key": _private_key_problem,
    "currency": _currency_problem,
    "api_version": _api_version_problem,
    "timeout_s": _timeout_problem,
    "change_events": _change_events_problem,
    "base_url": _base_url_problem,
    "pubsub_address": _pubsub_address_problem,
}
