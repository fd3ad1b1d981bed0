"""Change events as a feed of hints: collected until nothing new comes, each answer a page with the replay id to store.

Station: Salesforce adapter, fulfils `HintFeed`. The replay id is opaque to us; a keep-alive's is stored like any other. Where an org is
quiet for 72 hours and no keep-alive came in time, the stored one is over: a pull looks, and the feed begins anew.
"""

import base64
import io
import json
from collections.abc import Iterator, Mapping
from threading import Lock
from typing import Any

import fastavro

from adapters.kit.budget import Purpose
from adapters.salesforce.client import SalesforceClient
from adapters.salesforce.pubsub.change_events import Read, read_event
from adapters.salesforce.pubsub.channel import Access, PubSubChannel, Unauthenticated
from adapters.salesforce.pubsub.wire import Event, Fetched, read_schema, schema_request
from connector.ports.errors import CursorExpired
from connector.ports.hooks import BadEvent, HintPage


class ChangeFeed:
    """Fulfils `HintFeed` for one org. Safe for several threads."""

    def __init__(self, *, client: SalesforceClient) -> None:
        self._client = client
        self._schemas: dict[str, Any] = {}
        self._lock = Lock()

    def hints(self, cursor: str | None) -> Iterator[HintPage]:
        """One page an answer, each with the cursor to store."""
        replay_id = None if cursor is None else self._replay_id(cursor)
        try:
            # Before the first answer nothing was told yet, so that beginning anew with a new token repeats nothing.
            with self._channel() as channel:
                yield from self._pages(channel, replay_id=replay_id)
        except Unauthenticated:
            # The client finds the token ended by a call of its own, and gets another.
            self._client.call("GET", "limits", purpose=Purpose.READ)
            with self._channel() as channel:
                try:
                    yield from self._pages(channel, replay_id=replay_id)
                except Unauthenticated:
                    raise channel.no_token() from None

    def _channel(self) -> PubSubChannel:
        settings, token = self._client.settings, self._client.token()
        access = Access(token=token.access, instance=settings.base_url or f"https://{token.host}", org=token.org_id)
        return PubSubChannel(
            connection=self._client.connection, address=settings.pubsub_address, access=access, timeout_s=settings.timeout_s
        )

    def _pages(self, channel: PubSubChannel, *, replay_id: bytes | None) -> Iterator[HintPage]:
        for fetched in channel.subscribe(self._client.settings.change_events, replay_id=replay_id):
            at = fetched.replay_id or (fetched.events[-1].replay_id if fetched.events else b"")
            if at:
                yield self._page(channel, fetched, at=at)

    def _page(self, channel: PubSubChannel, fetched: Fetched, *, at: bytes) -> HintPage:
        read = [self._read(channel, event, place=place) for place, event in enumerate(fetched.events)]
        return HintPage(
            told=tuple(one for each in read for one in each.told),
            cursor=base64.b64encode(at).decode("ascii"),
            pull_wanted=any(each.pull_wanted for each in read),
        )

    def _read(self, channel: PubSubChannel, event: Event, *, place: int) -> Read:
        schema = self._schema(channel, event.schema)
        name = event.id or base64.b64encode(event.replay_id).decode("ascii")
        try:
            record = fastavro.schemaless_reader(io.BytesIO(event.payload), schema, None)
        except (ValueError, EOFError, IndexError, KeyError, TypeError, AttributeError):
            # It may have named any record.
            return Read(told=(BadEvent(place=place, reason="a payload that its schema does not read"),), pull_wanted=True)
        return read_event(record if isinstance(record, Mapping) else {}, event=name, place=place)

    def _schema(self, channel: PubSubChannel, schema: str) -> Any:
        """Asked for once; an id always stands for the same schema."""
        with self._lock:
            known = self._schemas.get(schema)
        if known is None:
            known = fastavro.parse_schema(json.loads(read_schema(channel.ask("GetSchema", schema_request(schema)))))
            with self._lock:
                self._schemas[schema] = known
        return known

    def _replay_id(self, cursor: str) -> bytes:
        try:
            return base64.b64decode(cursor, validate=True)
        except ValueError as failure:
            raise CursorExpired(
                f'Salesforce "{self._client.connection}": the stored place in its change events cannot be read; a pull finds what follows.',
                connection=self._client.connection,
                code="REPLAY_ID",
            ) from failure
