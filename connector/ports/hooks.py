"""What arrives by itself, and how one kind of CRM says whether it is genuine and what it hints at.

Station: a receiver verifies and keeps a raw body; the drain splits it later. A push is a hint to re-read, never the truth.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class HookFault(StrEnum):
    """Why a request was not taken; the word that metrics and logs carry, and nothing else of the request."""

    UNSIGNED = "unsigned"
    FORGED = "forged"
    STALE = "stale"
    FROM_THE_FUTURE = "from_the_future"
    WRONG_ACCOUNT = "wrong_account"
    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    UNKNOWN = "unknown"
    """No such connection, or the secret part of the path is wrong: to the sender both look the same."""


class HookRefused(Exception):
    """The request is not taken. `status` is the HTTP status to answer with."""

    def __init__(self, fault: HookFault, *, status: int) -> None:
        super().__init__(fault.value)
        self.fault = fault
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class HookRequest:
    """One request as it came. `uri` is the public address the sender used, whole; header names are lower case."""

    method: str
    uri: str
    headers: Mapping[str, str]
    body: bytes
    arrived_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HookAnswer:
    """What the sender hears once the body is durable."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class HookKeys:
    """How a connection knows its senders. `secret` signs (HubSpot: the app's client secret); `accounts` may send (org or portal ids)."""

    secret: str = ""
    accounts: tuple[str, ...] = ()


class HintKind(StrEnum):
    """Weakest first: when several hints name one record, the strongest stays."""

    CHANGED = "changed"
    DELETED = "deleted"
    ERASED = "erased"
    """A person asked to be forgotten: local rows go, and nothing is re-read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """One record worth re-reading."""

    event: str
    """The same event delivered again has the same text; two events never share one."""
    source: str
    record: str
    kind: HintKind = HintKind.CHANGED
    at: datetime | None = None
    """When it happened in the CRM, where the event says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BadEvent:
    """One event of a body that could not be read; the others of the body go on. `reason` holds nothing of the event's own values."""

    place: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HintPage:
    """Some events of a feed, in the order of the CRM, and the cursor to store with them."""

    told: tuple[Hint | BadEvent, ...]
    cursor: str
    pull_wanted: bool = False
    """The CRM says that more changed here than it names; only a pull finds which."""


class HintFeed(Protocol):
    """What a CRM would push, pulled: for a machine that nobody reaches from outside."""

    def hints(self, cursor: str | None) -> Iterator[HintPage]:
        """Pages from behind the cursor up to now; from the oldest event kept for None. Nothing new: no page.

        Asked for None it also makes the CRM keep what is to be told. Raises CursorExpired where the CRM no longer keeps what came
        behind the cursor: then only a pull finds what was missed, and the feed begins anew with None. Other CrmError as every call.
        """


class Hooks(Protocol):
    """How one kind of CRM pushes. Makes no call and keeps nothing."""

    most_bytes: int
    """Larger bodies are refused unread."""
    has_secret_path: bool
    """Whether the address carries a secret, because the sender cannot sign."""

    def verify(self, request: HookRequest, *, keys: HookKeys) -> None:
        """Raises HookRefused unless the request is genuine, fresh, well-formed and of one of the accounts."""

    def kept(self, body: bytes) -> bytes:
        """The body as it may be stored: without session ids."""

    def answer(self) -> HookAnswer:
        """What to say once the body is durable."""

    def split(self, body: bytes) -> Iterator[Hint | BadEvent]:
        """What a kept body hints at, event by event. Never raises on what `verify` let through."""
