"""What strangers may send to a server on the internet: the right refusal, soon, counted; nothing of it is kept, logged or told back."""

import base64
import hashlib
import hmac
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from flask.testing import FlaskClient
from structlog.testing import capture_logs

from adapters.finder import crm_kinds
from connector.flows.receive import receive
from connector.flows.receiving import Hook
from connector.flows.sites import known_sites, make_site
from connector.ports.hooks import HookKeys
from connector.ports.store import Store
from connector.store.vault import make_key_file, open_vault
from tests.support.asgi import AsgiClient
from tests.support.stores import sqlite_store
from tests.unit.connector.web.outside import Outside

SECRET = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
CANARY = "canary.person@example.com"
PUBLIC = "https://hotlead.example.com"
NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
PUSHED = [
    {
        "eventId": 1,
        "subscriptionId": 1,
        "portalId": 62515,
        "occurredAt": 1793610000000,
        "subscriptionType": "contact.propertyChange",
        "propertyName": "email",
        "propertyValue": CANARY,
        "attemptNumber": 0,
        "objectId": 123,
        "appId": 1,
    }
]
SOAP = """<?xml version="1.0" encoding="UTF-8"?>{head}
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<soapenv:Body><notifications xmlns="http://soap.sforce.com/2005/09/outbound"><OrganizationId>{org}</OrganizationId>
<ActionId>04k5g0000000001AAA</ActionId><SessionId>00D!secret-session</SessionId>
<Notification><Id>04l5g0000000001AAA</Id><sObject xsi:type="sf:Lead" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">
<sf:Id>00Q5g00000AbCdEEAV</sf:Id><sf:Email>{email}</sf:Email></sObject></Notification></notifications></soapenv:Body></soapenv:Envelope>"""
ORG = "00D5g000004Xa7kEAC"
BOMB = '<!DOCTYPE z [<!ENTITY a "aaaaaaaaaa">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1 or str()};" * 10}">' for n in range(1, 9)) + "]>"
THEFT = '<!DOCTYPE z [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with sqlite_store(tmp_path / "hotlead") as made:
        yield made


@pytest.fixture
def outside(store: Store, tmp_path: Path) -> Outside:
    (tmp_path / "key").mkdir()
    make_key_file(tmp_path / "key")
    vault = open_vault(tmp_path / "key")
    make_site(store=store, vault=vault, name="www", origins=["https://www.example.com"], at=NOW)
    kinds = crm_kinds()
    return Outside(
        hooks={
            "hub": Hook(connection="hub", hooks=kinds["hubspot"].hooks, keys=HookKeys(secret=SECRET, accounts=("62515",))),
            "sf": Hook(connection="sf", hooks=kinds["salesforce"].hooks, keys=HookKeys(accounts=(ORG,)), path="right"),
        },
        sites=known_sites(store=store, vault=vault),
        now=NOW,
        into=lambda bodies: receive(store=store, bodies=bodies),
        skews={"hub": 0.0},
    )


def v3(body: bytes, *, age: timedelta = timedelta(0), uri: str = f"{PUBLIC}/hooks/hub", secret: str = SECRET) -> dict[str, str]:
    stamp = str(int((NOW - age).timestamp() * 1000))
    digest = hmac.new(secret.encode(), b"POST" + uri.encode() + body + stamp.encode(), hashlib.sha256).digest()
    return {"X-HubSpot-Signature-v3": base64.b64encode(digest).decode(), "X-HubSpot-Request-Timestamp": stamp}


def v1(body: bytes) -> dict[str, str]:
    return {"X-HubSpot-Signature": hashlib.sha256(SECRET.encode() + body).hexdigest(), "X-HubSpot-Signature-Version": "v1"}


GENUINE = json.dumps(PUSHED).encode()
FOREIGN = json.dumps([{**PUSHED[0], "portalId": 1}]).encode()
MESSAGE = SOAP.format(head="", org=ORG, email=CANARY).encode()
DEEP = b"[" * 500_000
HUGE = b"x" * (10 * 1024 * 1024)

WAYS = ("the whole face", "the routes alone")


def way_in(outside: Outside, way: str) -> AsgiClient | FlaskClient:
    return outside.client(public_url=PUBLIC) if way == "the routes alone" else outside.face(public_url=PUBLIC)


HOSTILE: tuple[tuple[str, str, bytes, dict[str, str], int], ...] = (
    ("unsigned", "/hooks/hub", GENUINE, {}, 401),
    ("signed with another secret", "/hooks/hub", GENUINE, v3(GENUINE, secret="guess"), 401),
    ("signed for another address", "/hooks/hub", GENUINE, v3(GENUINE, uri="https://evil.example/hooks/hub"), 401),
    ("signed over another body", "/hooks/hub", GENUINE + b" ", v3(GENUINE), 401),
    ("replayed after five minutes", "/hooks/hub", GENUINE, v3(GENUINE, age=timedelta(minutes=5, seconds=1)), 401),
    ("from the future", "/hooks/hub", GENUINE, v3(GENUINE, age=-timedelta(minutes=2)), 401),
    ("old signature beside a wrong new one", "/hooks/hub", GENUINE, {**v1(GENUINE), **v3(b"other")}, 401),
    ("of another portal", "/hooks/hub", FOREIGN, v3(FOREIGN), 403),
    ("signed, deeply nested", "/hooks/hub", DEEP, v3(DEEP), 400),
    ("signed, not UTF-8", "/hooks/hub", b'["\xff\xfe"]', v3(b'["\xff\xfe"]'), 400),
    ("signed, not JSON", "/hooks/hub", b"hello", v3(b"hello"), 400),
    ("ten megabytes", "/hooks/hub", HUGE, v3(HUGE), 413),
    ("to nobody", "/hooks/nobody", GENUINE, v3(GENUINE), 404),
    ("to a wrong secret", "/hooks/sf/wrong", MESSAGE, {}, 404),
    ("of another org", "/hooks/sf/right", SOAP.format(head="", org="00D000000000001AAA", email=CANARY).encode(), {}, 403),
    ("an entity bomb", "/hooks/sf/right", SOAP.format(head=BOMB, org="&a8;", email=CANARY).encode(), {}, 400),
    ("an entity that reads a file", "/hooks/sf/right", SOAP.format(head=THEFT, org="&x;", email=CANARY).encode(), {}, 400),
    ("deeply nested XML", "/hooks/sf/right", b"<a>" * 300_000, {}, 400),
    ("no XML", "/hooks/sf/right", b"\x00\x01\x02", {}, 400),
    ("ten megabytes of XML", "/hooks/sf/right", HUGE, {}, 413),
    ("unsigned event", "/events", GENUINE, {}, 401),
    (
        "event with a guessed signature",
        "/events",
        GENUINE,
        {"webhook-id": "1", "webhook-timestamp": str(int(NOW.timestamp())), "webhook-signature": "v1,AAAA"},
        401,
    ),
    ("page view of nobody", "/events/page?key=x", b'{"id":"1","visitor":"visitor-1","path":"/"}', {"Origin": "https://evil.example"}, 404),
    ("page view, deeply nested", "/events/page", b"[" * 4000, {}, 400),
    ("page view, ten megabytes", "/events/page", HUGE, {}, 413),
)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("path", "body", "headers", "status"), [case[1:] for case in HOSTILE], ids=[case[0] for case in HOSTILE])
def test_a_hostile_request_is_refused_soon_and_leaves_no_trace(
    outside: Outside, store: Store, caplog: pytest.LogCaptureFixture, path: str, body: bytes, headers: dict[str, str], status: int, way: str
) -> None:
    client = way_in(outside, way)
    caplog.set_level(logging.DEBUG)
    begun = perf_counter()

    with capture_logs() as logs:
        answer = client.post(path, data=body, headers={"User-Agent": CANARY, **headers})

    assert answer.status_code == status
    assert perf_counter() - begun < 2
    with store.read() as tx:
        assert tx.inbox.waiting() == {}
    assert len([name for name in outside.tally.counts if name[0] == "refused"]) == 1
    assert CANARY not in answer.text + repr(logs) + caplog.text
    assert "root:" not in answer.text


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [("/hooks/hub", GENUINE, v3(GENUINE), 204), ("/hooks/hub", GENUINE, v1(GENUINE), 204), ("/hooks/sf/right", MESSAGE, {}, 200)],
    ids=["HubSpot v3", "HubSpot v1", "Outbound Message"],
)
def test_the_genuine_ones_beside_them_are_durable(
    outside: Outside, store: Store, path: str, body: bytes, headers: dict[str, str], status: int, way: str
) -> None:
    answer = way_in(outside, way).post(path, data=body, headers=headers)

    with store.read() as tx:
        lanes: dict[str, Any] = dict(tx.inbox.waiting())
        (kept,) = tx.inbox.next(lane=path.split("/")[2], limit=10)
    assert answer.status_code in (200, status)
    assert [b.waiting for b in lanes.values()] == [1]
    assert b"secret-session" not in kept.body
