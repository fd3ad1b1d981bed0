"""How soon a job that failed looks again, and when a night's work was last due."""

from datetime import UTC, datetime, timedelta

import pytest

from connector.ports.errors import CrmAuth, CrmLimit, CrmUnreachable
from connector.settings import Settings
from jobs.job import Nightly, Retry

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
RETRY = Retry(tries=3, first=timedelta(seconds=2), most=timedelta(seconds=5))
UNREACHABLE = CrmUnreachable("no answer", connection="crm")


@pytest.mark.parametrize(("tried", "middle"), [(1, 2.0), (2, 4.0), (3, 5.0)])
def test_each_failure_doubles_the_pause_up_to_the_longest(tried: int, middle: float) -> None:
    pauses = [RETRY.after(tried, UNREACHABLE, now=NOW) for _ in range(50)]

    assert all(pause is not None and middle * 0.75 <= pause.total_seconds() <= middle * 1.25 for pause in pauses)


def test_pauses_are_spread_so_that_workers_do_not_come_back_together() -> None:
    pauses = {RETRY.after(1, UNREACHABLE, now=NOW) for _ in range(20)}

    assert len(pauses) > 1


def test_after_the_last_try_the_schedule_has_it() -> None:
    assert RETRY.after(4, UNREACHABLE, now=NOW) is None


def test_what_a_person_must_mend_is_not_tried_again_by_itself() -> None:
    assert RETRY.after(1, CrmAuth("revoked", connection="crm"), now=NOW) is None


def test_a_used_up_quota_waits_until_it_is_filled_again() -> None:
    limit = CrmLimit("used up", connection="crm", until=NOW + timedelta(hours=3))

    assert RETRY.after(1, limit, now=NOW) == timedelta(hours=3)


def test_a_fault_of_our_own_is_tried_again() -> None:
    assert RETRY.after(1, ZeroDivisionError(), now=NOW) is not None


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (datetime(2026, 11, 2, 2, 29, tzinfo=UTC), datetime(2026, 11, 1, 2, 30, tzinfo=UTC)),
        (datetime(2026, 11, 2, 2, 30, tzinfo=UTC), datetime(2026, 11, 2, 2, 30, tzinfo=UTC)),
        (datetime(2026, 11, 2, 23, 59, tzinfo=UTC), datetime(2026, 11, 2, 2, 30, tzinfo=UTC)),
    ],
)
def test_the_last_night_is_the_one_before_now(now: datetime, due: datetime) -> None:
    settings = Settings(nightly_at="01:00")

    assert Nightly(after=timedelta(minutes=90)).latest(now, settings=settings) == due
