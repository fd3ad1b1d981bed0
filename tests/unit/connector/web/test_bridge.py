"""The Flask app behind an ASGI server: whole bodies, bounded, and no thread for whoever is slow."""

import asyncio
from collections.abc import AsyncIterator
from time import monotonic
from typing import Any

import pytest

from connector.web.app import create_app
from connector.web.bridge import MOST_BYTES, MOST_BYTES_AT_ONCE, PART_S, THREADS, Bridge
from connector.web.intake import Intake
from tests.support.asgi import AsgiClient, call
from tests.unit.connector.web.outside import Outside, PlainHooks, a_hook, sign

URI = "http://localhost/hooks/crm"
MALFORMED = (400, b'{"error":"malformed"}\n')


def outside() -> Outside:
    return Outside(hooks={"crm": a_hook(hooks=PlainHooks(most_bytes=MOST_BYTES))})


def bridge(there: Outside, *, part_s: float = PART_S) -> Bridge:
    parts = there.parts()
    return Bridge(create_app(parts, intake=Intake(parts.receive)), part_s=part_s)


@pytest.mark.parametrize(("size", "status"), [(MOST_BYTES, 200), (MOST_BYTES + 1, 413), (10 * MOST_BYTES, 413)])
@pytest.mark.parametrize("announced", [True, False])
def test_the_limit_is_exact_whether_a_length_is_announced_or_not(size: int, status: int, announced: bool) -> None:
    async def poured() -> AsyncIterator[bytes]:
        for start in range(0, size, 65_536):
            yield b"x" * min(65_536, size - start)

    there, body = outside(), b"x" * size

    answer = AsgiClient(bridge(there)).post("/hooks/crm", data=body if announced else poured(), headers={"x-sign": sign(URI, body)})

    assert answer.status_code == status
    assert [len(kept.body) for kept in there.inbox] == ([size] if status == 200 else [])


def test_a_query_that_no_browser_sends_is_refused() -> None:
    assert asyncio.run(call(bridge(outside()), path="/health", method="GET", query=b"\xff")) == MALFORMED


def test_a_sender_that_pauses_in_the_middle_of_a_body_is_not_waited_for() -> None:
    begun = monotonic()

    answer = asyncio.run(call(bridge(outside(), part_s=0.05), path="/hooks/crm", messages=[part(b"[")]))

    assert answer == MALFORMED
    assert monotonic() - begun < 5


@pytest.mark.parametrize("rest", [[], [{"type": "http.disconnect"}]], ids=["pause", "disconnect"])
@pytest.mark.parametrize("head", ["content-length", "transfer-encoding"])
def test_the_beginning_of_a_body_is_never_taken_for_the_whole(rest: list[dict[str, Any]], head: str) -> None:
    there = Outside(hooks={"sf": a_hook("sf", hooks=PlainHooks(has_secret_path=True), path="s3")})
    chunked = {"transfer-encoding": "chunked"} if head == "transfer-encoding" else {}

    answer = asyncio.run(
        call(bridge(there, part_s=0.05), path="/hooks/sf/s3", headers=chunked, messages=[part(b"[1]"), *rest], announced=9)
    )

    assert answer == MALFORMED
    assert there.inbox == []
    assert there.tally.counts == {("refused", "sf", "malformed"): 1}


def test_slow_senders_keep_no_thread_from_others() -> None:
    async def with_slow_ones(app: Any) -> tuple[int, bytes]:
        slow = [asyncio.create_task(call(app, path="/hooks/crm", messages=[part(b"[")])) for _ in range(2 * THREADS)]
        await asyncio.sleep(0.1)
        answer = await call(app, path="/hooks/crm", headers={"x-sign": sign(URI, b"[1]")})
        for one in slow:
            one.cancel()
        return answer

    assert asyncio.run(with_slow_ones(bridge(outside())))[0] == 200


def test_of_all_bodies_only_so_much_is_there_at_once_and_what_is_beyond_may_come_again() -> None:
    many = MOST_BYTES_AT_ONCE // MOST_BYTES

    async def too_many(app: Any) -> tuple[tuple[int, bytes], tuple[int, bytes]]:
        slow = [asyncio.create_task(call(app, path="/hooks/crm", announced=MOST_BYTES, messages=[part(b"[")])) for _ in range(many)]
        await asyncio.sleep(0.1)
        beyond = await call(app, path="/hooks/crm", headers={"x-sign": sign(URI, b"[1]")})
        await asyncio.gather(*slow)
        later = await call(app, path="/hooks/crm", headers={"x-sign": sign(URI, b"[1]")})
        return beyond, later

    beyond, later = asyncio.run(too_many(bridge(outside(), part_s=0.5)))

    assert (beyond, later[0]) == ((503, b'{"error":"come_back"}\n'), 200)


def part(body: bytes) -> dict[str, Any]:
    """Of a body whose rest does not come."""
    return {"type": "http.request", "body": body, "more_body": True}
