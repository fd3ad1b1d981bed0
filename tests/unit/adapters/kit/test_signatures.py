"""Digests, comparisons that take any text, and a reading of JSON that no hostile body gets past."""

import base64

import pytest

from adapters.kit.signatures import MalformedBody, header_bytes, hmac_sha256_base64, is_same, sha256_hex, strict_json


def test_digests_are_those_of_the_standards() -> None:
    # RFC 4231, test case 2; FIPS 180-2, appendix B.1.
    keyed = bytes.fromhex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    assert base64.b64decode(hmac_sha256_base64("Jefe", b"what do ya want for nothing?")) == keyed
    assert sha256_hex(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_nothing_is_signed_with_an_empty_secret() -> None:
    with pytest.raises(ValueError, match="empty secret"):
        hmac_sha256_base64("", b"anything")


@pytest.mark.parametrize(
    ("given", "expected", "same"),
    [
        ("abc", "abc", True),
        ("abc", "abd", False),
        ("abc", "abcd", False),
        ("", "abc", False),
        ("\xe9\udcff署名", "abc", False),
        ("\xe9", "\xe9", True),
    ],
)
def test_any_two_texts_compare(given: str, expected: str, same: bool) -> None:
    assert is_same(given, expected) is same


def test_a_header_is_the_bytes_that_came() -> None:
    assert header_bytes("/\xc3\xa9") == b"/\xc3\xa9"
    assert header_bytes("/é…") == "/é…".encode()


def test_of_a_key_that_stands_twice_the_last_one_counts() -> None:
    assert strict_json(b'{"portalId": 1, "portalId": 2}') == {"portalId": 2}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"[1", id="cut"),
        pytest.param(b"[NaN]", id="NaN"),
        pytest.param(b"[-Infinity]", id="infinity"),
        pytest.param(b'["\xff"]', id="not UTF-8"),
        pytest.param('["x"]'.encode("utf-16"), id="UTF-16"),
        pytest.param(b'\xef\xbb\xbf["x"]', id="with a mark in front"),
        pytest.param(b"[" * 17 + b"]" * 17, id="17 deep"),
        pytest.param(b"[" * 1000 + b"]" * 1000, id="1,000 deep"),
        pytest.param(b"[" * 500_000 + b"]" * 500_000, id="500,000 deep"),
        pytest.param(b'{"a":' * 1000 + b"1" + b"}" * 1000, id="objects 1,000 deep"),
        pytest.param(b"[" + b"9" * 5000 + b"]", id="a number of 5,000 digits"),
    ],
)
def test_a_body_that_may_not_be_taken_is_refused_without_quoting_it(body: bytes) -> None:
    with pytest.raises(MalformedBody) as refusal:
        strict_json(body)

    assert refusal.value.__cause__ is None
    assert len(str(refusal.value)) < 30


def test_sixteen_deep_may_be_taken() -> None:
    assert strict_json(b"[" * 16 + b"]" * 16)
