"""Settings are checked in shape, all problems at once, and hide what is secret."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from adapters.salesforce.settings import read_settings
from connector.ports.errors import UsageError

GOOD = {"domain": "acme.my", "client_id": "app", "client_secret": "hidden-0001"}


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize(
    ("typed", "domain"),
    [
        ("acme.my", "acme.my"),
        ("ACME.my.salesforce.com", "acme.my"),
        ("https://acme.my.salesforce.com/", "acme.my"),
        ("https://acme.lightning.force.com/lightning/page/home", "acme"),
        ("acme--test.sandbox.my", "acme--test.sandbox.my"),
    ],
)
def test_the_domain_is_understood_as_people_type_it(typed: str, domain: str) -> None:
    settings = read_settings({**GOOD, "domain": typed})

    assert settings.domain == domain
    assert settings.login_host == f"{domain}.salesforce.com"


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"domain": "login"}, "domain"),
        ({"domain": ""}, "domain"),
        ({"domain": "a b"}, "domain"),
        ({"client_id": ""}, "client_id"),
        ({"client_secret": ""}, "client_secret"),
        ({"client_secret": "", "private_key": "nonsense", "username": "u"}, "private_key"),
        ({"currency": "YENS"}, "currency"),
        ({"api_version": "v66"}, "api_version"),
        ({"timeout_s": "0"}, "timeout_s"),
        ({"timeout_s": "long"}, "timeout_s"),
        ({"base_url": "ftp://127.0.0.1"}, "base_url"),
        ({"base_url": "http://salesforce.evil.example"}, "base_url"),
        ({"base_url": "http://127.0.0.1:1/path"}, "base_url"),
        ({"doman": "acme"}, "doman"),
    ],
)
def test_a_wrong_setting_is_named(changed: dict[str, str], named: str) -> None:
    with pytest.raises(UsageError, match=rf"\b{named}: "):
        read_settings({**GOOD, **changed})


def test_all_problems_are_told_at_once_without_secrets() -> None:
    with pytest.raises(UsageError) as refusal:
        read_settings({"domain": "login", "client_secret": "hidden-0001", "private_key": "hidden-0002", "currency": "?"})

    for name in ("domain", "client_id", "client_secret", "private_key", "username", "currency"):
        assert name in str(refusal.value)
    assert "hidden" not in str(refusal.value)


def test_a_key_may_be_typed_on_one_line_and_needs_a_user_name() -> None:
    pem = _pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    jwt = {"domain": "acme.my", "client_id": "app", "private_key": pem.replace("\n", "\\n")}

    settings = read_settings({**jwt, "username": "api@acme.example"})

    assert settings.private_key is not None
    assert settings.private_key.reveal().strip() == pem.strip()
    with pytest.raises(UsageError, match="username"):
        read_settings(jwt)


def test_a_key_that_is_not_rsa_is_refused() -> None:
    pem = _pem(ec.generate_private_key(ec.SECP256R1()))

    with pytest.raises(UsageError, match="not an RSA key"):
        read_settings({"domain": "acme.my", "client_id": "app", "private_key": pem, "username": "u"})


def test_secrets_do_not_show_in_the_settings() -> None:
    assert "hidden-0001" not in repr(read_settings(GOOD))


@pytest.mark.parametrize("address", ["http://127.0.0.1:8080/", "http://localhost:8080", "http://[::1]:8080"])
def test_this_machine_may_stand_in_for_salesforce(address: str) -> None:
    assert read_settings({**GOOD, "base_url": address}).base_url == address.rstrip("/")


def test_another_machine_may_stand_in_only_when_told() -> None:
    settings = read_settings({**GOOD, "base_url": "https://gateway.acme.example", "base_url_anywhere": "yes"})

    assert settings.base_url == "https://gateway.acme.example"
