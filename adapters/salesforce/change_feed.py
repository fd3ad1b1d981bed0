"""Opens the feed of change events where it is asked for, and says why there is none.

Station: between `adapter.py` and the extra `pubsub`, whose packages (grpcio, fastavro) may not be there.
"""

from collections.abc import Sequence
from importlib.util import find_spec

from adapters.salesforce.client import SalesforceClient
from adapters.salesforce.settings import SalesforceSettings
from connector.ports.crm import Finding, Severity
from connector.ports.hooks import HintFeed

PACKAGES = ("grpc", "fastavro")


def open_feed(*, client: SalesforceClient) -> HintFeed | None:
    """None where the settings do not ask for change events, or the extra is not installed. Makes no call."""
    if not client.settings.has_change_events or _missing(PACKAGES):
        return None
    from adapters.salesforce.pubsub.feed import ChangeFeed

    return ChangeFeed(client=client)


def missing_extra(settings: SalesforceSettings, *, packages: Sequence[str] = PACKAGES) -> Finding | None:
    """What to say of it; None where all is well."""
    if not settings.change_events:
        return Finding(
            severity=Severity.NOTE,
            code="NO_CHANGE_EVENTS",
            message="Changes are found by polling, or by Outbound Messages where receiving is set up.",
            hint="Without a public address: connect again with change_events=yes to be told by the Pub/Sub API (README of the adapter).",
        )
    if missing := _missing(packages):
        return Finding(
            severity=Severity.WARNING,
            code="NO_PUBSUB_EXTRA",
            message=f"change_events is set, and what it needs is not installed ({', '.join(missing)}); changes are polled.",
            hint="Install hotlead with its extra: pip install 'hotlead[pubsub]'.",
            mended_by="admin of this machine",
        )
    return None


def _missing(packages: Sequence[str]) -> list[str]:
    return [name for name in packages if find_spec(name) is None]
