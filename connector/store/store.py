"""Makes and opens data directories: what `connector.bootstrap` asks of the store.

A data directory holds `hotlead.db`, `key` and, while somebody writes, `writer.lock`. An empty URL means the SQLite file in it.
"""

from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import URL, Engine, select

from connector.ports.errors import UsageError
from connector.ports.store import ShardReader
from connector.store.engine import open_engine, sqlite_path
from connector.store.lock import WriterLock
from connector.store.migrate import bring_up, require_current
from connector.store.moved import require_not_moved
from connector.store.schema.setting_up import sealing
from connector.store.shards import AdbcShards
from connector.store.sql_shards import SqlShards
from connector.store.sql_store import Enqueue, OnWake, SqlStore
from connector.store.vault import make_key_file, open_vault

DATABASE = "hotlead.db"


def create(directory: Path, *, url: str = "", keys: str | None = None) -> None:
    """Makes the data directory, its database and its key file, leaving alone what is there.

    Where `keys` come from elsewhere (see `open_vault`) no key file is made, nor where the database has secrets of a key that is gone: a
    new one would open nothing and stand in the way of the old one. Raises StoreBusy, StoreVersion, StoreFull, SecretsError.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as undoing:
        _lock(directory, url=_url(url, directory), command="hotlead init", undoing=undoing)
        if keys is not None:
            open_vault(directory, keys=keys)
        reader, writer = _engines(_url(url, directory), undoing)
        bring_up(reader=reader, writer=writer)
        named = _sealing_key(reader)
        if keys is None and not named:
            make_key_file(directory)
        open_vault(directory, keys=keys).require(named)


def _sealing_key(reader: Engine) -> str:
    """The id of the key that the database's secrets are sealed with; empty while nothing is sealed."""
    with reader.connect() as connection:
        return str(connection.execute(select(sealing.c.key)).scalar() or "")


def is_there(directory: Path, *, url: str = "") -> bool:
    """Whether a data directory with its database was made here."""
    path = sqlite_path(_url(url, directory))
    return directory.is_dir() and (path is None or path.exists())


def open_store(*, url: str = "", directory: Path, command: str, enqueue: Enqueue | None = None, on_wake: OnWake | None = None) -> SqlStore:
    """The store for reading and writing; an older database is backed up and brought up first.

    A SQLite file is this process's alone; any number of processes write to PostgreSQL, in turns. `enqueue` and `on_wake`: see `SqlStore`.
    Raises UsageError where nothing was set up here, StoreBusy where another process writes, StoreVersion for a newer or foreign database.
    """
    _require_set_up(url, directory)
    with ExitStack() as undoing:
        lock = _lock(directory, url=_url(url, directory), command=command, undoing=undoing)
        reader, writer = _engines(_url(url, directory), undoing)
        bring_up(reader=reader, writer=writer)
        undoing.pop_all()
        return SqlStore(reader=reader, writer=writer, lock=lock, enqueue=enqueue, on_wake=on_wake)


def open_reader(*, url: str = "", directory: Path) -> SqlStore:
    """The store for reading only, beside whoever writes. Raises UsageError where nothing was set up, StoreVersion for another version's."""
    _require_set_up(url, directory)
    if sqlite_path(_url(url, directory)) is not None:
        require_not_moved(directory)
    with ExitStack() as undoing:
        reader = open_engine(_url(url, directory), writable=False)
        undoing.callback(reader.dispose)
        require_current(reader)
        undoing.pop_all()
        return SqlStore(reader=reader)


def _lock(directory: Path, *, url: str, command: str, undoing: ExitStack) -> WriterLock | None:
    """Of a SQLite file; None for a database that lets several write."""
    if sqlite_path(url) is None:
        return None
    lock = WriterLock(directory=directory, command=command)
    undoing.callback(lock.release)
    require_not_moved(directory)
    return lock


def _engines(url: str, undoing: ExitStack) -> tuple[Engine, Engine]:
    """One to read and one to write with."""
    engines = open_engine(url, writable=False), open_engine(url, writable=True)
    for engine in engines:
        undoing.callback(engine.dispose)
    return engines


def shard_reader(url: str) -> ShardReader:
    """The reader of whole shards that suits the database, to be sent to child processes."""
    return AdbcShards(url) if sqlite_path(url) is not None else SqlShards(url)


def database_url(directory: Path) -> str:
    """The URL of the SQLite file of a data directory, whatever characters its path has."""
    return URL.create("sqlite", database=str(directory.resolve() / DATABASE)).render_as_string()


def _url(url: str, directory: Path) -> str:
    return url or database_url(directory)


def _require_set_up(url: str, directory: Path) -> None:
    if not is_there(directory, url=url):
        raise UsageError(f"There is no hotlead database in {directory}.", hint="Run `hotlead init` first, or name another with --data-dir.")
