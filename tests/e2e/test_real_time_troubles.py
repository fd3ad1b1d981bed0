"""Bodies with bad events, a CRM that does not answer, a field that is gone, rows that the mapping does not want: the rest goes on."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from connector.flows.drain import drain
from connector.flows.fenced import FencedStore
from connector.flows.polling import SOURCE, is_due, poll, polled_from
from connector.flows.runs import Running
from connector.flows.unreadable import unreadable_lately
from connector.ports.errors import CrmUnreachable
from connector.ports.inbox import SITE, Arrived, LeaseLost
from connector.ports.telemetry import Count, Timing
from jobs.registry import REGISTRY
from tests.support.jobs import work_over
from tests.support.journeys import CRMS, Desk, Town
from tests.support.real_time import Lanes, ids_of


@pytest.fixture(scope="module")
def home(small: Town) -> Town:
    return small


def event(contact: str, *, number: int = 1) -> Mapping[str, Any]:
    return {
        "eventId": number,
        "subscriptionId": 1,
        "portalId": 24681357,
        "appId": 77,
        "occurredAt": 1_764_000_000_000 + number,
        "subscriptionType": "contact.propertyChange",
        "attemptNumber": 0,
        "objectId": int(contact),
        "propertyName": "jobtitle",
        "propertyValue": "x",
        "changeSource": "CRM_UI",
    }


def arrives(beside: Lanes, *bodies: object, lane: str = "hubspot") -> None:
    now = beside.road.clock()
    beside.here.store.write(lambda tx: tx.inbox.put([Arrived(lane=lane, body=json.dumps(one).encode(), at=now) for one in bodies]))


def test_one_bad_event_never_stops_its_batch(desk: Desk, beside: Lanes) -> None:
    first, second = ids_of(desk, "hubspot", "contacts", 2)
    strange = {**event(first, number=2), "subscriptionType": "contact.dancing"}
    ticket = {**event("5", number=3), "subscriptionType": "ticket.creation"}

    arrives(beside, [event(first), strange, "nonsense", ticket, event(second, number=4)])
    drained = beside.drain("hubspot")["hubspot"]

    assert (drained.split.bodies, drained.split.events, drained.split.hinted, drained.split.dropped) == (1, 5, 2, 1)
    assert [bad.place for bad in drained.split.bad] == [1, 2]
    assert drained.reread.read == 2
    assert beside.here.store.write(lambda tx: tx.inbox.waiting()) == {}


def test_what_is_told_again_and_again_is_read_once(desk: Desk, beside: Lanes) -> None:
    (contact,) = ids_of(desk, "hubspot", "contacts", 1)
    bodies = [[event(contact, number=n) for n in range(start, start + 100)] for start in range(0, 1000, 100)]

    arrives(beside, *bodies, *bodies)
    drained = beside.drain("hubspot")["hubspot"]

    assert (drained.split.bodies, drained.split.events, drained.split.hinted) == (20, 2000, 1000)
    assert drained.reread.read == 1
    assert sum(count for name, count in desk.calls().items() if "batch/read" in name) <= 2


def test_a_burst_that_is_still_coming_in_is_read_once(desk: Desk, beside: Lanes, monkeypatch: pytest.MonkeyPatch) -> None:
    contacts = ids_of(desk, "hubspot", "contacts", 20)
    bodies = [[event(one, number=1000 * n + m) for m, one in enumerate(contacts * 5)] for n in range(6)]
    late = bodies[1:]

    def another(seconds: float) -> None:
        assert seconds > 0
        if late:
            arrives(beside, late.pop())

    monkeypatch.setattr(time, "sleep", another)
    arrives(beside, bodies[0])
    drained = beside.drain("hubspot")["hubspot"]

    assert (drained.split.bodies, drained.split.hinted, drained.reread.read) == (6, 600, 20)
    assert sum(count for name, count in desk.calls().items() if "batch/read" in name) <= 2


def test_an_event_alone_waits_for_no_others(desk: Desk, beside: Lanes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", pytest.fail)
    (contact,) = ids_of(desk, "hubspot", "contacts", 1)

    arrives(beside, [event(contact)])

    assert beside.drain("hubspot")["hubspot"].reread.read == 1


def test_records_are_read_although_more_than_so_many_events_wait(beside: Lanes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector.flows.drain.MOST_BEFORE_READING", 1000)
    strangers = iter(range(700_000_000, 700_010_000))
    bodies = [[event(str(next(strangers)), number=100 * n + m) for m in range(100)] for n in range(30)]
    arrives(beside, *bodies[:20])
    late, most = bodies[20:], 0

    def going() -> bool:
        """Called between any two steps: each time a further body comes, and what waits to be read is counted."""
        nonlocal most
        if late:
            arrives(beside, late.pop())
        most = max(most, beside.waiting().get("hints hubspot", 0))
        return True

    drained = drain(beside.road, connection=beside.connection("hubspot"), hooks=beside.here.kinds["hubspot"].hooks, going=going)

    assert (drained.split.bodies, drained.split.hinted, drained.reread.read) == (30, 3000, 3000)
    assert 1000 <= most < 3000
    assert beside.waiting() == {}


@dataclass(slots=True)
class Counted:
    """Fulfils `Meter`."""

    counts: dict[tuple[str, ...], float] = field(default_factory=dict)

    def count(self, what: Count, *, by: float = 1, **labels: str) -> None:
        place = (what.value, *labels.values())
        self.counts[place] = self.counts.get(place, 0) + by

    def observe(self, what: Timing, *, seconds: float, **labels: str) -> None:
        del what, seconds, labels


def test_events_that_cannot_be_read_are_counted(beside: Lanes) -> None:
    meter = Counted()
    standing = work_over(beside.here.store, clock=beside.road.clock)
    work = replace(standing, road=beside.road, kinds=beside.here.kinds, meter=meter)
    arrives(beside, ["nonsense", 7], {"not": "a list"})
    arrives(beside, {"events": "none"}, lane=SITE)

    REGISTRY["drain"].run(work, "hubspot")
    REGISTRY["drain"].run(work, SITE)

    assert meter.counts == {("unreadable", "hubspot"): 3, ("unreadable", SITE): 1}
    with beside.here.store.read() as tx:
        noted = unreadable_lately(tx, lanes=["hubspot", "salesforce", SITE], now=beside.road.clock())
    assert [(one.lane, one.events) for one in noted] == [("hubspot", 3), (SITE, 1)]


def test_a_crm_that_does_not_answer_keeps_its_hints(desk: Desk, beside: Lanes) -> None:
    contacts = ids_of(desk, "hubspot", "contacts", 3)
    desk.sandboxes["hubspot"].fault("/crm/*/batch/read", "reset_before")
    beside.hint("hubspot", "contacts", *contacts)
    beside.hint("hubspot", "deals", *ids_of(desk, "hubspot", "deals", 1))

    down = beside.drain("hubspot")["hubspot"].reread
    at_once = beside.drain("hubspot")["hubspot"].reread
    desk.heal()
    clock = beside.road.clock
    beside.road = replace(beside.road, clock=lambda: clock() + timedelta(seconds=31))
    up_again = beside.drain("hubspot")["hubspot"].reread

    assert (down.read, down.put_off) == (0, 4)
    assert [type(failure) for failure in down.failures] == [CrmUnreachable]
    assert down.again_at is not None
    assert (at_once.read, at_once.put_off, at_once.failures) == (0, 0, ()), "nothing is asked before its time"
    assert (up_again.read, up_again.failures) == (4, ())
    assert beside.waiting() == {}


def test_a_source_that_is_refused_is_reported_and_the_others_go_on(desk: Desk, beside: Lanes) -> None:
    (contact,) = ids_of(desk, "hubspot", "contacts", 1)
    deals = ids_of(desk, "hubspot", "deals", 2)
    body = {"status": "error", "category": "VALIDATION_ERROR", "message": 'Property "dealname" does not exist'}
    desk.sandboxes["hubspot"].fault("/crm/*/objects/deals/batch/read", "status", status=400, body=body)
    beside.hint("hubspot", "deals", *deals)
    beside.hint("hubspot", "contacts", contact)

    drained = beside.drain("hubspot")["hubspot"].reread

    assert drained.read == 1
    assert drained.put_off == 2
    assert len(drained.failures) == 1
    assert beside.waiting() == {"hints hubspot": 2}


def test_a_row_outside_the_mapping_never_enters_and_leaves_when_it_moves_out(desk: Desk, beside: Lanes) -> None:
    inside, outside = ids_of(desk, "hubspot", "contacts", 2)
    sandbox = desk.sandboxes["hubspot"]
    stranger = sandbox.create("contacts", {"email": "stranger@nowhere.test", "hs_lead_status": "UNQUALIFIED"})
    sandbox.edit("contacts", inside, {"hs_lead_status": "NEW"})
    sandbox.edit("contacts", outside, {"hs_lead_status": "UNQUALIFIED"})
    ((text,),) = desk.rows("SELECT text FROM documents WHERE kind = 'fields' AND name = 'hubspot' ORDER BY version DESC LIMIT 1")
    only_new = text.replace("  contacts:\n    kind: contact\n", "  contacts:\n    kind: contact\n    where: {hs_lead_status: [New]}\n", 1)
    assert only_new != text
    beside.here.store.write(
        lambda tx: tx.documents.publish(kind="fields", name="hubspot", text=only_new, at=beside.road.clock() + timedelta(seconds=1))
    )
    beside.here.store.write(partial(_read_by, beside=beside))

    beside.hint("hubspot", "contacts", inside, outside, stranger)
    drained = beside.drain("hubspot")["hubspot"].reread

    assert beside.stored("hubspot", "contacts", [inside, outside, stranger]) == ["live", "deleted", "unknown"]
    assert drained.left_out == 1


def _read_by(tx: Any, *, beside: Lanes) -> None:
    """As if the last pull had read contacts by the newest mapping."""
    bookmark = json.loads(tx.cursors.get(connection="hubspot", source="contacts"))
    bookmark["recipe"]["version"] = tx.documents.current(kind="fields", name="hubspot").version
    tx.cursors.put(connection="hubspot", source="contacts", cursor=json.dumps(bookmark), at=beside.road.clock())


@pytest.mark.parametrize("crm", CRMS)
def test_polling_slows_down_when_nothing_changes_and_a_day_at_rest_stays_within_its_calls(desk: Desk, beside: Lanes, crm: str) -> None:
    connection, clock = beside.connection(crm), beside.road.clock

    def polls(*, hours: float) -> timedelta:
        """The pause after a poll so many hours from now."""
        road = replace(beside.road, clock=lambda: clock() + timedelta(hours=hours))
        running = Running(id=0)
        poll(road, connection=connection, is_receiving=False, running=running)
        assert running.failures == []
        with road.store.read() as tx:
            kept = polled_from(tx.cursors.get(connection=crm, source=SOURCE) or "")
            assert not is_due(tx, connection=crm, now=kept.next_at - timedelta(seconds=1))
            assert is_due(tx, connection=crm, now=kept.next_at)
            assert is_due(tx, connection=crm, now=kept.at - timedelta(hours=3)), "the clock was set back"
            assert not is_due(tx, connection=crm, now=kept.at - timedelta(seconds=5)), "another machine's clock"
        return kept.next_at - kept.at

    fresh, lively, idle = polls(hours=0), polls(hours=0.5), polls(hours=2)
    desk.forget_counts()
    at_rest = polls(hours=2.1)

    calls = sum(count for name, count in desk.calls().items() if name.startswith(crm))
    assert timedelta(seconds=60) <= fresh < timedelta(seconds=90)
    assert lively == timedelta(minutes=5)
    assert idle > timedelta(minutes=5)
    assert timedelta(days=1) / at_rest * calls <= 1500


def test_whoever_lost_the_lease_stores_nothing(desk: Desk, beside: Lanes) -> None:
    store, now = beside.here.store, beside.road.clock()
    mine = store.write(lambda tx: tx.leases.take("read:hubspot", holder="one", at=now, until=now + timedelta(seconds=30)))
    assert mine is not None
    fenced = replace(beside, road=replace(beside.road, store=FencedStore(store=store, lease=mine)))
    store.write(lambda tx: tx.leases.take("read:hubspot", holder="two", at=now + timedelta(seconds=31), until=now + timedelta(seconds=61)))
    beside.hint("hubspot", "contacts", *ids_of(desk, "hubspot", "contacts", 1))

    with pytest.raises(LeaseLost):
        fenced.drain("hubspot")

    assert beside.waiting() == {"hints hubspot": 1}
