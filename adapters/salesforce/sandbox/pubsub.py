"""The Pub/Sub API: a gRPC server on the loopback address that gives change events to subscribers.

Station: Salesforce sandbox, beside the Flask app; started only with `--pubsub`. Sources: eventbus.v1.PubSub, its public interface file;
Pub/Sub API Developer Guide, "Handle Errors" for the codes in the trailers. Without TLS. Not served: publishing, managed subscriptions.
"""

from __future__ import annotations

import hashlib
import io
import json
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, NoReturn

import fastavro
import grpc
from flask import Blueprint, Response, jsonify, request

from adapters.salesforce.sandbox.change_log import CHANGES, SELECTED, ChangeEvent, ChangeLog, replay_id
from adapters.salesforce.sandbox.oauth import Sessions
from adapters.salesforce.sandbox.org import API_USER_ID, ORG_ID
from adapters.salesforce.sandbox.pubsub_wire import CUSTOM, EARLIEST, SERVICE, BadMessageError, message, read_fetch, read_name, repeated

MOST_OUTSTANDING = 100
EVENTS_AN_ANSWER = 25
"""Events of one answer; the service names no number."""
KEEP_ALIVE_S = 270.0
LOOKS_EVERY_S = 0.2
SUBSCRIBERS = 16
CODES = "sfdc.platform.eventbus.grpc"
ALL_CHANGES = "/data/ChangeEvents"
TOPICS = frozenset({ALL_CHANGES} | {f"/data/{name}ChangeEvent" for name in SELECTED})

_LIST = {"type": "array", "items": "string"}


@dataclass(slots=True, kw_only=True)
class Mischief:
    """What goes wrong on purpose."""

    keep_alive_s: float = KEEP_ALIVE_S
    refuse: str = ""
    """The gRPC status that every call ends with, such as UNAVAILABLE; empty: none."""
    calls: dict[str, int] = field(default_factory=dict)
    """Calls so far by method."""


class PubSubServer:
    """The service's methods."""

    def __init__(self, *, log: ChangeLog, sessions: Sessions, stopping: threading.Event) -> None:
        self._log = log
        self._sessions = sessions
        self._stopping = stopping
        self.mischief = Mischief()
        self._schemas = {name: schema(name) for name in SELECTED}
        self._by_id = {_id_of(text): text for text in self._schemas.values()}
        self._parsed = {name: fastavro.parse_schema(json.loads(text)) for name, text in self._schemas.items()}

    def handler(self) -> Any:
        """What a gRPC server serves."""
        one = grpc.unary_unary_rpc_method_handler
        methods = {
            "GetTopic": one(self._topic),
            "GetSchema": one(self._schema),
            "Subscribe": grpc.stream_stream_rpc_method_handler(self._subscribe),
        }
        return grpc.method_handlers_generic_handler(SERVICE, methods)

    def _topic(self, raw: bytes, context: Any) -> bytes:
        self._enter("GetTopic", context)
        name = read_name(raw)
        self._known_topic(name, context)
        entity = name.removeprefix("/data/").removesuffix("ChangeEvent")
        schema_id = _id_of(self._schemas[entity]) if entity in self._schemas else ""
        return message((1, name), (2, ORG_ID), (4, 1), (5, schema_id), (6, "sandbox"))

    def _schema(self, raw: bytes, context: Any) -> bytes:
        self._enter("GetSchema", context)
        wanted = read_name(raw)
        if wanted not in self._by_id:
            _refuse(context, grpc.StatusCode.NOT_FOUND, "schema.not.found", "the schema does not exist")
        return message((1, self._by_id[wanted]), (2, wanted), (3, "sandbox"))

    def _subscribe(self, requests: Iterable[bytes], context: Any) -> Iterator[bytes]:
        self._enter("Subscribe", context)
        asked = iter(requests)
        first = next(asked, None)
        if first is None:
            return
        try:
            begun = read_fetch(first)
        except BadMessageError as err:
            _refuse(context, grpc.StatusCode.INVALID_ARGUMENT, "subscription.fetch.request.invalid", str(err))
        self._known_topic(begun.topic, context)
        place = self._log.newest()
        if begun.preset == EARLIEST:
            place = 0
        elif begun.preset == CUSTOM:
            found = self._log.place(begun.replay_id)
            if found is None:
                _refuse(
                    context, grpc.StatusCode.INVALID_ARGUMENT, "subscription.fetch.replayid.validation.failed", "The Replay ID is invalid."
                )
            place = found
        outstanding = _Outstanding(first=begun.wanted)
        if not 0 < begun.wanted <= MOST_OUTSTANDING:
            _refuse(context, grpc.StatusCode.INVALID_ARGUMENT, "subscription.fetch.requested.events.invalid", "1 to 100 events")
        threading.Thread(target=outstanding.follow, args=(asked,), daemon=True).start()
        yield from self._answers(begun.topic, place=place, outstanding=outstanding, context=context)

    def _answers(self, topic: str, *, place: int, outstanding: _Outstanding, context: Any) -> Iterator[bytes]:
        spoke_at = time.monotonic()
        while context.is_active() and not self._stopping.is_set() and not outstanding.is_over:
            self._log.woken.clear()
            events = self._log.after(place, most=min(EVENTS_AN_ANSWER, outstanding.left())) if outstanding.left() else []
            told = [one for one in events if topic in (ALL_CHANGES, f"/data/{one.entity}ChangeEvent")]
            place = events[-1].number if events else place
            if told or time.monotonic() - spoke_at >= self.mischief.keep_alive_s:
                left = outstanding.take(len(told))
                spoke_at = time.monotonic()
                parts = repeated(1, (self._told(one) for one in told))
                yield parts + message((2, replay_id(place)), (3, "sandbox"), (4, left))
            elif not events:
                self._log.woken.wait(LOOKS_EVERY_S)

    def _told(self, event: ChangeEvent) -> bytes:
        entity = event.entity if event.entity in self._parsed else "Lead"
        out = io.BytesIO()
        fastavro.schemaless_writer(out, self._parsed[entity], _record(event))
        inner = message((1, event.id), (2, _id_of(self._schemas[entity])), (3, out.getvalue()))
        return repeated(1, [inner]) + message((2, event.replay_id))

    def _known_topic(self, name: str, context: Any) -> None:
        if name not in TOPICS:
            _refuse(context, grpc.StatusCode.NOT_FOUND, "topic.not.found", f"The topic {name} does not exist.")

    def _enter(self, method: str, context: Any) -> None:
        """Counts the call and lets it in, or not."""
        self.mischief.calls[method] = self.mischief.calls.get(method, 0) + 1
        if self.mischief.refuse:
            _refuse(context, grpc.StatusCode[self.mischief.refuse], "service.unavailable", "refused on purpose")
        sent = dict(context.invocation_metadata())
        user = self._sessions.user_of(f"Bearer {sent.get('accesstoken', '')}")
        if user is None or sent.get("tenantid") != ORG_ID or not sent.get("instanceurl"):
            _refuse(context, grpc.StatusCode.UNAUTHENTICATED, "service.auth.error", "An authentication exception occurred.")


class _Outstanding:
    """How many events a subscriber still wants."""

    def __init__(self, *, first: int) -> None:
        self._left = first
        self._lock = threading.Lock()
        self.is_over = False

    def left(self) -> int:
        with self._lock:
            return self._left

    def take(self, many: int) -> int:
        """What is left then."""
        with self._lock:
            self._left -= many
            return self._left

    def follow(self, asked: Iterator[bytes]) -> None:
        """Adds what is asked for until the subscriber goes."""
        with suppress(grpc.RpcError, BadMessageError):  # the subscriber has gone, or says what none would say: its subscription is over
            for raw in asked:
                with self._lock:
                    self._left = min(self._left + max(read_fetch(raw).wanted, 0), MOST_OUTSTANDING)
        self.is_over = True


@contextmanager
def serving_pubsub(server: PubSubServer) -> Iterator[str]:
    """Host and port of the service, as long as the block runs."""
    pool = ThreadPoolExecutor(SUBSCRIBERS, thread_name_prefix="sandbox-pubsub")
    service = grpc.server(pool, options=(("grpc.so_reuseport", 0),))
    service.add_generic_rpc_handlers((server.handler(),))
    port = service.add_insecure_port("127.0.0.1:0")
    service.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        service.stop(grace=0.2).wait()
        pool.shutdown(wait=False)


def pubsub_routes(server: PubSubServer, log: ChangeLog) -> Blueprint:
    """`/_sandbox/pubsub`: events on demand, and what goes wrong."""
    routes = Blueprint("sandbox_pubsub", __name__, url_prefix="/_sandbox/pubsub")

    @routes.post("/events")
    def tell() -> tuple[Response, int]:
        body = request.get_json()
        log.tell(change=str(body.get("change")), entity=str(body.get("object", "Lead")), records=[str(one) for one in body.get("ids", ())])
        return jsonify(newest=log.newest()), 201

    @routes.post("/mischief")
    def misbehave() -> Response:
        body = request.get_json()
        server.mischief.keep_alive_s = float(body.get("keep_alive_s", KEEP_ALIVE_S))
        server.mischief.refuse = str(body.get("refuse", ""))
        return jsonify(calls=server.mischief.calls)

    @routes.errorhandler(ValueError)
    def bad_request(error: ValueError) -> tuple[Response, int]:
        return jsonify(error=str(error)), 400

    return routes


def schema(entity: str) -> str:
    """The Avro schema of an object's change events as JSON: the header, and of the fields only the name."""
    header = {
        "type": "record",
        "name": "ChangeEventHeader",
        "fields": [
            {"name": "entityName", "type": "string"},
            {"name": "recordIds", "type": _LIST},
            {"name": "changeType", "type": {"type": "enum", "name": "ChangeType", "symbols": list(CHANGES)}},
            {"name": "changeOrigin", "type": "string"},
            {"name": "transactionKey", "type": "string"},
            {"name": "sequenceNumber", "type": "int"},
            {"name": "commitTimestamp", "type": "long"},
            {"name": "commitNumber", "type": "long"},
            {"name": "commitUser", "type": "string"},
            {"name": "nulledFields", "type": _LIST},
            {"name": "diffFields", "type": _LIST},
            {"name": "changedFields", "type": _LIST},
        ],
    }
    fields = [{"name": "ChangeEventHeader", "type": header}, {"name": "Name", "type": ["null", "string"], "default": None}]
    record = {"type": "record", "name": f"{entity}ChangeEvent", "namespace": "com.sforce.eventbus", "fields": fields}
    return json.dumps(record, separators=(",", ":"))


def _record(event: ChangeEvent) -> dict[str, Any]:
    header = {
        "entityName": event.entity,
        "recordIds": list(event.records),
        "changeType": event.change,
        "changeOrigin": "com/salesforce/api/rest/66.0;client=hotlead" if event.by == API_USER_ID else "",
        "transactionKey": event.id,
        "sequenceNumber": 1,
        "commitTimestamp": int(event.at.timestamp() * 1000),
        "commitNumber": event.number,
        "commitUser": event.by,
        "nulledFields": [],
        "diffFields": [],
        "changedFields": [],
    }
    return {"ChangeEventHeader": header, "Name": None}


def _id_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:22]


def _refuse(context: Any, status: Any, code: str, details: str) -> NoReturn:
    """Ends the call; raises."""
    context.set_trailing_metadata((("error-code", f"{CODES}.{code}"), ("rpc-id", "sandbox")))
    context.abort(status, f"{details} rpcId: sandbox")
    raise AssertionError("abort raises")
