"""`hotlead up` as an admin meets it: it opens, receives, writes back, takes orders from other terminals, survives kills, and ends."""

import os
import pty
import signal
import socket
import sqlite3
import stat
import sys
import time
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest
import requests

from connector.serving.supervisor import BACKPRESSURE, HEAD_S
from connector.web.hooks.coming import BODY_S
from tests.support.journeys import Desk
from tests.support.serving import is_alive, let_hubspot_push, until, up

LONG_AGO = "2026-01-01T01:00:00+00:00"
ECHO_OFF_S = 0.5
"""After the question the terminal stops showing what is typed, and drops what was typed before."""


def test_a_push_is_received_scored_and_written_back_within_seconds(desk: Desk) -> None:
    desk.go_live("fields", crms=("hubspot",))
    desk.ok("write-back", "--allow", "100000")
    with up(desk) as serving:
        let_hubspot_push(desk, serving)

        has_followed = desk.change_rank("hubspot", "contacts", desk.lone("contacts"))
        pushed = desk.sandboxes["hubspot"].flush_pushes()["subscribers"][0]
        began = time.monotonic()

        until(has_followed, what="the new score in HubSpot")
        assert time.monotonic() - began < 10
        assert (pushed["delivered"], pushed["failed"]) == (1, 0)
        assert serving.health()["state"] == "ok"
        assert serving.stop().code == 0
    assert "real time" in {row["verb"] for row in desk.told("runs")["runs"]}


@pytest.mark.parametrize(
    "sent", [b"", b"POST /hooks/hubspot HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n["], ids=["before a head", "in a body"]
)
def test_senders_who_stop_do_not_shut_others_out(desk: Desk, sent: bytes) -> None:
    with up(desk) as serving, ExitStack() as held:
        let_hubspot_push(desk, serving)
        for _ in range(BACKPRESSURE + 50):
            sender = held.enter_context(socket.create_connection(("127.0.0.1", int(serving.url.rpartition(":")[2]))))
            sender.sendall(sent)
        began = time.monotonic()

        until(lambda: _health_of(serving.url), what="an answer to somebody else")
        assert time.monotonic() - began < max(HEAD_S, BODY_S) + 12
        assert serving.stop().code == 0


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

        assert same_directory.code == 5 and f"`hotlead up` (process {serving.command.pid})" in " ".join(same_directory.err.split())
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
        done = serving.stop()
        assert (done.code, "the worker ended by signal 9; another begins" in done.err) == (0, True)


def test_one_connection_whose_secrets_are_damaged_is_told_and_the_other_is_served(desk: Desk) -> None:
    with closing(sqlite3.connect(desk.data / "hotlead.db")) as database:
        database.execute("UPDATE connections SET sealed = ? WHERE name = 'hubspot'", (b"damaged",))
        database.commit()

    with up(desk) as serving:
        said = {one["name"]: one["trouble"] for one in serving.said()[-1]["connections"]}
        pulled = until(
            lambda: {c["name"]: c["last_pull_at"] for c in serving.health()["connections"]}["salesforce"], what="the other one's pull"
        )

        assert pulled and said["salesforce"] == ""
        assert "connect again" in said["hubspot"]
        assert any(w.startswith("'hubspot' is not worked with: ") for w in serving.health()["warnings"])
        done = serving.stop()
    assert (done.code, "Traceback" in done.err) == (0, False)


def test_the_worker_ends_when_its_parent_is_killed_and_frees_the_directory(desk: Desk) -> None:
    with up(desk) as serving:
        worker = serving.worker()
        os.kill(serving.command.pid, signal.SIGKILL)
        serving.command.wait()

        until(lambda: not is_alive(worker), what="the worker's end", seconds=30)
        desk.ok("go-live", "hubspot", "fields", "--everybody")


def test_ctrl_c_ends_it_in_order(desk: Desk) -> None:
    with up(desk) as serving:
        processes = serving.processes()
        for pid in processes:  # a terminal sends it to each
            os.kill(pid, signal.SIGINT)

        done = serving.command.wait()

        assert (done.code, done.err) == (0, "")
        assert not any(is_alive(pid) for pid in processes)


def test_many_signals_at_once_end_it_too(desk: Desk) -> None:
    """Somebody who leans on Ctrl-C, or a parent that dies and sends one for each of its threads."""
    with up(desk) as serving:
        processes = serving.processes()
        for number in (signal.SIGINT, signal.SIGTERM) * 100:
            for pid in processes:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)

        until(lambda: not any(is_alive(pid) for pid in processes), what="the end", seconds=15)
        done = serving.command.wait()

        assert "Traceback" not in done.err


def test_it_ends_with_its_terminal(desk: Desk) -> None:
    with up(desk) as serving:
        processes = serving.processes()
        for pid in processes:  # a terminal that is closed sends it to each
            os.kill(pid, signal.SIGHUP)

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


def test_it_ends_within_half_a_minute_even_while_a_crm_does_not_answer(desk: Desk) -> None:
    with up(desk) as serving:
        desk.sandboxes["hubspot"].fault("*", "timeout_before", every=1, seconds=90)
        waiting = desk.start("pull", "hubspot")
        until(desk.sandboxes["hubspot"].bitten, what="a call that hangs")
        began = time.monotonic()

        done = serving.stop()
        given = waiting.wait()

        assert (done.code, time.monotonic() - began < 30) == (0, True)
        assert given.code != 0 and "Traceback" not in given.err
    desk.heal()
    assert desk.ok("pull", "hubspot")


def test_ctrl_c_where_a_command_was_given_stops_it_at_its_next_safe_point(desk: Desk) -> None:
    with up(desk) as serving:
        until(
            lambda: {"hubspot", "salesforce"} <= {j["key"] for j in serving.health()["jobs"] if j["job"] == "pull"}, what="the first polls"
        )
        desk.sandboxes["hubspot"].fault("*", "drip", every=1, seconds=1)
        pulling = desk.start("pull", "hubspot")
        until(desk.sandboxes["hubspot"].bitten, what="a call under way")

        os.kill(pulling.pid, signal.SIGINT)
        stopped = pulling.wait()

        assert stopped.code == 130 and "the same command goes on from there" in stopped.err, stopped.said()
        newest = desk.told("runs")["runs"][0]
        assert (newest["verb"], newest["state"], newest["message"]) == ("pull", "stopped", "by Ctrl-C")
        desk.heal()
        desk.ok("pull", "hubspot")
        assert serving.stop().code == 0


def test_a_site_made_while_it_runs_may_send_at_once_and_after_its_end_no_more(desk: Desk) -> None:
    with up(desk) as serving:
        made = desk.told("site", "add", "www", "--origin", "https://www.example.com", "--no-consent")
        view = {"id": "00112233445566778899aabb", "visitor": "aabbccddeeff001122334455", "path": "/pricing", "seconds": 12}

        def sent() -> int:
            headers = {"Origin": "https://www.example.com", "Content-Type": "text/plain"}
            return requests.post(f"{serving.url}/events/page?key={made['public_key']}", json=view, headers=headers, timeout=10).status_code

        assert made["secret"].startswith("whsec_") and made["public_key"] in made["script"]
        assert [s["name"] for s in desk.told("site", "list")["sites"]] == ["www"]
        assert sent() < 300
        desk.ok("site", "remove", "www")
        assert sent() in (401, 403, 404)
        assert serving.stop().code == 0


def test_a_night_that_nobody_was_up_in_is_made_up_for(desk: Desk) -> None:
    with up(desk) as serving:
        until(lambda: len(nights(desk)) >= 5, what="the first look at the nights")
        assert serving.stop().code == 0
    with closing(sqlite3.connect(desk.data / "hotlead.db")) as database:
        database.execute("UPDATE cursors SET cursor = ? WHERE source IN (SELECT no FROM sources WHERE connection = '@jobs')", (LONG_AGO,))
        database.commit()

    with up(desk) as serving:
        until(lambda: nights(desk) and LONG_AGO not in nights(desk).values(), what=lambda: f"the night's end: {nights(desk)}", seconds=60)
        assert serving.stop().code == 0

    done = nights(desk)
    assert {n for n in done if n.startswith("score_shards")} == {f"score_shards {a}-{a + 15}" for a in (0, 16, 32, 48)}
    assert {"daily", "write_everybody", "reconcile hubspot", "reconcile salesforce", "retention", "backup"} <= set(done)
    assert len(list((desk.data / "backups").glob("hotlead-*.db"))) == 1


def nights(desk: Desk) -> dict[str, str]:
    """The night that each nightly job, or piece of one, has done."""
    return dict(desk.rows("SELECT o.source, c.cursor FROM cursors c JOIN sources o ON o.no = c.source WHERE o.connection = '@jobs'"))


def test_receiving_is_switched_off_at_once(desk: Desk) -> None:
    with up(desk) as serving:
        let_hubspot_push(desk, serving)
        on = requests.post(f"{serving.url}/hooks/hubspot", data=b"[]", timeout=10).status_code

        desk.ok("receive", "hubspot", "--off")

        assert (on, requests.post(f"{serving.url}/hooks/hubspot", data=b"[]", timeout=10).status_code) == (401, 404)
        assert serving.stop().code == 0


def test_a_worker_on_sqlite_is_refused_with_the_way_to_several(desk: Desk) -> None:
    done = desk.hotlead("work")

    assert done.code == 3
    assert "`hotlead up`" in done.err and "hotlead migrate-store" in done.err


def test_figures_that_ask_for_a_token_are_not_shown_to_everybody_without_one(desk: Desk) -> None:
    desk.environment["HOTLEAD_METRICS_TOKEN"] = "figures-for-some"

    done = desk.hotlead("work", "--metrics-port", "0", "--metrics-host", "0.0.0.0")

    assert done.code == 3
    assert "`metrics_token`" in done.err


@pytest.mark.timeout(60)
def test_what_is_missing_is_asked_for_where_the_command_was_given(desk: Desk) -> None:
    with up(desk) as serving:
        url = desk.sandboxes["hubspot"].url
        token = desk.sandboxes["hubspot"].credentials["access_token"]
        words = ["--data-dir", str(desk.data), "connect", "hubspot", "--set", f"base_url={url}"]

        code, seen = typed_at_a_terminal(words, answers=[token], folder=desk.folder)

        assert code == 0 and "New credentials for" in seen, seen
        assert token not in seen
        assert serving.stop().code == 0


def typed_at_a_terminal(words: list[str], *, answers: list[str], folder: Path) -> tuple[int, str]:
    """A command given at a terminal, each question answered; its exit code, and what stood on the screen."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execv(sys.executable, [sys.executable, "-c", "from connector.cli import main; main()", *words])
    seen = b""
    for answer in answers:
        while not seen.rstrip().endswith(b":"):
            seen += os.read(terminal, 4096)
        time.sleep(ECHO_OFF_S)
        os.write(terminal, answer.encode() + b"\n")
        seen += b" "
    with suppress(OSError):  # the terminal closes with the command
        while more := os.read(terminal, 4096):
            seen += more
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), seen.decode(errors="replace")


def _health_of(url: str) -> dict[str, object] | None:
    try:
        answer: dict[str, object] = requests.get(f"{url}/health", timeout=5).json()
    except requests.RequestException:
        return None
    return answer
