"""HubSpot settings: what is wrong is named, all of it, and the token shows nowhere."""

import pytest

from adapters.hubspot.adapter import KIND
from adapters.hubspot.settings import HUBSPOT, SETTINGS, parse_settings
from connector.ports.crm import CrmKind
from connector.ports.errors import UsageError

TOKEN = "pat-na1-00000000-1111-2222-3333-444444444444"


def test_a_token_is_enough() -> None:
    settings = parse_settings(connection="eu", settings={"token": f" {TOKEN} "})

    assert settings.token.reveal() == TOKEN
    assert settings.base_url == HUBSPOT
    assert (settings.api_version, settings.calls_per_10s, settings.searches_per_second, settings.timeout_s) == ("v3", 90, 4, 30.0)
    assert settings.follow_headers
    assert not settings.is_sandbox
    assert TOKEN not in repr(settings)


def test_every_fault_is_named_at_once() -> None:
    wrong = {
        "token": "two words",
        "api_version": "v7",
        "base_url": "http://crm.example",
        "calls_per_10s": "many",
        "searches_per_second": "0",
        "timeout_s": "0",
        "tokn": "x",
    }

    with pytest.raises(UsageError) as refusal:
        parse_settings(connection="eu", settings=wrong)

    assert all(name in str(refusal.value) for name in wrong)
    assert "two words" not in str(refusal.value)


def test_a_missing_token_is_asked_for() -> None:
    with pytest.raises(UsageError, match="token is missing"):
        parse_settings(connection="eu", settings={})


@pytest.mark.parametrize("address", ["http://127.0.0.1:8080", "http://localhost:9/", "http://[::1]:8080", "https://127.0.0.2"])
def test_this_machine_may_stand_in_for_hubspot(address: str) -> None:
    settings = parse_settings(connection="eu", settings={"token": TOKEN, "base_url": address})

    assert settings.base_url == address.rstrip("/")
    assert settings.is_sandbox


@pytest.mark.parametrize(
    "address",
    [
        "http://10.0.0.5",
        "https://proxy.example",
        "ftp://127.0.0.1",
        "127.0.0.1:80",
        "http://user@127.0.0.1",
        "http://127.0.0.1:port",
        "http://",
    ],
)
def test_another_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="base_url"):
        parse_settings(connection="eu", settings={"token": TOKEN, "base_url": address})


def test_another_machine_is_allowed_on_demand_and_only_by_https() -> None:
    given = {"token": TOKEN, "base_url_anywhere": "yes"}

    assert parse_settings(connection="eu", settings={**given, "base_url": "https://proxy.example"}).base_url == "https://proxy.example"
    with pytest.raises(UsageError, match="https"):
        parse_settings(connection="eu", settings={**given, "base_url": "http://proxy.example"})


def test_paces_can_be_set_and_switched_off() -> None:
    settings = parse_settings(connection="eu", settings={"token": TOKEN, "calls_per_10s": "off", "searches_per_second": "40"})

    assert (settings.calls_per_10s, settings.searches_per_second) == (None, 40)
    assert not settings.follow_headers


def test_the_kind_is_what_the_port_asks_for() -> None:
    kind: CrmKind = KIND

    crm = kind.open(connection="eu", settings={"token": TOKEN})

    assert (crm.connection, crm.abilities.crm, crm.abilities.write_batch) == ("eu", "hubspot", 100)
    assert TOKEN not in repr(crm) + repr(vars(crm))


def test_every_setting_says_what_it_is_for() -> None:
    assert all(setting.label and setting.help for setting in SETTINGS)
    assert [setting.name for setting in SETTINGS if setting.required] == ["token"]
