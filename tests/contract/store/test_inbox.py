"""Bodies as they arrived, and the hints that are made of them."""

from datetime import datetime

import pytest

from connector.ports.hooks import Hint, HintKind
from connector.ports.inbox import SITE, Arrived, Backlog, WaitingHint
from connector.ports.store import Store, Tx
from tests.support.stores import at, key


class Cut(Exception):
    """Where a unit breaks off."""


def hint(event: str, record: str, *, kind: HintKind = HintKind.CHANGED, source: str = "Lead") -> Hint:
    return Hint(event=event, source=source, record=record, kind=kind)


def put(store: Store, *hints: Hint, days: float = 0, connection: str = "crm") -> int:
    return store.write(lambda tx: tx.hints.put(hints, connection=connection, arrived_at=at(days)))


def waiting(store: Store, *, days: float = 9, connection: str = "crm", limit: int = 99) -> tuple[WaitingHint, ...]:
    with store.read() as tx:
        return tx.hints.next(connection=connection, at=at(days), limit=limit)


def arrive(store: Store, body: Arrived) -> None:
    store.write(lambda tx: tx.inbox.put([body]))


def take_one(store: Store) -> int:
    """The number of the one body that waits, which is done then."""
    with store.read() as tx:
        (body,) = tx.inbox.next(lane="crm", limit=9)
    store.write(lambda tx: tx.inbox.done([body.no]))
    return body.no


def put_off(store: Store, next_try_at: datetime) -> None:
    store.write(lambda tx: tx.hints.later(waiting(store), next_try_at=next_try_at))


def test_bodies_come_back_oldest_first_and_whole(store: Store) -> None:
    bodies = [Arrived(lane=lane, body=body, at=at(n)) for n, (lane, body) in enumerate([("crm", b"\x00\xff"), (SITE, b"{}"), ("crm", b"")])]

    for body in bodies:
        arrive(store, body)

    with store.read() as tx:
        assert [(b.lane, b.body, b.at) for b in tx.inbox.next(lane="crm", limit=9)] == [("crm", b"\x00\xff", at()), ("crm", b"", at(2))]
        assert [b.body for b in tx.inbox.next(lane="crm", limit=1)] == [b"\x00\xff"]
        assert tx.inbox.waiting() == {"crm": Backlog(waiting=2, oldest_at=at()), SITE: Backlog(waiting=1, oldest_at=at(1))}


def test_the_number_of_a_body_that_is_done_is_never_given_again(store: Store) -> None:
    numbers = []
    for _ in range(3):
        arrive(store, Arrived(lane="crm", body=b"x", at=at()))
        numbers.append(take_one(store))

    assert numbers == sorted(set(numbers))
    with store.read() as tx:
        assert tx.inbox.waiting() == {}


def test_hints_about_one_record_become_one(store: Store) -> None:
    put(store, hint("e1", "1", kind=HintKind.DELETED), hint("e2", "2"), hint("e3", "1"), days=1)
    put(store, hint("e4", "1"), days=2)

    one, two = sorted(waiting(store), key=lambda h: h.key)

    assert (one.key, one.kind, one.arrived_at) == (key("1"), HintKind.DELETED, at(1))
    assert (two.key, two.kind, two.arrived_at) == (key("2"), HintKind.CHANGED, at(1))
    assert one.turn > two.turn


def test_an_event_that_was_seen_before_says_nothing(store: Store) -> None:
    assert put(store, hint("e1", "1"), hint("e1", "1")) == 1
    store.write(lambda tx: tx.hints.done(waiting(store)))

    assert put(store, hint("e1", "1"), hint("e2", "2"), days=1) == 1

    assert [h.key for h in waiting(store)] == [key("2")]


def test_events_of_two_connections_do_not_know_each_other(store: Store) -> None:
    assert put(store, hint("e1", "1"), connection="crm") == 1
    assert put(store, hint("e1", "1"), connection="hub") == 1

    with store.read() as tx:
        assert tx.hints.waiting() == {"crm": Backlog(waiting=1, oldest_at=at()), "hub": Backlog(waiting=1, oldest_at=at())}


def test_a_forgotten_event_is_new_again(store: Store) -> None:
    put(store, hint("e1", "1"), days=1)
    put(store, hint("e2", "2"), days=2)

    assert store.write(lambda tx: tx.hints.forget_events(before=at(2))) == 1

    assert put(store, hint("e1", "1"), hint("e2", "2"), days=3) == 1


def test_hints_come_by_source_the_oldest_first_within_one(store: Store) -> None:
    put(store, hint("e1", "1", source="Lead"), days=1)
    put(store, hint("e2", "2", source="Contact"), days=2)
    put(store, hint("e3", "3", source="Lead"), days=3)
    put(store, hint("e4", "4", source="Contact"), days=4)

    found = [(h.key.source, h.key.id) for h in waiting(store)]

    assert sorted(found) == sorted([("Lead", "1"), ("Lead", "3"), ("Contact", "2"), ("Contact", "4")])
    assert [id_ for source, id_ in found if source == "Lead"] == ["1", "3"]
    assert [id_ for source, id_ in found if source == "Contact"] == ["2", "4"]
    assert len({source for source, _ in found[:2]}) == 1


def test_many_hints_about_one_source_hold_up_no_other(store: Store) -> None:
    put(store, *(hint(f"e{n}", f"{n:02}", source="Account") for n in range(20)))
    put(store, hint("l1", "1", source="Lead"), hint("l2", "2", source="Lead"), days=1)

    found = [(h.key.source, h.key.id) for h in waiting(store, limit=3)]

    assert found == [("Account", "00"), ("Account", "01"), ("Account", "02"), ("Lead", "1"), ("Lead", "2")]


def test_a_hint_that_came_while_its_record_was_read_is_not_lost(store: Store) -> None:
    put(store, hint("e1", "1"), days=1)
    read = waiting(store)
    put(store, hint("e2", "1"), days=2)

    store.write(lambda tx: tx.hints.done(read))

    (left,) = waiting(store)
    assert (left.key, left.arrived_at) == (key("1"), at(1))
    store.write(lambda tx: tx.hints.done([left]))
    assert waiting(store) == ()


def test_a_hint_to_be_tried_later_waits_and_counts_its_tries(store: Store) -> None:
    put(store, hint("e1", "1"))
    for next_try_at in (at(1), at(2)):
        put_off(store, next_try_at)

    assert waiting(store, days=1.9) == ()
    (found,) = waiting(store, days=2)
    assert (found.tries, found.arrived_at) == (2, at())


def test_a_new_event_brings_a_record_that_waits_for_its_next_try_to_the_front(store: Store) -> None:
    put(store, hint("e1", "1"))
    store.write(lambda tx: tx.hints.later(waiting(store), next_try_at=at(5)))

    put(store, hint("e2", "1"), days=1)

    (found,) = waiting(store, days=1)
    assert found.tries == 1


def test_a_hint_that_came_while_its_record_could_not_be_read_is_not_put_off(store: Store) -> None:
    put(store, hint("e1", "1"))
    read = waiting(store)
    put(store, hint("e2", "1"), days=1)

    store.write(lambda tx: tx.hints.later(read, next_try_at=at(5)))

    (found,) = waiting(store, days=1)
    assert found.tries == 0


def test_a_hint_from_a_machine_whose_clock_is_ahead_is_tried_at_once(store: Store) -> None:
    put(store, hint("e1", "1"), days=1)

    assert [h.key for h in waiting(store, days=0.99)] == [key("1")]


def test_a_unit_that_fails_leaves_no_hint_and_no_memory_of_its_event(store: Store) -> None:
    def unit(tx: Tx) -> None:
        tx.hints.put([hint("e1", "1")], connection="crm", arrived_at=at())
        raise Cut

    with pytest.raises(Cut):
        store.write(unit)

    assert waiting(store) == ()
    assert put(store, hint("e1", "1")) == 1


def test_turns_rise_for_ever_whatever_is_deleted(store: Store) -> None:
    turns = []
    for n in range(3):
        put(store, hint(f"e{n}", "1"), days=n)
        turns.append(waiting(store)[0].turn)
        store.write(lambda tx: tx.hints.done(waiting(store)))

    assert turns == sorted(set(turns))
    with store.read() as tx:
        assert tx.marks.high() == turns[-1]


def test_the_same_record_of_the_same_minute_is_one_hint_among_thousands(store: Store) -> None:
    put(store, *(hint(f"e{n}", str(n % 700)) for n in range(1400)), days=1)

    assert len(waiting(store, limit=5000)) == 700
    with store.read() as tx:
        assert tx.hints.waiting()["crm"] == Backlog(waiting=700, oldest_at=at(1))
