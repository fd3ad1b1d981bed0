"""HubSpot's webhooks journal: what its webhooks would push, pulled with a token of an app, so that no public address is needed.

Station: HubSpot adapter, fulfils `HintFeed`. Sources: HubSpot "Webhook journal APIs" and "Webhooks journal management APIs" (2026-03), seen
2026-11: paths, `url`, `currentOffset`, three days kept, 404 for an offset that is over. Not documented where we could see it, and read with
both ways open: the answer at the end (204, or 404 of an empty journal), and how a merge stands in a file.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from adapters.hubspot.journal_client import JournalClient
from adapters.hubspot.webhook_events import SOURCES_BY_TYPE_ID, UnreadableEvent, event_hints, portal_of
from connector.ports.errors import CursorExpired
from connector.ports.hooks import BadEvent, Hint, HintPage

JOURNAL = "/webhooks-journal/journal/2026-03"
SUBSCRIPTIONS = "/webhooks-journal/subscriptions/2026-03"
OBJECT_ACTIONS = ("CREATE", "UPDATE", "DELETE", "MERGE", "RESTORE")
LINK_ACTIONS = ("ASSOCIATION_ADDED", "ASSOCIATION_REMOVED")
KEPT_SOURCES = ("contacts", "companies", "deals", "calls", "emails", "meetings")
LINKED_SOURCES = ("deals", "calls", "emails", "meetings")
"""Sources whose related ids we read; people and companies name theirs in properties."""

_DEEDS: Mapping[str, str] = {
    "CREATE": "creation", "UPDATE": "propertyChange", "DELETE": "deletion", "RESTORE": "restore", "MERGE": "merge",
    "ASSOCIATION_ADDED": "associationChange", "ASSOCIATION_REMOVED": "associationChange",
}  # fmt: skip
"""A journal's action as the event type of a webhook, which is read alike."""


class Journal:
    """Fulfils `HintFeed` for one portal. `portal` gives its id, which is asked for only when the journal is."""

    def __init__(self, *, client: JournalClient, portal: Callable[[], str]) -> None:
        self._client = client
        self._portal = portal

    def hints(self, cursor: str | None) -> Iterator[HintPage]:
        """One page a file, each with the cursor to store."""
        if cursor is None:
            self._subscribe()
        entry = self._entry(f"offset/{cursor}/next" if cursor else "earliest", after=cursor)
        while entry is not None:
            offset = str(entry["currentOffset"])
            file = self._client.file(str(entry["url"]))
            yield HintPage(told=tuple(self._told(file["journalEvents"])), cursor=offset)
            entry = self._entry(f"offset/{offset}/next", after=offset)

    def _entry(self, path: str, *, after: str | None) -> Mapping[str, Any] | None:
        """Where the next file is; None at the end. Raises CursorExpired."""
        answer = self._client.call("GET", f"{JOURNAL}/{path}", parts=("url", "currentOffset"))
        if answer.status == 404 and after is not None:
            raise CursorExpired(
                f'HubSpot "{self._client.connection}": its journal has let go of what followed the last look; a pull finds it.',
                connection=self._client.connection,
                code="JOURNAL_OFFSET_EXPIRED",
            )
        return answer.body if answer.status == 200 else None

    def _told(self, events: object) -> Iterator[Hint | BadEvent]:
        for place, event in enumerate(events if isinstance(events, list) else ()):
            portal = portal_of(event)
            if portal is None:
                yield BadEvent(place=place, reason="not an event of a portal")
            elif portal == self._portal():
                # The app may be installed in other portals as well, which are not ours to look into.
                yield from _hints(event, place=place)

    def _subscribe(self) -> None:
        """Makes HubSpot keep what the sources need, where it does not yet; repeating makes nothing twice."""
        there = {(str(one.get("subscriptionType")), str(one.get("objectTypeId"))) for one in self._subscriptions()}
        type_ids = {source: type_id for type_id, source in SOURCES_BY_TYPE_ID.items()}
        wanted: list[tuple[str, str, tuple[str, ...]]] = [("OBJECT", type_ids[source], OBJECT_ACTIONS) for source in KEPT_SOURCES]
        wanted += [("ASSOCIATION", type_ids[source], LINK_ACTIONS) for source in LINKED_SOURCES]
        for kind, type_id, actions in wanted:
            if (kind, type_id) not in there:
                body = {"subscriptionType": kind, "portalId": int(self._portal()), "objectTypeId": type_id, "actions": list(actions)}
                self._client.call("POST", SUBSCRIPTIONS, body=body)

    def _subscriptions(self) -> Sequence[Mapping[str, Any]]:
        listed = self._client.call("GET", SUBSCRIPTIONS).body.get("results") or ()
        return [one for one in listed if portal_of(one) == self._portal()]


def _hints(event: Mapping[str, Any], *, place: int) -> Iterator[Hint | BadEvent]:
    """The hints of one event, told as the webhook of the same change would be."""
    deed = _DEEDS.get(str(event.get("action")), "")
    told = {
        **event,
        "subscriptionType": f"object.{deed}",
        "propertyValue": event.get("propertyChanges"),
        "associationRemoved": event.get("action") == "ASSOCIATION_REMOVED",
    }
    if deed == "merge":
        told["newObjectId"] = event.get("newObjectId") or event.get("objectId")
    try:
        yield from event_hints(told)
    except UnreadableEvent as unreadable:
        yield BadEvent(place=place, reason=str(unreadable))
