"""Canaries: the client secret, the token and a person's address stand in no message, no record of a run, nor readable in the database."""

from tests.support.journeys import CRMS, SECRETS, Desk
from tests.support.processes import Done

CLIENT_SECRET = SECRETS["salesforce"][3]
TOKEN = SECRETS["hubspot"][1]
OWN = {"salesforce": CLIENT_SECRET, "hubspot": TOKEN}


def _leaks(text: str, *, desk: Desk) -> list[str]:
    """Which of the canaries stand in a text."""
    people = [email for (email,) in desk.rows("SELECT email FROM persons WHERE email <> ''")]
    return [canary for canary in (CLIENT_SECRET, TOKEN, *people) if canary in text]


def _failing(desk: Desk) -> list[Done]:
    """Commands that fail, in many ways, at their most talkative."""
    desk.environment["HOTLEAD_LOG_LEVEL"] = "debug"
    done = [desk.connect("salesforce", domain="wrong.my", client_id="x"), desk.connect("hubspot", base_url="http://127.0.0.1:9")]
    for fault in ("html", "cut_body"):
        for sandbox in desk.sandboxes.values():
            sandbox.fault("*", fault)
        done += [desk.hotlead("--json", "pull", "hubspot"), desk.hotlead("doctor")]
        desk.heal()
    for status in (400, 401):
        for crm, secret in OWN.items():
            desk.sandboxes[crm].fault("*", "status", status=status, body={"message": f"no: {secret}", "error_description": secret})
        done += [desk.hotlead("--json", "pull", crm) for crm in CRMS] + [desk.hotlead("check", crm) for crm in CRMS]
        desk.heal()
    return done


def test_no_failing_command_tells_a_secret_or_an_address(desk: Desk) -> None:
    done = _failing(desk)

    assert all(one.code != 0 for one in done)
    assert [(one.said(), leaks) for one in done if (leaks := _leaks(one.out + one.err, desk=desk))] == []
    messages = " ".join(message for (message,) in desk.rows("SELECT message FROM runs"))
    assert _leaks(messages, desk=desk) == []


def test_secrets_lie_sealed_and_the_rest_of_the_folder_does_not_have_them(desk: Desk) -> None:
    desk.ok("pull")

    for file in sorted(desk.data.iterdir()):
        held = file.read_bytes()
        assert CLIENT_SECRET.encode() not in held, file.name
        assert TOKEN.encode() not in held, file.name
    assert oct((desk.data / "key").stat().st_mode & 0o777) == "0o600"


def test_refused_rows_do_not_carry_addresses_into_what_a_run_says(desk: Desk) -> None:
    (email,) = desk.emails_in(*CRMS, many=1)
    desk.ok("go-live", "hubspot", "fields", "--people", email)
    refusal = {"error": "CONFLICT", "message": f"another record has {email}", "every": 1}
    desk.sandboxes["hubspot"].fault("*/batch/update", "rows", rows=refusal)

    done = desk.hotlead("write-back")

    assert done.code == 6
    assert email not in done.out + done.err
