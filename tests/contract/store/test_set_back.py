"""A clock that was set back: what was put off by the clock before comes at once, not when the clock is there again."""

from datetime import timedelta

import pytest

from connector.flows import feed
from connector.flows.write_lane import LaneMemory
from connector.ports.store import Store
from tests.support.stores import at

SOON = timedelta(minutes=15)


@pytest.mark.parametrize(
    ("since", "due"),
    [(timedelta(hours=-3), True), (timedelta(seconds=-50), False), (timedelta(minutes=14), False), (timedelta(minutes=15), True)],
)
def test_a_feed_and_what_was_put_off_wait_for_their_time_by_one_clock_only(store: Store, since: timedelta, due: bool) -> None:
    kept = feed.Followed(cursor="7", looked_at=at(), next_at=at() + SOON, kept_at=at())
    store.write(lambda tx: tx.cursors.put(connection="crm", source=feed.SOURCE, cursor=kept.text(), at=at()))

    with store.read() as tx:
        is_due = feed.is_due(tx, connection="crm", now=at() + since)

    assert is_due is due
    assert LaneMemory(again_at=at() + SOON, put_off_at=at()).is_time(at() + since) is due
