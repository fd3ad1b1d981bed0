"""The line to the Pub/Sub API: one gRPC channel a look, its calls, and what its failures mean.

Station: under `feed.py`. TLS to Salesforce; in plain only to a server of this machine (`settings.py` holds that). Sources: "Pub/Sub API
Developer Guide", Supported Authentication and Handle Errors, seen 2026-11.
"""

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import grpc

from adapters.kit.redaction import Secret
from adapters.salesforce.errors import unreachable
from adapters.salesforce.pubsub.wire import CUSTOM, EARLIEST, SERVICE, Fetched, fetch_request, read_fetched
from connector.ports.errors import CrmAuth, CrmError, CrmLimit, CrmRefused, CursorExpired

HOST = "api.pubsub.salesforce.com:7443"
MOST_OUTSTANDING = 100
"""Events asked for and not yet received; Salesforce takes no more."""
FIRST_S = 4.0
"""How long the first answer of a stream is waited for: new streams are slow to begin."""
IDLE_S = 1.5
"""After so long without an answer there is nothing new: the empty answer that says so may take 270 s, and a look is not held up for it."""
_LIMITED = grpc.StatusCode.RESOURCE_EXHAUSTED
_REFUSED = (grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.UNIMPLEMENTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """With what a call proves itself."""

    token: Secret
    instance: str
    """The org's own address."""
    org: str

    def metadata(self) -> tuple[tuple[str, str], ...]:
        return (("accesstoken", self.token.reveal()), ("instanceurl", self.instance), ("tenantid", self.org))


class Unauthenticated(Exception):
    """The token is not good any more."""


class PubSubChannel:
    """Open from entering to leaving the block. Raises CrmError classes, and Unauthenticated."""

    def __init__(self, *, connection: str, address: str, access: Access, timeout_s: float) -> None:
        self._connection = connection
        self._access = access
        self._timeout_s = timeout_s
        is_salesforce = not address
        self._channel: Any = (
            grpc.secure_channel(HOST, grpc.ssl_channel_credentials())
            if is_salesforce
            else grpc.insecure_channel(address, options=(("grpc.enable_http_proxy", 0),))
        )

    def __enter__(self) -> "PubSubChannel":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._channel.close()

    def ask(self, method: str, request: bytes) -> bytes:
        """One question, one answer."""
        call = self._channel.unary_unary(f"{SERVICE}/{method}")
        try:
            answer: bytes = call(request, metadata=self._access.metadata(), timeout=self._timeout_s)
        except grpc.RpcError as failure:
            raise self._error(failure, what=method, has_cursor=False) from None
        return answer

    def subscribe(self, topic: str, *, replay_id: bytes | None) -> Iterator[Fetched]:
        """Answers from behind the position (the oldest event kept for None) until nothing comes any more; leaving it early ends it."""
        asked: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        came: queue.SimpleQueue[bytes | BaseException | None] = queue.SimpleQueue()
        preset = EARLIEST if replay_id is None else CUSTOM
        asked.put(fetch_request(topic=topic, most=MOST_OUTSTANDING, preset=preset, replay_id=replay_id or b""))
        stream = self._channel.stream_stream(f"{SERVICE}/Subscribe")(iter(asked.get, None), metadata=self._access.metadata())
        reader = threading.Thread(target=_read, args=(stream, came.put), name="hotlead-pubsub", daemon=True)
        reader.start()
        wait_s = FIRST_S
        try:
            while True:
                try:
                    raw = came.get(timeout=wait_s)
                except queue.Empty:
                    return
                if raw is None:
                    return
                if isinstance(raw, grpc.RpcError):
                    raise self._error(raw, what="Subscribe", has_cursor=replay_id is not None) from None
                if isinstance(raw, BaseException):
                    raise raw
                fetched = read_fetched(raw)
                yield fetched
                if not fetched.events:
                    return  # a keep-alive: all there was has come
                wait_s = IDLE_S
                if (more := MOST_OUTSTANDING - fetched.pending) > 0:
                    asked.put(fetch_request(topic=topic, most=more))
        finally:
            asked.put(None)
            stream.cancel()
            reader.join(timeout=5.0)

    def _error(self, failure: grpc.RpcError, *, what: str, has_cursor: bool) -> Exception:
        status, code, details = _told(failure)
        where = f'Salesforce "{self._connection}"'
        if status is grpc.StatusCode.UNAUTHENTICATED:
            return Unauthenticated()
        if has_cursor and "replayid" in code:
            return CursorExpired(
                f"{where}: its change events have let go of what followed the last look; a pull finds it.",
                connection=self._connection,
                code=code,
            )
        if status is _LIMITED or "limit.exceeded" in code:
            return CrmLimit(f"{where}: the Pub/Sub API gives no more for now ({code or what}).", connection=self._connection, code=code)
        if status in _REFUSED or status is grpc.StatusCode.INVALID_ARGUMENT:
            return self._refusal(where, code=code or str(status), details=details)
        return unreachable(connection=self._connection, code=code or str(getattr(status, "name", status)))

    def _refusal(self, where: str, *, code: str, details: str) -> CrmError:
        return CrmRefused(
            f"{where}: the Pub/Sub API does not give its change events ({code}): {details[:200]}",
            connection=self._connection,
            code=code,
            hint="Select the objects under Setup > Change Data Capture, and let the API user see all their records (View All).",
        )

    def no_token(self) -> CrmAuth:
        """For a new token that is not taken either."""
        return CrmAuth(
            f'Salesforce "{self._connection}": the Pub/Sub API does not take the API user\'s token.',
            connection=self._connection,
            code="UNAUTHENTICATED",
            hint="The app needs the scope 'Manage user data via APIs (api)'.",
        )


def _read(stream: Any, put: Callable[[bytes | BaseException | None], None]) -> None:
    try:
        for raw in stream:
            put(raw)
    except BaseException as failure:  # noqa: BLE001 - told to who waits for it
        put(failure)
    else:
        put(None)


def _told(failure: grpc.RpcError) -> tuple[object, str, str]:
    """Status, the API's own error code from the trailers, and the text."""
    status = failure.code() if hasattr(failure, "code") else None
    trailers = failure.trailing_metadata() if hasattr(failure, "trailing_metadata") else ()
    code = next((str(value) for name, value in trailers or () if name == "error-code"), "")
    details = failure.details() if hasattr(failure, "details") else ""
    return status, code, str(details or "")
