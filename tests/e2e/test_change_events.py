"""Nobody reaches this machine from outside: Salesforce's Pub/Sub API tells what changed, and it is back in Salesforce within seconds."""

import time
from collections.abc import Iterator

import pytest

from connector.flows.feed import follow
from connector.flows.polling import is_due, poll
from connector.flows.runs import Running
from tests.support.journeys import Desk, Town, scored_town
from tests.support.real_time import always, lanes
from tests.support.serving import until, up


@pytest.fixture(scope="module")
def telling_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    def prepare(desk: Desk) -> None:
        desk.go_live("fields", crms=("salesforce",))
        desk.ok("write-back", "--allow", "100000")

    with scored_town(tmp_path_factory.mktemp("town"), people=60, more={"salesforce": ("--pubsub",)}) as town:
        yield town.after(prepare)


@pytest.fixture
def desk(telling_town: Town) -> Iterator[Desk]:
    """Connected again: the Pub/Sub API of each org has an address of its own."""
    with telling_town.fresh() as desk:
        done = desk.connect("salesforce")
        assert done.code == 0, done.said()
        yield desk


def test_a_change_event_is_back_in_the_crm_within_seconds(desk: Desk) -> None:
    with up(desk) as serving:
        shown = {"salesforce": "feed", "hubspot": "polling"}
        until(lambda: {c["name"]: c["receiving_by"] for c in serving.health()["connections"]} == shown, what=lambda: str(serving.health()))

        has_followed = desk.change_rank("salesforce", "Lead", desk.lone("Lead"))
        began = time.monotonic()

        until(has_followed, what=lambda: str(serving.health()))
        assert time.monotonic() - began < 25
        assert serving.stop().code == 0


def test_an_overflow_of_change_events_has_the_connection_pulled(desk: Desk) -> None:
    with lanes(desk) as beside:
        salesforce = beside.connection("salesforce")
        follow(beside.road, connection=salesforce, going=always)
        poll(beside.road, connection=salesforce, is_receiving=False, is_fed=True, running=Running(id=0))
        with beside.here.store.read() as tx:
            was_due = is_due(tx, connection="salesforce", now=beside.road.clock())
        desk.sandboxes["salesforce"].order("pubsub/events", {"change": "GAP_OVERFLOW", "object": "Lead"})

        heard = follow(beside.road, connection=salesforce, going=always)
        again = follow(beside.road, connection=salesforce, going=always)

        with beside.here.store.read() as tx:
            is_due_now = is_due(tx, connection="salesforce", now=beside.road.clock())
        assert heard is not None and again is not None
        assert (heard.lost, again.lost, heard.failure, again.failure) == (1, 0, None, None)
        assert (was_due, is_due_now) == (False, True)
