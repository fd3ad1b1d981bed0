"""Databases of other versions: older ones are brought up after a backup, newer and foreign ones are left alone."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, nullcontext
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from connector.ports.errors import StoreError, StoreVersion, UsageError
from connector.store.engine import open_engine
from connector.store.migrate import HEAD, SHIPPED, Migrations, bring_up
from connector.store.schema import METADATA
from connector.store.store import create, is_there, open_reader, open_store
from tests.support.stores import connection, sqlite_store, url_of

RELEASED = ("0001",)
"""Revisions that some released version has left in the world; each must open for ever."""

PAST = {
    "0001": (
        "INSERT INTO connections VALUES ('crm', 'salesforce', '{}', '00D1', 1, 'UTC', 'off', NULL, 2000, 1793610000000000, NULL)",
        "INSERT INTO sources VALUES (1, 'crm', 'Lead')",
        "INSERT INTO cursors VALUES (1, 'page 7', 1793610000000000)",
    )
}
"""Rows as a version of that revision wrote them."""


def database_of(directory: Path, revision: str) -> None:
    """A data directory as a version of this revision left it."""
    create(directory)
    (directory / "hotlead.db").unlink()
    engine = open_engine(url_of(directory), writable=True)
    config = Config()
    config.set_main_option("script_location", str(SHIPPED.folder))
    with engine.connect() as opened, opened.begin():
        config.attributes["connection"] = opened
        command.upgrade(config, revision)
        opened.exec_driver_sql(f"INSERT INTO made_by VALUES ('0.1.0', '{revision}')")
        for statement in PAST[revision]:
            opened.exec_driver_sql(statement)
    engine.dispose()


@pytest.mark.parametrize("revision", RELEASED)
def test_a_released_database_opens_with_what_it_held(tmp_path: Path, revision: str) -> None:
    database_of(tmp_path / "hotlead", revision)

    with sqlite_store(tmp_path / "hotlead") as store, store.read() as tx:
        (found,) = tx.connections.all()
        assert (found.name, found.account) == ("crm", "00D1")
        assert tx.cursors.get(connection="crm", source="Lead") == "page 7"


def test_the_newest_revision_is_the_head_and_every_release_is_known() -> None:
    assert SHIPPED.known()[-1] == HEAD
    assert set(RELEASED) <= set(SHIPPED.known())
    assert HEAD in RELEASED


def test_the_migrations_together_make_the_schema(tmp_path: Path) -> None:
    create(tmp_path / "hotlead")
    engine = open_engine(url_of(tmp_path / "hotlead"), writable=False)

    with engine.connect() as opened, opened.begin():
        differences = compare_metadata(MigrationContext.configure(opened), METADATA)
        named = "SELECT name FROM sqlite_schema WHERE sql LIKE '%{}%' ORDER BY name"
        clustered = opened.exec_driver_sql(named.format("WITHOUT ROWID")).scalars().all()
        ever_new = opened.exec_driver_sql(named.format("AUTOINCREMENT")).scalars().all()
    engine.dispose()

    assert differences == []
    assert ever_new == sorted(t.name for t in METADATA.tables.values() if t.dialect_options["sqlite"]["autoincrement"])
    assert clustered == sorted(t.name for t in METADATA.tables.values() if t.dialect_options["sqlite"]["with_rowid"] is False)


def digest(directory: Path) -> dict[str, str]:
    return {p.name: sha256(p.read_bytes()).hexdigest() for p in directory.iterdir() if not p.name.startswith("writer.")}


def spoil(directory: Path, *statements: str) -> None:
    with closing(sqlite3.connect(directory / "hotlead.db")) as opened:
        opened.execute("PRAGMA journal_mode=DELETE")
        for statement in statements:
            opened.execute(statement)
        opened.commit()


def test_a_newer_database_is_named_and_not_touched(tmp_path: Path) -> None:
    directory = tmp_path / "hotlead"
    create(directory)
    spoil(directory, "UPDATE alembic_version SET version_num = '0099'", "UPDATE made_by SET version = '9.1.0'")
    before = digest(directory)

    openings: list[Callable[[], object]] = [
        partial(open_store, url=url_of(directory), directory=directory, command="x"),
        partial(create, directory),
    ]
    for opening in openings:
        with pytest.raises(StoreVersion) as told:
            opening()
        assert "9.1.0" in str(told.value)
        assert "0099" in str(told.value)
        assert "9.1.0" in told.value.hint
    with pytest.raises(StoreVersion, match=r"9\.1\.0"):
        open_reader(url=url_of(directory), directory=directory)

    assert digest(directory) == before


def test_a_foreign_database_is_not_touched(tmp_path: Path) -> None:
    directory = tmp_path / "hotlead"
    directory.mkdir()
    spoil(directory, "CREATE TABLE theirs (n)")
    before = digest(directory)

    with pytest.raises(StoreVersion, match="not made by hotlead"):
        open_store(url=url_of(directory), directory=directory, command="x")

    assert digest(directory) == before


def test_a_refused_database_leaves_the_lock_free(tmp_path: Path) -> None:
    directory = tmp_path / "hotlead"
    create(directory)
    spoil(directory, "UPDATE alembic_version SET version_num = '0099'")
    with pytest.raises(StoreVersion):
        open_store(url=url_of(directory), directory=directory, command="x")

    spoil(directory, f"UPDATE alembic_version SET version_num = '{HEAD}'")

    open_store(url=url_of(directory), directory=directory, command="y").close()


def test_creating_again_changes_nothing(tmp_path: Path) -> None:
    directory = tmp_path / "hotlead"
    with sqlite_store(directory) as store:
        store.write(lambda tx: tx.connections.put(connection("crm")))
    key = (directory / "key").read_text()

    create(directory)

    assert (directory / "key").read_text() == key
    with sqlite_store(directory) as store, store.read() as tx:
        assert [c.name for c in tx.connections.all()] == ["crm"]


def test_a_directory_that_was_never_set_up_is_not_made_by_opening(tmp_path: Path) -> None:
    directory = tmp_path / "hotlead"

    with pytest.raises(UsageError, match="no hotlead database"):
        open_store(url=url_of(directory), directory=directory, command="x")
    with pytest.raises(UsageError, match="no hotlead database"):
        open_reader(url=url_of(directory), directory=directory)

    assert not is_there(directory, url=url_of(directory))
    assert not directory.exists()


def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    directory = tmp_path / "hotlead"
    directory.mkdir()
    (directory / "hotlead.db").touch()

    open_store(url=url_of(directory), directory=directory, command="x").close()

    open_reader(url=url_of(directory), directory=directory).close()


def test_a_damaged_file_is_told_and_not_touched(tmp_path: Path) -> None:
    directory = tmp_path / "hotlead"
    create(directory)
    (directory / "hotlead.db").write_bytes(b"no database at all, but long enough to be looked at" * 100)
    before = digest(directory)

    with pytest.raises(StoreError, match="damaged") as told:
        open_store(url=url_of(directory), directory=directory, command="x")

    assert "backup" in told.value.hint
    assert digest(directory) == before


NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("later", sa.Column("n", sa.Integer()))
    op.execute("{statement}")
"""


def next_version(folder: Path, *, statement: str) -> Migrations:
    """The shipped migrations with one more step."""
    shutil.copytree(SHIPPED.folder, folder)
    (folder / "versions" / "0002_next.py").write_text(NEXT.format(statement=statement))
    return Migrations(folder=folder, head="0002")


def tables_and_cursors(path: Path) -> tuple[set[str], list[tuple[str]]]:
    with closing(sqlite3.connect(path)) as opened:
        names = {name for (name,) in opened.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        return names, opened.execute("SELECT cursor FROM cursors").fetchall()


@pytest.mark.parametrize(("statement", "works"), [("INSERT INTO later VALUES (1)", True), ("INSERT INTO nowhere VALUES (1)", False)])
def test_an_older_database_is_copied_and_brought_up_whole_or_not_at_all(tmp_path: Path, statement: str, works: bool) -> None:
    directory = tmp_path / "hotlead"
    database_of(directory, "0001")
    reader, writer = open_engine(url_of(directory), writable=False), open_engine(url_of(directory), writable=True)

    with nullcontext() if works else pytest.raises(StoreError):
        bring_up(reader=reader, writer=writer, migrations=next_version(tmp_path / "next", statement=statement))
    reader.dispose()
    writer.dispose()

    before, cursors = tables_and_cursors(directory / "hotlead.db.schema-0001.backup")
    after, cursors_after = tables_and_cursors(directory / "hotlead.db")
    assert cursors == cursors_after == [("page 7",)]
    assert after - before == ({"later"} if works else set())
    if not works:
        open_store(url=url_of(directory), directory=directory, command="the version before").close()
