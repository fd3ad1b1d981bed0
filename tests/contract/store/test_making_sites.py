"""Sites are made, changed, given new secrets and removed by people."""

from pathlib import Path

import pytest
from standardwebhooks import Webhook

from connector.flows.sites import KnownSite, change_site, known_sites, make_site, normal_origin, remove_site, renew_secret
from connector.ports.connections import Vault
from connector.ports.errors import UsageError
from connector.ports.store import Store
from connector.store.vault import make_key_file, open_vault
from tests.support.stores import at


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    make_key_file(tmp_path)
    return open_vault(tmp_path)


def made(store: Store, vault: Vault, name: str = "www") -> KnownSite:
    return make_site(store=store, vault=vault, name=name, origins=["https://WWW.example.com/", "https://www.example.com:443"], at=at())


def test_a_new_site_has_a_public_key_a_secret_that_signs_and_one_form_of_its_origins(store: Store, vault: Vault) -> None:
    www, shop = made(store, vault), made(store, vault, "shop")

    assert known_sites(store=store, vault=vault) == (shop, www)
    assert www.site.origins == ("https://www.example.com",)
    assert www.site.public_key != shop.site.public_key and www.secrets != shop.secrets
    (secret,) = www.secrets
    assert secret.startswith("whsec_") and Webhook(secret).sign(msg_id="1", timestamp=at(), data="x").startswith("v1,")
    assert secret not in repr(www)


def test_a_renewed_secret_comes_first_and_only_the_one_before_it_stays(store: Store, vault: Vault) -> None:
    first = made(store, vault).secrets[0]

    second = renew_secret(store=store, vault=vault, name="www").secrets
    third = renew_secret(store=store, vault=vault, name="www").secrets

    assert second[1:] == (first,) and third[1:] == second[:1]
    assert known_sites(store=store, vault=vault)[0].secrets == third


def test_only_what_is_given_changes(store: Store, vault: Vault) -> None:
    before = made(store, vault)

    changed = change_site(store=store, name="www", origins=["https://new.example.com"])
    again = change_site(store=store, name="www", needs_consent=False, production=False)

    assert (changed.origins, changed.needs_consent, changed.production) == (("https://new.example.com",), True, True)
    assert (again.origins, again.needs_consent, again.production) == (("https://new.example.com",), False, False)
    assert known_sites(store=store, vault=vault)[0].secrets == before.secrets


def test_a_site_that_is_not_there_is_said_and_one_that_is_cannot_be_made_again(store: Store, vault: Vault) -> None:
    before = made(store, vault)

    with pytest.raises(UsageError, match="already"):
        made(store, vault)
    for use in (
        lambda: remove_site(store=store, name="shop"),
        lambda: change_site(store=store, name="shop"),
        lambda: renew_secret(store=store, vault=vault, name="shop"),
    ):
        with pytest.raises(UsageError, match="no site 'shop'"):
            use()

    assert known_sites(store=store, vault=vault) == (before,)


def test_a_removed_site_is_gone(store: Store, vault: Vault) -> None:
    made(store, vault)

    remove_site(store=store, name="www")

    assert known_sites(store=store, vault=vault) == ()


@pytest.mark.parametrize("name", ["", "WWW", "a b", "-a", "a" * 41, "ü", "a/b"])
def test_a_name_that_is_none_is_refused(store: Store, vault: Vault, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name"):
        make_site(store=store, vault=vault, name=name, origins=[], at=at())


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://www.example.com", "https://www.example.com"),
        (" HTTPS://Example.com:443/ ", "https://example.com"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://example.com:80", "http://example.com"),
        ("https://例え.jp", "https://xn--r8jz45g.jp"),
    ],
)
def test_origins_have_the_form_in_which_browsers_send_them(text: str, origin: str) -> None:
    assert normal_origin(text) == origin


@pytest.mark.parametrize(
    "text",
    [
        "",
        "www.example.com",
        "https://",
        "https://example.com/shop",
        "https://example.com?x=1",
        "ftp://example.com",
        "https://a@example.com",
        "https://x:99999",
        "null",
        "*",
    ],
)
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not the origin"):
        normal_origin(text)
