"""simple-salesforce, cured: headers, one login, an end to a lasting 401, quota, redirects, bodies that are no JSON."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import responses

from adapters.kit.budget import Purpose
from adapters.kit.retry import RetryPolicy
from connector.core.records import RecordKey
from connector.ports.crm import Ask, Write
from connector.ports.errors import CrmAuth, CrmError, CrmLimit, CrmRefused, CrmUnreachable
from tests.support.clocks import StillClock
from tests.unit.adapters.salesforce.orgs import DATA, HOST, SETTINGS, TOKEN, answers, connect, logs_in, page
from tests.unit.adapters.salesforce.test_shared_login import Shelf

LEADS = Ask(source="Lead", fields=("Email",))


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    """The wire, with nothing at its end but what a test adds."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def _write(crm: Any) -> None:
    list(crm.write([Write(key=RecordKey("acme", "Lead", "00Q000000000001AAA"), fields={"Title": "x"})]))


def test_reads_are_marked_as_ours_without_pretty_printing(wire: responses.RequestsMock) -> None:
    logs_in(wire)
    answers(wire, lambda _: page())

    list(connect().read(LEADS))

    headers = wire.calls[-1].request.headers
    assert headers["Sforce-Call-Options"] == "client=hotlead"
    assert headers["Sforce-Query-Options"] == "batchSize=2000"
    assert headers["Authorization"] == "Bearer 00Dxx!token-1"
    assert "X-PrettyPrint" not in headers


def test_writes_pass_duplicate_rules_and_start_no_assignment(wire: responses.RequestsMock) -> None:
    logs_in(wire)
    wire.add(responses.PATCH, f"{DATA}/composite/sobjects", json=[{"id": "00Q000000000001AAA", "success": True, "errors": []}])

    _write(connect())

    headers = wire.calls[-1].request.headers
    assert headers["Sforce-Duplicate-Rule-Header"] == "allowSave=true"
    assert headers["Sforce-Auto-Assign"] == "FALSE"
    assert headers["Content-Type"] == "application/json"


def test_headers_survive_a_renewed_token(wire: responses.RequestsMock) -> None:
    logs_in(wire)
    wire.add(responses.PATCH, f"{DATA}/composite/sobjects", status=401, json=[{"errorCode": "INVALID_SESSION_ID", "message": "expired"}])
    wire.add(responses.PATCH, f"{DATA}/composite/sobjects", json=[{"id": "00Q000000000001AAA", "success": True, "errors": []}])

    _write(connect())

    first, second = wire.calls[1].request, wire.calls[3].request
    assert second.headers["Sforce-Auto-Assign"] == first.headers["Sforce-Auto-Assign"] == "FALSE"
    assert second.body == first.body


@pytest.mark.parametrize("body", [[{"errorCode": "INVALID_SESSION_ID", "message": "expired"}], {"error": "invalid_token"}, "text", []])
def test_a_lasting_401_costs_two_calls_and_two_logins(wire: responses.RequestsMock, body: Any) -> None:
    logs_in(wire)
    wire.add(responses.GET, f"{DATA}/queryAll", status=401, json=body)
    crm = connect()

    with pytest.raises(CrmAuth):
        list(crm.read(LEADS))

    assert crm.usage().calls == {Purpose.AUTH: 2, Purpose.READ: 2}


def test_a_refused_login_is_not_repeated(wire: responses.RequestsMock) -> None:
    wire.add(responses.POST, TOKEN, status=400, json={"error": "invalid_client", "error_description": "invalid client credentials"})
    crm = connect()

    with pytest.raises(CrmAuth) as refusal:
        crm.users()

    assert len(wire.calls) == 1
    assert SETTINGS["client_secret"] not in str(refusal.value) + refusal.value.hint + repr(refusal.value.__dict__)


def test_a_login_endpoint_that_echoes_the_secret_does_not_bring_it_into_the_error(wire: responses.RequestsMock) -> None:
    told = {"error": "invalid_client", "error_description": f"bad secret {SETTINGS['client_secret']}"}
    wire.add(responses.POST, TOKEN, status=400, json=told)

    with pytest.raises(CrmAuth) as refusal:
        connect().users()

    assert SETTINGS["client_secret"] not in str(refusal.value)


def test_calls_go_where_the_login_said(wire: responses.RequestsMock) -> None:
    told = {"access_token": "t", "instance_url": "https://acme-two.my.salesforce.com", "id": "https://x/id/00D/005"}
    wire.add(responses.POST, TOKEN, json=told)
    wire.add(responses.GET, "https://acme-two.my.salesforce.com/services/data/v66.0/queryAll", json=page())

    pages = list(connect().read(LEADS))

    assert len(pages) == 1


def test_a_redirect_is_not_followed(wire: responses.RequestsMock) -> None:
    logs_in(wire)
    wire.add(responses.GET, f"{DATA}/queryAll", status=302, headers={"Location": "https://login.salesforce.com/"})

    with pytest.raises(CrmRefused) as refusal:
        list(connect().read(LEADS))

    assert len(wire.calls) == 2
    assert "domain" in refusal.value.hint


def test_a_netrc_password_does_not_take_the_tokens_place(
    wire: responses.RequestsMock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine acme.my.salesforce.com login someone password something\n")
    monkeypatch.setenv("NETRC", str(netrc))
    logs_in(wire)
    answers(wire, lambda _: page())

    list(connect().read(LEADS))

    assert wire.calls[-1].request.headers["Authorization"] == "Bearer 00Dxx!token-1"


def test_a_used_up_day_pauses_every_call_that_can_wait(wire: responses.RequestsMock) -> None:
    logs_in(wire)
    body = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}]
    wire.add(responses.GET, f"{DATA}/queryAll", status=403, json=body)
    clock = StillClock()
    crm = connect(clock=clock)

    with pytest.raises(CrmLimit) as first:
        list(crm.read(LEADS))
    calls = len(wire.calls)
    with pytest.raises(CrmLimit):
        list(crm.read(LEADS))
    assert len(wire.calls) == calls
    clock.advance(15 * 60)
    with pytest.raises(CrmLimit):
        list(crm.read(LEADS))

    assert len(wire.calls) == calls + 1
    assert first.value.until is not None
    assert (first.value.until - StillClock().now()).total_seconds() == 15 * 60


def test_too_many_long_calls_at_once_are_waited_for(wire: responses.RequestsMock) -> None:
    logs_in(wire)
    body = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "ConcurrentRequests (Concurrent API Requests) Limit exceeded."}]
    wire.add(responses.GET, f"{DATA}/queryAll", status=403, json=body)
    wire.add(responses.GET, f"{DATA}/queryAll", json=page())
    clock = StillClock()

    pages = list(connect(clock=clock).read(LEADS))

    assert len(pages) == 1
    assert 30 <= sum(clock.slept) <= 31


def test_the_days_figures_come_from_the_headers(wire: responses.RequestsMock) -> None:
    logs_in(wire)
    told = "api-usage=18/15000; per-app-api-usage=17/250(appName=sample)"
    wire.add(responses.GET, f"{DATA}/queryAll", json=page(), headers={"Sforce-Limit-Info": told})
    crm = connect()

    list(crm.read(LEADS))

    assert (crm.usage().day_used, crm.usage().day_limit) == (18, 15000)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_server_failures_are_tried_five_times(wire: responses.RequestsMock, status: int) -> None:
    logs_in(wire)
    wire.add(responses.GET, f"{DATA}/queryAll", status=status, body="<html>Down for maintenance</html>")
    crm = connect(policy=RetryPolicy(tries=5))

    with pytest.raises(CrmUnreachable):
        list(crm.read(LEADS))

    assert crm.usage().calls[Purpose.READ] == 5


def test_a_page_in_place_of_json_is_no_value_error(wire: responses.RequestsMock) -> None:
    logs_in(wire)
    wire.add(responses.GET, f"{DATA}/queryAll", body="<html>Login</html>")

    with pytest.raises(CrmError) as refusal:
        list(connect().read(LEADS))

    assert refusal.value.code == "NOT_AN_API"


def test_every_call_has_a_time_out(wire: responses.RequestsMock) -> None:
    logs_in(wire)
    answers(wire, lambda _: page())
    crm = connect(timeout_s="7")

    list(crm.read(LEADS))

    transport = crm._client._session.get_adapter(HOST)
    assert transport._timeout == (5.0, 7.0)  # type: ignore[attr-defined]  # ours, behind the library's base class


def test_two_processes_with_one_shelf_log_in_once_and_share_the_next_token_too(wire: responses.RequestsMock) -> None:
    shelf = Shelf()
    logs_in(wire, token="00Dxx!token-1")
    answers(wire, lambda _: page())
    first, second = connect(tokens=shelf), connect(tokens=shelf)

    list(first.read(LEADS))
    list(second.read(LEADS))
    once = [call for call in wire.calls if call.request.url == TOKEN]
    wire.replace(responses.POST, TOKEN, json={"access_token": "00Dxx!token-2", "instance_url": HOST})
    wire.add(responses.GET, f"{DATA}/limits", status=401, json=[{"errorCode": "INVALID_SESSION_ID", "message": "expired"}])
    for crm in (first, second):
        with pytest.raises(CrmAuth):
            crm._client.call("GET", "limits", purpose=Purpose.CATALOG)

    assert len(once) == 1
    assert (first.usage().calls["auth"], second.usage().calls.get("auth", 0)) == (2, 0)
