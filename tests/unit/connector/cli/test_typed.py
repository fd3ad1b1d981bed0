"""What a person types: settings, files, lists of addresses."""

from pathlib import Path

import pytest

from connector.cli.typed import addresses, pairs
from connector.ports.errors import UsageError


def test_a_setting_may_hold_equal_signs_and_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("-----BEGIN\nx=\n", encoding="utf-8")

    found = pairs(["client_id=a=b", f"private_key=@{tmp_path}/key.pem"], folder=Path())

    assert found == {"client_id": "a=b", "private_key": "-----BEGIN\nx="}


def test_a_setting_without_a_value_is_refused() -> None:
    with pytest.raises(UsageError, match="has no value"):
        pairs(["token"], folder=Path())


def test_a_file_that_is_not_there_is_named_without_an_error_number() -> None:
    with pytest.raises(UsageError) as refused:
        addresses("@nowhere.txt", folder=Path())

    assert str(refused.value) == "nowhere.txt cannot be read: No such file or directory."


def test_a_file_of_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "people.txt").write_bytes("鈴木@例え.jp".encode("shift_jis"))

    with pytest.raises(UsageError, match="not UTF-8"):
        addresses(f"@{tmp_path}/people.txt", folder=Path())


def test_addresses_come_in_small_letters_and_once(tmp_path: Path) -> None:
    (tmp_path / "people.txt").write_text("Jane@Example.com\n\n joe@example.com, jane@example.com\n", encoding="utf-8")

    assert addresses(f"@{tmp_path}/people.txt", folder=Path()) == ("jane@example.com", "joe@example.com")
    assert addresses("", folder=Path()) == ()
