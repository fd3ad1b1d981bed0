"""While many are on their way to be written, those who are there already wait for them, but not long; an event alone waits for nobody."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from connector.ports.hooks import Hint
from connector.ports.inbox import Lane, WaitingHint
from connector.ports.store import Tx
from connector.store.sql_store import SqlStore
from jobs.registry import REGISTRY
from jobs.write_back import BURST_PEOPLE, HELD_AGAIN, LONGEST_HELD
from tests.support.jobs import Standing, work_over
from tests.support.stores import connection, sqlite_store

FIRST = 1


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    with sqlite_store(tmp_path / "data") as made:
        yield made


def waits(store: SqlStore, clock: Standing, *, lane: Lane, people: int, first: int = FIRST) -> None:
    def unit(tx: Tx) -> None:
        tx.marks.put(range(first, first + people), lane=lane, since=clock())

    store.write(unit)


def is_written(store: SqlStore, clock: Standing) -> bool:
    """Whether a look at the lane takes its people; nobody is live here, so that they just leave it."""
    looked = REGISTRY["write_back"].run(work_over(store, clock=clock), "")
    with store.read() as tx:
        is_left = Lane.WRITE in tx.marks.waiting()
    assert looked.again_at == (clock() + HELD_AGAIN if is_left else None)
    return not is_left


@pytest.mark.parametrize(("coming", "written"), [(0, True), (BURST_PEOPLE - 1, True), (BURST_PEOPLE, False)])
def test_only_many_who_are_being_scored_are_waited_for(store: SqlStore, coming: int, written: bool) -> None:
    clock = Standing()
    waits(store, clock, lane=Lane.WRITE, people=1)
    waits(store, clock, lane=Lane.SCORE, people=coming, first=100)

    assert is_written(store, clock) is written


def test_nobody_waits_longer_than_so_many_seconds_for_others(store: SqlStore) -> None:
    clock = Standing()
    waits(store, clock, lane=Lane.WRITE, people=1)
    waits(store, clock, lane=Lane.SCORE, people=BURST_PEOPLE, first=100)

    clock.move(LONGEST_HELD - timedelta(seconds=1))
    assert not is_written(store, clock)
    clock.move(timedelta(seconds=1))
    assert is_written(store, clock)


def test_records_that_are_to_be_read_again_are_waited_for_unless_they_were_put_off(store: SqlStore) -> None:
    clock = Standing()
    store.write(lambda tx: tx.connections.put(connection("crm")))
    hints = [Hint(event=str(n), source="contacts", record=str(n)) for n in range(BURST_PEOPLE)]
    store.write(lambda tx: tx.hints.put(hints, connection="crm", arrived_at=clock()))
    waits(store, clock, lane=Lane.WRITE, people=1)

    assert not is_written(store, clock)

    with store.read() as tx:
        read: tuple[WaitingHint, ...] = tx.hints.next(connection="crm", at=clock(), limit=BURST_PEOPLE)
    store.write(partial(_put_off, hints=read, clock=clock))
    assert is_written(store, clock)


def _put_off(tx: Tx, *, hints: tuple[WaitingHint, ...], clock: Standing) -> None:
    tx.hints.later(hints, next_try_at=clock() + timedelta(hours=1))
