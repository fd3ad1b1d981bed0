"""What an admin gets wrong: one clear message that says what to do, everything as it was, and an exit code that is not 0."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.support.journeys import CRMS, Desk, Town, town
from tests.support.processes import Done, free_port

MEND, RECONNECT, LATER = 3, 4, 5


@pytest.fixture
def looked_at(desk: Desk) -> Iterator[Desk]:
    """The desk, checked at the end: nothing of what was published, connected or written has changed."""
    before = _state(desk)
    yield desk
    assert _state(desk) == before
    assert desk.writes() == {}


def _state(desk: Desk) -> list[list[tuple[object, ...]]]:
    queries = (
        "SELECT name, settings, live, sealed FROM connections ORDER BY 1",
        "SELECT kind, name, version, text FROM documents ORDER BY 1, 2, 3",
        "SELECT count(*) FROM raw",
        "SELECT person, total FROM scores ORDER BY 1",
        "SELECT * FROM journal",
    )
    return [desk.rows(query) for query in queries]


def _is_clear(done: Done, *, code: int, says: tuple[str, ...]) -> None:
    """One message on stderr, with a hint, without a trace."""
    assert done.code == code, done.said()
    assert "Traceback" not in done.err and "fault in hotlead" not in done.err, done.said()
    assert done.err.count("✗") == 1, done.said()
    for words in says:
        assert words in done.err, done.said()


def test_wrong_credentials_are_not_stored(looked_at: Desk) -> None:
    salesforce = looked_at.connect("salesforce", client_secret="WRONG-ONE")
    hubspot = looked_at.connect("hubspot", token="pat-na1-wrong")

    _is_clear(salesforce, code=RECONNECT, says=("salesforce", "client"))
    _is_clear(hubspot, code=RECONNECT, says=("hubspot", "token"))
    assert "WRONG-ONE" not in salesforce.said() and "pat-na1-wrong" not in hubspot.said()


@pytest.mark.parametrize("crm", CRMS)
def test_a_host_that_is_not_there_is_said_to_be_unreachable(looked_at: Desk, crm: str) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"

    done = looked_at.connect(crm, base_url=nobody)

    _is_clear(done, code=LATER, says=(crm,))


def test_a_crm_that_went_away_stops_a_pull_with_one_message(desk: Desk) -> None:
    before = _state(desk)
    for sandbox in desk.sandboxes.values():
        sandbox.fault("*", "reset_before")

    done = desk.hotlead("pull")

    desk.heal()
    _is_clear(done, code=LATER, says=())
    assert _state(desk) == before
    assert desk.ok("pull").code == 0


def test_a_missing_setting_is_asked_for_by_name(looked_at: Desk) -> None:
    done = looked_at.hotlead("connect", "salesforce", "--name", "second", "--set", "domain=acme.my")

    _is_clear(done, code=MEND, says=("client_id", "--set client_id="))


def test_an_unknown_setting_names_the_known_ones(looked_at: Desk) -> None:
    done = looked_at.hotlead("connect", "hubspot", "--set", "tokn=abc")

    _is_clear(done, code=MEND, says=("'tokn'", "token"))


def test_a_mapping_to_a_field_that_is_not_there_is_refused_with_its_line(looked_at: Desk) -> None:
    text = looked_at.told("publish", "fields", "salesforce")["current"]["text"]
    file = looked_at.folder / "fields.yaml"
    line = next(n for n, each in enumerate(text.splitlines(), start=1) if "Title" in each and not each.strip().startswith("#"))
    lines = text.splitlines(keepends=True)
    lines[line - 1] = lines[line - 1].replace("Title", "Titel")
    file.write_text("".join(lines), encoding="utf-8")

    done = looked_at.hotlead("publish", "fields", "salesforce", str(file))

    _is_clear(done, code=MEND, says=(f"fields.yaml:{line}:", "Titel", "Title", "Nothing was published"))


def test_a_typo_in_a_model_is_shown_with_line_column_and_the_nearest_key(looked_at: Desk) -> None:
    text = looked_at.told("publish", "scoring", "b2b_default")["current"]["text"]
    file = looked_at.folder / "model.yaml"
    file.write_text(text.replace("half_life:", "halflife:", 1), encoding="utf-8")
    line, column = next((n, each.index("half_life:") + 1) for n, each in enumerate(text.splitlines(), start=1) if "half_life:" in each)

    done = looked_at.hotlead("publish", "scoring", "b2b_default", str(file))

    _is_clear(done, code=MEND, says=(f"model.yaml:{line}:{column}", "halflife", "half_life", "Nothing was published"))


def test_a_model_that_is_not_yaml_is_refused(looked_at: Desk) -> None:
    file = looked_at.folder / "model.yaml"
    file.write_text("model: [unclosed\nfit:", encoding="utf-8")

    _is_clear(looked_at.hotlead("publish", "scoring", "b2b_default", str(file)), code=MEND, says=("model.yaml:",))
    _is_clear(looked_at.hotlead("publish", "scoring", "b2b_default", "no-such.yaml"), code=MEND, says=("no-such.yaml",))
    _is_clear(looked_at.hotlead("publish", "scoring", "b2b_default", "--put-back", "9"), code=MEND, says=("version 9", "versions 1"))


def test_a_wrong_data_directory_points_to_init(desk: Desk) -> None:
    for words in (("score",), ("runs",), ("explain", "jane"), ("doctor",)):
        done = desk.hotlead("--data-dir", str(desk.folder / "nowhere"), *words)

        _is_clear(done, code=MEND, says=("nowhere", "hotlead init"))
    assert not (desk.folder / "nowhere").exists()


def test_the_database_of_a_newer_version_is_not_touched(desk: Desk) -> None:
    with closing(sqlite3.connect(desk.data / "hotlead.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.execute("UPDATE made_by SET version = '9.9.9', revision = '9999'")
        database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = (desk.data / "hotlead.db").read_bytes()

    for words in (("pull",), ("runs",), ("init",)):
        _is_clear(desk.hotlead(*words), code=MEND, says=("9.9.9", "Nothing was touched"))

    assert (desk.data / "hotlead.db").read_bytes() == before


def test_a_file_that_is_no_database_is_not_touched(desk: Desk) -> None:
    (desk.data / "hotlead.db").write_bytes(b"this is not a database at all" * 300)

    done = desk.hotlead("runs")

    assert done.code != 0
    assert "Traceback" not in done.err, done.said()
    assert (desk.data / "hotlead.db").read_bytes() == b"this is not a database at all" * 300


def test_the_second_of_two_runs_at_once_is_told_who_is_first(desk: Desk) -> None:
    sandbox = desk.sandboxes["salesforce"]
    sandbox.fault("*", "drip", seconds=20)
    first = desk.start("pull", "salesforce")
    while not (desk.data / "writer.json").exists():
        assert (desk.data).exists()

    second = desk.hotlead("score")

    first.kill()
    sandbox.heal()
    _is_clear(second, code=LATER, says=("hotlead pull", str(first.pid), "Wait"))
    assert desk.hotlead("runs").code == 0, "looking is allowed beside a writer"


def test_a_key_that_others_can_read_and_a_wrong_key_are_told_apart(desk: Desk) -> None:
    key = desk.data / "key"
    right = key.read_text(encoding="utf-8")
    key.chmod(0o644)
    readable = desk.hotlead("pull")
    key.chmod(0o600)
    key.write_text("not a key", encoding="utf-8")
    broken = desk.hotlead("pull")
    key.unlink()
    gone = desk.hotlead("pull")
    key.write_text(right, encoding="utf-8")
    key.chmod(0o600)

    _is_clear(readable, code=MEND, says=("chmod 600 hotlead-data/key",))
    _is_clear(broken, code=MEND, says=("key",))
    _is_clear(gone, code=MEND, says=("key",))
    assert desk.ok("pull").code == 0


def test_no_new_key_takes_the_place_of_one_that_is_gone(desk: Desk) -> None:
    key = desk.data / "key"
    right = key.read_text(encoding="utf-8")
    key.unlink()
    gone = [desk.hotlead("init"), desk.hotlead("up", "--port", "0")]
    made = key.exists()
    looked = desk.hotlead("doctor")
    key.write_text(Fernet.generate_key().decode(), encoding="utf-8")
    key.chmod(0o600)
    other = desk.hotlead("up", "--port", "0")
    key.write_text(right, encoding="utf-8")

    for done in gone:
        _is_clear(done, code=MEND, says=("key is missing", "backup"))
    assert not made
    assert looked.code == 6 and "key of stored credentials is missing" in looked.out, looked.said()
    _is_clear(other, code=MEND, says=("sealed with another key", "Put the right key back"))
    assert desk.ok("init").code == 0


def test_a_wrong_setting_names_where_it_came_from(desk: Desk) -> None:
    desk.environment["HOTLEAD_SCORE_WORKERS"] = "many"
    (desk.data / "hotlead.toml").write_text('langage = "ja"\n', encoding="utf-8")

    done = desk.hotlead("score")

    _is_clear(done, code=MEND, says=("HOTLEAD_SCORE_WORKERS", "langage", "hotlead.toml"))


def test_a_variable_that_is_no_setting_is_found_by_the_doctor(desk: Desk) -> None:
    desk.environment["HOTLEAD_WRITE_LIMT"] = "5"

    odd = [f for f in desk.told("doctor")["findings"] if f["code"] == "variable"]

    assert [(f["message"], f["hint"]) for f in odd] == [
        ("HOTLEAD_WRITE_LIMT is no setting, so it does nothing.", "Did you mean HOTLEAD_WRITE_LIMIT?")
    ]


def test_without_a_public_address_is_said_what_to_put_in_its_place(looked_at: Desk) -> None:
    made = looked_at.ok("site", "add", "www", "--origin", "https://www.example.com")
    received = looked_at.hotlead("receive", "salesforce")

    assert "public_url is not set" in made.out
    _is_clear(received, code=MEND, says=("public_url", "end it and start it again"))


def test_nobody_and_several_by_a_name_are_told_apart(looked_at: Desk) -> None:
    _is_clear(looked_at.hotlead("explain", "nobody@nowhere.test"), code=MEND, says=("nobody@nowhere.test", "hotlead pull"))
    _is_clear(looked_at.hotlead("explain", "a"), code=MEND, says=("several", "number"))


def test_errors_for_machines_are_json_on_stderr(desk: Desk) -> None:
    done = desk.hotlead("--json", "explain", "nobody@nowhere.test")

    told = json.loads(done.err)
    assert (done.code, done.out) == (MEND, "")
    assert set(told) == {"error", "hint", "action"}


@pytest.fixture
def missing_scope(tmp_path: Path) -> Iterator[Town]:
    scopes = "crm.objects.contacts.read,crm.objects.contacts.write,crm.schemas.contacts.read,oauth"
    with town(tmp_path, people=12, more={"hubspot": ("--scopes", scopes)}) as made:
        yield made


def test_a_missing_scope_is_named_with_who_can_add_it(missing_scope: Town) -> None:
    with missing_scope.fresh() as desk:
        desk.ok("init")
        assert desk.connect("hubspot").code == 0

        checked = desk.hotlead("check")
        pulled = desk.hotlead("pull")

    assert checked.code == 6, checked.said()
    assert "crm.objects.companies.read" in checked.out
    _is_clear(pulled, code=RECONNECT, says=("hubspot", "scope"))


@pytest.mark.parametrize("people", [0, 1])
def test_an_empty_crm_and_a_crm_with_one_person_are_walked_to_the_end(tmp_path: Path, people: int) -> None:
    with town(tmp_path, people=people) as made, made.fresh() as desk:
        desk.set_up()
        desk.ok("pull")
        scored = desk.ok("score")
        gone_live = desk.hotlead("go-live", "hubspot", "fields", "--everybody")
        looked = desk.hotlead("write-back", "--dry-run", "--as-if", "fields")

        if people == 0:
            assert "hotlead pull" in scored.out
            _is_clear(gone_live, code=MEND, says=("hotlead pull",))
            assert looked.code == 0 and "nothing to write" in looked.out
        else:
            assert desk.rows("SELECT count(*) FROM scores") == [(1,)]
            assert gone_live.code == looked.code == 0
            assert desk.ok("write-back").code == 0
