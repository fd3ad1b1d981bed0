"""How calls to HubSpot keep to its limits: bursts, the day, searches, tokens and connections; over a socket to the sandbox."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from typing import Any

import pytest

from adapters.hubspot.adapter import HubSpotCrm
from adapters.hubspot.client import Hub
from adapters.hubspot.settings import parse_settings
from adapters.kit.budget import Purpose
from connector.ports.crm import RawRecord
from connector.ports.errors import Action, CrmLimit
from tests.support.clocks import StillClock
from tests.support.connected_portal import Portal, contacts_ask
from tests.support.crm_reads import run_through
from tests.support.sandboxes import running_sandbox


def _limit(policy: str) -> dict[str, Any]:
    return {"status": 429, "body": {"status": "error", "errorType": "RATE_LIMIT", "policyName": policy, "message": f"{policy} limit"}}


def test_a_used_up_burst_waits_for_its_window_and_goes_on(portal: Portal) -> None:
    clock = StillClock()
    crm = portal.open_by(clock)
    portal.sandbox.fault("*/batch/read", "status", calls=[1], **_limit("SECONDLY"))
    portal.sandbox.fault("*/batch/read", "status", calls=[2], **_limit("TEN_SECONDLY_ROLLING"))
    contact = portal.contact("Patient")

    rows = list(crm.reread(source="contacts", ids=[contact], fields=["email"]))

    assert len(rows) == 1
    # One second and ten, and after each a drawn moment of at most half a second, then one second.
    assert 11.0 <= sum(clock.slept) <= 12.5


def test_a_used_up_day_stops_until_midnight_in_the_portals_zone_and_asks_no_more(portal: Portal) -> None:
    crm = portal.open_by(StillClock(datetime(2026, 11, 2, 9, 0, tzinfo=UTC)))
    assert crm.identity().zone == "Asia/Tokyo"
    portal.sandbox.fault("*/batch/read", "status", **_limit("DAILY"))
    portal.sandbox.reset_counters()

    limits = []
    for _ in range(2):
        with pytest.raises(CrmLimit) as limit:
            list(crm.reread(source="contacts", ids=["1"], fields=["email"]))
        limits.append(limit.value)

    assert [limit.until for limit in limits] == [datetime(2026, 11, 2, 15, 0, tzinfo=UTC)] * 2
    assert {limit.action for limit in limits} == {Action.WAIT}
    assert sum(portal.sandbox.calls().values()) == 1


def test_searches_keep_to_four_a_second(portal: Portal) -> None:
    clock = StillClock()
    crm = portal.open_by(clock, searches_per_second="auto")
    _, cursor = run_through(crm, contacts_ask())
    clock.advance(10)

    for _ in range(9):
        run_through(crm, contacts_ask(cursor))

    # Nine searches and no time passes by itself: four at once, four a second later, one more after two.
    assert 2.0 <= sum(clock.slept) <= 2.1


def test_a_long_run_of_searches_asks_each_quarter_of_an_hour_how_the_day_stands(portal: Portal) -> None:
    clock = StillClock()
    hub = Hub(connection="hs", settings=parse_settings(connection="hs", settings=portal.settings()), clock=clock)
    HubSpotCrm(hub).identity()
    portal.sandbox.reset_counters()

    for _ in range(30):
        hub.call("POST", f"{hub.paths.objects('contacts')}/search", purpose=Purpose.READ, body={"limit": 1}, search=True)
        clock.advance(60)

    calls = portal.sandbox.calls()
    assert sorted(calls.values()) == [1, 30]


def test_the_pace_of_other_calls_is_what_the_portal_allows_or_what_the_admin_says() -> None:
    with running_sandbox("hubspot", people=0, options=("--burst", "2000", "--search-rate", "0")) as sandbox:
        by_portal, by_admin = StillClock(), StillClock()
        portal = Portal(sandbox)
        followed = portal.open_by(by_portal, calls_per_10s="auto")
        fixed = portal.open_by(by_admin, calls_per_10s="50")

        for _ in range(60):
            followed.users()
            fixed.users()

        # 120 calls each: HubSpot's answers allow nine tenths of 2,000 in 10 s; fifty in 10 s are at once, after 10 s, and after 20 s.
        assert by_portal.slept == []
        assert 20.0 <= sum(by_admin.slept) <= 20.1


def test_a_401_is_looked_into_once_while_eight_threads_call_and_all_go_on(portal: Portal) -> None:
    crm = portal.open()
    contact = portal.contact("Shared")
    start = Barrier(8)
    portal.sandbox.fault("*/batch/read", "expired_token", calls=[1])

    def reread() -> list[RawRecord]:
        start.wait()
        return list(crm.reread(source="contacts", ids=[contact], fields=["email"]))

    with ThreadPoolExecutor(8) as pool:
        rows = [waiting.result() for waiting in [pool.submit(reread) for _ in range(8)]]

    assert all(len(found) == 1 and not found[0].deleted for found in rows)
    assert crm.usage().calls == {"reread": 9, "auth": 1}


def test_calls_one_after_another_use_one_connection(portal: Portal) -> None:
    settings = parse_settings(connection="hs", settings=portal.settings())
    hub = Hub(connection="hs", settings=settings)
    crm = HubSpotCrm(hub)

    for _ in range(20):
        crm.users()

    assert hub.connections_made() == 1
