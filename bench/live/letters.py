"""Signed requests as HubSpot sends them, made ready as bytes before anything is timed."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Sequence

SECRET = "app-secret-of-benchmarks"
CONNECTION = "hubspot"


def requests_ready(*, port: int, account: int, records: Sequence[int], count: int, events_each: int, first: int) -> list[bytes]:
    """`count` whole HTTP/1.1 requests with `events_each` events each, numbered from `first` and about `records` in turn."""
    host = f"127.0.0.1:{port}"
    path = f"/hooks/{CONNECTION}"
    stamp = str(int(time.time() * 1000))
    made = []
    for start in range(first, first + count * events_each, events_each):
        events = [_event(number, account=account, record=records[number % len(records)]) for number in range(start, start + events_each)]
        body = json.dumps(events, separators=(",", ":")).encode()
        signed = f"POSThttp://{host}{path}".encode() + body + stamp.encode()
        signature = base64.b64encode(hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()).decode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nUser-Agent: HubSpot Connect 2.0\r\n"
            f"X-HubSpot-Signature-v3: {signature}\r\nX-HubSpot-Request-Timestamp: {stamp}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        made.append(head.encode() + body)
    return made


def _event(number: int, *, account: int, record: int) -> dict[str, object]:
    return {
        "eventId": number,
        "subscriptionId": 12345,
        "portalId": account,
        "appId": 1160452,
        "occurredAt": int(time.time() * 1000),
        "subscriptionType": "contact.propertyChange",
        "attemptNumber": 0,
        "objectId": record,
        "propertyName": "jobtitle",
        "propertyValue": f"Head of purchasing {number}",
        "changeSource": "CRM_UI",
    }
