"""What servers and web pages hear at /events, and what is kept of what they send."""

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from standardwebhooks import Webhook
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from connector.flows.site_envelope import Via, unwrapped
from connector.flows.sites import KnownSite
from connector.ports.errors import StoreFull
from connector.ports.inbox import SITE
from connector.ports.sites import Site
from tests.unit.connector.web.outside import NOW, Outside

NEWEST, BEFORE, OTHERS = ("whsec_" + b64encode(bytes([n]) * 32).decode() for n in (1, 2, 3))
WWW = Site(
    name="www",
    public_key="pk_www",
    origins=("https://www.example.com",),
    needs_consent=True,
    production=True,
    sealed=b"",
    created_at=NOW,
)
SHOP = Site(
    name="shop",
    public_key="pk_shop",
    origins=("https://shop.example.com",),
    needs_consent=False,
    production=False,
    sealed=b"",
    created_at=NOW,
)
VIEW = {"type": "page_view", "id": "evt_1", "at": "2026-11-02T08:59:00Z", "email": "ann@example.com", "path": "/pricing", "seconds": 40}
SCRIPT = {"id": "view-1", "visitor": "visitor-1", "path": "/pricing", "seconds": 40, "consent": True}


@pytest.fixture
def outside() -> Outside:
    return Outside(sites=(KnownSite(site=SHOP, secrets=(OTHERS,)), KnownSite(site=WWW, secrets=(NEWEST, BEFORE))))


def send(
    outside: Outside,
    body: bytes | Any,
    *,
    secret: str = NEWEST,
    age: timedelta = timedelta(0),
    headers: Mapping[str, str] | None = None,
    client: FlaskClient | None = None,
) -> TestResponse:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    stamp = NOW - age
    signed = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(stamp.timestamp())),
        "webhook-signature": Webhook(secret).sign(msg_id="msg_1", timestamp=stamp, data=raw.decode("utf-8", "replace")),
    }
    return (client or outside.client()).post("/events", data=raw, headers={**signed, **(headers or {})})


def view(client: FlaskClient, body: Any = SCRIPT, *, key: str = "pk_www", origin: str | None = "https://www.example.com") -> TestResponse:
    headers = {} if origin is None else {"Origin": origin}
    return client.post(f"/events/page?key={key}", data=json.dumps(body), headers=headers, content_type="text/plain")


def test_one_signed_event_is_durable_before_it_is_accepted(outside: Outside) -> None:
    answer = send(outside, VIEW)

    assert (answer.status_code, answer.json) == (202, {"accepted": 1})
    (kept,) = outside.inbox
    envelope = unwrapped(kept.body)
    assert (kept.lane, kept.at) == (SITE, NOW)
    assert (envelope.site, envelope.production, envelope.via, json.loads(envelope.body)) == ("www", True, Via.SERVER, VIEW)
    assert outside.tally.counts == {("received", "site"): 1}


def test_a_batch_is_kept_as_one_body(outside: Outside) -> None:
    answer = send(outside, [{**VIEW, "id": f"evt_{n}"} for n in range(100)])

    assert (answer.status_code, answer.json, len(outside.inbox)) == (202, {"accepted": 100}, 1)


def test_the_secret_says_which_site_it_is(outside: Outside) -> None:
    send(outside, VIEW, secret=OTHERS)

    assert [(unwrapped(a.body).site, unwrapped(a.body).production) for a in outside.inbox] == [("shop", False)]


def test_the_secret_before_the_newest_still_counts(outside: Outside) -> None:
    assert send(outside, VIEW, secret=BEFORE).status_code == 202


def test_one_of_several_signatures_is_enough(outside: Outside) -> None:
    raw = json.dumps(VIEW).encode()
    signatures = " ".join(Webhook(s).sign(msg_id="msg_1", timestamp=NOW, data=raw.decode()) for s in ("whsec_AAAA", BEFORE))

    assert send(outside, raw, headers={"webhook-signature": f"v1a,x {signatures}"}).status_code == 202


@pytest.mark.parametrize(
    ("changed", "status", "fault"),
    [
        ({"webhook-signature": ""}, 401, "unsigned"),
        ({"webhook-id": ""}, 401, "unsigned"),
        ({"webhook-timestamp": ""}, 401, "unsigned"),
        ({"webhook-id": "msg_2"}, 401, "forged"),
        ({"webhook-signature": "v1,"}, 401, "forged"),
        ({"webhook-signature": "nothing like it"}, 401, "forged"),
        ({"webhook-signature": "v1," + "é" * 44}, 401, "forged"),
        ({"webhook-timestamp": "soon"}, 400, "malformed"),
        ({"webhook-timestamp": "-1"}, 400, "malformed"),
        ({"webhook-timestamp": "9" * 400}, 400, "malformed"),
        ({"webhook-timestamp": "99999999999"}, 401, "forged"),
    ],
)
def test_what_is_not_signed_right_is_refused(outside: Outside, changed: dict[str, str], status: int, fault: str) -> None:
    answer = send(outside, VIEW, headers=changed)

    assert (answer.status_code, answer.json) == (status, {"error": fault})
    assert outside.inbox == []
    assert outside.tally.counts == {("refused", "site", fault): 1}


def test_a_secret_of_nobody_is_forged(outside: Outside) -> None:
    assert send(outside, VIEW, secret="whsec_" + b64encode(b"9" * 32).decode()).json == {"error": "forged"}


@pytest.mark.parametrize(
    ("age", "fault"),
    [
        (timedelta(minutes=5), None),
        (timedelta(minutes=5, seconds=1), "stale"),
        (-timedelta(minutes=5), None),
        (-timedelta(minutes=5, seconds=1), "from_the_future"),
    ],
)
def test_a_signature_counts_for_five_minutes_either_way(outside: Outside, age: timedelta, fault: str | None) -> None:
    answer = send(outside, VIEW, age=age)

    assert answer.status_code == (401 if fault else 202)
    assert fault is None or answer.json == {"error": fault}


@pytest.mark.parametrize(
    ("body", "field", "problem"),
    [
        ({**VIEW, "seconds": -1}, "seconds", "must be at least 0"),
        ({**VIEW, "seconds": 86401}, "seconds", "must be at most 86400"),
        ({**VIEW, "seconds": True}, "seconds", "must be a whole number"),
        ({**VIEW, "email": "ann"}, "email", "is not an e-mail address"),
        ({**VIEW, "path": "/\x00"}, "path", "holds control characters"),
        ({**VIEW, "path": "x" * 501}, "path", "is longer than 500"),
        ({**VIEW, "visitor": "a b c d e f"}, "visitor", "holds characters that are not allowed here"),
        ({**VIEW, "at": "2026-11-02T08:59:00"}, "at", "needs a time zone"),
        ({**VIEW, "at": 1793610000}, "at", "must be a time such as 2026-11-02T09:00:00Z"),
        ({**VIEW, "at": "2026-11-02T09:05:01Z"}, "at", "lies in the future"),
        ({**VIEW, "at": "0001-01-01T00:00:00+14:00"}, "at", "lies before the year 2000"),
        ({**VIEW, "type": "purchase"}, "type", "is not a type of event"),
        ({**VIEW, "budget": 1}, "budget", "is not a field of this event"),
        ({**VIEW, "ann@example.com": 1}, "…", "is not a field of this event"),
        ({k: v for k, v in VIEW.items() if k != "id"}, "id", "is missing"),
        ({k: v for k, v in VIEW.items() if k != "email"}, "", "needs an email or a visitor"),
        ({k: v for k, v in VIEW.items() if k != "path"}, "", "needs either a path or a url"),
        ([VIEW, {**VIEW, "seconds": "x"}], "[1].seconds", "must be a whole number"),
        ([], "", "is shorter than 1"),
        ([VIEW] * 101, "", "is longer than 100"),
        ({"type": "identify", "id": "1", "at": VIEW["at"], "email": "ann@example.com"}, "visitor", "is missing"),
        (b"{", "", "is not JSON"),
        (b"\xff\xfe", "", "is not JSON"),
        (b"[" * 200_000, "", "is not JSON"),
        (b'{"a":' * 100_000, "", "is not JSON"),
        (b"null", "", "must be an object"),
    ],
)
def test_a_wrong_field_is_named_and_no_value_told(outside: Outside, body: Any, field: str, problem: str) -> None:
    answer = send(outside, body)

    if body == b"\xff\xfe":
        assert (answer.status_code, answer.json) == (400, {"error": "malformed"})
    else:
        assert answer.status_code == 400
        assert answer.json == {"error": "malformed", "fields": [{"field": field, "problem": problem}]}
        assert "ann" not in answer.text
    assert outside.inbox == []


def test_a_body_over_a_megabyte_is_refused(outside: Outside) -> None:
    assert send(outside, b"x" * (1024 * 1024 + 1)).status_code == 413


def test_what_could_not_be_kept_is_asked_for_again(outside: Outside) -> None:
    outside.trouble = StoreFull("full")

    answer = send(outside, VIEW)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_a_page_view_of_a_page_is_kept(outside: Outside) -> None:
    answer = view(outside.client())

    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"], answer.headers["Vary"]) == (
        202,
        "https://www.example.com",
        "Origin",
    )
    envelope = unwrapped(outside.inbox[0].body)
    assert (envelope.site, envelope.via, json.loads(envelope.body)) == ("www", Via.SCRIPT, SCRIPT)


def test_the_key_may_stand_in_the_body(outside: Outside) -> None:
    assert view(outside.client(), {**SCRIPT, "key": "pk_www"}, key="").status_code == 202


@pytest.mark.parametrize(
    ("key", "origin", "body", "status", "fault"),
    [
        ("pk_nobody", "https://www.example.com", SCRIPT, 404, "unknown"),
        ("", "https://www.example.com", SCRIPT, 404, "unknown"),
        ("pk_www", "https://shop.example.com", SCRIPT, 403, "wrong_origin"),
        ("pk_www", "https://www.example.com.evil.example", SCRIPT, 403, "wrong_origin"),
        ("pk_www", "http://www.example.com", SCRIPT, 403, "wrong_origin"),
        ("pk_www", "null", SCRIPT, 403, "wrong_origin"),
        ("pk_www", None, SCRIPT, 403, "wrong_origin"),
        ("pk_www", "https://www.example.com", {**SCRIPT, "consent": False}, 403, "no_consent"),
    ],
)
def test_a_page_view_that_may_not_come_is_refused(
    outside: Outside, key: str, origin: str | None, body: dict[str, Any], status: int, fault: str
) -> None:
    answer = view(outside.client(), body, key=key, origin=origin)

    assert (answer.status_code, answer.json) == (status, {"error": fault})
    assert outside.inbox == []
    assert outside.tally.counts == {("refused", "site", fault): 1}


def test_a_site_that_asks_for_no_consent_takes_views_without(outside: Outside) -> None:
    body = {**SCRIPT, "consent": False}

    assert view(outside.client(), body, key="pk_shop", origin="https://shop.example.com").status_code == 202


@pytest.mark.parametrize("more", [{"email": "ann@example.com"}, {"type": "inquiry"}, {"at": "2026-01-01T00:00:00Z"}])
def test_a_page_can_say_nothing_but_page_views(outside: Outside, more: dict[str, str]) -> None:
    assert view(outside.client(), {**SCRIPT, **more}).status_code == 400


def test_a_page_view_over_four_kilobytes_is_refused(outside: Outside) -> None:
    assert view(outside.client(), {**SCRIPT, "path": "/" * 4096}).status_code == 413


def test_one_address_may_send_so_many_views_a_minute_and_another_as_many(outside: Outside) -> None:
    client = outside.client(page_views_per_minute=2)

    mine = [view(client).status_code for _ in range(3)]
    others = client.post(
        "/events/page?key=pk_www",
        data=json.dumps(SCRIPT),
        headers={"Origin": "https://www.example.com"},
        environ_overrides={"REMOTE_ADDR": "192.0.2.7"},
    )
    outside.now = NOW + timedelta(minutes=1)

    assert (mine, others.status_code, view(client).status_code) == ([202, 202, 429], 202, 202)


def test_one_subscriber_of_ipv6_is_one_address(outside: Outside) -> None:
    client = outside.client(page_views_per_minute=1)

    told = [
        client.post(
            "/events/page?key=pk_www",
            data=json.dumps(SCRIPT),
            headers={"Origin": "https://www.example.com"},
            environ_overrides={"REMOTE_ADDR": address},
        ).status_code
        for address in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")
    ]

    assert told == [202, 429, 202]


def test_a_preflight_lets_only_our_origins_in(outside: Outside) -> None:
    client = outside.client()

    ours = client.options("/events/page", headers={"Origin": "https://www.example.com"})
    theirs = client.options("/events/page", headers={"Origin": "https://evil.example"})

    assert (ours.status_code, ours.headers["Access-Control-Allow-Origin"], ours.headers["Access-Control-Allow-Methods"]) == (
        204,
        "https://www.example.com",
        "POST",
    )
    assert "Access-Control-Allow-Origin" not in theirs.headers


def test_servers_events_are_not_for_browsers(outside: Outside) -> None:
    answer = send(outside, VIEW, headers={"Origin": "https://www.example.com"})

    assert "Access-Control-Allow-Origin" not in answer.headers


def test_logs_tell_nothing_of_an_event(outside: Outside) -> None:
    with capture_logs() as logs:
        send(outside, {**VIEW, "seconds": "ann@example.com"})
        view(outside.client(), SCRIPT, origin="https://ann.example.com")

    assert logs == [
        {"event": "not taken", "log_level": "info", "lane": "site", "fault": "malformed", "status": 400},
        {"event": "not taken", "log_level": "info", "lane": "site", "fault": "wrong_origin", "status": 403},
    ]


def test_the_script_is_small_kept_long_and_asked_for_once(outside: Outside) -> None:
    client = outside.client()

    script = client.get("/site.js")
    again = client.get("/site.js", headers={"If-None-Match": script.headers["ETag"]})

    assert len(script.data) < 2048
    assert (script.content_type, again.status_code, again.data) == ("text/javascript; charset=utf-8", 304, b"")
    assert "max-age=86400" in script.headers["Cache-Control"]
    assert script.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
