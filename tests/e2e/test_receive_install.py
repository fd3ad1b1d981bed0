"""`hotlead receive --install`: Salesforce is told by one command to push, and its pushes are written back within seconds."""

import time

from tests.support.journeys import Desk
from tests.support.serving import until, up


def test_salesforce_is_told_to_push_and_a_change_is_back_within_seconds(desk: Desk) -> None:
    desk.go_live("fields", crms=("salesforce",))
    desk.ok("write-back", "--allow", "100000")
    with up(desk) as serving:
        shown = desk.told("receive", "salesforce", "--install", "--dry-run")
        none = desk.sandboxes["salesforce"].pushes()["subscribers"]
        made = desk.told("receive", "salesforce", "--install")
        again = desk.told("receive", "salesforce", "--install")

        assert ({step["state"] for step in shown["installed"]}, none) == ({"missing"}, [])
        assert {step["state"] for step in made["installed"]} == {"present"}
        assert (again["url"], again["installed"]) == (made["url"], made["installed"])
        has_followed = desk.change_rank("salesforce", "Lead", desk.lone("Lead"))
        desk.sandboxes["salesforce"].flush_pushes()
        began = time.monotonic()

        until(has_followed, what="the new score in Salesforce")
        assert time.monotonic() - began < 10
        assert serving.stop().code == 0


def test_where_no_program_may_set_pushes_up_it_says_so_and_how_by_hand(desk: Desk) -> None:
    desk.environment["HOTLEAD_PUBLIC_URL"] = "https://leads.example.com"

    done = desk.ok("receive", "hubspot", "--secret", "app-secret", "--install")

    assert "by hand" in done.out
    assert "1." in done.out
