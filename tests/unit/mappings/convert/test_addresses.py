"""E-mail addresses, domains, paths."""

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.ports.crm import Json
from mappings.convert.addresses import normal_address, read_url_path, registered_domain
from mappings.convert.plain import UNKNOWN, Read
from tests.unit.mappings.convert.fields import read_field


@pytest.mark.parametrize(
    ("raw", "address"),
    [
        (" Jane.Doe@Example.COM ", "jane.doe@example.com"),
        ("jane+news@example.com", "jane+news@example.com"),
        ("ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ", "jane@example.com"),
        ("taro@日本.jp", "taro@xn--wgv71a.jp"),
        ("Jane Doe <jane@example.com>", "jane@example.com"),
        ("mailto:jane@example.com", "jane@example.com"),
        ("o'neil@example.co.uk", "o'neil@example.co.uk"),
        ("jane@example", None),
        ("jane", None),
        ("@example.com", None),
        ("jane@", None),
        ("jane doe@example.com", None),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_addresses_are_normalised(raw: Json, address: str | None) -> None:
    assert normal_address(raw) == address


LOCAL = st.from_regex(r"[a-z0-9]+([.+_-][a-z0-9]+)*", fullmatch=True)
DOMAIN = st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*\.(com|co\.jp|io)", fullmatch=True)


@given(LOCAL, DOMAIN)
def test_a_normal_address_stays_as_it_is_and_case_and_space_do_not_matter(local: str, domain: str) -> None:
    address = f"{local}@{domain}"

    assert normal_address(address) == address
    assert normal_address(f"  {address.upper()}\n") == address


@given(st.text())
def test_normalising_twice_changes_nothing(raw: str) -> None:
    once = normal_address(raw)

    assert once is None or normal_address(once) == once


@pytest.mark.parametrize(
    ("raw", "free"),
    [
        ("a@gmail.com", True),
        ("a@yahoo.co.jp", True),
        ("a@post.example", True),
        ("a@example.com", False),
        ("a@mail.example.com", False),
        ("", None),
    ],
)
def test_free_mail(raw: str, free: bool | None) -> None:
    assert read_field("{from: f, convert: free_mail}", f=raw) is free


@pytest.mark.parametrize(
    ("raw", "role"),
    [
        ("info@example.com", True),
        ("Sales+eu@example.com", True),
        ("uketsuke@example.co.jp", True),
        ("jane.info@example.com", False),
        ("none", None),
    ],
)
def test_role_mailboxes(raw: str, role: bool | None) -> None:
    assert read_field("{from: f, convert: role_mailbox}", f=raw) is role


@pytest.mark.parametrize(
    ("raw", "domain"),
    [
        ("https://www.example.co.jp/about?x=1", "example.co.jp"),
        ("example.com", "example.com"),
        ("WWW.Example.COM", "example.com"),
        ("http://shop.example.co.uk:8080", "example.co.uk"),
        ("https://日本語.jp", "xn--wgv71a119e.jp"),
        ("", None),
        ("localhost", UNKNOWN),
        ("not a site", UNKNOWN),
    ],
)
def test_domains(raw: str, domain: Read) -> None:
    assert read_field("{from: f, convert: domain}", f=raw) == domain


def test_the_domain_of_an_address_is_the_registered_one() -> None:
    assert read_field("{from: f, convert: email_domain}", f="jane@mail.example.co.jp") == "example.co.jp"


def test_domains_are_found_without_network_or_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(socket, "socket", None)

    assert registered_domain("a.never-seen-before.co.jp") == "never-seen-before.co.jp"
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("https://www.example.com/pricing?utm=1#top", "/pricing"),
        ("https://www.example.com/ja/%E6%8E%A1%E7%94%A8", "/ja/採用"),
        ("/pricing?x=/a", "/pricing"),
        ("//cdn.example.com/a.js", "/a.js"),
        ("https://example.com", "/"),
        ("https://example.com?next=/pricing", "/"),
        ("https://example.com/a?next=https://b.com/c", "/a"),
        ("/bad%zz", "/bad%zz"),
        ("", None),
        (None, None),
    ],
)
def test_paths_have_no_host_and_no_query_string(raw: Json, path: Read) -> None:
    assert read_url_path(raw) == path


@given(st.text(min_size=1))
def test_a_path_never_holds_a_query_string(raw: str) -> None:
    path = read_url_path(f"https://example.com/{raw.replace('%', '')}")

    assert isinstance(path, str)
    assert "?" not in path
    assert "#" not in path
