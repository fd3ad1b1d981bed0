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
    ((lead,),) = desk.rows(
        "SELECT m.id FROM members m JOIN sources o ON o.no = m.source JOIN contacts c ON c.no = m.no JOIN scores s ON s.person = m.person"
        " WHERE o.source = 'Lead' AND c.deleted = 0 AND s.excluded = ''"
        " AND (SELECT count(*) FROM members m2 WHERE m2.person = m.person) = 1"
        " ORDER BY m.id LIMIT 1"
    )
    with up(desk) as serving:
        shown = {"salesforce": "feed", "hubspot": "polling"}
        until(lambda: {c["name"]: c["receiving_by"] for c in serving.health()["connections"]} == shown, what=lambda: str(serving.health()))
        before = desk.value("salesforce", "Lead", lead, "Hotlead_Fit__c")

        desk.sandboxes["salesforce"].edit("Lead", lead, {"Title": "Chief Executive Officer" if before < 50 else "Intern"})
        began = time.monotonic()

        until(lambda: desk.value("salesforce", "Lead", lead, "Hotlead_Fit__c") != before, what=lambda: str(serving.health()))
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
