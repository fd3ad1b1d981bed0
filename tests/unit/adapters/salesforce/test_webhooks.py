"""Which bodies count as an Outbound Message of our org, what is kept of them, and what they hint at."""

from datetime import UTC, datetime
from time import perf_counter

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from adapters.salesforce.soql import long_id
from adapters.salesforce.webhooks import MOST_BYTES, SalesforceHooks
from connector.ports.hooks import BadEvent, Hint, HookFault, HookKeys, HookRefused, HookRequest

HOOKS = SalesforceHooks()
ORG = "00D5g000004Xa7k"
ORG_18 = "00D5g000004Xa7kEAC"
"""Capitals: D (1st five: bit 2), X (third five: bit 0 of `4Xa7k` is 4, bit 1 X): E, A, C."""
KEYS = HookKeys(accounts=(ORG_18,))
LEAD = '<sObject xsi:type="sf:Lead" xmlns:sf="urn:sobject.enterprise.soap.sforce.com"><sf:Id>00Q5g00000AbCdEEAV</sf:Id></sObject>'


def _notification(number: int = 1, record: str = LEAD) -> str:
    return f"<Notification><Id>04l5g{number:010d}AAA</Id>{record}</Notification>"


def _message(*notifications: str, session: str = '<SessionId xsi:nil="true"/>', org: str = ORG_18, head: str = "") -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>{head}
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <soapenv:Body>
  <notifications xmlns="http://soap.sforce.com/2005/09/outbound">
   <OrganizationId>{org}</OrganizationId>
   <ActionId>04k5g0000000001AAA</ActionId>
   {session}
   <EnterpriseUrl>https://acme.my.salesforce.com/services/Soap/c/66.0/{org}</EnterpriseUrl>
   {"".join(notifications or [_notification()])}
  </notifications>
 </soapenv:Body>
</soapenv:Envelope>""".encode()


def _fault(body: bytes, keys: HookKeys = KEYS) -> tuple[HookFault, int] | None:
    request = HookRequest(
        method="POST", uri="https://leads.example.com/hooks/sf/x", headers={}, body=body, arrived_at=datetime(2026, 11, 2, tzinfo=UTC)
    )
    try:
        HOOKS.verify(request, keys=keys)
    except HookRefused as refused:
        return refused.fault, refused.status
    return None


def test_a_message_of_our_org_is_taken_and_hints_at_its_records() -> None:
    event = '<sObject xsi:type="sf:Event"><Id>00U5g00000AbCdE</Id></sObject>'
    body = _message(_notification(1), _notification(2, event))

    told = list(HOOKS.split(HOOKS.kept(body)))

    assert _fault(body) is None
    assert told == [
        Hint(event="04l5g0000000001AAA", source="Lead", record="00Q5g00000AbCdEEAV"),
        Hint(event="04l5g0000000002AAA", source="Event", record="00U5g00000AbCdEEAV"),
    ]


@pytest.mark.parametrize(
    ("given_org", "known", "is_ours"),
    [
        (ORG_18, ORG_18, True),
        (ORG, ORG_18, True),
        (ORG_18, ORG, True),
        (ORG, ORG, True),
        (ORG.lower(), ORG_18, False),
        (ORG + "AAA", ORG_18, False),
        ("00D5g000004Xa7m", ORG_18, False),
        ("", ORG_18, False),
        (ORG_18, "", False),
        (ORG_18[:-1], ORG_18, False),
    ],
)
def test_the_org_must_be_ours_in_either_form(given_org: str, known: str, is_ours: bool) -> None:
    assert _fault(_message(org=given_org), HookKeys(accounts=(known,))) == (None if is_ours else (HookFault.WRONG_ACCOUNT, 403))


def test_without_an_account_nothing_is_taken() -> None:
    assert _fault(_message(), HookKeys(accounts=())) == (HookFault.WRONG_ACCOUNT, 403)


def test_the_long_form_of_an_id_is_salesforces() -> None:
    # "Record IDs" in the SOAP API documentation: each of the three characters tells which of five are capitals, the first the lowest bit.
    assert long_id("001A0000006Vm9r") == "001A0000006Vm9rIAC"
    assert long_id("001A0000006Vm9rIAC") == "001A0000006Vm9rIAC"


@pytest.mark.parametrize(
    "session",
    [
        "<SessionId>00D!secret</SessionId>",
        "<SessionId>00D!secret</SessionId  >",
        "<SessionId/>",
        "<SessionId />",
        "<SessionId></SessionId>",
        '<SessionId xsi:nil="true" secret="secret"/>',
        '<x:SessionId xmlns:x="urn:other">secret</x:SessionId>',
        "<SESSIONID>secret</SESSIONID>",
        "<SessionId><a><SessionId/>secret</a>/></SessionId>",
        "<SessionId><![CDATA[secret</SessionId>]]></SessionId>",
        "<SessionId><!-- </SessionId> -->secret</SessionId>",
        "<SessionId>secret</SessionId><SessionId>secret</SessionId>",
    ],
)
def test_a_session_id_is_never_kept_and_nothing_else_is_touched(session: str) -> None:
    whole = _message(session=session)

    kept = HOOKS.kept(whole)

    assert b"secret" not in kept
    assert kept == _message(session="")
    assert list(HOOKS.split(kept)) == list(HOOKS.split(whole))
    assert _fault(kept) is None


def test_an_element_that_only_ends_like_it_is_kept() -> None:
    near = "<MySessionId><SessionId/></MySessionId>"

    assert HOOKS.kept(_message(session=near)) == _message(session="<MySessionId></MySessionId>")


_BOMB = "<!DOCTYPE b [" + '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)) + "]>"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"[]", id="JSON"),
        pytest.param(b"\xff\xfe", id="not UTF-8"),
        pytest.param(_message().decode().encode("utf-16"), id="UTF-16"),
        pytest.param(_message().decode().encode("utf-16-be"), id="UTF-16 without a mark"),
        pytest.param(_message()[:-1], id="cut"),
        pytest.param(_message(head=_BOMB, session="&a9;"), id="billion laughs"),
        pytest.param(_message(head='<!DOCTYPE b [<!ENTITY x SYSTEM "file:///etc/passwd">]>', session="&x;"), id="external entity"),
        pytest.param(_message(head='<!DOCTYPE b SYSTEM "http://127.0.0.1:1/x.dtd">'), id="external DTD"),
        pytest.param(_message(head="<!DOCTYPE b>"), id="a DTD"),
        pytest.param(_message(head='<!DOCTYPE b [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>'), id="parameter entity"),
        pytest.param(_message(session="&nothing;"), id="an entity nobody declared"),
        pytest.param(_message(session="<a>" * 30 + "</a>" * 30), id="30 deep"),
        pytest.param(b"<a>" * 300_000, id="300,000 deep"),
        pytest.param(_message(*[_notification(n) for n in range(101)]), id="101 notifications"),
        pytest.param(_message(" "), id="no notification"),
        pytest.param(_message(session=f"<OrganizationId>{ORG}</OrganizationId>"), id="two orgs"),
        pytest.param(_message().replace(b"2005/09/outbound", b"2005/09/other"), id="another namespace"),
        pytest.param(_message().replace(b"soapenv:Body", b"soapenv:Tail"), id="no SOAP body"),
    ],
)
def test_a_hostile_body_is_refused_at_once(body: bytes) -> None:
    began = perf_counter()

    assert _fault(body) == (HookFault.MALFORMED, 400)
    assert HOOKS.kept(body) == b""
    assert list(HOOKS.split(body)) == [BadEvent(place=0, reason="not an Outbound Message")]
    assert perf_counter() - began < 0.5


def test_a_body_of_more_than_a_megabyte_is_refused_unread() -> None:
    assert _fault(_message(session="<a>" + "x" * MOST_BYTES + "</a>")) == (HookFault.TOO_LARGE, 413)
    assert _fault(b" " * 10_000_000) == (HookFault.TOO_LARGE, 413)


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("", "no kind of record"),
        ("<sObject><Id>00Q5g00000AbCdEEAV</Id></sObject>", "no kind of record"),
        ('<sObject xsi:type="sf:Lead; DROP"><Id>00Q5g00000AbCdEEAV</Id></sObject>', "no kind of record"),
        ('<sObject xsi:type="sf:Lead"><Name>x</Name></sObject>', "no record id"),
        ('<sObject xsi:type="sf:Lead"><Id>%s</Id></sObject>' % ("0" * 17), "no record id"),
        ('<sObject xsi:type="sf:Lead"><Owner><Id>00Q5g00000AbCdEEAV</Id></Owner></sObject>', "no record id"),
    ],
)
def test_a_notification_that_makes_no_sense_stops_no_other(record: str, reason: str) -> None:
    first, second, third = HOOKS.split(_message(_notification(1), _notification(2, record), _notification(3)))

    assert second == BadEvent(place=1, reason=reason)
    assert [one.event for one in (first, third) if isinstance(one, Hint)] == ["04l5g0000000001AAA", "04l5g0000000003AAA"]


@given(st.integers(min_value=0), st.binary(min_size=1, max_size=3))
def test_no_change_of_a_message_makes_an_exception_or_keeps_a_session(place: int, noise: bytes) -> None:
    body = _message(session="<SessionId>00Dxx!secret</SessionId>")
    place %= len(body)
    changed = body[:place] + noise + body[place + len(noise) :]

    kept, told = HOOKS.kept(changed), list(HOOKS.split(changed))

    assert told
    if b"<SessionId>00Dxx!secret</SessionId>" in changed:
        assert b"secret" not in kept


def test_the_answer_is_an_acknowledgement() -> None:
    answer = HOOKS.answer()

    acks = fromstring(answer.body).findall(".//{http://soap.sforce.com/2005/09/outbound}Ack")
    assert (answer.status, answer.content_type, [ack.text for ack in acks]) == (200, "text/xml; charset=utf-8", ["true"])
    assert HOOKS.has_secret_path
