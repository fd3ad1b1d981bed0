"""The short way in for pushes gives what Flask's own way gives."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.unit.connector.web.outside import Outside, PlainHooks, a_hook, sign

BODY = b"[1]"
GENUINE = {"x-sign": sign("http://localhost/hooks/crm", BODY)}


def outside() -> Outside:
    return Outside(hooks={"crm": a_hook(), "sf": a_hook("sf", hooks=PlainHooks(has_secret_path=True), path="s3-_")})


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/hooks/crm", {"data": BODY, "headers": GENUINE}),
        ("/hooks/crm", {"data": BODY, "headers": {"x-sign": "no"}}),
        ("/hooks/crm", {"data": b"x" * 1001}),
        ("/hooks/crm", {"data": BODY, "headers": {"Host": "no host/", **GENUINE}}),
        ("/hooks/sf/s3-_", {"data": BODY}),
        ("/hooks/sf/wrong", {"data": BODY}),
        ("/hooks/sf/s3-_/more", {"data": BODY}),
        ("/hooks/nobody", {"data": BODY}),
        ("/hooks/cr%C3%A9m", {"data": BODY}),
        ("/hooks/", {"data": BODY}),
    ],
)
def test_both_ways_in_keep_count_and_answer_alike(path: str, sent: dict[str, Any]) -> None:
    short, long = outside(), outside()

    answers = [place.client(traced=traced).post(path, **sent) for place, traced in ((short, False), (long, True))]

    told = [(a.status_code, sorted((name.lower(), text) for name, text in a.headers.items()), a.data) for a in answers]
    assert told[0] == told[1]
    assert (short.inbox, short.tally) == (long.inbox, long.tally)


def test_a_fault_of_ours_is_recorded_and_told_without_details() -> None:
    def broken(name: str) -> None:
        raise RuntimeError("ann@example.com")

    with capture_logs() as logs:
        answer = outside().client(hook_of=broken).post("/hooks/crm", data=BODY)

    assert (answer.status_code, answer.json) == (500, {"error": "internal_server_error"})
    assert [(one["event"], one["connection"]) for one in logs] == [("a receiver failed", "crm")]
