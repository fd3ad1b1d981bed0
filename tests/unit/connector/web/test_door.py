"""The short way in for pushes, on the server's event loop, gives what Flask's routes give, and waits for nothing there."""

import asyncio
from collections.abc import AsyncIterator
from threading import Event, current_thread, main_thread
from time import monotonic
from typing import Any

import pytest
from structlog.testing import capture_logs

from connector.flows.receiving import Hook
from connector.flows.remembered import Remembered
from connector.ports.errors import StoreFull
from connector.ports.inbox import Arrived
from connector.web.app import create_face
from connector.web.hooks import coming
from connector.web.hooks.door import MOST_BYTES
from tests.support.asgi import call
from tests.unit.connector.web.outside import NOW, Outside, PlainHooks, a_hook, sign

URI = "http://localhost/hooks/crm"
BODY = b"[1]"
GENUINE = {"x-sign": sign(URI, BODY)}
LARGE = b"x" * (MOST_BYTES + 1)


def outside(*, most_bytes: int = 1000) -> Outside:
    plain = PlainHooks(most_bytes=most_bytes)
    return Outside(hooks={"crm": a_hook(hooks=plain), "sf": a_hook("sf", hooks=PlainHooks(has_secret_path=True), path="s3-_")})


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/hooks/crm", {"data": BODY, "headers": GENUINE}),
        ("/hooks/crm", {"data": BODY, "headers": {"x-sign": "no"}}),
        ("/hooks/crm", {"data": b"x" * 1001}),
        ("/hooks/crm", {"data": BODY, "headers": {"Host": "no host/", **GENUINE}}),
        ("/hooks/crm", {"data": BODY, "headers": {"x-fault": "stale"}}),
        ("/hooks/crm?a=%2F", {"data": BODY, "headers": {"x-sign": sign(f"{URI}?a=%2F", BODY)}}),
        ("/hooks/sf/s3-_", {"data": BODY}),
        ("/hooks/sf/wrong", {"data": BODY}),
        ("/hooks/sf/s3-_/more", {"data": BODY}),
        ("/hooks/nobody", {"data": BODY}),
        ("/hooks/cr%C3%A9m", {"data": BODY}),
        ("/hooks/", {"data": BODY}),
        ("/hooks/crm", {"data": b""}),
    ],
)
def test_both_ways_in_keep_count_and_answer_alike(path: str, sent: dict[str, Any]) -> None:
    short, bridged, long = outside(), outside(), outside()

    flask = long.client().post(path, **sent)
    answers = [short.face().post(path, **sent), bridged.face(traced=True).post(path, **sent)]

    expected = (flask.status_code, sorted((name.lower(), text) for name, text in flask.headers.items()), flask.data)
    assert [(a.status_code, sorted(a.headers.items()), a.content) for a in answers] == [expected, expected]
    assert short.inbox == bridged.inbox == long.inbox
    assert short.tally == bridged.tally == long.tally


def test_what_is_long_or_of_no_announced_length_goes_the_long_way_and_is_taken_too() -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield BODY[:1]
        yield BODY[1:]

    there = outside(most_bytes=10 * MOST_BYTES)
    face = there.face()

    answers = [
        face.post("/hooks/crm", data=LARGE, headers={"x-sign": sign(URI, LARGE)}),
        face.post("/hooks/crm", data=parts(), headers=GENUINE),
    ]

    assert [a.status_code for a in answers] == [200, 200]
    assert [a.body for a in there.inbox] == [LARGE, BODY]


@pytest.mark.parametrize("trusted", [True, False])
def test_behind_a_proxy_the_address_is_the_one_it_tells_of_only_where_it_is_trusted(trusted: bool) -> None:
    forwarded = {"X-Forwarded-Host": "hotlead.example.com", "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/in"}
    signed = {"x-sign": sign("https://hotlead.example.com/in/hooks/crm", BODY), **forwarded}

    answer = outside().face(trust_proxy=trusted).post("/hooks/crm", data=BODY, headers=signed)

    assert answer.status_code == (200 if trusted else 401)


def test_a_fault_of_ours_is_recorded_and_told_without_details() -> None:
    def broken(name: str) -> Hook | None:
        raise RuntimeError("ann@example.com")

    with capture_logs() as logs:
        answer = outside().face(hook_of=Remembered(broken)).post("/hooks/crm", data=BODY)

    assert (answer.status_code, answer.json()) == (500, {"error": "internal_server_error"})
    assert [(one["event"], one["connection"]) for one in logs] == [("a receiver failed", "crm")]


@pytest.mark.parametrize(
    "messages",
    [
        [{"type": "http.request", "body": b"[", "more_body": True}, {"type": "http.disconnect"}],
        [{"type": "http.request", "body": b"[1", "more_body": False}],
        [{"type": "http.request", "body": b"[1]" * 9, "more_body": True}],
        [{"type": "http.request", "body": b"[", "more_body": True}],
    ],
    ids=["broken off", "too short", "too long", "pausing"],
)
def test_a_body_that_does_not_come_whole_and_in_time_is_not_kept(messages: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coming, "BODY_S", 0.05)
    there, begun = outside(), monotonic()

    answer = _asked(there, path="/hooks/crm", messages=messages, announced=3)

    assert answer == (400, b'{"error":"malformed"}\n')
    assert there.inbox == []
    assert monotonic() - begun < 5


def test_of_many_bodies_only_those_that_do_not_come_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coming, "BODY_S", 0.2)
    there = outside()
    begun = [{"type": "http.request", "body": b"[", "more_body": True}]

    async def at_once(app: Any) -> list[tuple[int, bytes]]:
        asked = []
        for _ in range(6):
            asked.append(asyncio.create_task(call(app, path="/hooks/crm", messages=begun)))
            asked.append(asyncio.create_task(call(app, path="/hooks/crm", headers=GENUINE)))
            await asyncio.sleep(0.05)
        return await asyncio.gather(*asked)

    answers = asyncio.run(at_once(create_face(there.parts()).asgi))

    assert [status for status, _ in answers] == [400, 200] * 6
    assert len(there.inbox) == 6


def test_a_request_that_the_server_ends_is_ended() -> None:
    there = outside()

    async def ended(app: Any) -> bool:
        asked = asyncio.create_task(call(app, path="/hooks/crm", messages=[{"type": "http.request", "body": b"[", "more_body": True}]))
        await asyncio.sleep(0.05)
        asked.cancel()
        await asyncio.wait({asked})
        return asked.cancelled()

    assert asyncio.run(ended(create_face(there.parts()).asgi))
    assert there.inbox == []


def test_while_the_store_is_slow_to_say_who_sends_others_are_answered() -> None:
    free, asked_in = Event(), []

    def slow(name: str) -> Hook | None:
        asked_in.append(current_thread())
        if name == "slow":
            free.wait(timeout=30)
        return outside().hooks.get(name)

    async def both(app: Any) -> tuple[tuple[int, bytes], tuple[int, bytes], float]:
        begun = monotonic()
        waiting = asyncio.create_task(call(app, path="/hooks/slow"))
        known = await call(app, path="/hooks/crm", headers=GENUINE)
        return known, await waiting, monotonic() - begun

    there = outside()
    app = create_face(there.parts(hook_of=Remembered(slow))).asgi
    known, late, took = asyncio.run(_freeing(both(app), free))

    assert (known[0], late[0]) == (200, 503)
    assert took < 5
    assert main_thread() not in asked_in


def test_a_full_disk_and_an_overload_send_the_sender_away_to_come_again() -> None:
    full, closed = outside(), outside()
    full.trouble, closed.overloaded = StoreFull("The disk is full."), True

    answers = [there.face().post("/hooks/crm", data=BODY, headers=GENUINE) for there in (full, closed)]

    assert [(a.status_code, a.headers["retry-after"], a.json()) for a in answers] == [(503, "5", {"error": "come_back"})] * 2


def test_many_at_once_are_kept_in_few_units_and_each_is_answered() -> None:
    there, units = outside(), []

    def into(bodies: Any) -> None:
        units.append(len(bodies))
        there.inbox.extend(bodies)

    there.into = into

    async def many(app: Any) -> list[tuple[int, bytes]]:
        return await asyncio.gather(*(call(app, path="/hooks/crm", headers=GENUINE) for _ in range(50)))

    answers = asyncio.run(many(create_face(there.parts()).asgi))

    assert {status for status, _ in answers} == {200}
    assert there.inbox == [Arrived(lane="crm", body=BODY, at=NOW)] * 50
    assert len(units) < 10


async def _freeing(work: Any, free: Event) -> Any:
    try:
        return await work
    finally:
        free.set()


def _asked(there: Outside, **said: Any) -> tuple[int, bytes]:
    return asyncio.run(call(create_face(there.parts()).asgi, **said))
