"""What a client at the other end of a real socket sees, with and without faults."""

from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

import pytest
import requests

from tests.unit.adapters.kit.sandbox.conftest import Served


def raw_answer(url: str, request: bytes) -> tuple[bytes, bool]:
    """Every byte the server sends to `request`, and whether it ended with a reset."""
    where = urlsplit(url)
    received = b""
    with socket.create_connection((where.hostname or "", where.port or 0), timeout=5) as link:
        link.sendall(request)
        try:
            while chunk := link.recv(65536):
                received += chunk
        except ConnectionResetError:
            return received, True
    return received, False


def test_calls_share_one_connection(served: Served) -> None:
    ports = {served.call("POST", "/api/deaf").json()["port"] for _ in range(5)}

    assert len(ports) == 1


def test_a_body_the_view_leaves_unread_does_not_spoil_the_next_call(served: Served) -> None:
    first = served.call("POST", "/api/deaf", data=b"x" * 300_000)
    second = served.call("POST", "/api/deaf")

    assert first.json() == second.json()


def test_a_chunked_body_arrives_whole(served: Served) -> None:
    chunks = iter([b'{"name": ', b'"Sato"}'])

    answer = served.call("PATCH", "/api/things/a", data=chunks, headers={"Content-Type": "application/json"})

    assert answer.json()["name"] == "Sato"


def test_an_answer_without_content_keeps_the_connection(served: Served) -> None:
    before = served.call("POST", "/api/deaf").json()
    gone = served.call("DELETE", "/api/things/a")

    assert (gone.status_code, gone.content, "Content-Length" in gone.headers) == (204, b"", False)
    assert served.call("POST", "/api/deaf").json() == before


def test_the_date_header_comes_from_the_sandbox_clock(served: Served) -> None:
    assert served.call("GET", "/api/things/a").headers["Date"] == "Mon, 02 Nov 2026 12:00:00 GMT"


def test_a_status_fault_answers_as_told_and_has_no_effect(served: Served) -> None:
    served.add_fault(fault="status", status=429, body={"message": "slow down"}, headers={"Retry-After": "3"}, times=1)

    refused = served.call("PATCH", "/api/things/a", json={"name": "Sato"})

    assert (refused.status_code, refused.json(), refused.headers["Retry-After"]) == (429, {"message": "slow down"}, "3")
    assert served.crm.things == {}
    assert served.call("PATCH", "/api/things/a", json={"name": "Sato"}).status_code == 200


def test_a_login_page_comes_with_status_200_and_no_effect(served: Served) -> None:
    served.add_fault(fault="html", times=1)

    answer = served.call("PATCH", "/api/things/a", json={"name": "Sato"})

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html;charset=UTF-8")
    assert "<html>" in answer.text
    assert served.crm.things == {}


def test_an_expired_token_is_answered_in_the_crms_own_way(served: Served) -> None:
    served.add_fault(fault="expired_token", times=1)

    answer = served.call("GET", "/api/things/a", headers={"Authorization": "Bearer old"})

    assert (answer.status_code, answer.json()) == (401, [{"errorCode": "EXPIRED"}])
    assert served.crm.expired == ["Bearer old"]


@pytest.mark.parametrize(("kind", "has_effect"), [("reset_before", False), ("reset_after", True)])
def test_a_reset_sends_no_byte_and_has_its_effect_or_not(served: Served, kind: str, has_effect: bool) -> None:
    served.add_fault(fault=kind, times=1)
    body = b'{"name": "Sato"}'
    head = b"PATCH /api/things/a HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n"

    received, was_reset = raw_answer(served.url, head + body)

    assert (received, was_reset) == (b"", True)
    assert ("a" in served.crm.things) is has_effect


def test_requests_sees_a_reset_as_a_connection_error(served: Served) -> None:
    served.add_fault(fault="reset_after", times=1)

    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        served.call("PATCH", "/api/things/a", json={"name": "Sato"})

    assert served.crm.things["a"]["name"] == "Sato"


@pytest.mark.parametrize(("kind", "has_effect"), [("timeout_before", False), ("timeout_after", True)])
def test_a_client_times_out_and_the_effect_is_there_or_not(served: Served, kind: str, has_effect: bool) -> None:
    served.add_fault(fault=kind, seconds=30, times=1)

    with pytest.raises(requests.ReadTimeout):
        served.call("PATCH", "/api/things/a", json={"name": "Sato"}, timeout_s=0.3)

    # The client gave up on its own; on a busy machine the view may still be about to run.
    patient_until = time.monotonic() + (5 if has_effect else 0.2)
    while "a" not in served.crm.things and time.monotonic() < patient_until:
        time.sleep(0.01)
    assert ("a" in served.crm.things) is has_effect


def test_a_patient_client_is_dropped_without_an_answer(served: Served) -> None:
    served.add_fault(fault="timeout_after", seconds=0.1, times=1)
    request = b"GET /api/things/a HTTP/1.1\r\nHost: x\r\n\r\n"

    assert raw_answer(served.url, request) == (b"", False)


def test_a_cut_body_promises_all_and_sends_half(served: Served) -> None:
    whole = raw_answer(served.url, b"GET /api/things/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")[0]
    served.add_fault(fault="cut_body", times=1)

    cut, _ = raw_answer(served.url, b"GET /api/things/a HTTP/1.1\r\nHost: x\r\n\r\n")

    head, _, body = cut.partition(b"\r\n\r\n")
    whole_body = whole.partition(b"\r\n\r\n")[2]
    assert f"Content-Length: {len(whole_body)}".encode() in head
    assert body == whole_body[: len(whole_body) // 2]


def test_requests_notices_a_cut_body_after_the_effect(served: Served) -> None:
    served.add_fault(fault="cut_body", times=1)

    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        served.call("PATCH", "/api/things/a", json={"name": "Sato"})

    assert served.crm.things["a"]["name"] == "Sato"


def test_a_dripping_body_outlasts_a_read_timeout_without_tripping_it(served: Served) -> None:
    served.call("PATCH", "/api/things/a", json={"name": "Sato"})
    served.add_fault(fault="drip", seconds=0.6, times=1)

    started = time.monotonic()
    answer = served.call("GET", "/api/things/a", timeout_s=0.4)

    assert answer.json()["name"] == "Sato"
    assert time.monotonic() - started > 0.4


def test_a_body_cut_by_the_client_never_reaches_the_view(served: Served) -> None:
    head = b"PATCH /api/things/a HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n"
    where = urlsplit(served.url)

    with socket.create_connection((where.hostname or "", where.port or 0), timeout=5) as link:
        link.sendall(head + b'{"name": "Sato"}')
        link.shutdown(socket.SHUT_WR)
        answer = link.recv(100)

    assert (answer, served.crm.things) == (b"", {})


def test_half_a_batch_can_land_before_a_reset(served: Served) -> None:
    served.add_fault(path="/api/batch", fault="rows", rows={"error": "LOCKED", "every": 2})
    served.add_fault(path="/api/batch", fault="reset_after", times=1)

    with pytest.raises(requests.ConnectionError):
        served.call("POST", "/api/batch", json=[{"id": "a"}, {"id": "b"}, {"id": "c"}])

    assert sorted(served.crm.things) == ["a", "c"]
    assert served.call("POST", "/api/batch", json=[{"id": "b"}]).json() == ["LOCKED"]


def test_the_control_itself_never_fails(served: Served) -> None:
    served.add_fault(fault="reset_before")

    assert served.call("GET", "/_sandbox/faults").json()[0]["bitten"] == 0
    assert served.call("DELETE", "/_sandbox/faults").json() == []
    assert served.call("GET", "/api/things/a").status_code == 200
