"""The note in a data directory that its SQLite store is being moved, or was: who moved on must not be written to again by mistake.

Read by `connector.store.store` before it opens the file; written by `connector.store.move`.
"""

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import uuid4

from sqlalchemy.engine import make_url

from connector.ports.errors import StoreError, StoreVersion

NOTE = "move.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What the note says."""

    source: str
    """A name of this store, so that a half-done copy is gone on with by nobody else."""
    to: str = ""
    """The database's URL without its password; empty until the store has moved."""


def read_note(directory: Path) -> Note | None:
    """None where no move was ever begun. Raises StoreError where the note cannot be understood."""
    path = directory / NOTE
    try:
        return Note(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as err:
        raise StoreError(f"The note {path} cannot be read: {err}", hint="It says whether the store has moved; put it back.") from err


def note_begun(directory: Path) -> Note:
    """The note of this data directory, made where there is none."""
    found = read_note(directory)
    if found is None:
        found = Note(source=uuid4().hex)
        _write(directory, found)
    return found


def note_moved(directory: Path, *, source: str, url: str) -> None:
    """From here on the SQLite file is not opened any more. Durable when this returns."""
    _write(directory, Note(source=source, to=hidden(url)))


def require_not_moved(directory: Path) -> None:
    """Raises StoreVersion where the SQLite store of this data directory has moved."""
    note = read_note(directory)
    if note is not None and note.to:
        raise StoreVersion(
            f"The store of {directory} has moved to {note.to}; its SQLite file is not used any more.",
            hint=f"Set database_url to the new address (HOTLEAD_DATABASE_URL, or {directory / 'hotlead.toml'}). To go back to the state"
            f" before the move, and lose what came after it, delete {directory / NOTE} and leave database_url empty.",
        )


def hidden(url: str) -> str:
    """The URL with *** for its password, wherever it stands in it."""
    parsed = make_url(url)
    if "password" in parsed.query:
        parsed = parsed.update_query_dict({"password": "***"})
    return parsed.render_as_string(hide_password=True)


def _write(directory: Path, note: Note) -> None:
    write_whole(directory / NOTE, json.dumps(asdict(note)) + "\n")


def write_whole(path: Path, text: str) -> None:
    """Puts the file there as a whole, readable only by its owner, who is the folder's where root writes; durable when this returns."""
    opened, draft = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    try:
        with os.fdopen(opened, "w", encoding="utf-8") as file:
            if os.geteuid() == 0:
                kept_by = path.parent.stat()
                os.fchown(file.fileno(), kept_by.st_uid, kept_by.st_gid)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
