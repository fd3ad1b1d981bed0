"""Reads an Outbound Message in one pass that no hostile body can make long: no DTD, no entity, nothing fetched, nothing deep.

Station: Salesforce adapter, under `webhooks`; values only. The places of SessionId elements are told in bytes, so that they can be cut
out of a body that is otherwise kept as it came.
"""

import re
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

MOST_NOTIFICATIONS = 100
"""Notifications of one message ("SOAP API Developer Guide", Outbound Messaging, 2026-11)."""
DEEPEST = 24
"""Elements one within another; a message has five or six, and a parent's fields a few more."""

_SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
_OUTBOUND = "{http://soap.sforce.com/2005/09/outbound}"
_ROOT = (f"{_SOAP}Envelope", f"{_SOAP}Body", f"{_OUTBOUND}notifications")
_ORG = (*_ROOT, f"{_OUTBOUND}OrganizationId")
_NOTIFICATION = (*_ROOT, f"{_OUTBOUND}Notification")
_NOTIFICATION_ID = (*_NOTIFICATION, f"{_OUTBOUND}Id")
_RECORD = (*_NOTIFICATION, f"{_OUTBOUND}sObject")
_KIND = "{http://www.w3.org/2001/XMLSchema-instance}type"
_SESSION = "sessionid"
_SESSION_END = re.compile(rb"</(?:[^<>:]*:)?SessionId\s*>", re.IGNORECASE)


class MalformedMessage(ValueError):
    """The bytes are no Outbound Message that may be taken. The text holds nothing of the body."""


@dataclass(slots=True, kw_only=True)
class Notification:
    """One notification as it is found, nothing of it checked; empty where the message does not say."""

    id: str = ""
    kind: str = ""
    """The record's type without its prefix, such as Lead of `sf:Lead`."""
    record: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    org: str
    notifications: tuple[Notification, ...]
    session_spans: tuple[tuple[int, int], ...]
    """Where SessionId elements stand, in bytes, from the first of their tags to behind the last; none overlap."""


def read_message(body: bytes) -> Message:
    """The message. Raises MalformedMessage for what is not UTF-8, no well-formed Outbound Message, too deep, or of too many notifications.

    Another encoding than UTF-8 is not taken, whatever the XML declaration says: a name would then not be found in the bytes.
    """
    if not _is_utf_8(body):
        raise MalformedMessage("not UTF-8")
    found = _Found(body)
    parser: Any = DefusedXMLParser(target=found, encoding="utf-8", forbid_dtd=True)
    found.expat = parser.parser
    try:
        parser.feed(body)
        parser.close()
    except (ParseError, DefusedXmlException, ValueError) as fault:
        # From nothing: the fault's own text quotes the body.
        raise MalformedMessage(type(fault).__name__) from None
    if len(found.orgs) != 1 or not found.notifications:
        raise MalformedMessage("not one org, or no notification")
    return Message(org=found.orgs[0], notifications=tuple(found.notifications), session_spans=tuple(found.spans))


def _is_utf_8(body: bytes) -> bool:
    # The parser goes by the bytes of UTF-16, which all hold a zero or a mark that UTF-8 has not, over what it is told.
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in body


@dataclass(slots=True)
class _Found:
    """Takes the parser's calls."""

    body: bytes
    expat: Any = None
    path: tuple[str, ...] = ()
    text: list[str] = field(default_factory=list)
    orgs: list[str] = field(default_factory=list)
    notifications: list[Notification] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    session_depth: int = 0
    """How deep the outermost open SessionId stands; 0 for none."""
    session_start: int = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.path = (*self.path, tag)
        self.text = []
        if len(self.path) > DEEPEST or self.path[: len(_ROOT)] != _ROOT[: len(self.path)]:
            raise MalformedMessage("too deep, or not an Outbound Message")
        if not self.session_depth and _local(tag).lower() == _SESSION:
            self.session_depth, self.session_start = len(self.path), self.expat.CurrentByteIndex
        if self.path == _NOTIFICATION:
            self.notifications.append(Notification())
            if len(self.notifications) > MOST_NOTIFICATIONS:
                raise MalformedMessage("too many notifications")
        elif self.path == _RECORD:
            self.notifications[-1].kind = attributes.get(_KIND, "").rpartition(":")[2]

    def data(self, text: str) -> None:
        self.text.append(text)

    def end(self, tag: str) -> None:
        text = "".join(self.text).strip()
        if self.path == _ORG:
            self.orgs.append(text)
        elif self.path == _NOTIFICATION_ID:
            self.notifications[-1].id = text
        elif self.path[:-1] == _RECORD and _local(tag) == "Id":
            self.notifications[-1].record = text
        if self.session_depth == len(self.path):
            self._session_ends()
        self.path = self.path[:-1]
        self.text = []

    def _session_ends(self) -> None:
        # The parser stands before an end tag, or behind a tag that ends itself; another end tag of that name cannot follow there, because
        # this is the outermost element so called.
        here = self.expat.CurrentByteIndex
        tag = _SESSION_END.match(self.body, here)
        self.spans.append((self.session_start, tag.end() if tag else here))
        self.session_depth = 0

    def close(self) -> None:
        """Nothing is built."""


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
