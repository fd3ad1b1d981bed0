"""Webhooks as HubSpot sends them: subscriptions of an app, JSON arrays of events, signatures, retries.

Station: HubSpot sandbox, the courier of `adapters.kit.sandbox.pushes`. Sources: webhooks guide, "Validating requests",
generic webhook subscriptions (changelog of August 2024); facts §6.5.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from adapters.hubspot.sandbox.credentials import AppKeys
from adapters.hubspot.sandbox.kinds import BY_NAME, Kind, find_kind
from adapters.hubspot.sandbox.link_types import BY_ID
from adapters.hubspot.sandbox.stamps import to_ms
from adapters.kit.sandbox.changes import Change
from adapters.kit.sandbox.push_letters import TARGET_KEYS, Letter, Parcel, Target, read_target

EVENTS_A_REQUEST = 100
TIMEOUT_S = 5.0
CONCURRENT = 10
"""Requests at once, unless the app's settings say otherwise."""
RETRY_MINUTES = (1, 5, 15, 30, 60, 120, 180, 240, 300, 420)
"""About how long each of the ten retries waits; 22.9 hours in all. HubSpot says only: ten, spread over 24 hours, randomised."""
RETRY_SPREAD = 0.04
"""How far chance moves a wait, either way: the last retry still falls within 24 hours."""
SIGNATURES = ("v1", "v2", "v3")

_KEYS = TARGET_KEYS | {"app_id", "secret", "signature", "subscriptions", "name", "same_event_ids"}
_ACTIONS = frozenset({"creation", "deletion", "propertyChange", "merge", "restore", "associationChange", "privacyDeletion"})
_FLAGS = {"creation": "NEW", "deletion": "DELETED", "restore": "RESTORED", "privacyDeletion": "DELETED"}
_DECODED = re.compile("%(3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One line of an app's webhook settings."""

    number: int
    type: str
    kind: str
    action: str
    property: str
    is_generic: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """The app that is told: who it is, how it is signed for, what it subscribed to."""

    app_id: int
    secret: str
    signature: str
    subscriptions: tuple[Subscription, ...]
    has_same_event_ids: bool


class WebhookCourier:
    """HubSpot's side of a webhook."""

    batch = EVENTS_A_REQUEST

    def __init__(self, *, portal_id: int, keys: AppKeys) -> None:
        self._keys = keys
        self._portal_id = portal_id
        self._subscriptions = 0

    def read(self, written: Mapping[str, Any]) -> Target:
        """The app's settings as the README shows them. Raises ValueError."""
        unknown = sorted(set(written) - _KEYS)
        if unknown:
            raise ValueError(f"unknown key {unknown[0]!r}; known keys are {', '.join(sorted(_KEYS))}")
        signature = str(written.get("signature", "v3"))
        if signature not in SIGNATURES:
            raise ValueError(f"signature is {signature!r}; it must be one of {', '.join(SIGNATURES)}")
        lines = [one for one in _lines(written.get("subscriptions")) if one.get("active", True)]
        app = App(
            app_id=int(written.get("app_id", self._keys.app_id)),
            secret=str(written.get("secret") or self._keys.client_secret),
            signature=signature,
            subscriptions=tuple(self._subscription(one) for one in lines),
            has_same_event_ids=bool(written.get("same_event_ids", False)),
        )
        if not app.subscriptions:
            raise ValueError("give the app's subscriptions")
        return read_target(written, wants=app, timeout_s=TIMEOUT_S, max_concurrent=CONCURRENT)

    def letters(self, target: Target, change: Change) -> list[Letter]:
        """The events a change means for this app: one a subscription that fits."""
        app: App = target.wants
        return [
            self._event(app, one, change)
            for one in app.subscriptions
            if one.action == change.told["what"] and one.kind == change.told["kind"] and one.property in ("", change.told.get("name"))
        ]

    def parcel(self, target: Target, letters: tuple[Letter, ...], *, attempt: int, at: datetime) -> Parcel:
        """The array of events with this attempt's number, signed."""
        events = [letter | {"attemptNumber": attempt} for letter in letters]
        body = json.dumps(events, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json", "User-Agent": "HubSpot Connect 2.0 (http://dev.hubspot.com/) (namespace: webhooks)"}
        return Parcel(headers=headers | _signed(target.wants, target.url, body, at), body=body)

    def is_taken(self, status: int, body: bytes) -> bool:
        """True for 2xx: nothing else counts, and redirects are not followed."""
        del body
        return 200 <= status < 300

    def next_try(self, *, attempt: int, waited: timedelta, chance: Random) -> timedelta | None:
        """The wait before the next of ten retries."""
        del waited
        if attempt >= len(RETRY_MINUTES):
            return None
        return timedelta(minutes=RETRY_MINUTES[attempt]) * chance.uniform(1 - RETRY_SPREAD, 1 + RETRY_SPREAD)

    def _subscription(self, line: Mapping[str, Any]) -> Subscription:
        type_ = str(line.get("subscriptionType", ""))
        word, _, action = type_.partition(".")
        is_generic = word == "object"
        kind = find_kind(str(line.get("objectType") or line.get("objectName") or "") if is_generic else word)
        if kind is None or action not in _ACTIONS or (action == "privacyDeletion" and kind.name != "contacts"):
            raise ValueError(f"no subscription type {type_!r} of {line.get('objectType') or line.get('objectName') or word!r}")
        name = str(line.get("propertyName") or "")
        if (action == "propertyChange") != bool(name):
            raise ValueError("a propertyChange subscription names its propertyName, and no other does")
        self._subscriptions += 1
        return Subscription(
            number=int(line.get("subscriptionId", 2_000_000 + self._subscriptions)),
            type=type_,
            kind=kind.name,
            action=action,
            property=name,
            is_generic=is_generic,
        )

    def _event(self, app: App, one: Subscription, change: Change) -> Letter:
        told, kind = change.told, BY_NAME[change.told["kind"]]
        event: Letter = {
            "eventId": 100 if app.has_same_event_ids else change.number * 1_000 + one.number % 1_000,
            "subscriptionId": one.number,
            "portalId": self._portal_id,
            "appId": app.app_id,
            "occurredAt": to_ms(change.at),
            "subscriptionType": one.type,
            "attemptNumber": 0,
            "changeSource": told["source"],
        }
        if told["source_id"]:
            event["sourceId"] = told["source_id"]
        if one.action == "associationChange":
            return event | _association(told, kind, is_generic=one.is_generic)
        if one.is_generic:
            event["objectTypeId"] = kind.type_id
        event["objectId"] = told["id"]
        if one.action == "propertyChange":
            event |= {"propertyName": told["name"], "propertyValue": told["value"]} | ({"isSensitive": False} if one.is_generic else {})
        elif one.action == "merge":
            event |= {
                "primaryObjectId": told["primary"],
                "mergedObjectIds": told["merged"],
                "newObjectId": told["id"],
                "numberOfPropertiesMoved": told["moved"],
            }
        else:
            event["changeFlag"] = _FLAGS[one.action]
        return event


def _association(told: Mapping[str, Any], kind: Kind, *, is_generic: bool) -> Letter:
    other = BY_NAME[told["to_kind"]]
    type_ = BY_ID[told["type_id"]]
    event: Letter = {
        "fromObjectId": told["id"],
        "toObjectId": told["to_id"],
        "associationRemoved": told["removed"],
        "isPrimaryAssociation": type_.is_primary,
    }
    if is_generic:
        return event | {
            "fromObjectTypeId": kind.type_id,
            "toObjectTypeId": other.type_id,
            "associationCategory": "HUBSPOT_DEFINED",
            "associationTypeId": type_.type_id,
        }
    return event | {"associationType": f"{kind.label}_TO_{other.label}"}


def _signed(app: App, url: str, body: bytes, at: datetime) -> dict[str, str]:
    secret = app.secret.encode()
    plain = hashlib.sha256(secret + body).hexdigest()
    if app.signature == "v1":
        return {"X-HubSpot-Signature": plain, "X-HubSpot-Signature-Version": "v1"}
    if app.signature == "v2":
        digest = hashlib.sha256(secret + b"POST" + url.encode() + body).hexdigest()
        return {"X-HubSpot-Signature": digest, "X-HubSpot-Signature-Version": "v2"}
    stamp = str(to_ms(at))
    uri = _DECODED.sub(lambda found: chr(int(found[1], 16)), url)
    digest_v3 = hmac.new(secret, b"POST" + uri.encode() + body + stamp.encode(), hashlib.sha256).digest()
    # Real requests carry the older signature too; a receiver must not fall back to it.
    return {
        "X-HubSpot-Signature": plain,
        "X-HubSpot-Signature-Version": "v1",
        "X-HubSpot-Signature-v3": base64.b64encode(digest_v3).decode(),
        "X-HubSpot-Request-Timestamp": stamp,
    }


def _lines(written: object) -> list[Mapping[str, Any]]:
    """Subscriptions as a list, or as the three lists of a project's webhooks file."""
    if isinstance(written, Mapping):
        written = [one for part in ("crmObjects", "legacyCrmObjects", "hubEvents") for one in written.get(part, ())]
    if not isinstance(written, list) or not all(isinstance(one, Mapping) for one in written):
        raise ValueError('subscriptions is a list of {"subscriptionType": …}, or the object of a webhooks-hsmeta.json')
    return list(written)
