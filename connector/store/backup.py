"""A copy of the SQLite file that opens, made beside whoever writes: SQLite's own backup, checked, then put in place whole.

The key file is not part of it: credentials in the copy open only with the key of the data directory, which is kept apart from it.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from connector.ports.errors import StoreError, StoreFull, UsageError
from connector.store.engine import sqlite_path

PARTIAL = ".partial"


def back_up(url: str, to: Path) -> None:
    """Writes the database as it stands to `to`, in place of a file of that name. Nobody who writes is held up.

    Raises UsageError where the database is not a file, StoreFull where there is no room, StoreError where the copy does not hold together;
    what stood there before then stands there still.
    """
    path = sqlite_path(url)
    if path is None:
        raise UsageError(
            "The database is not a file of this machine: hotlead makes no backup of a PostgreSQL server.",
            hint="Its own tools do that better: `pg_dump`, or the continuous archive of whoever runs the server.",
        )
    made = to.with_name(to.name + PARTIAL)
    try:
        made.unlink(missing_ok=True)
        _copy(path, made)
        _check(made)
        _keep(made, to)
    except (sqlite3.OperationalError, OSError) as err:
        raise StoreFull(f"The backup {to} could not be written: {err}", hint="Make room on that disk, or name another folder.") from err
    finally:
        made.unlink(missing_ok=True)


def _copy(path: Path, made: Path) -> None:
    made.touch(mode=0o600)
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as source, closing(sqlite3.connect(made)) as copy:
        # In one step: done in several, each write by others meanwhile would begin it anew.
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")


def _check(made: Path) -> None:
    try:
        with closing(sqlite3.connect(f"{made.absolute().as_uri()}?mode=ro", uri=True)) as copy:
            said = [row[0] for row in copy.execute("PRAGMA integrity_check")]
    except sqlite3.DatabaseError as err:
        said = [str(err)]
    if said != ["ok"]:
        raise StoreError(f"The backup does not hold together: {said[0]}", hint="Look at the disk; the database itself may be damaged too.")


def _keep(made: Path, to: Path) -> None:
    """Durable before it takes the place of the earlier one."""
    with made.open("rb") as file:
        os.fsync(file.fileno())
    made.replace(to)
    folder = os.open(to.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
