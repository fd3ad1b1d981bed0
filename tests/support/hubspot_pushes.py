"""What tests of the HubSpot sandbox's pushes and acts ask and read. Station: tests, support."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any

import requests

from tests.support.hubspot_portal import Served
from tests.support.push_receiver import Received, Receiver

SECRET = "app-secret-ü"
EMAIL = {"subscriptionType": "contact.propertyChange", "propertyName": "email"}


def subscribe(portal: Served, listener: Receiver, *lines: dict[str, Any], path: str = "/hooks/hs", **settings: Any) -> int:
    """The number of a new subscription of those lines."""
    body = {"target": listener.url + path, "secret": SECRET, "app_id": 77, "subscriptions": list(lines), **settings}
    answer = requests.post(f"{portal.url}/_sandbox/pushes", json=body, timeout=5)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["number"])


def flush(portal: Served, advance_s: float = 0) -> dict[str, Any]:
    """The list of subscribers, once everything due after so many seconds was answered."""
    if advance_s:
        requests.put(f"{portal.url}/_sandbox/clock", json={"advance_s": advance_s}, timeout=5)
    listed = requests.post(f"{portal.url}/_sandbox/pushes/flush", timeout=60)
    assert listed.ok, listed.text
    return dict(listed.json())


def told(listener: Receiver) -> list[dict[str, Any]]:
    """Every event so far, in order of arrival."""
    return [event for one in listener.received for event in json.loads(one.body)]


def is_signed_v3(one: Received, uri: str) -> bool:
    """True when the v3 signature over the raw request is right, worked out here from HubSpot's description."""
    source = b"POST" + uri.encode() + one.body + one.headers["x-hubspot-request-timestamp"].encode()
    expected = base64.b64encode(hmac.digest(SECRET.encode(), source, "sha256")).decode()
    return expected == one.headers["x-hubspot-signature-v3"]


def act(portal: Served, **asked: Any) -> dict[str, Any]:
    """What a person's act gives."""
    answer = requests.post(f"{portal.url}/_sandbox/acts", json=asked, timeout=5)
    assert answer.ok, answer.text
    return dict(answer.json())


def actions(*names: str) -> list[dict[str, Any]]:
    """Subscriptions to these actions of contacts."""
    return [{"subscriptionType": f"contact.{name}"} for name in names]
