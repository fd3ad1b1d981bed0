"""What the store keeps of each connection: who it is, how far it is live, and its credentials, sealed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class LiveStep(StrEnum):
    """How far a connection is live; each step includes the ones before it."""

    OFF = "off"
    FIELDS = "fields"
    STAGES = "stages"
    TASKS = "tasks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    name: str
    crm: str
    settings: Mapping[str, str]
    """What an admin typed, without the secrets."""
    account: str = ""
    """Organization or portal id, known since the first check; a connection never changes it."""
    production: bool = True
    zone: str = "UTC"
    live: LiveStep = LiveStep.OFF
    live_people: tuple[str, ...] | None = None
    """E-mail addresses (lower case) the connection is live for; None: everybody."""
    write_limit: int = 2000
    """Records one run may change before it stops and asks."""
    created_at: datetime


class Connections(Protocol):
    def all(self) -> tuple[Connection, ...]: ...
    def get(self, name: str) -> Connection | None: ...
    def put(self, connection: Connection) -> None: ...
    def secrets(self, name: str) -> bytes | None:
        """Sealed; only a `Vault` opens it."""

    def put_secrets(self, name: str, sealed: bytes) -> None: ...


class Sealing(Protocol):
    """Which key seals secrets: named here and not by the order of keys, so that processes that were given them in another order agree."""

    def key(self) -> str:
        """Its id; empty before the first secret."""

    def put(self, key: str) -> None: ...


class Vault(Protocol):
    """Seals and opens credentials with keys kept outside the database. Each key has an id that tells nothing of it."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Ids of the known keys, newest first; at least one."""

    def seal(self, secrets: Mapping[str, str], *, key: str = "") -> bytes:
        """Sealed with this key, else with the newest. Raises SecretsError where the key is not known."""

    def open(self, sealed: bytes) -> Mapping[str, str]:
        """Raises SecretsError where no known key fits."""


class KeyFile(Protocol):
    """The file that holds the keys, where a file does. Its changes are whole and durable, and seen by every process that reads it."""

    def add(self) -> str:
        """Makes a new key, the newest one; its id."""

    def keep(self, key: str) -> tuple[str, ...]:
        """Takes every other key out; their ids."""
