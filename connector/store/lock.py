"""One writing process a data directory: a lock on a file beside the database, with a note of who holds it.

The system lets go of the lock when its holder dies, however it dies, so nothing has to be cleaned up by hand.
"""

import json
import multiprocessing
import os
from pathlib import Path

from filelock import FileLock, Timeout

from connector.ports.errors import StoreBusy, StoreFull

LOCK = "writer.lock"
HOLDER = "writer.json"
"""Kept beside the lock: taking the lock empties the lock file itself."""
LEFT_BEHIND_S = 15.0
"""Patience with what a holder that has ended leaves for a moment: a worker that is closing, or bytes on their way to a slow disk."""


class WriterLock:
    """Held from the making of this value until `release`. Raises StoreBusy where another process (or this one) already writes.

    Where the noted holder has ended, what it left behind is waited for.
    """

    def __init__(self, *, directory: Path, command: str) -> None:
        self._holder = directory / HOLDER
        self._lock = FileLock(directory / LOCK, mode=0o600)
        try:
            self._take()
            self._holder.write_text(json.dumps({"pid": _to_be_stopped(), "command": command}))
        except Timeout as error:
            raise _busy(directory, self._holder) from error
        except OSError as error:
            self._lock.release()
            raise StoreFull(
                f"The data directory {directory} cannot be written to: {error}", hint="Check its owner and the disk."
            ) from error

    def _take(self) -> None:
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            if not _has_ended(self._holder):
                raise
            self._lock.acquire(timeout=LEFT_BEHIND_S)

    def release(self) -> None:
        if self._lock.is_locked:
            self._holder.unlink(missing_ok=True)
            self._lock.release()


def _to_be_stopped() -> int:
    """The process that whoever wants the directory has to end: this one, or the one that would begin it anew."""
    parent = multiprocessing.parent_process()
    return os.getpid() if parent is None or parent.pid is None else parent.pid


def _has_ended(holder: Path) -> bool:
    try:
        os.kill(json.loads(holder.read_text())["pid"], 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return False


def _busy(directory: Path, holder: Path) -> StoreBusy:
    try:
        note = json.loads(holder.read_text())
        who = f"`{note['command']}` (process {note['pid']})"
    except (OSError, ValueError, KeyError, TypeError):
        who = "another hotlead process"
    return StoreBusy(
        f"{who} is writing to {directory}; only one process may.", hint="Wait until it is done, or stop it, and give the command again."
    )
