"""What a store is not moved into: databases of somebody else, of another version, or that cannot hold it."""

from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import make_url

from connector.ports.errors import HotleadError, StoreBusy, StoreError, StoreUnreachable, StoreVersion, UsageError
from connector.store.store import create, open_store
from tests.support.rows import TABLES
from tests.support.store_moves import in_postgres, move, new_database, under_way


def refused(directory: Path, url: str, *, error: type[HotleadError] = StoreError) -> str:
    """What is said; the store stays where it is and usable."""
    with pytest.raises(error) as told:
        move(directory, url)
    open_store(directory=directory, command="test").close()
    assert told.value.hint
    return str(told.value)


def test_a_database_with_tables_of_somebody_else_is_left_alone(directory: Path, empty: str) -> None:
    in_postgres(empty, "CREATE TABLE theirs (x int)")

    assert "is not empty" in refused(directory, empty)
    assert in_postgres(empty, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == [("theirs",)]


def test_a_hotlead_database_in_use_is_left_alone(directory: Path, empty: str, tmp_path: Path) -> None:
    create(tmp_path / "other", url=empty)
    in_postgres(empty, "INSERT INTO lists VALUES (1, 'theirs')")

    assert "is not empty" in refused(directory, empty)
    assert in_postgres(empty, "SELECT name FROM lists") == [("theirs",)]


def test_a_hotlead_database_without_a_row_will_do(directory: Path, empty: str, tmp_path: Path) -> None:
    create(tmp_path / "other", url=empty)

    assert len(move(directory, empty)) == len(TABLES)


def test_half_a_store_of_another_installation_is_left_alone(directory: Path, empty: str, tmp_path: Path) -> None:
    create(tmp_path / "other")
    with under_way(tmp_path / "other", empty) as begun:
        begun.copy()

    assert "a half-done copy of another installation" in refused(directory, empty)


def test_the_store_of_another_installation_is_left_alone(directory: Path, empty: str, tmp_path: Path) -> None:
    create(tmp_path / "other")
    move(tmp_path / "other", empty)

    assert "holds the store of another installation" in refused(directory, empty)


def test_two_moves_into_one_database_exclude_each_other(directory: Path, empty: str) -> None:
    with under_way(directory, empty):
        assert "Another `hotlead migrate-store`" in refused(directory, empty, error=StoreBusy)


def test_a_copy_begun_by_another_version_is_not_gone_on_with(directory: Path, empty: str) -> None:
    with under_way(directory, empty) as begun:
        begun.copy()
    in_postgres(empty, "UPDATE store_moves SET schema = '0000'")

    assert "begun by another version" in refused(directory, empty, error=StoreVersion)


def test_a_user_who_may_not_make_tables_is_told_so(directory: Path, empty: str) -> None:
    role = f"poor_{uuid4().hex[:8]}"
    in_postgres(empty, f"CREATE ROLE {role} LOGIN", "REVOKE CREATE ON SCHEMA public FROM PUBLIC")

    said = refused(directory, make_url(empty).set(username=role).render_as_string(hide_password=False))

    assert f"The user '{role}' may not make tables" in said


def test_an_encoding_that_cannot_hold_every_text_is_refused(directory: Path, postgres: str) -> None:
    with new_database(postgres, options="ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0") as url:
        assert "hotlead needs UTF8" in refused(directory, url)


@pytest.mark.parametrize(
    ("url", "error", "said"),
    [
        ("postgresql://me:S3cret@127.0.0.1:1/hotlead", StoreUnreachable, "cannot be reached"),
        ("mysql://me:S3cret@127.0.0.1/hotlead", UsageError, "is not the address of a PostgreSQL database"),
        ("sqlite:////tmp/other.db", UsageError, "is not the address of a PostgreSQL database"),
        ("postgresql://me:S3cret@127.0.0.1", UsageError, "is not the address of a PostgreSQL database"),
        ("S3cret", UsageError, "cannot be understood"),
    ],
)
def test_addresses_that_lead_nowhere_are_refused_without_their_password(
    directory: Path, url: str, error: type[HotleadError], said: str
) -> None:
    told = refused(directory, url, error=error)

    assert said in told and "S3cret" not in told


def test_a_server_that_does_not_know_the_database_says_so(directory: Path, postgres: str) -> None:
    url = make_url(postgres).set(database="nowhere").render_as_string(hide_password=False)

    assert 'database "nowhere" does not exist' in refused(directory, url, error=StoreUnreachable)
