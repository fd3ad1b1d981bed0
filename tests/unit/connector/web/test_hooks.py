"""What a sender hears at /hooks, and what is kept, counted and logged of it."""

import io
from collections.abc import Iterator
from threading import Event
from time import monotonic
from typing import Any

import pytest
from structlog.testing import capture_logs

from connector.ports.errors import StoreBusy, StoreError, StoreFull
from connector.ports.inbox import Arrived
from tests.unit.connector.web.outside import NOW, Outside, PlainHooks, a_hook, sign

URI = "http://localhost/hooks/crm"


@pytest.fixture
def outside() -> Outside:
    return Outside(hooks={"crm": a_hook()})


def test_a_genuine_body_is_durable_before_the_answer_of_the_crm_kind(outside: Outside) -> None:
    answer = outside.client().post("/hooks/crm", data=b"[1]", headers={"x-sign": sign(URI, b"[1]")})

    assert (answer.status_code, answer.data, answer.content_type) == (200, b"<Ack/>", "text/xml")
    assert outside.inbox == [Arrived(lane="crm", body=b"[1]", at=NOW)]
    assert outside.tally.counts == {("received", "crm"): 1}


def test_only_what_may_be_kept_is_kept(outside: Outside) -> None:
    outside.client().post("/hooks/crm", data=b"a session b", headers={"x-sign": sign(URI, b"a session b")})

    assert [a.body for a in outside.inbox] == [b"a  b"]


def test_a_forged_body_is_refused_counted_and_not_kept(outside: Outside) -> None:
    answer = outside.client().post("/hooks/crm", data=b"[1]", headers={"x-sign": "no"})

    assert (answer.status_code, answer.json) == (401, {"error": "forged"})
    assert outside.inbox == []
    assert outside.tally.counts == {("refused", "crm", "forged"): 1}


def test_the_signed_address_is_the_configured_one_with_path_and_query(outside: Outside) -> None:
    uri = "https://hotlead.example.com/in/hooks/crm?a=1&b=%2F"

    answer = outside.client(public_url="https://hotlead.example.com/in/").post(
        "/hooks/crm?a=1&b=%2F", data=b"x", headers={"x-sign": sign(uri, b"x"), "X-Forwarded-Host": "evil.example"}
    )

    assert answer.status_code == 200


@pytest.mark.parametrize(("size", "status"), [(1000, 200), (1001, 413)])
@pytest.mark.parametrize("announced", [True, False])
def test_the_limit_is_exact(outside: Outside, size: int, status: int, announced: bool) -> None:
    body = b"x" * size
    environ = {"wsgi.input": io.BytesIO(body), "wsgi.input_terminated": True, **({"CONTENT_LENGTH": str(size)} if announced else {})}

    answer = outside.client().post("/hooks/crm", headers={"x-sign": sign(URI, body)}, environ_overrides=environ)

    assert answer.status_code == status
    assert [len(a.body) for a in outside.inbox] == ([1000] if status == 200 else [])


def test_a_body_that_breaks_off_is_not_kept(outside: Outside) -> None:
    environ = {"wsgi.input": io.BytesIO(b"[1"), "wsgi.input_terminated": True, "CONTENT_LENGTH": "3"}

    answer = outside.client().post("/hooks/crm", headers={"x-sign": sign(URI, b"[1")}, environ_overrides=environ)

    assert (answer.status_code, outside.inbox) == (400, [])


@pytest.mark.parametrize(("trusted", "status"), [(True, 200), (False, 401)])
def test_forwarded_headers_count_only_when_told(outside: Outside, trusted: bool, status: int) -> None:
    uri = "https://hotlead.example.com/in/hooks/crm"
    forwarded = {"X-Forwarded-Host": "hotlead.example.com", "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/in"}

    answer = outside.client(trust_proxy=trusted).post("/hooks/crm", data=b"x", headers={"x-sign": sign(uri, b"x"), **forwarded})

    assert answer.status_code == status


class Pouring(io.RawIOBase):
    """An endless body that counts what is read of it."""

    def __init__(self) -> None:
        self.given = 0

    def chunked(self) -> dict[str, Any]:
        """The request that brings it, without a length."""
        return {"wsgi.input": self, "wsgi.input_terminated": True}

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # its readers hand over a memoryview, no other buffer
        self.given += len(buffer)
        buffer[:] = b"x" * len(buffer)
        return len(buffer)


def test_a_body_announced_as_too_large_is_refused_unread(outside: Outside) -> None:
    body = Pouring()

    answer = outside.client().post("/hooks/crm", environ_overrides={"wsgi.input": body, "CONTENT_LENGTH": "1001"})

    assert (answer.status_code, answer.json) == (413, {"error": "too_large"})
    assert body.given == 0


def test_a_body_without_an_announced_length_is_read_up_to_the_limit_only(outside: Outside) -> None:
    body = Pouring()

    answer = outside.client().post("/hooks/crm", environ_overrides=body.chunked())

    assert answer.status_code == 413
    assert body.given <= 1001
    assert outside.tally.counts == {("refused", "crm", "too_large"): 1}


def test_no_such_connection_and_a_wrong_secret_are_told_alike(outside: Outside) -> None:
    outside.hooks["sf"] = a_hook("sf", hooks=PlainHooks(has_secret_path=True), path="s3cret")
    client = outside.client()

    told = [
        client.post(path, data=b"x") for path in ("/hooks/sf/wrong", "/hooks/sf", "/hooks/nobody/wrong", "/hooks/crm/any", "/hooks/nobody")
    ]

    assert {(a.status_code, a.data) for a in told} == {(404, b'{"error":"unknown"}\n')}
    assert outside.tally.counts == {("refused", "", "unknown"): 5}
    assert client.post("/hooks/sf/s3cret", data=b"x").status_code == 200


def test_an_unknown_address_is_refused_without_reading_the_body(outside: Outside) -> None:
    body = Pouring()

    outside.client().post("/hooks/nobody", environ_overrides=body.chunked())

    assert body.given == 0


@pytest.mark.parametrize("fault", ["stale", "from_the_future"])
@pytest.mark.parametrize(("skew", "status"), [(61.0, 503), (-61.0, 503), (59.0, 401), (None, 503)])
def test_a_stale_request_is_our_fault_unless_our_clock_is_known_to_be_right(
    outside: Outside, fault: str, skew: float | None, status: int
) -> None:
    outside.skews = {} if skew is None else {"crm": skew}

    answer = outside.client().post("/hooks/crm", data=b"x", headers={"x-fault": fault})

    assert answer.status_code == status
    assert answer.headers.get("Retry-After") == ("60" if status == 503 else None)


def test_a_forged_request_is_refused_whatever_our_clock_says(outside: Outside) -> None:
    outside.skews = {"crm": 600.0}

    assert outside.client().post("/hooks/crm", data=b"x").status_code == 401


@pytest.mark.parametrize("trouble", [StoreFull("full"), StoreBusy("busy"), StoreError("away"), RuntimeError("a fault of ours")])
def test_what_could_not_be_kept_is_asked_for_again(outside: Outside, trouble: Exception) -> None:
    outside.trouble = trouble
    client = outside.client()
    headers = {"x-sign": sign(URI, b"x")}

    answer = client.post("/hooks/crm", data=b"x", headers=headers)
    outside.trouble = None
    again = client.post("/hooks/crm", data=b"x", headers=headers)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert (again.status_code, len(outside.inbox)) == (200, 1)


def test_a_lookup_that_fails_is_asked_for_again(outside: Outside) -> None:
    outside.lookup_trouble = StoreError("away")

    assert outside.client().post("/hooks/crm", data=b"x").status_code == 503


def test_overload_is_told_without_reading_the_body(outside: Outside) -> None:
    outside.overloaded = True
    body = Pouring()

    answer = outside.client().post("/hooks/crm", environ_overrides=body.chunked())

    assert answer.status_code == 503
    assert body.given == 0


@pytest.fixture
def stuck(outside: Outside) -> Iterator[Outside]:
    freed = Event()
    outside.until = freed
    yield outside
    freed.set()


def test_a_store_that_hangs_is_told_within_a_second(stuck: Outside) -> None:
    client = stuck.client()
    begun = monotonic()

    answer = client.post("/hooks/crm", data=b"x", headers={"x-sign": sign(URI, b"x")})

    assert answer.status_code == 503
    assert monotonic() - begun < 1


def test_logs_tell_nothing_of_a_request_but_its_size(outside: Outside) -> None:
    with capture_logs() as logs:
        outside.client().post(
            "/hooks/crm?who=ann@example.com",
            data=b"ann@example.com",
            headers={"x-sign": "ann@example.com", "User-Agent": "ann@example.com"},
        )
        outside.client().post("/hooks/ann@example.com/ann@example.com", data=b"ann@example.com")

    assert logs == [
        {"event": "not taken", "log_level": "info", "connection": "crm", "fault": "forged", "bytes": 15, "status": 401},
        {"event": "not taken", "log_level": "info", "connection": "", "fault": "unknown", "bytes": 0, "status": 404},
    ]


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_other_methods_are_not_allowed(outside: Outside, method: str) -> None:
    answer = outside.client().open("/hooks/crm", method=method.upper())

    assert (answer.status_code, answer.json) == (405, {"error": "method_not_allowed"})


def test_every_answer_carries_the_security_headers(outside: Outside) -> None:
    client = outside.client()

    for answer in (client.get("/nowhere"), client.post("/hooks/crm"), client.get("/health")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "Server" not in answer.headers
