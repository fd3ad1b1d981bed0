"""Makes and opens data directories: what `connector.bootstrap` asks of the store.

A data directory holds `hotlead.db`, `key` and, while somebody writes, `writer.lock`. An empty URL means the SQLite file in it.
"""

from pathlib import Path

from connector.ports.errors import UsageError
from connector.store.engine import open_engine, sqlite_path
from connector.store.lock import WriterLock
from connector.store.migrate import bring_up, require_current
from connector.store.sql_store import SqlStore
from connector.store.vault import make_key_file, open_vault

DATABASE = "hotlead.db"


def create(directory: Path, *, url: str = "", keys: str | None = None) -> None:
    """Makes the data directory, its database and its key file, leaving alone what is there.

    Where `keys` come from elsewhere (see `open_vault`) no key file is made. Raises StoreBusy, StoreVersion, StoreFull, SecretsError.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = WriterLock(directory=directory, command="hotlead init")
    try:
        if keys is None:
            make_key_file(directory)
        open_vault(directory, keys=keys)
        where = _url(url, directory)
        reader, writer = open_engine(where, writable=False), open_engine(where, writable=True)
        try:
            bring_up(reader=reader, writer=writer)
        finally:
            reader.dispose()
            writer.dispose()
    finally:
        lock.release()


def is_there(directory: Path, *, url: str = "") -> bool:
    """Whether a data directory with its database was made here."""
    path = sqlite_path(_url(url, directory))
    return directory.is_dir() and (path is None or path.exists())


def open_store(*, url: str = "", directory: Path, command: str) -> SqlStore:
    """The store for reading and writing; an older database is backed up and brought up first.

    Raises UsageError where nothing was set up here, StoreBusy where another process writes, StoreVersion for a newer or foreign database.
    """
    _require_set_up(url, directory)
    lock = WriterLock(directory=directory, command=command)
    try:
        where = _url(url, directory)
        reader, writer = open_engine(where, writable=False), open_engine(where, writable=True)
        bring_up(reader=reader, writer=writer)
        return SqlStore(reader=reader, writer=writer, lock=lock)
    except BaseException:
        lock.release()
        raise


def open_reader(*, url: str = "", directory: Path) -> SqlStore:
    """The store for reading only, beside whoever writes. Raises UsageError where nothing was set up, StoreVersion for another version's."""
    _require_set_up(url, directory)
    engine = open_engine(_url(url, directory), writable=False)
    require_current(engine)
    return SqlStore(reader=engine)


def _url(url: str, directory: Path) -> str:
    return url or f"sqlite:///{directory.resolve() / DATABASE}"


def _require_set_up(url: str, directory: Path) -> None:
    if not is_there(directory, url=url):
        raise UsageError(f"There is no hotlead database in {directory}.", hint="Run `hotlead init` first, or name another with --data-dir.")
