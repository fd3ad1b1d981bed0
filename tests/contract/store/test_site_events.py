"""First-party events become activities of whoever did them, once, or wait until that person is known."""

import json
import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from connector.core.people import PersonId
from connector.core.records import Activity
from connector.flows.site_envelope import Envelope, Via
from connector.flows.site_events import SiteDrained, drain_site, release_held
from connector.ports.inbox import SITE, Arrived, Lane, Mark
from connector.ports.store import Store
from tests.support.stores import at, contact, put_contact

ANN = "ann@example.com"


def event(type_: str, id_: str, *, days: float = 0, **fields: Any) -> dict[str, Any]:
    return {"type": type_, "id": f"event-{id_}", "at": at(days).isoformat(), **fields}


def wrapped(body: Any, *, site: str = "www", production: bool = True, via: Via = Via.SERVER) -> bytes:
    return Envelope(site=site, production=production, via=via, body=json.dumps(body).encode()).wrapped()


def arrive(store: Store, *bodies: bytes, days: float = 1) -> None:
    store.write(lambda tx: tx.inbox.put([Arrived(lane=SITE, body=body, at=at(days)) for body in bodies]))


def drained(store: Store, *, days: float = 2) -> SiteDrained:
    def clock() -> datetime:
        return at(days)

    return drain_site(store=store, clock=clock, going=lambda: True)


def released(store: Store, *, days: float = 3) -> int:
    return release_held(store=store, clock=lambda: at(days), going=lambda: True)


def ann(store: Store, id_: str = "1", *, email: str = ANN, connection: str = "crm") -> PersonId:
    return put_contact(store, contact(id_, emails=[email], connection=connection))


def done_by(store: Store, person: PersonId) -> tuple[Activity, ...]:
    with store.read() as tx:
        return tx.activities.of(person)


def marks(store: Store) -> list[tuple[PersonId, datetime]]:
    with store.read() as tx:
        return [(m.person, m.since) for m in tx.marks.next(lane=Lane.SCORE, limit=10) if isinstance(m, Mark)]


def unmark(store: Store) -> None:
    """As if everybody had been scored."""
    store.write(
        lambda tx: tx.marks.done([m.person for m in tx.marks.next(lane=Lane.SCORE, limit=10)], lane=Lane.SCORE, until=tx.marks.high())
    )


def test_an_event_of_a_known_address_is_an_activity_and_its_person_waits_to_be_scored(store: Store) -> None:
    person = ann(store)
    unmark(store)
    arrive(
        store, wrapped(event("page_view", "1", email=" Ann@Example.com", url="https://www.example.com/pricing%20list?x=1#y", seconds=40))
    )

    count = drained(store)

    (activity,) = done_by(store, person)
    assert (activity.kind, activity.path, activity.seconds, activity.at) == ("page_view", "/pricing list", 40, at(0))
    assert (activity.id, activity.contact.id) == ("www/event-1", "1")
    assert marks(store) == [(person, at(1))]
    assert count == SiteDrained(bodies=1, events=1, fresh=1, acted=1)
    with store.read() as tx:
        assert tx.inbox.waiting() == {}


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (event("form_submit", "1", form="contact", path="/c"), {"form": "contact", "path": "/c"}),
        (event("download", "1", asset="guide.pdf"), {"asset": "guide.pdf"}),
        (event("product_use", "1", feature="export"), {"feature": "export"}),
        (event("trial_started", "1", campaign="spring"), {"campaign": "spring"}),
        (event("inquiry", "1", form="quote"), {"form": "quote"}),
    ],
)
def test_each_kind_keeps_its_details(store: Store, sent: dict[str, Any], told: dict[str, str]) -> None:
    person = ann(store)
    arrive(store, wrapped({**sent, "email": ANN}))

    drained(store)

    (activity,) = done_by(store, person)
    assert activity.kind == sent["type"]
    assert {name: getattr(activity, name) for name in ("path", "form", "asset", "campaign", "feature") if getattr(activity, name)} == told


def test_the_same_id_acts_once_in_one_body_in_two_and_in_two_drains(store: Store) -> None:
    person = ann(store)
    view = event("page_view", "1", email=ANN, path="/")
    arrive(store, wrapped([view, view]), wrapped(view))

    first = drained(store)
    unmark(store)
    arrive(store, wrapped({**view, "path": "/other"}))
    again = drained(store)

    assert [a.path for a in done_by(store, person)] == ["/"]
    assert (first.events, first.fresh, first.acted) == (3, 1, 1)
    assert (again.events, again.fresh, again.acted) == (1, 0, 0)
    assert marks(store) == []


def test_ids_of_two_sites_and_of_a_script_are_told_apart(store: Store) -> None:
    person = ann(store)
    arrive(
        store,
        wrapped(event("page_view", "1", email=ANN, path="/a")),
        wrapped(event("page_view", "1", email=ANN, path="/b"), site="shop"),
        wrapped(event("identify", "2", email=ANN, visitor="visitor-1")),
        wrapped({"id": "event-1", "visitor": "visitor-1", "path": "/c", "seconds": 5}, via=Via.SCRIPT),
    )

    drained(store)

    assert sorted(a.path for a in done_by(store, person)) == ["/a", "/b", "/c"]


def test_a_visitor_who_says_who_they_are_brings_what_they_did_before_and_do_later(store: Store) -> None:
    person = ann(store)
    arrive(store, wrapped({"id": "view-0001", "visitor": "visitor-1", "path": "/before", "seconds": 5}, via=Via.SCRIPT))
    held = drained(store)
    nothing_yet = done_by(store, person)
    unmark(store)

    arrive(store, wrapped(event("form_submit", "1", email=ANN, visitor="visitor-1", form="contact")), days=1.5)
    drained(store)
    marked = marks(store)
    arrive(store, wrapped({"id": "view-0002", "visitor": "visitor-1", "path": "/after", "seconds": 5}, via=Via.SCRIPT))
    drained(store)

    assert (held.held, held.acted, nothing_yet) == (1, 0, ())
    assert sorted((a.kind, a.path) for a in done_by(store, person)) == [
        ("form_submit", ""),
        ("page_view", "/after"),
        ("page_view", "/before"),
    ]
    assert marked == [(person, at(1.5))]
    with store.read() as tx:
        assert tx.held_events.count() == 0


@pytest.mark.parametrize("named_first", [True, False])
@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("seconds", [[5, 12, 30], [30, 5, 12]])
def test_a_page_that_is_left_and_come_back_to_is_one_view_with_all_its_seconds(
    store: Store, named_first: bool, together: bool, seconds: list[int]
) -> None:
    person = ann(store)
    name = wrapped(event("identify", "1", email=ANN, visitor="visitor-1"))
    views = [wrapped({"id": "view-1", "visitor": "visitor-1", "path": "/", "seconds": s}, via=Via.SCRIPT) for s in seconds]
    bodies = [name, *views] if named_first else [*views, name]

    if together:
        arrive(store, *bodies)
        drained(store)
    else:
        for n, body in enumerate(bodies):
            arrive(store, body, days=1 + n)
            drained(store, days=10)

    first = at(1) if together or not named_first else at(2)
    assert [(a.seconds, a.at) for a in done_by(store, person)] == [(30, first)]
    with store.read() as tx:
        assert tx.held_events.count() == 0


def test_a_view_that_grows_while_its_address_is_unknown_acts_once_and_whole(store: Store) -> None:
    name = wrapped(event("identify", "1", email=ANN, visitor="visitor-1"))
    views = [wrapped({"id": "view-1", "visitor": "visitor-1", "path": "/", "seconds": s}, via=Via.SCRIPT) for s in (5, 12, 30)]
    arrive(store, name, views[0])
    drained(store)
    arrive(store, views[1])
    drained(store)

    person = ann(store)
    arrive(store, views[2])
    drained(store)

    assert [a.seconds for a in done_by(store, person)] == [30]
    assert released(store) == 0


def test_a_view_that_grows_marks_its_person_and_one_that_does_not_marks_nobody(store: Store) -> None:
    person = ann(store)
    view = {"id": "view-1", "visitor": "visitor-1", "path": "/", "seconds": 5}
    arrive(store, wrapped(event("identify", "1", email=ANN, visitor="visitor-1")), wrapped(view, via=Via.SCRIPT))
    drained(store)
    unmark(store)

    arrive(store, wrapped({**view, "seconds": 4}, via=Via.SCRIPT), days=2)
    drained(store)
    unmoved = marks(store)
    arrive(store, wrapped({**view, "seconds": 6}, via=Via.SCRIPT), days=3)
    drained(store)

    assert (unmoved, marks(store)) == ([], [(person, at(3))])


def test_a_visitor_of_another_site_is_another_visitor(store: Store) -> None:
    person = ann(store)
    arrive(
        store,
        wrapped(event("identify", "1", email=ANN, visitor="visitor-1")),
        wrapped({"id": "view-0001", "visitor": "visitor-1", "path": "/", "seconds": 5}, site="shop", via=Via.SCRIPT),
    )

    drained(store)

    assert done_by(store, person) == ()


def test_events_of_an_unknown_address_act_once_somebody_has_it(store: Store) -> None:
    arrive(store, wrapped(event("page_view", "0", visitor="visitor-1", path="/early")))
    arrive(store, wrapped(event("inquiry", "1", email=ANN, visitor="visitor-1", form="quote")))
    drained(store)
    before = released(store)

    person = ann(store)
    unmark(store)
    after = released(store)
    again = released(store)

    assert (before, after, again) == (0, 2, 0)
    assert sorted(a.kind for a in done_by(store, person)) == ["inquiry", "page_view"]
    assert marks(store) == [(person, at(3))]


def test_people_of_test_connections_are_found_only_by_test_sites(store: Store) -> None:
    real, test = ann(store), ann(store, "2", connection="play")
    arrive(
        store,
        wrapped(event("page_view", "1", email=ANN, path="/real")),
        wrapped(event("page_view", "2", email=ANN, path="/test"), production=False),
    )

    drained(store)

    assert [[a.path for a in done_by(store, person)] for person in (real, test)] == [["/real"], ["/test"]]


def test_a_body_that_nobody_of_ours_kept_stops_nothing(store: Store) -> None:
    person = ann(store)
    arrive(store, b"", b"{}\n{}", b"\xff\n", wrapped({"type": "nix"}), wrapped(event("page_view", "1", email=ANN, path="/")))

    count = drained(store)

    assert (count.bad, count.acted, len(done_by(store, person))) == (4, 1, 1)
    with store.read() as tx:
        assert tx.inbox.waiting() == {}


def test_more_events_than_fit_into_a_unit_all_act(store: Store) -> None:
    person = ann(store)
    bodies = [[event("page_view", f"{b}-{n}", email=ANN, path=f"/{b}/{n}") for n in range(100)] for b in range(5)]
    arrive(store, *[wrapped(body) for body in bodies])

    count = drained(store)

    assert (count.bodies, count.acted, len(done_by(store, person))) == (5, 500, 500)


def test_a_drain_that_is_told_to_stop_leaves_the_bodies(store: Store) -> None:
    arrive(store, wrapped(event("page_view", "1", email=ANN, path="/")))

    drain_site(store=store, clock=at, going=lambda: False)

    with store.read() as tx:
        assert tx.inbox.waiting()[SITE].waiting == 1


@pytest.mark.parametrize("seed", range(3))
def test_order_and_repetition_do_not_matter(store: Store, seed: int) -> None:
    chance = random.Random(seed)
    person, other = ann(store), ann(store, "2", email="bob@example.com")
    told = [
        wrapped(event("identify", "a", email=ANN, visitor="visitor-a")),
        wrapped(event("form_submit", "b", email="bob@example.com", visitor="visitor-b", form="f")),
        *[wrapped({"id": f"view-000{n}", "visitor": "visitor-a", "path": f"/a/{n}"}, via=Via.SCRIPT) for n in range(5)],
        *[wrapped(event("page_view", f"c{n}", visitor="visitor-b", path=f"/b/{n}", days=-n)) for n in range(5)],
    ]
    sent = told * 3
    chance.shuffle(sent)

    while sent:
        arrive(store, *[sent.pop() for _ in range(min(len(sent), chance.randint(1, 6)))])
        drained(store)

    assert sorted(a.path for a in done_by(store, person)) == [f"/a/{n}" for n in range(5)]
    assert sorted(a.path for a in done_by(store, other)) == ["", *[f"/b/{n}" for n in range(5)]]


def test_a_deleted_row_gets_no_activities_and_a_live_one_of_the_person_does(store: Store) -> None:
    person = ann(store, "1")
    put_contact(store, contact("1", emails=[], deleted=True), person=person)
    arrive(store, wrapped(event("page_view", "1", email=ANN, path="/")))
    drained(store)
    held = done_by(store, person)
    put_contact(store, contact("2", emails=[ANN]), person=person)

    count = released(store)

    assert (held, count) == ((), 1)
    assert [a.contact.id for a in done_by(store, person)] == ["2"]


def test_seconds_between_two_drains_are_no_time_zone(store: Store) -> None:
    person = ann(store)
    arrive(store, wrapped({**event("page_view", "1", email=ANN, path="/"), "at": "2026-11-02T18:00:00+09:00"}))

    drained(store)

    assert [a.at for a in done_by(store, person)] == [at(0)]
    assert at(0).utcoffset() == timedelta(0)
