"""How everything stands, as a monitor and as a person reads it."""

import re
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest

from connector.flows.health_states import ConnectionState, Health, State
from connector.ports.errors import StoreFull
from tests.unit.connector.web.outside import NOW, Outside, a_hook, sign
from tests.unit.connector.web.test_metrics import STANDING

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
EMPTY = Health(state=State.OK, version="1", at=NOW, database="ok")


@pytest.mark.parametrize(("state", "status"), [(State.OK, 200), (State.DEGRADED, 200), (State.DOWN, 503)])
@pytest.mark.parametrize("headers", [{}, BROWSER])
def test_only_what_is_down_is_an_error_to_a_monitor(state: State, status: int, headers: dict[str, str]) -> None:
    answer = Outside(health=replace(EMPTY, state=state)).client().get("/health", headers=headers)

    assert answer.status_code == status


def test_json_is_told_to_whoever_does_not_ask_for_a_page() -> None:
    told = Outside(health=STANDING).client().get("/health").json

    assert told is not None
    assert (told["state"], told["version"], told["at"], told["database"]) == ("degraded", "1", "2026-11-02T09:00:00Z", "ok")
    assert told["queues"] == [{"kind": "bodies", "name": "crm", "waiting": 3, "oldest_s": 12}]
    assert told["connections"][0]["last_pull_at"] == "2026-11-02T08:00:00Z"
    assert told["parked_causes"][0] == {"code": "LOCKED", "cause": "a", "mended_by": "nobody", "rows": 2}


def test_the_address_that_hotlead_up_prints_leads_to_the_page() -> None:
    answer = Outside(health=STANDING).client().get("/", headers=BROWSER, follow_redirects=True)

    assert "It works, and something needs a look" in answer.text


def test_a_process_that_answers_is_alive_whatever_else() -> None:
    answer = Outside(health=replace(EMPTY, state=State.DOWN)).client().get("/health/live")

    assert (answer.status_code, answer.json) == (200, {"state": "ok", "version": "1.2.3"})


def test_the_page_says_what_needs_a_look_in_words() -> None:
    skewed = replace(STANDING.connections[0], clock_skew_s=75.4, calls_budget=1000, production=False)
    health = replace(STANDING, connections=(skewed,), warnings=("Our clock is 75 s ahead of that of 'crm'.",))

    page = Outside(health=health).client().get("/health", headers=BROWSER).text

    for said in (
        "It works, and something needs a look",
        "Our clock is 75 s ahead",
        "crm (test)",
        "7 of 1,000",
        "+75 s",
        "What crm sent, to be read",
    ):
        assert said in page.replace("&#39;", "'"), said


def test_a_connection_that_cannot_be_worked_with_is_shown_as_failing() -> None:
    failing = replace(STANDING.connections[0], trouble="The stored credentials are damaged. Connect again.")

    page = Outside(health=replace(STANDING, connections=(failing,))).client().get("/health", headers=BROWSER).text

    assert '<tr class="bad"><td data-name="Connection">crm</td>' in page
    assert "failing, see above" in page


@pytest.mark.parametrize("live", ["off", "fields", "stages", "tasks"])
def test_every_live_step_has_words(live: str) -> None:
    health = replace(STANDING, connections=(replace(STANDING.connections[0], live=live),))

    assert Outside(health=health).client().get("/health", headers=BROWSER).status_code == 200


def test_an_empty_installation_says_what_empty_means() -> None:
    page = Outside(health=EMPTY).client().get("/health", headers=BROWSER).text

    assert "No CRM is connected yet." in page
    assert "Nothing waits" in page


def test_a_page_of_a_database_that_is_away_shows_no_empty_tables() -> None:
    health = replace(EMPTY, state=State.DOWN, database="StoreError", warnings=("The database cannot be read (StoreError).",))

    page = Outside(health=health).client().get("/health", headers=BROWSER).text

    assert "It does not work" in page
    assert "<h2" in page and "No CRM is connected yet." not in page


def test_the_page_runs_no_script_loads_nothing_and_escapes_names() -> None:
    named = ConnectionState(
        name="<script>alert(1)</script>",
        crm="salesforce",
        production=True,
        live="off",
        receiving=False,
        calls_today=None,
        calls_budget=None,
        clock_skew_s=None,
        last_pull_at=None,
    )

    answer = Outside(health=replace(STANDING, connections=(named,))).client().get("/health", headers=BROWSER)

    style = re.findall(r"<style>(.*?)</style>", answer.text, flags=re.DOTALL)
    digest = b64encode(sha256(style[0].encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}';" in answer.headers["Content-Security-Policy"]
    assert "<script" not in answer.text
    assert re.findall(r'(?:src|href)="([^"]*)"', answer.text) == ["metrics"]


def test_what_could_not_be_kept_shows_until_something_is_kept_again() -> None:
    outside = Outside(hooks={"crm": a_hook()}, trouble=StoreFull("full"))
    client = outside.client()
    headers = {"x-sign": sign("http://localhost/hooks/crm", b"x")}

    client.post("/hooks/crm", data=b"x", headers=headers)
    broken = client.get("/health").json
    outside.trouble = None
    client.post("/hooks/crm", data=b"x", headers=headers)
    mended = client.get("/health").json

    assert broken is not None and mended is not None
    assert (broken["state"], broken["warnings"]) == (
        "degraded",
        ["What came in last could not be kept, and its senders were asked to come again: full"],
    )
    assert (mended["state"], mended["warnings"]) == ("ok", [])


@pytest.mark.parametrize("holder", ["a", "a #3"])
def test_who_runs_the_clock_is_shown(holder: str) -> None:
    page = Outside(health=replace(STANDING, scheduler=holder)).client().get("/health", headers=BROWSER).text

    assert page.count("runs the clock") == 1 and "up, runs the clock" in page


@pytest.mark.parametrize(
    ("age", "shown"),
    [(timedelta(0), "0 s"), (timedelta(seconds=119), "119 s"), (timedelta(minutes=2), "2 min"), (timedelta(days=3), "3 d")],
)
def test_ages_are_shown_in_a_unit_of_which_there_are_at_least_two(age: timedelta, shown: str) -> None:
    health = replace(STANDING, queues=(replace(STANDING.queues[0], oldest_s=int(age.total_seconds())),))

    assert f">{shown}<" in Outside(health=health).client().get("/health", headers=BROWSER).text
