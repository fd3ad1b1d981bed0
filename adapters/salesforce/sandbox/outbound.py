"""Outbound Messages as Salesforce sends them: a SOAP envelope of notifications, taken only when acknowledged.

Station: Salesforce sandbox, the courier of `adapters.kit.sandbox.pushes`. Sources: SOAP API Developer Guide, "Understanding
Outbound Messaging" and its WSDL, "Understanding Notifications"; facts §5. The body is the record as it is when it is sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from adapters.kit.sandbox.changes import Change
from adapters.kit.sandbox.push_letters import TARGET_KEYS, Letter, Parcel, Target, read_target
from adapters.salesforce.sandbox.catalogue import Kind
from adapters.salesforce.sandbox.errors import ApiRefusal
from adapters.salesforce.sandbox.fields import Field
from adapters.salesforce.sandbox.ids import make_id
from adapters.salesforce.sandbox.org import ORG_ID, Org

NOTIFICATIONS_A_MESSAGE = 100
TIMEOUT_S = 60.0
CONCURRENT = 5
"""Messages at once to one endpoint; Salesforce names no number."""
FIRST_WAIT = timedelta(seconds=15)
LONGEST_WAIT = timedelta(hours=2)
GIVEN_UP_AFTER = timedelta(hours=24)
"""The wait grows from one retry to the next up to two hours; after 24 hours the message is dropped. How it grows is not documented."""
OUTBOUND = "http://soap.sforce.com/2005/09/outbound"

_KEYS = TARGET_KEYS | {"object", "fields", "name", "when", "watched", "except_user", "include_session_id"}
_WHEN = ("create", "create_or_update", "update", "field_changes")
_API_VERSION = "66.0"
_ACK = re.compile(r"^\s*(true|1)\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One outbound message and the rule that sends it."""

    source: str
    fields: tuple[str, ...]
    when: str
    """`create`, `create_or_update` (every save), `update`, or `field_changes`: new, or one of `watched` changed."""
    watched: tuple[str, ...]
    """Fields whose change is told; none: every change is."""
    except_user: str
    """Id of the user whose saves are not told, as a flow's condition on $User has it; "" for none."""
    action_id: str
    include_session_id: bool
    base_url: str


class OutboundCourier:
    """Salesforce's side of an outbound message."""

    batch = NOTIFICATIONS_A_MESSAGE

    def __init__(self, org: Org) -> None:
        self._org = org
        self._actions = 0
        self._notifications = 0
        self.base_url = "https://sandbox.my.salesforce.com"

    def read(self, written: Mapping[str, Any]) -> Target:
        """The message as the README shows it. Raises ValueError."""
        return self._read(written, is_deployed=False)

    def read_deployed(self, written: Mapping[str, Any]) -> Target:
        """The same for a deployed message: its public address may be one that nothing here stands for yet."""
        return self._read(written, is_deployed=True)

    def _read(self, written: Mapping[str, Any], *, is_deployed: bool) -> Target:
        unknown = sorted(set(written) - _KEYS)
        if unknown:
            raise ValueError(f"unknown key {unknown[0]!r}; known keys are {', '.join(sorted(_KEYS))}")
        try:
            kind = self._org.kind(str(written.get("object", "")))
        except ApiRefusal as err:
            raise ValueError(f"there is no object {written.get('object')!r}") from err
        found = [(name, kind.field(str(name))) for name in written.get("fields", ())]
        missing = [str(name) for name, field in found if field is None]
        if missing:
            raise ValueError(f"there is no field {missing[0]} on {kind.name}")
        when = str(written.get("when", "create_or_update"))
        if when not in _WHEN:
            raise ValueError(f"when is {when!r}; it must be one of {', '.join(_WHEN)}")
        self._actions += 1
        message = Message(
            source=kind.name,
            fields=tuple(field.name for _, field in found if field is not None and field.name != "Id"),
            when=when,
            except_user=self._user_id(str(written.get("except_user", ""))),
            action_id=make_id("04k", self._actions),
            watched=tuple(str(name) for name in written.get("watched") or (written.get("fields", ()) if when == "field_changes" else ())),
            include_session_id=written.get("include_session_id") is True,
            base_url=self.base_url,
        )
        return read_target(written, wants=message, timeout_s=TIMEOUT_S, max_concurrent=CONCURRENT, is_reached_later=is_deployed)

    def letters(self, target: Target, change: Change) -> list[Letter]:
        """One notification, when the rule fits."""
        message: Message = target.wants
        told = change.told
        if told["object"] != message.source or "binned" in told or (message.except_user and told["by"] == message.except_user):
            return []
        if told["is_new"]:
            is_wanted = message.when != "update"
        else:
            is_wanted = message.when != "create" and (not message.watched or bool(set(told["changed"]) & set(message.watched)))
        if not is_wanted:
            return []
        self._notifications += 1
        return [{"id": make_id("04l", self._notifications), "record": told["id"]}]

    def parcel(self, target: Target, letters: tuple[Letter, ...], *, attempt: int, at: datetime) -> Parcel | None:
        """The envelope with the records as they are now; records that are gone meanwhile are left out."""
        del attempt, at
        message: Message = target.wants
        kind = self._org.catalogue.known(message.source)
        with self._org.database.reading() as db:
            rows = {letter["record"]: self._org.records.raw(db, kind, letter["record"]) for letter in letters}
        alive = [(letter["id"], row) for letter in letters if (row := rows[letter["record"]]) and not row.get("IsDeleted")]
        if not alive:
            return None
        notifications = "".join(_notification(kind, message.fields, number, row) for number, row in alive)
        body = _ENVELOPE.format(
            org=ORG_ID, action=message.action_id, session=self._session(message), base=escape(message.base_url),
            version=_API_VERSION, org15=ORG_ID[:15], notifications=notifications,
        ).encode()  # fmt: skip
        return Parcel(headers={"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}, body=body)

    def is_taken(self, status: int, body: bytes) -> bool:
        """True for 200 with a notificationsResponse whose Ack is true: an empty 200 is a failure."""
        if status != 200:
            return False
        try:
            root = fromstring(body, forbid_dtd=True)
        except (ElementTree.ParseError, DefusedXmlException):
            return False
        acks = list(root.iter(f"{{{OUTBOUND}}}Ack"))
        return bool(acks) and all(_ACK.match(one.text or "") for one in acks)

    def next_try(self, *, attempt: int, waited: timedelta, chance: Random) -> timedelta | None:
        """Twice the wait before, at most two hours; None a day after the first try."""
        del chance
        wait = min(FIRST_WAIT * 2 ** min(attempt, 16), LONGEST_WAIT)
        return None if waited + wait > GIVEN_UP_AFTER else wait

    def _user_id(self, username: str) -> str:
        if not username:
            return ""
        with self._org.database.reading() as db:
            found = db.execute('SELECT Id FROM "User" WHERE Username = ?', (username,)).fetchone()
        if found is None:
            raise ValueError(f"there is no user {username!r}")
        return str(found[0])

    def _session(self, message: Message) -> str:
        if not message.include_session_id:
            return '<SessionId xsi:nil="true"/>'
        return f"<SessionId>{ORG_ID[:15]}!AQ.outbound.{message.action_id}</SessionId>"


def _notification(kind: Kind, names: tuple[str, ...], number: str, row: Mapping[str, Any]) -> str:
    shown = ((field, row.get(field.name)) for name in sorted(names) if (field := kind.field(name)) is not None)
    fields = "".join(_element(field, value) for field, value in shown if value is not None)
    return (
        f'<Notification><Id>{number}</Id><sObject xsi:type="sf:{kind.name}" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">'
        f"<sf:Id>{row['Id']}</sf:Id>{fields}</sObject></Notification>"
    )


def _element(field: Field, value: Any) -> str:
    if field.type == "boolean":
        text = "true" if value else "false"
    elif field.type == "datetime":
        text = str(value).replace("+0000", "Z")
    else:
        text = str(value)
    return f"<sf:{field.name}>{escape(_XML_ILLEGAL.sub('', text))}</sf:{field.name}>"


_XML_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_ENVELOPE = """<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<soapenv:Body><notifications xmlns="http://soap.sforce.com/2005/09/outbound">
<OrganizationId>{org}</OrganizationId><ActionId>{action}</ActionId>{session}
<EnterpriseUrl>{base}/services/Soap/c/{version}/{org15}</EnterpriseUrl>
<PartnerUrl>{base}/services/Soap/u/{version}/{org15}</PartnerUrl>
{notifications}
</notifications></soapenv:Body></soapenv:Envelope>"""
