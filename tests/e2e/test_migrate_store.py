"""An installation that outgrew its SQLite file moves to PostgreSQL and goes on as if nothing had been."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import make_url

from tests.support.journeys import CRMS, Desk
from tests.support.postgres import postgres_server
from tests.support.processes import Command

PASSWORD = "S3cret-of-the-database"
"""Which the server of this test does not ask for: it trusts whoever reaches its socket."""
WITHIN_S = 60


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture
def url(server: str) -> str:
    """Of a new database, with a password."""
    name = f"moved_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
    return make_url(server).set(database=name, password=PASSWORD).render_as_string(hide_password=False)


def test_everything_is_as_before_and_only_what_is_new_is_read_and_written(desk: Desk, url: str) -> None:
    desk.go_live("fields", "--everybody")
    desk.ok("write-back")
    (email,) = desk.emails_in(*CRMS, many=1)
    before = {"explain": desk.told("explain", email), "hottest": desk.told("score")["hottest"]}
    (desk.data / "hotlead.toml").write_text('# how ours is set up\nlanguage = "en"\n')
    desk.forget_counts()

    moved = desk.told("migrate-store", url)

    assert moved["rows"] > 5000 and len(moved["tables"]) > 40 and moved["altered"] == moved["mended"] == 0
    text = (desk.data / "hotlead.toml").read_text()
    assert text.startswith("# how ours is set up") and f'database_url = "{url}"' in text
    assert (desk.data / "hotlead.toml").stat().st_mode & 0o077 == 0
    assert PASSWORD not in json.dumps(moved)
    assert desk.told("explain", email) == before["explain"]
    assert desk.told("score")["hottest"] == before["hottest"]
    assert desk.told("doctor")["findings"]
    assert desk.ok("write-back").code == 0 and desk.writes() == {}, "nothing differs"
    _reads_what_is_new(desk, url)


def _reads_what_is_new(desk: Desk, url: str) -> None:
    desk.ok("pull")
    with psycopg.connect(url) as database:
        ((contact,),) = database.execute(
            "SELECT m.id FROM members m JOIN sources o ON o.no = m.source WHERE o.source = 'contacts' ORDER BY m.no LIMIT 1"
        ).fetchall()
    desk.sandboxes["hubspot"].edit("contacts", contact, {"jobtitle": "Chief of Everything"})
    pulled = desk.told("pull")["pulled"]
    assert {p["source"]: p["fresh"] for p in pulled if p["fresh"]} == {"contacts": 1}
    assert not any(p["first"] for p in pulled), "every source goes on from where it was"


def test_the_old_file_is_refused_with_the_way_on_and_back(desk: Desk, url: str) -> None:
    desk.ok("migrate-store", url)
    (desk.data / "hotlead.toml").unlink()

    for words in (("score",), ("runs",), ("init",), ("up",)):
        refused = desk.hotlead(*words)
        assert refused.code == 3
        assert "has moved to postgresql://postgres:***@" in refused.err and PASSWORD not in refused.said()
        assert "move.json" in refused.err and "database_url" in refused.err
    told = desk.ok("migrate-store", url)
    assert "only the setting was missing" in told.out and PASSWORD not in told.said()
    assert desk.ok("runs").code == 0
    assert "in that database already" in desk.ok("migrate-store", url).out

    (desk.data / "move.json").unlink()
    (desk.data / "hotlead.toml").unlink()
    assert desk.ok("score").code == 0, "the way back"


def test_killed_at_any_moment_the_same_command_goes_on(desk: Desk, url: str) -> None:
    rows_before = desk.rows("SELECT count(*) FROM activities")
    for tables in (1, 8, 16, 24, 32, 40):
        running = desk.start("migrate-store", url)
        _until_begun(url, tables=tables)
        assert running.kill().code == -9
        assert desk.ok("runs").code == 0

    desk.ok("migrate-store", url)

    with psycopg.connect(url) as database:
        assert database.execute("SELECT count(*) FROM activities").fetchall() == rows_before
    assert desk.ok("score").code == 0


def test_hotlead_up_is_asked_to_stop_for_the_last_part_only(desk: Desk, url: str) -> None:
    up = desk.start("up", "--port", "0")
    _until(up, "hotlead is up")
    moving = desk.start("migrate-store", url, "--wait", str(WITHIN_S))
    _until(moving, "stop it now")
    assert "`hotlead up` (process" in moving.out.read_text()
    assert desk.ok("score").code == 0, "hotlead up still works"

    up.stop()
    done = moving.wait()

    assert done.code == 0 and "counts and hashes are equal" in done.out, done.said()
    mended = re.search(r"([\d,]+) rows had changed while copying", done.out)
    assert mended is not None and int(mended[1].replace(",", "")) > 0, "the score that was made meanwhile came along"
    again = desk.start("up", "--port", "0")
    _until(again, "hotlead is up")
    again.stop()


def test_where_hotlead_up_is_not_stopped_nothing_is_switched(desk: Desk, url: str) -> None:
    up = desk.start("up", "--port", "0")
    _until(up, "hotlead is up")

    moved = desk.hotlead("migrate-store", url, "--wait", "0")

    assert moved.code == 5 and "`hotlead up`" in moved.err and "Nothing was switched" in moved.err
    assert desk.ok("score").code == 0
    up.stop()
    assert desk.ok("migrate-store", url).code == 0


def test_an_address_from_the_environment_is_left_to_whoever_set_it(desk: Desk, url: str) -> None:
    desk.environment["HOTLEAD_DATABASE_URL"] = f"sqlite:///{desk.data / 'hotlead.db'}"

    moved = desk.ok("migrate-store", url)

    assert "HOTLEAD_DATABASE_URL must say" in moved.out and PASSWORD not in moved.out
    assert not (desk.data / "hotlead.toml").exists()
    desk.environment["HOTLEAD_DATABASE_URL"] = url
    assert desk.ok("score").code == 0


def test_an_address_may_stand_in_a_file(desk: Desk, url: str) -> None:
    Path(desk.folder / "address").write_text(url + "\n")

    assert desk.ok("migrate-store", "@address").code == 0


def _until_begun(url: str, *, tables: int) -> None:
    """Waits until so many tables were begun with."""
    until = time.monotonic() + WITHIN_S
    with psycopg.connect(url, autocommit=True) as database:
        begun = 0
        while begun < tables:
            assert time.monotonic() < until
            with suppress(psycopg.errors.UndefinedTable):  # not even begun
                ((begun,),) = database.execute("SELECT count(*) FROM store_move_tables").fetchall()
            time.sleep(0.005)


def _until(command: Command, said: str) -> None:
    until = time.monotonic() + WITHIN_S
    while not command.out.exists() or said not in command.out.read_text():
        assert time.monotonic() < until, command.kill().said()
        time.sleep(0.05)
