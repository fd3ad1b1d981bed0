"""The Salesforce sandbox through the unchanged simple-salesforce: logging in, limits, versions."""

from __future__ import annotations

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceRefusedRequest,
)

from adapters.salesforce.sandbox.seed_setup import API_USERNAME
from tests.support.served_salesforce import (
    APP,
    PRIVATE_KEY,
    Served,
    error_of,
    pem,
)


def test_client_credentials_give_a_token_that_works_and_a_limit_header(served: Served) -> None:
    assert served.client.query("SELECT COUNT() FROM LeadStatus")["totalSize"] == 5
    assert served.wire.headers["Sforce-Limit-Info"] == "api-usage=1/100000"
    assert served.client.api_usage["api-usage"].used == 1


@pytest.mark.parametrize(
    ("key", "secret", "code"), [("wrong", "secret-of-app", "invalid_client_id"), ("key-of-app", "wrong", "invalid_client")]
)
def test_wrong_client_is_refused(served: Served, key: str, secret: str, code: str) -> None:
    with pytest.raises(SalesforceAuthenticationFailed) as failure:
        served.log_in(consumer_key=key, consumer_secret=secret, domain="acme.my")

    assert failure.value.code == code


def test_token_in_the_form_instead_of_the_header(served: Served) -> None:
    form = {"grant_type": "client_credentials", "client_id": APP.client_id, "client_secret": APP.client_secret}
    answer = requests.post(f"{served.url}/services/oauth2/token", data=form, timeout=10).json()

    assert set(answer) >= {"access_token", "instance_url", "id", "token_type", "issued_at", "signature"}
    assert answer["instance_url"] == served.url


def test_jwt_signed_with_the_registered_key_logs_in(served: Served) -> None:
    client = served.log_in(username=API_USERNAME, consumer_key=APP.client_id, privatekey=pem(PRIVATE_KEY), domain="acme.my")

    assert client.query("SELECT COUNT() FROM LeadStatus")["totalSize"] == 5


@pytest.mark.filterwarnings("ignore:(?s).*connected app policy:UserWarning")
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"privatekey": pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))}, "invalid_grant"),
        ({"username": "nobody@nowhere.example"}, "invalid_grant"),
        ({"consumer_key": "wrong"}, "invalid_client_id"),
    ],
)
def test_jwt_that_does_not_fit_is_refused(served: Served, change: dict[str, str], code: str) -> None:
    good = {"username": API_USERNAME, "consumer_key": APP.client_id, "privatekey": pem(PRIVATE_KEY), "domain": "acme.my"}

    with pytest.raises(SalesforceAuthenticationFailed) as failure:
        served.log_in(**{**good, **change})

    assert failure.value.code == code


def test_expired_token_is_401_invalid_session_id(served: Served) -> None:
    direct = served.log_in(session_id=served.client.session_id, instance_url=served.url.replace("http:", "https:"))
    served.control("PUT", "clock", {"advance_s": 7201})

    with pytest.raises(SalesforceExpiredSession) as failure:
        direct.restful("limits")

    assert error_of(failure) == (401, "INVALID_SESSION_ID")


def test_client_logs_in_again_by_itself_after_an_expired_token(served: Served) -> None:
    served.control("POST", "faults", {"path": "*/query*", "fault": "expired_token", "times": 1})

    assert served.client.query("SELECT COUNT() FROM LeadStatus")["totalSize"] == 5
    calls = served.control("GET", "counters")["calls"]
    assert calls["POST /services/oauth2/token"] == 2


def test_daily_limit_refuses_further_calls_until_the_window_moves_on(served: Served) -> None:
    served.control("POST", "api_usage", {"calls": 100_000})

    with pytest.raises(SalesforceRefusedRequest) as failure:
        served.client.query("SELECT Id FROM Lead")
    assert error_of(failure) == (403, "REQUEST_LIMIT_EXCEEDED")

    served.control("PUT", "clock", {"advance_s": 86_401})
    again = served.log_in(consumer_key=APP.client_id, consumer_secret=APP.client_secret, domain="acme.my")
    assert again.limits()["DailyApiRequests"] == {"Max": 100_000, "Remaining": 99_999}


@pytest.mark.parametrize("version", ["31.0", "59.0", "68.0"])
def test_versions_in_service_answer_under_their_own_path(served: Served, version: str) -> None:
    client = Salesforce(
        session=served.session, version=version, consumer_key=APP.client_id, consumer_secret=APP.client_secret, domain="acme.my"
    )

    (record,) = client.query("SELECT Id FROM Organization")["records"]

    assert record["attributes"]["url"].startswith(f"/services/data/v{version}/sobjects/Organization/00D")


@pytest.mark.parametrize("version", ["30.0", "69.0", "66", "66.1"])
def test_other_versions_are_not_found(served: Served, version: str) -> None:
    answer = requests.get(f"{served.url}/services/data/v{version}/limits", timeout=10)

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (404, "NOT_FOUND")


def test_query_longer_than_the_uri_limit_is_414(served: Served) -> None:
    bearer = {"Authorization": f"Bearer {served.client.session_id}"}
    soql = f"SELECT Id FROM Lead WHERE LastName = '{'x' * 17_000}'"

    answer = requests.get(f"{served.url}/services/data/v66.0/query", params={"q": soql}, headers=bearer, timeout=10)

    assert answer.status_code == 414
