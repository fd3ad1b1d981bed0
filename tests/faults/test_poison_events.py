"""One event in a batch holds what no database keeps or no reader expects: the others of the batch go through, and it is counted (P8)."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from adapters.hubspot.webhooks import HubSpotHooks
from adapters.kit.signatures import DEEPEST
from adapters.salesforce.webhooks import SalesforceHooks
from connector.flows.drain import Split, split
from connector.flows.site_envelope import Envelope, Via
from connector.flows.site_events import drain_site
from connector.ports.hooks import Hooks
from connector.ports.inbox import SITE, Arrived
from connector.ports.store import Store
from tests.support.fault_tally import tally
from tests.support.odd_values import DIGITS, KANJI
from tests.support.postgres import postgres_server
from tests.support.stores import at, connection, contact, postgres_database, postgres_store, put_contact, sqlite_store

ANN = "ann@example.com"


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


DEEP, TOO_DEEP = nested(DEEPEST - 3), nested(2_000)
TEXTS = (
    '"\\u0000"',
    '"a\\u0000b"',
    '"\\ud83d"',
    '"\\udfff\\ud800"',
    '"' + "x" * 100_000 + '"',
    f'"{KANJI}"',
    f'"{KANJI[:500]}"',
    f'"{DIGITS}"',
)
NUMBERS = ("1" + "0" * 400, "1" + "0" * 5_000, "1e400", "-1e999999999", "0.1", "-0", "true")
TIMES = ('"0001-01-01T00:00:00+14:00"', '"9999-12-31T23:59:59-14:00"', '"0000-00-00T00:00:00Z"', '"99999-01-01T00:00:00Z"')
VALUES = (*TEXTS, *NUMBERS, *TIMES, DEEP, TOO_DEEP, '{"a": ' + DEEP + "}", "null", '"http://[::1"', '"//[x/%00"', '"%ud800"')
"""As JSON spells them, for Python's own writer would not."""
NUMBERED = count(1_000)


@pytest.fixture(scope="module", params=["SQLite", "PostgreSQL"])
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder: Path = tmp_path_factory.mktemp("poison") / "hotlead"
    if request.param == "SQLite":
        with sqlite_store(folder) as store:
            yield store
        return
    with postgres_server() as server, postgres_store(folder, url=postgres_database(server, folder)) as store:
        yield store


@pytest.fixture
def store(opened: Store) -> Iterator[Store]:
    """With nothing in its inbox, also where the test before this one failed."""
    opened.write(lambda tx: tx.connections.put(connection("crm")))
    yield opened
    for lane in ("hub", "crm", SITE):
        with opened.read() as tx:
            left = [body.no for body in tx.inbox.next(lane=lane, limit=10_000)]
        opened.write(lambda tx, left=left: tx.inbox.done(left))  # type: ignore[misc]  # a default keeps the numbers


def always() -> bool:
    return True


def clock() -> datetime:
    return at(2)


def told(template: dict[str, Any], **spelled: str) -> str:
    """The event as JSON, with these fields spelled so."""
    fields = {name: json.dumps(value) for name, value in template.items()} | spelled
    return "{" + ", ".join(f"{json.dumps(name)}: {value}" for name, value in fields.items()) + "}"


def arrive(store: Store, lane: str, bodies: Sequence[str | bytes]) -> None:
    raw = [body if isinstance(body, bytes) else body.encode() for body in bodies]
    store.write(lambda tx: tx.inbox.put([Arrived(lane=lane, body=body, at=at(1)) for body in raw]))


def drained(store: Store, lane: str, hooks: Hooks, *, reads: frozenset[str]) -> Split:
    return split(store=store, lane=lane, hooks=hooks, reads=reads, going=always)


def hints(store: Store, lane: str) -> set[str]:
    with store.read() as tx:
        found = tx.hints.next(connection=lane, at=at(3), limit=10_000)
        names = {hint.key.id for hint in found}
    store.write(lambda tx: tx.hints.done(found))
    return names


PUSHED: dict[str, Any] = {
    "eventId": 1, "portalId": 7, "subscriptionType": "contact.propertyChange", "objectId": 11, "occurredAt": 1_760_000_000_000,
    "propertyName": "jobtitle", "propertyValue": "CEO", "changeSource": "CRM", "attemptNumber": 0, "subscriptionId": 3,
}  # fmt: skip


@pytest.mark.parametrize("field", [*PUSHED, "mergedObjectIds", "associationType", "objectTypeId", "newObjectId"])
def test_a_poisoned_event_of_hubspot_stops_no_other(store: Store, field: str) -> None:
    asked: list[str] = []

    def good() -> str:
        asked.append(str(next(NUMBERED)))
        return told({**PUSHED, "eventId": asked[-1], "objectId": int(asked[-1])})

    wrong = [told(PUSHED, **{field: value}) for value in VALUES if value is not TOO_DEEP and len(value) < 5_000]
    wrong += [
        told({**PUSHED, "subscriptionType": f"contact.{deed}"}, **{field: DEEP}) for deed in ("merge", "associationChange", "creation")
    ]
    bodies = [f"[{good()}, {event}, {good()}]" for event in wrong]
    alone = [f"[{told(PUSHED, **{field: value})}]" for value in VALUES]
    arrive(store, "hub", [*bodies, *alone, f"[{good()}]"])

    found = drained(store, "hub", HubSpotHooks(), reads=frozenset({"contacts"}))

    assert found.bodies == len(bodies) + len(alone) + 1
    assert len(found.bad) >= 2, "what is too deep, or no number at all, is counted"
    tally("P8", "poisoned event of HubSpot", injected=len(bodies) + len(alone), violations=sorted(set(asked) - hints(store, "hub")))
    with store.read() as tx:
        assert tx.inbox.waiting() == {}


SOAP = """<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<soapenv:Body><notifications xmlns="http://soap.sforce.com/2005/09/outbound">
<OrganizationId>00D000000000001EAA</OrganizationId><ActionId>04k000000000001AAA</ActionId><SessionId xsi:nil="true"/>
<EnterpriseUrl>https://x</EnterpriseUrl><PartnerUrl>https://x</PartnerUrl>{0}</notifications></soapenv:Body></soapenv:Envelope>"""


def notice(number: int, *, record: str = "", more: str = "") -> str:
    record = record or f"00Q{number:012d}"
    return (
        f"<Notification><Id>04l{number:012d}</Id><sObject xsi:type='sf:Lead' xmlns:sf='urn:sobject.enterprise.soap.sforce.com'>"
        f"<sf:Id>{record}</sf:Id>{more}</sObject></Notification>"
    )


def test_a_poisoned_message_of_salesforce_stops_no_other(store: Store) -> None:
    deep = "<sf:a>" * 200 + "</sf:a>" * 200
    wrong = [
        notice(1, record="x" * 100_000), notice(2, record="&#0;"), notice(3, record="&#xD800;"), notice(4, record="00Q\ufffe"),
        notice(5, record="9" * 5_000), notice(6, record="<deep/>"), notice(7, more=deep), notice(8, more="<sf:Title>a&#0;b</sf:Title>"),
        notice(9, more="<sf:Title>" + "x" * 200_000 + "</sf:Title>"), notice(10, more="<sf:N>1e999999999</sf:N>"),
    ]  # fmt: skip
    bodies: list[str | bytes] = [SOAP.format(notice(100 + n) + event + notice(200 + n)) for n, event in enumerate(wrong)]
    bodies += [
        SOAP.format(notice(300)).replace("300", "3\x0000"),
        SOAP.format(notice(301)).encode("utf-16"),
        b"\xff\xfe\x00",
        b"<a>" * 10_000,
    ]
    arrive(store, "crm", [*bodies, SOAP.format(notice(400))])

    found = drained(store, "crm", SalesforceHooks(), reads=frozenset({"Lead"}))

    assert found.bodies == len(bodies) + 1
    assert len(found.bad) >= 6
    ids = hints(store, "crm")
    assert any(record.startswith("00Q000000000400") for record in ids)
    for n in (0, 4, 8, 9):
        assert sum(record.startswith((f"00Q{100 + n:012d}", f"00Q{200 + n:012d}")) for record in ids) == 2, wrong[n][:200]
    with store.read() as tx:
        assert tx.inbox.waiting() == {}


DONE: dict[str, Any] = {"type": "page_view", "id": "e", "at": "2026-11-02T09:00:00Z", "email": ANN, "path": "/pricing", "seconds": 9}


@pytest.mark.parametrize("via", list(Via))
def test_a_poisoned_first_party_event_stops_no_other_body(store: Store, via: Via) -> None:
    email = f"{via}@example.com"
    person = put_contact(store, contact(f"ann {via}", emails=[email]))
    fields = [*DONE, "url", "visitor", "campaign", "form", "key", "consent"]
    event = DONE if via is Via.SERVER else {"id": "e", "visitor": "v" * 20, "path": "/pricing", "seconds": 9}

    def wrap(body: str) -> bytes:
        return Envelope(site="www", production=True, via=via, body=body.encode()).wrapped()

    poisoned = [told({**event, "id": f"{field}-{n}"}, **{field: value}) for field in fields for n, value in enumerate(VALUES)]
    without_path = {name: value for name, value in event.items() if name != "path"}
    poisoned += [told({**without_path, "id": f"url-{n}"}, url=value) for n, value in enumerate(VALUES)]
    poisoned += [TOO_DEEP, DEEP, "", "\0", "\ud83d".encode("utf-8", "surrogatepass").decode("latin-1")]
    good = [told({**event, "id": f"good-{via}-{n}"}) for n in range(len(poisoned))]
    told_by_ann = Envelope(
        site="www", production=True, via=Via.SERVER, body=told({**DONE, "id": f"last-{via}", "email": email}).encode()
    ).wrapped()
    mixed = [wrap(one) for pair in zip(good, poisoned, strict=True) for one in pair]
    heads = [b"", b"{", b'{"site": 1}\n{}', b'{"site": "\\ud800", "production": 1, "via": "server"}\n{}', TOO_DEEP.encode() * 20 + b"\n{}"]
    arrive(store, SITE, [*mixed, *heads, told_by_ann])

    found = drain_site(store=store, clock=clock, going=always)

    with store.read() as tx:
        assert tx.inbox.waiting() == {}
        seen = tx.held_events.is_new([f"www/good-{via}-{n}" for n in range(len(good))] if via is Via.SERVER else [])
        acted = {activity.id for activity in tx.activities.of(person)}
    assert found.bodies == len(mixed) + len(heads) + 1
    assert found.bad >= len(poisoned) // 2
    tally("P8", f"poisoned first-party event ({via})", injected=len(poisoned), violations=sorted(seen))
    assert f"www/last-{via}" in acted
