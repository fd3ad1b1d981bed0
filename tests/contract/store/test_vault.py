"""Credentials at rest: what opens them, and what is refused."""

import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from connector.ports.errors import SecretsError
from connector.store.vault import FernetVault, make_key_file, open_vault

SECRETS = {"client_secret": "s3cret", "token": "日本"}


def test_what_is_sealed_comes_back_and_shows_nowhere(tmp_path: Path) -> None:
    make_key_file(tmp_path)
    vault = open_vault(tmp_path)

    sealed = vault.seal(SECRETS)

    assert open_vault(tmp_path).open(sealed) == SECRETS
    assert b"s3cret" not in sealed
    assert (tmp_path / "key").read_text().strip() not in repr(vault)


def test_the_key_file_is_for_its_owner_only_and_made_once(tmp_path: Path) -> None:
    path = make_key_file(tmp_path)
    first = path.read_text()

    make_key_file(tmp_path)

    assert (stat.S_IMODE(path.stat().st_mode), path.read_text()) == (0o600, first)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o644])
def test_a_key_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    make_key_file(tmp_path).chmod(mode)

    with pytest.raises(SecretsError, match="read by others") as told:
        open_vault(tmp_path)

    assert told.value.hint == f"Run: chmod 600 {tmp_path / 'key'}"


@pytest.mark.parametrize("text", ["", "\n \n", "no key", "a" * 44])
def test_a_key_that_is_none_is_refused_without_showing_it(tmp_path: Path, text: str) -> None:
    make_key_file(tmp_path).write_text(text)

    with pytest.raises(SecretsError) as told:
        open_vault(tmp_path)

    assert not text.strip() or text not in str(told.value)


def test_a_missing_key_is_told_apart_from_a_wrong_one(tmp_path: Path) -> None:
    with pytest.raises(SecretsError, match="is missing"):
        open_vault(tmp_path)
    make_key_file(tmp_path)

    with pytest.raises(SecretsError, match="another key"):
        open_vault(tmp_path).open(FernetVault(Fernet.generate_key().decode()).seal(SECRETS))


def test_after_a_turn_of_keys_the_newest_seals_and_all_open(tmp_path: Path) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    sealed_before = FernetVault(old).seal(SECRETS)
    vault = open_vault(tmp_path, keys=f"{new}\n{old}")

    assert vault.open(sealed_before) == SECRETS
    assert FernetVault(new).open(vault.seal(SECRETS)) == SECRETS
