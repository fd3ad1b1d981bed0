"""Change events are asked for only where the settings say so, in plain only on this machine, and a missing extra is told."""

import pytest

from adapters.salesforce.change_feed import missing_extra
from adapters.salesforce.settings import read_settings
from connector.ports.crm import Severity
from connector.ports.errors import UsageError

GIVEN = {"domain": "acme.my", "client_id": "3MVG9", "client_secret": "secret"}
LOCAL = {"base_url": "http://127.0.0.1:8080"}


@pytest.mark.parametrize(
    ("text", "channel"),
    [("", ""), ("yes", "/data/ChangeEvents"), ("YES", "/data/ChangeEvents"), ("/data/Hotlead__chn", "/data/Hotlead__chn")],
)
def test_the_setting_names_the_channel(text: str, channel: str) -> None:
    assert read_settings({**GIVEN, "change_events": text}).change_events == channel


@pytest.mark.parametrize("text", ["maybe", "/elsewhere/Lead", "/data/Lead ChangeEvent", "data/ChangeEvents"])
def test_what_is_no_channel_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="change_events"):
        read_settings({**GIVEN, "change_events": text})


@pytest.mark.parametrize("address", ["127.0.0.1:7443", "localhost:7443", "[::1]:7443"])
def test_a_server_of_this_machine_may_stand_in(address: str) -> None:
    assert read_settings({**GIVEN, **LOCAL, "pubsub_address": address}).pubsub_address == address


@pytest.mark.parametrize("address", ["10.0.0.7:7443", "api.pubsub.salesforce.com:7443", "127.0.0.1", "127.0.0.1.evil.example:1"])
def test_no_other_machine_is_spoken_to_in_plain(address: str) -> None:
    with pytest.raises(UsageError, match="pubsub_address"):
        read_settings({**GIVEN, **LOCAL, "pubsub_address": address})


def test_a_token_of_the_real_salesforce_goes_to_no_other_server() -> None:
    with pytest.raises(UsageError, match="goes with base_url"):
        read_settings({**GIVEN, "pubsub_address": "127.0.0.1:7443"})


def test_a_local_server_without_the_pubsub_api_has_no_change_events() -> None:
    on = {**GIVEN, "change_events": "yes"}

    assert read_settings(on).has_change_events
    assert not read_settings({**on, **LOCAL}).has_change_events
    assert read_settings({**on, **LOCAL, "pubsub_address": "127.0.0.1:7443"}).has_change_events


def test_a_missing_extra_is_a_warning_that_says_what_to_install() -> None:
    settings = read_settings({**GIVEN, "change_events": "yes"})

    found = missing_extra(settings, packages=("json", "a_package_that_nobody_has"))

    assert found is not None
    assert (found.severity, found.code) == (Severity.WARNING, "NO_PUBSUB_EXTRA")
    assert "a_package_that_nobody_has" in found.message and "json" not in found.message
    assert "hotlead[pubsub]" in found.hint
    assert missing_extra(settings, packages=("json",)) is None
