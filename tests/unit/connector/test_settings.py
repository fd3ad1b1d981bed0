"""Settings: which source wins, and what is said of a wrong one."""

from pathlib import Path

import pytest

from connector.ports.errors import UsageError
from connector.settings import Settings, load_settings, unknown_variables


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"HOTLEAD_{name.upper()}", raising=False)
    monkeypatch.delenv("HOTLEAD_SECRETS_DIR", raising=False)


def toml(folder: Path, text: str) -> None:
    (folder / "hotlead.toml").write_text(text, encoding="utf-8")


def test_nothing_said_gives_the_defaults(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path)

    assert (settings.score_workers, settings.write_limit, settings.language) == (2, 2000, "en")


def test_the_environment_wins_over_the_file_and_the_file_over_the_secrets_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "hotlead_write_limit").write_text("10")
    (secrets / "hotlead_score_workers").write_text("3")
    (secrets / "hotlead_language").write_text("ja")
    toml(tmp_path, "write_limit = 20\nscore_workers = 4\n")
    monkeypatch.setenv("HOTLEAD_SECRETS_DIR", str(secrets))
    monkeypatch.setenv("HOTLEAD_WRITE_LIMIT", "30")

    settings = load_settings(data_dir=tmp_path)

    assert (settings.write_limit, settings.score_workers, settings.language) == (30, 4, "ja")


def test_a_secret_key_does_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLEAD_SECRET_KEY", "canary-key")

    settings = load_settings(data_dir=tmp_path)

    assert settings.secret_key.get_secret_value() == "canary-key"
    assert "canary-key" not in f"{settings!r} {settings}"


def test_a_wrong_variable_is_named_with_what_it_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLEAD_LOG_LEVEL", "loud")

    with pytest.raises(UsageError) as raised:
        load_settings(data_dir=tmp_path)

    assert "log_level" in str(raised.value)
    assert "environment variable HOTLEAD_LOG_LEVEL" in str(raised.value)
    assert all(level in str(raised.value) for level in ("debug", "info", "warning", "error"))


@pytest.mark.parametrize(
    ("variable", "value", "form"),
    [
        ("HOTLEAD_DATABASE_URL", "mysql://hotlead:CANARY@db/hotlead", "postgresql://USER:PASSWORD@HOST/DATABASE"),
        ("HOTLEAD_DATABASE_URL", "CANARY", "postgresql://USER:PASSWORD@HOST/DATABASE"),
        ("HOTLEAD_NIGHTLY_AT", "25:00", "01:00"),
        ("HOTLEAD_PUBLIC_URL", "hotlead.example.com", "https://hotlead.example.com"),
    ],
)
def test_a_value_of_another_form_is_told_by_an_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, form: str
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(UsageError) as raised:
        load_settings(data_dir=tmp_path)

    assert f"the environment variable {variable}: it is not of the form {form}" in str(raised.value)
    assert "CANARY" not in f"{raised.value} {raised.value.hint}"


def test_a_secrets_folder_that_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLEAD_SECRETS_DIR", str(tmp_path / "nowhere"))

    with pytest.raises(UsageError, match="HOTLEAD_SECRETS_DIR names"):
        load_settings(data_dir=tmp_path)


def test_variables_that_are_no_settings_are_told_with_the_nearest_one() -> None:
    environment = {"HOTLEAD_PROT": "80", "HOTLEAD_XYLOPHONE": "1", "HOTLEAD_PORT": "80", "HOTLEAD_SECRETS_DIR": "/run", "PATH": "/bin"}

    assert unknown_variables(environment) == {"HOTLEAD_PROT": "HOTLEAD_PORT", "HOTLEAD_XYLOPHONE": ""}


def test_every_wrong_one_is_named_at_once_with_where_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toml(tmp_path, "score_workers = 0\n")
    monkeypatch.setenv("HOTLEAD_WRITE_LIMIT", "many")

    with pytest.raises(UsageError) as raised:
        load_settings(data_dir=tmp_path)

    assert f"'score_workers' from {tmp_path / 'hotlead.toml'}" in str(raised.value)
    assert "'write_limit' from the environment variable HOTLEAD_WRITE_LIMIT" in str(raised.value)


def test_an_unknown_key_in_the_file_is_refused_and_the_known_ones_are_listed(tmp_path: Path) -> None:
    toml(tmp_path, "score_worker = 2\n")

    with pytest.raises(UsageError) as raised:
        load_settings(data_dir=tmp_path)

    assert "score_worker" in str(raised.value)
    assert "score_workers" in raised.value.hint


def test_a_file_that_is_not_toml_is_named(tmp_path: Path) -> None:
    toml(tmp_path, "score_workers = = 2\n")

    with pytest.raises(UsageError, match=r"hotlead\.toml is not valid TOML"):
        load_settings(data_dir=tmp_path)


def test_a_secret_of_a_wrong_kind_is_not_repeated_in_the_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLEAD_WRITE_LIMIT", "canary-value")

    with pytest.raises(UsageError) as raised:
        load_settings(data_dir=tmp_path)

    assert "canary-value" not in str(raised.value) + raised.value.hint
