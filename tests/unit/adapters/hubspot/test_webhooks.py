"""Which requests count as HubSpot's, by its own documented examples and by every way to forge one."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.hubspot.webhooks import MOST_BYTES, HubSpotHooks, signed_address
from connector.ports.hooks import BadEvent, HookAnswer, HookFault, HookKeys, HookRefused, HookRequest

SECRET = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"  # the one of HubSpot's documented examples
KEYS = HookKeys(secret=SECRET, accounts=("62515",))
ADDRESS = "https://leads.example.com/hooks/eu"
STAMP = "1564113600000"
SENT = datetime(2019, 7, 26, 4, 0, tzinfo=UTC)
BODY = (
    b'[{"eventId":1,"subscriptionId":12345,"portalId":62515,"occurredAt":1564113600000,"subscriptionType":"contact.creation",'
    b'"attemptNumber":0,"objectId":123,"changeSource":"CRM","changeFlag":"NEW","appId":54321}]'
)
V3 = "oKDxY9mO3uzVSxceK5QsuzRicmSHr9p/ezA8NIDKrOc="
"""printf 'POST%s%s%s' "$address" "$body" "$stamp" | openssl dgst -sha256 -hmac "$secret" -binary | base64"""

HOOKS = HubSpotHooks()


def _request(**changed: Any) -> HookRequest:
    parts = {"method": "POST", "uri": ADDRESS, "headers": _v3(), "body": BODY, "arrived_at": SENT + timedelta(seconds=2)}
    return HookRequest(**{**parts, **changed})


def _v3(signature: str = V3, stamp: str = STAMP) -> dict[str, str]:
    return {"x-hubspot-signature-v3": signature, "x-hubspot-request-timestamp": stamp}


def _signed(body: bytes, *, uri: str = ADDRESS, signed_uri: str = "") -> HookRequest:
    """A request with this body, signed by a few lines of our own."""
    message = b"POST" + (signed_uri or uri).encode() + body + STAMP.encode()
    signature = base64.b64encode(hmac.new(SECRET.encode(), message, hashlib.sha256).digest()).decode()
    return _request(uri=uri, body=body, headers=_v3(signature))


def _fault(request: HookRequest, keys: HookKeys = KEYS) -> tuple[HookFault, int] | None:
    """What the request is refused for; None when it is taken."""
    try:
        HOOKS.verify(request, keys=keys)
    except HookRefused as refused:
        return refused.fault, refused.status
    return None


def test_a_signed_request_is_taken() -> None:
    assert _fault(_request()) is None


def test_a_body_beyond_ascii_is_signed_by_its_bytes() -> None:
    body = (
        '[{"subscriptionId":7,"portalId":62515,"occurredAt":1564113600000,"subscriptionType":"contact.propertyChange",'
        '"propertyName":"lastname","propertyValue":"山田 ü","objectId":123}]'
    ).encode()

    assert _fault(_request(body=body, headers=_v3("5uHKV5K9JW1Va8VTbq5udTbcClU0dYiHST0/U3k3xiY="))) is None


def test_just_the_documented_escapes_of_the_address_are_decoded_once() -> None:
    address = f"{ADDRESS}?a=%3A%2F%40%21%24%27%28%29%2A%2C%3B&b=%20%25%26%3F"
    # Signed by openssl over …?a=:/@!$'()*,;&b=%20%25%26?
    request = _request(uri=address, headers=_v3("/KPmp+okYDhVLqukmygX537za+zNTgPbHBXxXlYjS5Y="))

    assert _fault(request) is None
    assert signed_address("/a%253Ab%2f%3a%E3%81%82é") == "/a%253Ab%2f%3a%E3%81%82é".encode("latin-1")


@pytest.mark.parametrize(
    ("version", "signature"),
    [
        # v1: HubSpot's own documented example, body and hash; v2: sha256 of secret, POST, address and body by openssl.
        ("v1", "232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de"),
        ("v2", "276a2548f0a0181a076d456de09c0e7477ae101ccc16a11600488a77714e9b8d"),
    ],
)
def test_a_legacy_apps_signature_counts_where_there_is_no_newer_one(version: str, signature: str) -> None:
    old = {"x-hubspot-signature": signature, "x-hubspot-signature-version": version}
    request = _request(uri="https://www.example.com/webhook_uri", headers=old)

    assert _fault(request) is None
    assert _fault(_request(uri=request.uri, headers={**old, "x-hubspot-signature": signature[:-1] + "0"})) == (HookFault.FORGED, 401)
    for newer in ({"x-hubspot-signature-v3": "forged"}, {"x-hubspot-signature-v3": ""}, _v3("forged")):
        refusal = _fault(_request(uri=request.uri, headers={**old, **newer}))
        assert refusal is not None
        assert refusal[0] in (HookFault.FORGED, HookFault.UNSIGNED)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-hubspot-signature-v3": V3},
        _v3(stamp=""),
        {"x-hubspot-request-timestamp": STAMP},
        {"x-hubspot-signature": "232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de"},
        {"x-hubspot-signature": "", "x-hubspot-signature-version": "v1"},
        {"x-hubspot-signature": V3, "x-hubspot-signature-version": "v4"},
    ],
)
def test_a_request_without_a_whole_signature_is_unsigned(headers: Mapping[str, str]) -> None:
    assert _fault(_request(headers=headers)) == (HookFault.UNSIGNED, 401)


@pytest.mark.parametrize("signature", ["署名", "\xff\xfe", "\udcff", V3 + "\n", V3.lower(), "x" * 100_000])
def test_a_wrong_signature_of_any_characters_is_forged(signature: str) -> None:
    assert _fault(_request(headers=_v3(signature))) == (HookFault.FORGED, 401)


def test_a_secret_that_is_not_set_up_takes_nothing() -> None:
    assert _fault(_request(), HookKeys(secret="", accounts=("62515",))) == (HookFault.UNKNOWN, 404)
    assert _fault(_request(), HookKeys(secret="another", accounts=("62515",))) == (HookFault.FORGED, 401)


@pytest.mark.parametrize(
    ("late", "fault"),
    [
        (timedelta(minutes=5), None),
        (timedelta(minutes=5, milliseconds=1), HookFault.STALE),
        (timedelta(days=30), HookFault.STALE),
        (timedelta(seconds=-60), None),
        (timedelta(seconds=-60, milliseconds=-1), HookFault.FROM_THE_FUTURE),
    ],
)
def test_a_signed_request_is_good_from_a_minute_before_to_five_after(late: timedelta, fault: HookFault | None) -> None:
    assert _fault(_request(arrived_at=SENT + late)) == (None if fault is None else (fault, 401))


def test_a_forged_request_is_called_forged_however_old_it_is() -> None:
    assert _fault(_request(arrived_at=SENT + timedelta(days=1), headers=_v3("x"))) == (HookFault.FORGED, 401)


def test_every_event_must_be_of_a_portal_of_ours() -> None:
    ours, theirs = json.loads(BODY)[0], {**json.loads(BODY)[0], "portalId": 62516}
    mixed = _signed(json.dumps([ours, theirs]).encode())

    assert _fault(mixed) == (HookFault.WRONG_ACCOUNT, 403)
    assert _fault(mixed, HookKeys(secret=SECRET, accounts=("62515", "62516"))) is None
    assert _fault(mixed, HookKeys(secret=SECRET, accounts=())) == (HookFault.WRONG_ACCOUNT, 403)


def _hundred(count: int) -> bytes:
    return json.dumps([{"portalId": 62515, "subscriptionType": "contact.creation", "objectId": n + 1} for n in range(count)]).encode()


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        pytest.param(b"", HookFault.MALFORMED, id="empty"),
        pytest.param(b"[]", HookFault.MALFORMED, id="no event"),
        pytest.param(b"{}", HookFault.MALFORMED, id="no array"),
        pytest.param(b'"x"', HookFault.MALFORMED, id="a text"),
        pytest.param(b"[1, null, []]", HookFault.MALFORMED, id="no event of a portal"),
        pytest.param(b'[{"portalId": true}]', HookFault.MALFORMED, id="a portal that is no number"),
        pytest.param(b'[{"portalId": NaN}]', HookFault.MALFORMED, id="NaN"),
        pytest.param(b'[{"portalId": 62515, "x": "\xff"}]', HookFault.MALFORMED, id="not UTF-8"),
        pytest.param(b'[{"portalId": 62515, "portalId": 1}]', HookFault.WRONG_ACCOUNT, id="the portal twice"),
        pytest.param(b"[" * 1000 + b"]" * 1000, HookFault.MALFORMED, id="1,000 deep"),
        pytest.param(_hundred(101), HookFault.MALFORMED, id="101 events"),
        pytest.param(b" " * (MOST_BYTES + 1), HookFault.TOO_LARGE, id="a byte too many"),
        pytest.param(b" " * 10_000_000, HookFault.TOO_LARGE, id="10 MB"),
    ],
)
def test_a_signed_body_that_makes_no_sense_is_refused(body: bytes, fault: HookFault) -> None:
    status = {HookFault.MALFORMED: 400, HookFault.TOO_LARGE: 413, HookFault.WRONG_ACCOUNT: 403}[fault]

    assert _fault(_signed(body)) == (fault, status)


def test_a_hundred_events_are_taken_and_one_bad_one_stops_none() -> None:
    events = json.loads(_hundred(100))
    events[41] = {"portalId": 62515, "subscriptionType": "contact.creation", "objectId": "x"}
    body = json.dumps(events).encode()

    told = list(HOOKS.split(body))

    assert _fault(_signed(_hundred(100))) is None
    assert _fault(_signed(body)) is None
    assert told[41] == BadEvent(place=41, reason="no record id")
    assert [one.record for one in told if not isinstance(one, BadEvent)] == [str(n + 1) for n in range(100) if n != 41]


@given(
    place=st.integers(min_value=0),
    mask=st.integers(min_value=1, max_value=255),
    part=st.sampled_from(["body", "uri", "stamp", "signature"]),
)
def test_any_single_byte_flip_of_a_signed_request_is_refused(place: int, mask: int, part: str) -> None:
    whole = {"body": BODY, "uri": ADDRESS.encode(), "stamp": STAMP.encode(), "signature": V3.encode()}
    place %= len(whole[part])
    whole[part] = whole[part][:place] + bytes([whole[part][place] ^ mask]) + whole[part][place + 1 :]
    headers = _v3(whole["signature"].decode("latin-1"), whole["stamp"].decode("latin-1"))

    assert _fault(_request(body=whole["body"], uri=whole["uri"].decode("latin-1"), headers=headers)) == (HookFault.FORGED, 401)


@given(st.sampled_from(["GET", "PUT", "post", "POS", "POSTh", ""]))
def test_another_method_is_refused(method: str) -> None:
    assert _fault(_request(method=method)) == (HookFault.FORGED, 401)


@given(st.binary(max_size=60))
def test_whatever_was_kept_is_split_without_an_exception(body: bytes) -> None:
    assert all(isinstance(one, BadEvent) for one in HOOKS.split(body))


def test_a_body_is_kept_as_it_came_and_answered_without_words() -> None:
    assert HOOKS.kept(BODY) is BODY
    assert HOOKS.answer() == HookAnswer(status=204)
    assert (HOOKS.most_bytes, HOOKS.has_secret_path) == (1_048_576, False)
