"""`hotlead up` as an admin meets it: it opens, receives, writes back, takes orders from other terminals, survives kills, and ends."""

import os
import signal
import stat
import time
from pathlib import Path

import requests

from tests.support.journeys import Desk
from tests.support.serving import is_alive, let_hubspot_push, until, up


def test_a_push_is_received_scored_and_written_back_within_seconds(desk: Desk) -> None:
    desk.go_live("fields", crms=("hubspot",))
    desk.ok("write-back", "--allow", "100000")
    (email,) = desk.emails_in("hubspot", many=1)
    contact = contact_of(desk, email)
    with up(desk) as serving:
        let_hubspot_push(desk, serving)
        before = desk.value("hubspot", "contacts", contact, "hotlead_fit")

        desk.sandboxes["hubspot"].edit("contacts", contact, {"jobtitle": "Intern", "hs_seniority": "entry"})
        pushed = desk.sandboxes["hubspot"].flush_pushes()["subscribers"][0]
        began = time.monotonic()

        until(lambda: desk.value("hubspot", "contacts", contact, "hotlead_fit") != before, what="the new score in HubSpot")
        assert time.monotonic() - began < 10
        assert (pushed["delivered"], pushed["failed"]) == (1, 0)
        assert serving.health()["state"] == "ok"
        assert serving.stop().code == 0
    assert "real time" in {row["verb"] for row in desk.told("runs")["runs"]}


def test_a_command_given_elsewhere_is_carried_out_inside(desk: Desk) -> None:
    with up(desk) as serving:
        worker = serving.worker()

        told = desk.told("score", "--top", "3")
        shown = desk.ok("write-back", "--dry-run", "--as-if", "fields")
        refused = desk.hotlead("go-live", "nowhere", "fields")

        assert len(told["hottest"]) == 3
        assert "nothing is written" not in shown.err.lower() and "Plan" in shown.out
        assert (refused.code, "There is no connection 'nowhere'" in refused.err) == (3, True)
        assert serving.worker() == worker
        assert serving.stop().code == 0


def test_files_of_a_command_given_elsewhere_are_those_beside_whoever_gave_it(desk: Desk) -> None:
    (email,) = desk.emails_in("hubspot", many=1)
    (desk.folder / "people.txt").write_text(f"{email}\n", encoding="utf-8")
    with up(desk) as serving:
        told = desk.told("go-live", "hubspot", "fields", "--people", "@people.txt")

        assert told["connection"]["live_people"] == [email]
        assert serving.stop().code == 0


def test_the_door_for_commands_is_open_to_its_owner_alone(desk: Desk) -> None:
    with up(desk) as serving:
        place = desk.data / "up.sock"
        note = desk.data / "up.sock.path"
        path = note.read_text(encoding="utf-8") if note.exists() else str(place)

        assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600
        assert serving.stop().code == 0
        assert not Path(path).exists()


def test_a_second_one_is_refused_whether_it_wants_the_directory_or_the_port(desk: Desk) -> None:
    with up(desk) as serving:
        same_directory = desk.hotlead("up", "--port", "0")
        same_port = desk.hotlead("--data-dir", str(desk.folder / "other"), "up", "--port", serving.url.rpartition(":")[2])

        assert same_directory.code == 5 and "`hotlead up`" in same_directory.err
        assert same_port.code == 3 and "Address already in use" in same_port.err
        assert serving.health()["state"] == "ok"


def test_a_worker_that_is_killed_is_begun_anew_and_goes_on(desk: Desk) -> None:
    with up(desk) as serving:
        first = serving.worker()
        os.kill(first, signal.SIGKILL)

        second = until(lambda: serving.worker() != first and serving.worker(), what="another worker")

        assert until(lambda: _health_of(serving.url), what="health of the new worker")["state"] in ("ok", "degraded")
        assert is_alive(second) and not is_alive(first)
        assert desk.told("runs")["runs"]
        assert serving.stop().code == 0


def test_the_worker_ends_when_its_parent_is_killed_and_frees_the_directory(desk: Desk) -> None:
    with up(desk) as serving:
        worker = serving.worker()
        os.kill(serving.command.pid, signal.SIGKILL)
        serving.command.wait()

        until(lambda: not is_alive(worker), what="the worker's end", seconds=30)
        desk.ok("go-live", "hubspot", "fields")


def test_ctrl_c_ends_it_in_order(desk: Desk) -> None:
    with up(desk) as serving:
        processes = serving.processes()
        for pid in processes:  # a terminal sends it to each
            os.kill(pid, signal.SIGINT)

        done = serving.command.wait()

        assert (done.code, done.err) == (0, "")
        assert not any(is_alive(pid) for pid in processes)


def test_it_makes_the_data_directory_where_there_is_none_and_says_what_to_do_next(desk: Desk) -> None:
    fresh = desk.folder / "fresh"
    command = desk.start("--data-dir", str(fresh), "up", "--port", "0")

    until(lambda: command.out.exists() and "hotlead connect" in command.out.read_text(encoding="utf-8"), what="what to do next")
    done = command.stop()

    assert done.code == 0
    assert (fresh / "key").exists() and "Nothing is connected yet." in done.out


def test_a_directory_it_may_not_write_to_is_said_in_one_message(desk: Desk) -> None:
    blocked = desk.folder / "blocked"
    blocked.write_text("a file", encoding="utf-8")

    done = desk.hotlead("--data-dir", str(blocked / "data"), "up", "--port", "0")

    assert done.code == 3
    assert "cannot be made" in done.err and "Traceback" not in done.err


def contact_of(desk: Desk, email: str) -> str:
    ((contact,),) = desk.rows(
        "SELECT m.id FROM persons p JOIN members m ON m.person = p.id JOIN sources o ON o.no = m.source"
        " WHERE p.email = ? AND o.source = 'contacts' LIMIT 1",
        email,
    )
    return str(contact)


def _health_of(url: str) -> dict[str, object] | None:
    try:
        answer: dict[str, object] = requests.get(f"{url}/health", timeout=5).json()
    except requests.RequestException:
        return None
    return answer
