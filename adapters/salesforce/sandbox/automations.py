"""Deployed outbound messages and what sends them: workflow rules and record-triggered flows.

Station: Salesforce sandbox, behind `deploy.py`; what is in force becomes subscribers of `adapters.kit.sandbox.pushes`.
Sources: Metadata API Developer Guide, Workflow (outboundMessages, rules) and Flow (start, actionCalls). Read are rules whose
formula is `true` or joins ISNEW() and ISCHANGED(field) by OR or ||, and flows whose filters are IsChanged or whose formula
leaves out one user; others are refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from adapters.kit.sandbox.pushes import Pushes
from adapters.salesforce.sandbox.catalogue import Kind
from adapters.salesforce.sandbox.errors import RowRefusal
from adapters.salesforce.sandbox.org import Org
from adapters.salesforce.sandbox.outbound import OutboundCourier
from adapters.salesforce.sandbox.package_zip import Part, listed

MESSAGE, RULE, FLOW = "WorkflowOutboundMessage", "WorkflowRule", "Flow"

_ATOM = re.compile(r"\s*(?:(TRUE)|(ISNEW)\s*\(\s*\)|ISCHANGED\s*\(\s*(\w+)\s*\))\s*", re.IGNORECASE)
_OTHER_USER = re.compile(r'\s*\{!\$User\.Username\}\s*(?:<>|!=)\s*"([^"]+)"\s*')
_TRIGGERS = {"onAllChanges": True, "onCreateOnly": False}
_RECORD_TRIGGERS = {"CreateAndUpdate": (True, True), "Create": (True, False), "Update": (False, True)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What sends messages: on new records, on changed ones, or on changes of `watched` fields only."""

    messages: tuple[str, ...]
    source: str
    on_create: bool
    on_update: bool
    watched: tuple[str, ...]
    except_user: str = ""
    """Username whose saves send nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Automations:
    """What was deployed: the messages by full name (`Lead.Name`), and the senders by type and name."""

    messages: Mapping[str, Mapping[str, Any]]
    senders: Mapping[tuple[str, str], Sender]

    def with_part(self, org: Org, part: Part) -> Automations:
        """These with one component more, or replaced. Raises RowRefusal."""
        if part.kind == MESSAGE:
            return replace(self, messages={**self.messages, part.full_name: _message(org, part)})
        sender = _rule(org, part) if part.kind == RULE else _flow(org, part)
        missing = sorted(set(sender.messages if sender else ()) - set(self.messages))
        if missing:
            raise RowRefusal("INVALID_CROSS_REFERENCE_KEY", f"In field: name - no WorkflowOutboundMessage named {missing[0]} found")
        others = {key: one for key, one in self.senders.items() if key != (part.kind, part.full_name)}
        return replace(self, senders=others | ({(part.kind, part.full_name): sender} if sender else {}))

    def without(self, kind: str, name: str) -> Automations:
        """These without one component. Raises RowRefusal while a sender still names a message."""
        if kind != MESSAGE:
            return replace(self, senders={key: one for key, one in self.senders.items() if key != (kind, name)})
        used = sorted(key[1] for key, one in self.senders.items() if name in one.messages)
        if used:
            raise RowRefusal("DELETE_FAILED", f"This outbound message is referenced elsewhere: {used[0]}")
        return replace(self, messages={key: one for key, one in self.messages.items() if key != name})

    def has(self, kind: str, name: str) -> bool:
        """True when that component is deployed."""
        return name in self.messages if kind == MESSAGE else (kind, name) in self.senders


NOTHING_DEPLOYED = Automations(messages={}, senders={})


class AutomationsInForce:
    """The automations of the org, and the subscribers they are to the pushes."""

    def __init__(self, *, pushes: Pushes, courier: OutboundCourier) -> None:
        self._pushes = pushes
        self._courier = courier
        self._numbers: dict[str, tuple[Mapping[str, Any], int]] = {}
        self.present = NOTHING_DEPLOYED

    def put(self, wanted: Automations) -> None:
        """Puts these in force. A sender that stays as it was keeps what waits for it."""
        subscriptions = {f"{kind} {name} {message}": _subscription(wanted, sender, message)
                         for (kind, name), sender in wanted.senders.items() for message in sender.messages}  # fmt: skip
        for key, (written, number) in list(self._numbers.items()):
            if subscriptions.get(key) != written:
                del self._numbers[key]
                if self._pushes.has(number):
                    self._pushes.unsubscribe(number)
        for key, written in subscriptions.items():
            if key not in self._numbers:
                self._numbers[key] = (written, self._pushes.add(self._courier.read_deployed(written)))
        self.present = wanted


def _subscription(wanted: Automations, sender: Sender, message: str) -> dict[str, Any]:
    settings = wanted.messages[message]
    when = "create" if not sender.on_update else "field_changes" if sender.watched else "create_or_update"
    return {
        **settings,
        "name": message,
        "object": sender.source,
        "when": when if sender.on_create else "update",
        "watched": sender.watched,
        "except_user": sender.except_user,
    }


def _message(org: Org, part: Part) -> dict[str, Any]:
    kind = _kind(org, part.full_name.partition(".")[0])
    written = part.metadata
    fields = [written.get("fields")] if isinstance(written.get("fields"), str) else list(written.get("fields") or ())
    for needed in ("endpointUrl", "integrationUser", "name", "apiVersion"):
        if not written.get(needed):
            raise RowRefusal("REQUIRED_FIELD_MISSING", f"Required field is missing: {needed}")
    for name in fields:
        _field(kind, str(name))
    if not str(written["endpointUrl"]).startswith(("https://", "http://")):
        raise RowRefusal("FIELD_INTEGRITY_EXCEPTION", "Endpoint URL: Invalid URL")
    return {
        "target": str(written["endpointUrl"]),
        "fields": [str(name) for name in fields],
        "include_session_id": str(written.get("includeSessionId", "false")).lower() == "true",
    }


def _rule(org: Org, part: Part) -> Sender | None:
    written, source = part.metadata, part.full_name.partition(".")[0]
    kind = _kind(org, source)
    trigger = str(written.get("triggerType", ""))
    if trigger not in _TRIGGERS:
        raise RowRefusal(
            "FIELD_INTEGRITY_EXCEPTION", f"this sandbox reads rules with triggerType {' or '.join(_TRIGGERS)}, not {trigger!r}"
        )
    if written.get("criteriaItems") is not None or not written.get("formula"):
        raise RowRefusal("FIELD_INTEGRITY_EXCEPTION", "this sandbox reads rules with a formula, not with criteriaItems")
    is_new, watched = _formula(kind, str(written["formula"]))
    actions = [one for one in listed(written.get("actions")) if one.get("type") == "OutboundMessage"]
    if str(written.get("active", "")).lower() != "true" or not actions:
        return None
    return Sender(
        messages=tuple(f"{source}.{one.get('name')}" for one in actions),
        source=kind.name,
        on_create=is_new,
        on_update=_TRIGGERS[trigger],
        watched=watched,
    )


def _formula(kind: Kind, text: str) -> tuple[bool, tuple[str, ...]]:
    """(true for new records, the fields whose change makes it true; none for always)."""
    inner = text.strip()
    parts = [inner]
    if re.fullmatch(r"OR\s*\(.*\)", inner, re.IGNORECASE | re.DOTALL):
        parts = inner[inner.index("(") + 1 : -1].split(",")
    elif "||" in inner:
        parts = inner.split("||")
    is_always, is_new, watched = False, False, []
    for part in parts:
        found = _ATOM.fullmatch(part)
        if found is None:
            raise RowRefusal(
                "FIELD_INTEGRITY_EXCEPTION", f"this sandbox reads true, ISNEW() and ISCHANGED(field) in a formula, not {part.strip()!r}"
            )
        is_always, is_new = is_always or bool(found[1]), is_new or bool(found[2])
        if found[3]:
            watched.append(_field(kind, found[3]))
    return (True, ()) if is_always else (is_new, tuple(watched))


def _flow(org: Org, part: Part) -> Sender | None:
    written = part.metadata
    start = written.get("start") if isinstance(written.get("start"), Mapping) else {}
    calls = [one for one in listed(written.get("actionCalls")) if one.get("actionType") == "outboundMessage"]
    if written.get("status") != "Active" or not calls or not start:
        return None
    kind = _kind(org, str(start.get("object", "")))
    trigger = str(start.get("recordTriggerType", ""))
    if trigger not in _RECORD_TRIGGERS or start.get("triggerType") != "RecordAfterSave":
        raise RowRefusal("FIELD_INTEGRITY_EXCEPTION", "this sandbox runs flows after a record was created or updated, and no others")
    filters = listed(start.get("filters"))
    if any(one.get("operator") != "IsChanged" for one in filters) or (len(filters) > 1 and start.get("filterLogic") != "or"):
        raise RowRefusal("FIELD_INTEGRITY_EXCEPTION", "this sandbox reads flow filters that are IsChanged, joined by or")
    on_create, on_update = _RECORD_TRIGGERS[trigger]
    return Sender(
        messages=tuple(str(one.get("actionName", "")) for one in calls),
        source=kind.name,
        # A new record's fields count as changed.
        on_create=on_create,
        on_update=on_update,
        watched=tuple(_field(kind, str(one.get("field", ""))) for one in filters),
        except_user=_except_user(str(start.get("filterFormula", ""))),
    )


def _except_user(formula: str) -> str:
    """The username in the one flow formula that is read: everybody but that user."""
    if not formula.strip():
        return ""
    found = _OTHER_USER.fullmatch(formula)
    if found is None:
        raise RowRefusal("FIELD_INTEGRITY_EXCEPTION", 'this sandbox reads the flow formula {!$User.Username} <> "name" and no other')
    return found[1]


def _kind(org: Org, name: str) -> Kind:
    kind = org.catalogue.kind(name)
    if kind is None:
        raise RowRefusal("INVALID_TYPE", f"Entity Enumeration Or ID: bad value for restricted picklist field: {name}")
    return kind


def _field(kind: Kind, name: str) -> str:
    field = kind.field(name)
    if field is None:
        raise RowRefusal("INVALID_FIELD", f"In field: fields - no CustomField named {kind.name}.{name} found")
    return field.name
