"""Threads that push signed HubSpot events at a `hotlead up` as fast as it answers, and remember which it acknowledged."""

import base64
import hashlib
import hmac
import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import urlsplit

EVENTS_A_BODY = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One body that got an answer. `seconds` is how long that took; `at` is by the monotonic clock."""

    records: tuple[str, ...]
    status: int
    seconds: float
    at: float


def signed(body: bytes, *, uri: str, secret: str) -> dict[str, str]:
    """Headers of a genuine request, v3."""
    stamp = str(time.time_ns() // 1_000_000)
    digest = hmac.new(secret.encode(), b"POST" + uri.encode() + body + stamp.encode(), hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "X-HubSpot-Signature-v3": base64.b64encode(digest).decode(),
        "X-HubSpot-Request-Timestamp": stamp,
    }


def events(records: tuple[str, ...], *, portal: int) -> bytes:
    """One body: these contacts were changed."""
    told = [
        {
            "eventId": int(record),
            "subscriptionId": 7,
            "portalId": portal,
            "appId": 77,
            "occurredAt": time.time_ns() // 1_000_000,
            "subscriptionType": "contact.propertyChange",
            "attemptNumber": 0,
            "objectId": int(record),
            "propertyName": "jobtitle",
            "propertyValue": "CEO",
        }
        for record in records
    ]
    return json.dumps(told).encode()


@dataclass(slots=True, kw_only=True)
class Pushing:
    """Senders under way. Every body names contacts that no other body names, so that each is to be found again."""

    url: str
    """Where the receiver takes pushes of one connection."""
    secret: str
    portal: int
    answered: list[Answered] = field(default_factory=list)
    unanswered: int = 0
    """Bodies whose connection broke or was refused."""
    _numbers: Iterator[int] = field(default_factory=lambda: count(1_000_000))
    _ending: threading.Event = field(default_factory=threading.Event)

    def acknowledged(self) -> set[str]:
        """Contacts whose change was taken over."""
        return {record for one in self.answered if one.status < 300 for record in one.records}

    def send(self) -> None:
        """One body after the other until the end; the next one too where a connection breaks."""
        connection: http.client.HTTPConnection | None = None
        place = urlsplit(self.url)
        while not self._ending.is_set():
            records = tuple(str(next(self._numbers)) for _ in range(EVENTS_A_BODY))
            body, began = events(records, portal=self.portal), time.monotonic()
            try:
                connection = connection or http.client.HTTPConnection(str(place.hostname), place.port, timeout=10)
                connection.request("POST", place.path, body=body, headers=signed(body, uri=self.url, secret=self.secret))
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                self.unanswered += 1
                connection = None
                time.sleep(0.02)
            else:
                now = time.monotonic()
                self.answered.append(Answered(records=records, status=answer.status, seconds=now - began, at=now))
                if answer.status >= 300:
                    time.sleep(0.05)

    def end(self) -> None:
        self._ending.set()


@contextmanager
def pushing(*, url: str, secret: str, portal: int, threads: int) -> Iterator[Pushing]:
    """So many senders until the block ends."""
    under_way = Pushing(url=url, secret=secret, portal=portal)
    senders = [threading.Thread(target=under_way.send, name=f"sender-{n}", daemon=True) for n in range(threads)]
    for sender in senders:
        sender.start()
    try:
        yield under_way
    finally:
        under_way.end()
        for sender in senders:
            sender.join(15)
