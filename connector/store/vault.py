"""Credentials sealed with a key that stays outside the database: a file in the data directory, or a secret given by the environment.

The key file holds one Fernet key a line, newest first: the first seals, all of them open.
"""

import json
import os
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from connector.ports.errors import SecretsError

KEY_FILE = "key"
_PUT_BACK = "Put it back from your backup; without it, connect each CRM again."


class FernetVault:
    """Fulfils `ports.connections.Vault`. Its `repr` shows nothing."""

    __slots__ = ("_fernet",)

    def __init__(self, keys: str) -> None:
        """`keys`: newest first, one a line. Raises SecretsError where one is not a Fernet key."""
        lines = [line.strip() for line in keys.splitlines() if line.strip()]
        if not lines:
            raise SecretsError("The key that opens stored credentials is empty.", hint=_PUT_BACK)
        try:
            self._fernet = MultiFernet([Fernet(line) for line in lines])
        except ValueError as error:
            raise SecretsError(
                "The key that opens stored credentials is not a key.", hint="It is 44 characters, one a line, as `hotlead init` made it."
            ) from error

    def seal(self, secrets: Mapping[str, str]) -> bytes:
        return self._fernet.encrypt(json.dumps(dict(secrets)).encode())

    def open(self, sealed: bytes) -> Mapping[str, str]:
        """Raises SecretsError where no key fits."""
        try:
            opened: dict[str, str] = json.loads(self._fernet.decrypt(sealed))
        except InvalidToken as error:
            raise SecretsError(
                "The stored credentials were sealed with another key.",
                hint="Put the right key back, or connect again to type them in anew.",
            ) from error
        return opened


def make_key_file(directory: Path) -> Path:
    """The key file of a data directory, made whole (readable by its owner only) unless it is there."""
    path = directory / KEY_FILE
    if path.exists():
        return path
    opened, draft = tempfile.mkstemp(dir=directory, prefix="key.")
    try:
        with os.fdopen(opened, "wb") as file:
            file.write(Fernet.generate_key() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # of several processes that start at once the first one's key stays
            os.link(draft, path)
    finally:
        Path(draft).unlink()
    return path


def open_vault(directory: Path, *, keys: str | None = None) -> FernetVault:
    """The vault of a data directory, by its key file, or by `keys` where the environment or a secret file gives them.

    Raises SecretsError where the file is missing, or anybody but its owner can read it.
    """
    return FernetVault(_read_key_file(directory / KEY_FILE) if keys is None else keys)


def _read_key_file(path: Path) -> str:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text()
    except FileNotFoundError as error:
        raise SecretsError(f"The key file {path} is missing.", hint=_PUT_BACK) from error
    except (PermissionError, UnicodeDecodeError) as error:
        raise SecretsError(
            f"The key file {path} cannot be read.", hint="It must be a text file owned by the user that runs hotlead."
        ) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SecretsError(f"The key file {path} can be read by others (mode {mode:04o}).", hint=f"Run: chmod 600 {path}")
    return text
