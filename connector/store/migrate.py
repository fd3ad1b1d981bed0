"""Brings a database to the schema of this version, or says why it cannot. A database that is not brought up is not touched."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from connector.ports.errors import StoreVersion
from connector.store.engine import sqlite_path, store_error
from connector.store.other_writers import take_turn

HEAD = "0001"
"""The newest revision under `migrations/versions`; a test holds it."""

MOVES = "store_moves"
"""The table that a database has which a store was moved to: see `store.move_target`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrations:
    """Where the steps are, and the revision they lead to."""

    folder: Path
    head: str

    def known(self) -> tuple[str, ...]:
        """Every revision, oldest first."""
        script = ScriptDirectory(str(self.folder))
        return tuple(revision.revision for revision in script.walk_revisions())[::-1]


SHIPPED = Migrations(folder=Path(__file__).with_name("migrations"), head=HEAD)


def bring_up(*, reader: Engine, writer: Engine, migrations: Migrations = SHIPPED) -> None:
    """Creates an empty database at head; backs up and upgrades an older one. Raises StoreVersion for a newer or a foreign one.

    What is there is looked at through `reader`, because opening for writing already changes a file's journal mode.
    """
    try:
        found = _found(reader, migrations)
        if found == migrations.head:
            return
        if found is not None:
            _back_up(writer, found)
        with writer.connect() as connection, connection.begin():
            if _is_mine_now(connection, migrations):
                _upgrade(connection, migrations)
    except DBAPIError as error:
        raise store_error(error) from error


def _is_mine_now(connection: Connection, migrations: Migrations) -> bool:
    """Whether it is still to be done. Of several processes that start at once one does it, and the others wait for that."""
    if connection.dialect.name == "sqlite":
        return True
    connection.execute(text("SET LOCAL lock_timeout = 0"))
    take_turn(connection)
    return _revision(connection, migrations) != migrations.head


def require_current(engine: Engine) -> None:
    """Raises StoreVersion unless the database is at head."""
    try:
        found = _found(engine, SHIPPED)
    except DBAPIError as error:
        raise store_error(error) from error
    if found != HEAD:
        raise StoreVersion(
            f"The database has the schema {found or 'of an empty file'}, this version of hotlead needs {HEAD}.",
            hint="Run any command that writes, such as `hotlead pull`: it makes a backup and brings the database up.",
        )


def _found(engine: Engine, migrations: Migrations) -> str | None:
    with engine.connect() as connection, connection.begin():
        return _revision(connection, migrations)


def _revision(connection: Connection, migrations: Migrations) -> str | None:
    """The database's revision, None for an empty one. Raises StoreVersion for one that is not known here."""
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar() if "alembic_version" in tables else None
    if found is None or "made_by" not in tables:
        raise StoreVersion("The database was not made by hotlead.", hint="Give hotlead a data directory of its own.")
    if MOVES in tables and not connection.execute(text(f"SELECT bool_and(completed_at IS NOT NULL) FROM {MOVES}")).scalar():
        raise StoreVersion(
            "The database holds a store that was moved there in part.",
            hint="Give `hotlead migrate-store` again where it was begun: it goes on.",
        )
    if found == migrations.head or found in migrations.known():
        return str(found)
    maker = connection.execute(text("SELECT version FROM made_by")).scalar()
    ours = f"{version('hotlead')} (schema {migrations.head})"
    raise StoreVersion(
        f"The database was made by hotlead {maker} (schema {found}); this is hotlead {ours}. Nothing was touched.",
        hint=f"Install hotlead {maker} or newer, or put back the backup made before the upgrade.",
    )


def _upgrade(connection: Connection, migrations: Migrations) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations.folder).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, migrations.head)
    connection.execute(text("DELETE FROM made_by"))
    made_by = {"version": version("hotlead"), "revision": migrations.head}
    connection.execute(text("INSERT INTO made_by (version, revision) VALUES (:version, :revision)"), made_by)


def _back_up(engine: Engine, revision: str) -> None:
    """A whole copy beside the database, named by the schema it has. An older copy of that name is replaced."""
    path = sqlite_path(engine.url.render_as_string(hide_password=False))
    if path is None:
        return
    target = path.with_name(f"{path.name}.schema-{revision}.backup")
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
