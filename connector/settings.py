"""Every tunable of an installation: where it comes from, what it may be, what it is when nobody says.

Sources, strongest first: an option of the command, an environment variable `HOTLEAD_<NAME>`, `hotlead.toml` in the data directory, a file
named `hotlead_<name>` in the secrets folder (`HOTLEAD_SECRETS_DIR`), the default. The defaults suit 100,000 contacts on two cores.
"""

import os
import tomllib
from collections.abc import Mapping
from datetime import time, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from connector.ports.errors import UsageError

PREFIX = "HOTLEAD_"
FILE_NAME = "hotlead.toml"
DEFAULT_DIRECTORY = Path("hotlead-data")


class Settings(BaseSettings):
    """The settings of one installation. Field names are the keys of `hotlead.toml`; `HOTLEAD_` and the name in capitals the variables."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    data_dir: Path = Field(default=DEFAULT_DIRECTORY, description="Folder that holds the database, the key and hotlead.toml.")
    database_url: str = Field(
        default="",
        pattern=r"^((sqlite|postgres|postgresql)(\+\w+)?://.*)?$",
        examples=["postgresql://USER:PASSWORD@HOST/DATABASE"],
        description="SQLAlchemy URL of the database; empty means the SQLite file `hotlead.db` in the data directory.",
    )
    secret_key: SecretStr = Field(
        default=SecretStr(""),
        description="Fernet keys, newest first, comma-separated, for stored credentials; empty: the file `key` in the data directory.",
    )
    score_workers: int = Field(default=2, ge=1, le=64, description="Processes that score whole shards side by side.")
    write_limit: int = Field(
        default=2000,
        ge=1,
        le=10_000_000,
        description="Records that one run, or real time within 24 hours, may change in one connection before it stops and asks.",
    )
    deal_history_days: int = Field(default=1095, ge=30, le=3650, description="How far back the first pull reads deals, in days.")
    breaker_writes_per_hour: int = Field(
        default=12,
        ge=1,
        le=10_000,
        description="How often a value of one record may go to and fro within an hour; after that the record is left alone for an hour.",
    )
    keep_runs_days: int = Field(default=180, ge=1, le=3650, description="How long runs, plans and dry runs are kept, in days.")
    keep_held_days: int = Field(
        default=90,
        ge=1,
        le=3650,
        description="How long events of web pages and products wait for somebody to turn out to be their person, in days.",
    )
    backups: int = Field(default=7, ge=0, le=1000, description="Nightly copies of the SQLite file that are kept; 0 makes none.")
    backup_dir: Path = Field(default=Path("backups"), description="Folder of these copies; a relative one lies in the data directory.")
    host: str = Field(default="127.0.0.1", description="Address that `hotlead up` listens on; 0.0.0.0 lets other machines reach it.")
    port: int = Field(default=8686, ge=0, le=65_535, description="Port that `hotlead up` listens on; 0 takes a free one.")
    job_threads: int = Field(default=4, ge=1, le=64, description="Jobs that one process runs side by side.")
    nightly_at: str = Field(
        default="01:00",
        pattern=r"^([01]\d|2[0-3]):[0-5]\d$",
        examples=["01:00"],
        description="When the night's work begins, in UTC: scoring everybody, then reconciling, tidying up, backup.",
    )
    public_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s?#/]+(/[^\s?#]*)?)?$",
        examples=["https://hotlead.example.com"],
        description="Address under which CRMs and web pages reach this installation, such as https://hotlead.example.com.",
    )
    trust_proxy: bool = Field(
        default=False, description="Whether one proxy stands before `hotlead up` whose X-Forwarded headers are to be believed."
    )
    metrics_token: SecretStr = Field(default=SecretStr(""), description="Bearer token that /metrics asks for; empty: it asks for none.")
    page_views_per_minute: int = Field(
        default=60, ge=1, le=100_000, description="Page views a minute that one address may send from the pages of one site."
    )
    language: Literal["en", "ja"] = Field(default="en", description="Language of reasons printed by the CLI.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="warning", description="Least level of log lines on stderr.")

    @property
    def night_begins(self) -> time:
        """`nightly_at` as a time of day in UTC."""
        return time.fromisoformat(self.nightly_at)

    @property
    def keep_runs(self) -> timedelta:
        return timedelta(days=self.keep_runs_days)

    @property
    def keep_held(self) -> timedelta:
        return timedelta(days=self.keep_held_days)

    @property
    def backup_folder(self) -> Path:
        return self.data_dir / self.backup_dir

    @property
    def deal_history(self) -> timedelta:
        return timedelta(days=self.deal_history_days)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del dotenv_settings
        file = settings_cls.model_config.get("toml_file")
        toml = (TomlConfigSettingsSource(settings_cls),) if file else ()
        return (init_settings, env_settings, *toml, file_secret_settings)


def load_settings(*, data_dir: Path | None = None, options: Mapping[str, object] | None = None) -> Settings:
    """The settings in force; `options` are those given with a command. Raises UsageError naming every wrong one, its source and range."""
    given: dict[str, Any] = {**({} if data_dir is None else {"data_dir": data_dir}), **(options or {})}
    folder = data_dir or Path(os.environ.get(f"{PREFIX}DATA_DIR", DEFAULT_DIRECTORY))
    file = folder / FILE_NAME
    secrets = os.environ.get(f"{PREFIX}SECRETS_DIR") or None
    if secrets is not None and not Path(secrets).is_dir():
        raise UsageError(f"{PREFIX}SECRETS_DIR names {secrets}, and that is no folder.", hint="Mount it there, or unset the variable.")

    class InForce(Settings):
        model_config = SettingsConfigDict(
            env_prefix=PREFIX,
            extra="forbid",
            frozen=True,
            toml_file=file if file.is_file() else None,
            secrets_dir=secrets,
        )

    try:
        return InForce(**given)
    except ValidationError as err:
        raise UsageError(_explained(err, file=file, given=given), hint=_hint(err)) from err
    except tomllib.TOMLDecodeError as err:
        raise UsageError(f"{file} is not valid TOML: {err}", hint="Mend the line it names, or move the file away.") from err


def place_of(name: str, *, settings: Settings) -> str:
    """Where the setting's value in force stands, for a person who is to change it."""
    return _origin(name, file=settings.data_dir / FILE_NAME, given={})


def _explained(err: ValidationError, *, file: Path, given: Mapping[str, object]) -> str:
    lines = []
    for problem in err.errors():
        name = str(problem["loc"][0]) if problem["loc"] else "settings"
        lines.append(f"Setting '{name}' from {_origin(name, file=file, given=given)}: {_wrong(name, said=problem['msg'])}.")
    return "\n".join(lines)


def _wrong(name: str, *, said: str) -> str:
    """What is wrong with a value: by an example where it has a form of its own, else in pydantic's words, which name what it may be."""
    field = Settings.model_fields.get(name)
    return f"it is not of the form {field.examples[0]}" if field is not None and field.examples else said


def unknown_variables(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Variables that look like settings and are none, with the nearest one or nothing: most likely slips of the pen."""
    known = sorted([*(name.upper() for name in Settings.model_fields), "SECRETS_DIR"])
    given = sorted(name.removeprefix(PREFIX) for name in environment if name.startswith(PREFIX))
    return {PREFIX + name: "".join(PREFIX + near for near in get_close_matches(name, known, n=1)) for name in given if name not in known}


def _origin(name: str, *, file: Path, given: Mapping[str, object]) -> str:
    if name in given:
        return "the command line"
    variable = f"{PREFIX}{name.upper()}"
    if variable in os.environ:
        return f"the environment variable {variable}"
    if file.is_file() and name in tomllib.loads(file.read_text(encoding="utf-8")):
        return str(file)
    return f"the file {variable.lower()} in the secrets folder"


def _hint(err: ValidationError) -> str:
    names = {str(p["loc"][0]) for p in err.errors() if p["loc"]}
    known = [n for n in names if n in Settings.model_fields]
    lines = [f"{n}: {Settings.model_fields[n].description}" for n in sorted(known)]
    if len(known) < len(names):
        lines.append(f"Known settings: {', '.join(sorted(Settings.model_fields))}.")
    return "\n".join(lines)
