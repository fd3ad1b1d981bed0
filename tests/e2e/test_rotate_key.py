"""An admin rotates the key of stored credentials: beside `hotlead up` at work, killed in the middle, and where others keep it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from cryptography.fernet import Fernet

from connector.store.vault import key_id
from tests.support.beside import beside
from tests.support.journeys import Desk
from tests.support.processes import Done
from tests.support.serving import let_hubspot_push, until, up

ROTATIONS = 3
UNREADABLE = ("another key", "SecretsError", "sealed", "Traceback")
"""Words of which one stands wherever a secret could not be opened."""


def keys_in_file(desk: Desk) -> list[str]:
    return [key_id(line) for line in (desk.data / "key").read_text(encoding="utf-8").split()]


def sealed_with(desk: Desk) -> set[str]:
    """The keys that stored secrets say they were sealed with."""
    with beside(desk) as tx:
        held = [tx.connections.secrets(c.name) for c in tx.connections.all()] + [site.sealed for site in tx.sites.all()]
    return {sealed.partition(b":")[0].decode() for sealed in held if sealed}


@contextmanager
def again_and_again(turn: Callable[[int], None]) -> Iterator[Callable[[], int]]:
    """`turn` goes on beside the test until the block ends; gives how often it has. What it raised is raised then."""
    ending, done, errors = threading.Event(), [0], list[BaseException]()

    def go() -> None:
        try:
            while not ending.is_set():
                turn(done[0])
                done[0] += 1
        except BaseException as error:  # noqa: BLE001 - raised again by the test's own thread
            errors.append(error)

    thread = threading.Thread(target=go)
    thread.start()
    try:
        yield lambda: done[0]
    finally:
        ending.set()
        thread.join()
    if errors:
        raise errors[0]


def _is_above(done: Callable[[], int], least: int) -> bool:
    return done() > least


def test_while_hotlead_up_receives_and_writes_the_key_is_rotated_and_nothing_fails_to_open(desk: Desk) -> None:
    desk.environment["HOTLEAD_LOG_LEVEL"] = "info"
    desk.go_live("fields", crms=("hubspot",))
    desk.ok("write-back", "--allow", "100000")
    hubspot = desk.sandboxes["hubspot"]
    contact = desk.lone("contacts")
    desk.ok("site", "add", "www")
    checked: list[Done] = []

    def push(number: int) -> None:
        """HubSpot signs what it pushes; the receiver opens the secret that it signs with."""
        hubspot.edit("contacts", contact, {"jobtitle": f"{title} {number}"})
        hubspot.flush_pushes()

    def has_followed_a_push() -> bool:
        hubspot.flush_pushes()
        return has_followed()

    with up(desk) as serving:
        let_hubspot_push(desk, serving)
        has_followed = desk.change_rank("hubspot", "contacts", contact)
        title = desk.value("hubspot", "contacts", contact, "jobtitle")
        until(has_followed_a_push, what="the first edit is scored and written")
        before, keys = keys_in_file(desk), set[str]()
        with again_and_again(push) as pushed:
            for _ in range(ROTATIONS):
                seen = pushed()
                # Processes that only look open every credential and the token with the key as it stands then.
                looking = [desk.start("--json", "check", crm) for crm in ("salesforce", "hubspot")]
                rotated = desk.told("rotate-key")
                checked += [command.wait() for command in looking]
                keys.add(rotated["key"])
                assert (rotated["resealed"]["connections"], rotated["resealed"]["sites"], rotated["resealed"]["unreadable"]) == (2, 1, [])
                until(partial(_is_above, pushed, seen + 1), what="pushes go on")
        has_followed = desk.change_rank("hubspot", "contacts", contact)
        until(has_followed_a_push, what="the last edit is scored and written")

        said = serving.command.err.read_text(encoding="utf-8")
        assert (len(keys), keys & set(before)) == (ROTATIONS, set())
        assert (len(keys_in_file(desk)), sealed_with(desk)) == (1, set(keys_in_file(desk)))
        refused = [line for line in said.splitlines() if '"not taken"' in line and '"Overloaded"' not in line]
        assert (refused, [word for word in UNREADABLE if word in said]) == ([], []), said
        assert [done.said() for done in checked if done.code not in (0, 6) or any(word in done.err for word in UNREADABLE)] == []
        assert serving.stop().code == 0


def test_killed_between_the_key_and_the_secrets_it_goes_on_with_the_same_key(desk: Desk) -> None:
    (old,) = keys_in_file(desk)
    killed = desk.start("rotate-key", die_at_commit=1).wait()
    assert (killed.code, len(keys_in_file(desk))) == (-9, 2), killed.said()
    new, kept = keys_in_file(desk)
    assert (kept, sealed_with(desk)) == (old, {old})
    assert desk.hotlead("check").code in (0, 6)

    done = desk.ok("rotate-key")

    assert "An earlier rotation was cut off" in done.out
    assert (keys_in_file(desk), sealed_with(desk)) == ([new], {new})
    assert desk.hotlead("check").code in (0, 6)


def test_a_key_of_the_environment_is_rotated_in_two_steps_that_are_said(desk: Desk) -> None:
    old_text = (desk.data / "key").read_text(encoding="utf-8").strip()
    (desk.data / "key").unlink()
    desk.environment["HOTLEAD_SECRET_KEY"] = old_text

    first = desk.hotlead("--json", "rotate-key")
    said = desk.hotlead("rotate-key")

    new_text = first.json()["new_key"]
    assert (first.code, first.json()["place"], sealed_with(desk)) == (3, "the environment variable HOTLEAD_SECRET_KEY", {key_id(old_text)})
    assert Fernet(new_text) and new_text not in said.out, "each time another one is made"
    assert "in front of the present one" in said.out and old_text not in said.out + said.err

    desk.environment["HOTLEAD_SECRET_KEY"] = f"{new_text},{old_text}"
    assert desk.hotlead("check").code in (0, 6)
    second = desk.ok("rotate-key")

    assert f"Now take the old key ({key_id(old_text)}) out of the environment variable HOTLEAD_SECRET_KEY" in second.out
    assert sealed_with(desk) == {key_id(new_text)}
    desk.environment["HOTLEAD_SECRET_KEY"] = new_text
    assert desk.hotlead("check").code in (0, 6)
    assert not (desk.data / "key").exists()


def test_a_key_that_others_can_read_keeps_hotlead_up_from_starting(desk: Desk) -> None:
    (desk.data / "key").chmod(0o640)

    done = desk.hotlead("up", "--port", "0")

    assert (done.code, "chmod 600 hotlead-data/key" in done.err) == (3, True), done.said()
