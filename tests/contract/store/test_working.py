"""Marks, leases and workers: who waits, who may, who is alive."""

from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest

from connector.ports.inbox import Backlog, Lane, Lease, LeaseLost, Worker
from connector.ports.store import Store
from tests.support.stores import at

SECOND = 1 / 86400
"""Of a day."""


def mark(store: Store, *people: int, lane: Lane = Lane.SCORE, days: float = 0) -> int:
    store.write(lambda tx: tx.marks.put(people, lane=lane, since=at(days)))
    with store.read() as tx:
        return tx.marks.high()


def people_in(store: Store, lane: Lane) -> list[int]:
    with store.read() as tx:
        return [one.person for one in tx.marks.next(lane=lane, limit=99)]


def test_who_is_marked_again_keeps_the_oldest_reason_and_gets_a_new_turn(store: Store) -> None:
    mark(store, 1, 2, days=3)
    with store.read() as tx:
        before = {one.person: one for one in tx.marks.next(lane=Lane.SCORE, limit=9)}

    mark(store, 1, days=5)
    mark(store, 2, days=1)

    with store.read() as tx:
        after = {one.person: one for one in tx.marks.next(lane=Lane.SCORE, limit=9)}
    assert [after[n].since for n in (1, 2)] == [at(3), at(1)]
    assert after[2].turn > after[1].turn > max(before[1].turn, before[2].turn)
    assert people_in(store, Lane.SCORE) == [2, 1], "the longest waiting first"


def test_marks_go_only_as_far_as_the_scoring_saw(store: Store) -> None:
    high = mark(store, 1, 2, 3)
    mark(store, 1)

    store.write(lambda tx: tx.marks.done([1, 2], lane=Lane.SCORE, until=high))

    assert people_in(store, Lane.SCORE) == [3, 1]


def test_who_is_moved_waits_in_the_next_lane_since_as_long(store: Store) -> None:
    high = mark(store, 1, 2, days=1)
    mark(store, 2, days=2)

    store.write(lambda tx: tx.marks.move([1, 2, 3], lane=Lane.SCORE, to=Lane.WRITE, until=high))

    with store.read() as tx:
        assert [(one.person, one.since) for one in tx.marks.next(lane=Lane.WRITE, limit=9)] == [(1, at(1))]
        assert tx.marks.waiting() == {
            Lane.SCORE: Backlog(waiting=1, oldest_at=at(1)),
            Lane.WRITE: Backlog(waiting=1, oldest_at=at(1)),
        }
        assert tx.marks.next(lane=Lane.WRITE, limit=9)[0].turn > high


def test_turns_do_not_go_back_when_the_last_mark_is_gone(store: Store) -> None:
    first = mark(store, 1)
    store.write(lambda tx: tx.marks.done([1], lane=Lane.SCORE, until=first))

    assert mark(store, 1) > first


def test_a_lane_of_thousands_is_marked_and_emptied(store: Store) -> None:
    high = mark(store, *range(1, 1301))

    store.write(lambda tx: tx.marks.move(range(1, 1301), lane=Lane.SCORE, to=Lane.WRITE, until=high))

    assert (people_in(store, Lane.SCORE), len(people_in(store, Lane.WRITE))) == ([], 99)
    with store.read() as tx:
        assert tx.marks.waiting() == {Lane.WRITE: Backlog(waiting=1300, oldest_at=at())}


def take(store: Store, holder: str, *, days: float, until: float, name: str = "score") -> Lease | None:
    return store.write(lambda tx: tx.leases.take(name, holder=holder, at=at(days), until=at(until)))


def held(lease: Lease | None) -> Lease:
    assert lease is not None
    return lease


@pytest.fixture
def passing(request: pytest.FixtureRequest, store: Store) -> Callable[[float], None]:
    """Lets days pass by the clock that leases go by: that of the server, where there is one."""
    if request.node.callspec.params["store"] == "sqlite":
        return lambda days: None
    url = request.getfixturevalue("database").replace("+psycopg", "")

    def passing(days: float) -> None:
        with psycopg.connect(url) as database:
            database.execute("UPDATE leases SET until = until - %s", [int(days * 86400 * 10**6)])

    return passing


def test_a_lease_is_one_holders_until_its_time(store: Store, passing: Callable[[float], None]) -> None:
    first = held(take(store, "a", days=0, until=2))

    passing(1.9)
    assert take(store, "b", days=1.9, until=3) is None
    passing(0.1)
    second = held(take(store, "b", days=2, until=4))

    assert (first.fence < second.fence, second.holder) == (True, "b")
    with store.read() as tx:
        assert tx.leases.all() == (second,)
        assert tx.leases.holder("score", at=at(3)) == "b"
    passing(2)
    with store.read() as tx:
        assert tx.leases.holder("score", at=at(4)) == ""


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_a_machine_whose_clock_is_ahead_takes_no_lease_from_a_living_holder(store: Store) -> None:
    minute = 60 * SECOND
    lease = held(take(store, "a", days=0, until=minute))
    assert take(store, "b", days=1, until=1 + minute) is None

    store.write(lambda tx: tx.leases.renew(lease, at=at(-1), until=at(-1 + minute)))

    assert take(store, "b", days=1, until=1 + minute) is None
    with store.read() as tx:
        assert tx.leases.holder("score", at=at(9)) == "a"


def test_two_leases_do_not_know_each_other(store: Store) -> None:
    assert take(store, "a", days=0, until=2, name="score")
    assert take(store, "b", days=0, until=2, name="read:crm")


def test_the_holder_takes_it_again_under_a_new_fence(store: Store) -> None:
    first = held(take(store, "a", days=0, until=2))
    second = held(take(store, "a", days=1, until=3))

    assert second.fence > first.fence
    with pytest.raises(LeaseLost):
        store.write(lambda tx: tx.leases.require(first))


def test_who_lost_a_lease_stores_nothing(store: Store, passing: Callable[[float], None]) -> None:
    lost = held(take(store, "a", days=0, until=1))
    passing(1)
    held(take(store, "b", days=1, until=2))

    for unit in (
        lambda tx: tx.leases.require(lost),
        lambda tx: tx.leases.renew(lost, at=at(1), until=at(9)),
    ):
        with pytest.raises(LeaseLost):
            store.write(unit)


def test_a_renewed_lease_keeps_its_fence(store: Store, passing: Callable[[float], None]) -> None:
    lease = held(take(store, "a", days=0, until=1))

    renewed = store.write(lambda tx: tx.leases.renew(lease, at=at(0), until=at(3)))
    passing(2)

    assert (renewed.fence, renewed.until - lease.until >= timedelta(days=2)) == (lease.fence, True)
    assert take(store, "b", days=2, until=3) is None
    store.write(lambda tx: tx.leases.require(lease))


def test_a_lease_given_back_is_free_at_once_and_its_fence_goes_on(store: Store) -> None:
    first = held(take(store, "a", days=0, until=9))

    store.write(lambda tx: tx.leases.release(first))
    store.write(lambda tx: tx.leases.release(first))

    with store.read() as tx:
        assert tx.leases.all() == ()
    with pytest.raises(LeaseLost):
        store.write(lambda tx: tx.leases.require(first))
    second = held(take(store, "b", days=1, until=9))
    store.write(lambda tx: tx.leases.release(first))
    assert second.fence > first.fence
    store.write(lambda tx: tx.leases.require(second))


def worker(name: str, *, days: float, **facts: float) -> Worker:
    return Worker(name=name, role="up", started_at=at(), beat_at=at(days), facts=facts)


def test_workers_show_themselves_and_leave(store: Store) -> None:
    store.write(lambda tx: tx.workers.beat(worker("a", days=0)))
    store.write(lambda tx: tx.workers.beat(worker("b", days=1, skew=1.5)))
    store.write(lambda tx: tx.workers.beat(worker("a", days=2, skew=-3)))

    with store.read() as tx:
        assert tx.workers.all() == (worker("a", days=2, skew=-3), worker("b", days=1, skew=1.5))
    store.write(lambda tx: tx.workers.gone("a"))
    with store.read() as tx:
        assert [one.name for one in tx.workers.all()] == ["b"]


@pytest.mark.parametrize(("beat", "state"), [(1 - 59 * SECOND, "running"), (1 - 61 * SECOND, "killed"), (None, "killed")])
def test_only_the_runs_of_dead_workers_count_as_killed(store: Store, beat: float | None, state: str) -> None:
    if beat is not None:
        store.write(lambda tx: tx.workers.beat(worker("a", days=beat)))
    theirs = store.write(lambda tx: tx.runs.start(verb="pull", at=at(), worker="a"))
    ours = store.write(lambda tx: tx.runs.start(verb="score", at=at(1), worker="b"))

    store.write(lambda tx: tx.runs.start(verb="write-back", at=at(1), worker="b"))

    with store.read() as tx:
        states = {run.id: run.state for run in tx.runs.recent(limit=9)}
    assert (states[theirs], states[ours]) == (state, "running"), "its own run goes on"


def test_a_run_that_was_taken_for_killed_ends_as_it_ended(store: Store) -> None:
    run = store.write(lambda tx: tx.runs.start(verb="pull", at=at(), worker="slow"))
    store.write(lambda tx: tx.runs.start(verb="score", at=at(1), worker="b"))

    store.write(lambda tx: tx.runs.finish(run, at=at(2), state="done", counts={}))

    with store.read() as tx:
        assert {one.id: one.state for one in tx.runs.recent(limit=9)}[run] == "done"
