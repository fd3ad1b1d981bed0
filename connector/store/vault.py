"""Credentials sealed with keys that stay outside the database: in a file of the data directory, or given by the settings.

The key file holds one Fernet key a line, newest first. What is sealed begins with the id of its key, so that it is known which is missing.
"""

import json
import os
import stat
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from connector.ports.errors import SecretsError
from connector.store.moved import write_whole

KEY_FILE = "key"
_PUT_BACK = "Put it back from your backup; without it, connect each CRM again."
_ID_LETTERS = 8


def key_id(key: str) -> str:
    """Tells one key from another, and nothing of what it is."""
    return sha256(key.encode()).hexdigest()[:_ID_LETTERS]


def new_key() -> str:
    return Fernet.generate_key().decode()


class FernetVault:
    """Fulfils `ports.connections.Vault`. Its `repr` shows nothing.

    It opens what any key opens that it has ever seen. `again` gives the keys as they are by now; it is asked when a key is not known.
    """

    __slots__ = ("_again", "_known")

    def __init__(self, keys: str, *, again: Callable[[], str] | None = None) -> None:
        """`keys`: newest first, one a line. Raises SecretsError where one is not a Fernet key."""
        self._known = _fernets(keys)
        self._again = again

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(self._known)

    def seal(self, secrets: Mapping[str, str], *, key: str = "") -> bytes:
        key = key or self.keys[0]
        return f"{key}:".encode() + self._fernet(key).encrypt(json.dumps(dict(secrets)).encode())

    def open(self, sealed: bytes) -> Mapping[str, str]:
        key, _, token = sealed.partition(b":")
        try:
            opened: dict[str, str] = json.loads(self._fernet(key.decode(errors="replace")).decrypt(token))
        except InvalidToken as error:
            raise SecretsError("The stored credentials are damaged.", hint="Connect again to type them in anew.") from error
        return opened

    def require(self, key: str) -> None:
        """Raises SecretsError where this key is not here; the empty one stands for none."""
        if key:
            self._fernet(key)

    def _fernet(self, key: str) -> Fernet:
        if key not in self._known and self._again is not None:
            self._known = {**_fernets(self._again()), **self._known}
        found = self._known.get(key)
        if found is None:
            raise SecretsError(
                f"The stored credentials were sealed with another key ({key[:_ID_LETTERS]}) than is here ({', '.join(self._known)}).",
                hint="Put the right key back, or connect again to type them in anew.",
            )
        return found


def _fernets(keys: str) -> dict[str, Fernet]:
    """By id, in the order given. Raises SecretsError where there is none, or one is not a key."""
    lines = [line.strip() for line in keys.splitlines() if line.strip()]
    if not lines:
        raise SecretsError("The key that opens stored credentials is empty.", hint=_PUT_BACK)
    try:
        return {key_id(line): Fernet(line) for line in lines}
    except ValueError as error:
        raise SecretsError(
            "The key that opens stored credentials is not a key.", hint="It is 44 characters, one a line, as `hotlead init` made it."
        ) from error


class OwnKeyFile:
    """Fulfils `ports.connections.KeyFile` for the file of a data directory."""

    __slots__ = ("_path",)

    def __init__(self, directory: Path) -> None:
        self._path = (directory / KEY_FILE).resolve()

    def add(self) -> str:
        key = new_key()
        self._write([key, *self._lines()])
        return key_id(key)

    def keep(self, key: str) -> tuple[str, ...]:
        lines = self._lines()
        others = tuple(key_id(line) for line in lines if key_id(line) != key)
        if others:
            self._write([line for line in lines if key_id(line) == key])
        return others

    def _lines(self) -> list[str]:
        return [line.strip() for line in _read_key_file(self._path).splitlines() if line.strip()]

    def _write(self, lines: list[str]) -> None:
        try:
            write_whole(self._path, "".join(f"{line}\n" for line in lines))
        except OSError as error:
            raise SecretsError(
                f"The key file {self._path} cannot be written: {error.strerror}.",
                hint="It must lie in a folder that the user who runs hotlead may write to, with room on the disk. Nothing was changed.",
            ) from error


def make_key_file(directory: Path) -> Path:
    """The key file of a data directory, made whole (readable by its owner only) unless it is there."""
    path = directory / KEY_FILE
    if path.exists():
        return path
    opened, draft = tempfile.mkstemp(dir=directory, prefix="key.")
    try:
        with os.fdopen(opened, "w") as file:
            file.write(new_key() + "\n")
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
    if keys is not None:
        return FernetVault(keys)
    path = directory / KEY_FILE
    return FernetVault(_read_key_file(path), again=lambda: _read_key_file(path))


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
