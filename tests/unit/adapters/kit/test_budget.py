"""A budget counts by purpose, keeps the pace of each lane and leaves a tenth of the day to others."""

from datetime import UTC, datetime, timedelta

import pytest

from adapters.kit.budget import Budget, Lane, Purpose
from connector.ports.errors import Action, CrmLimit
from connector.store.budgets import OwnBudgets
from tests.support.clocks import StillClock


def test_calls_are_counted_by_purpose() -> None:
    budget = Budget(connection="eu", clock=StillClock())

    budget.spend(purpose=Purpose.READ)
    budget.spend(purpose=Purpose.READ)
    budget.spend(purpose=Purpose.AUTH)

    assert budget.usage().calls == {"read": 2, "auth": 1}


def test_the_sixth_call_of_a_five_a_second_lane_waits_until_the_first_is_a_second_old() -> None:
    clock = StillClock()
    budget = Budget(connection="eu", clock=clock, lanes={"search": Lane(calls=5, seconds=1)})

    for _ in range(5):
        budget.spend(purpose=Purpose.READ, lanes=("search",))
    assert clock.slept == []
    budget.spend(purpose=Purpose.READ, lanes=("search",))

    assert 1.0 <= sum(clock.slept) <= 1.01


@pytest.mark.parametrize("seconds", [1, 10])
def test_no_window_of_a_lane_ever_holds_more_than_its_calls(seconds: int) -> None:
    clock = StillClock()
    budget = Budget(connection="eu", clock=clock, lanes={"burst": Lane(calls=7, seconds=seconds)})
    times = []

    for _ in range(60):
        budget.spend(purpose=Purpose.READ, lanes=("burst",))
        times.append(clock.monotonic())

    for first, eighth in zip(times, times[7:], strict=False):
        assert eighth - first >= seconds


def test_a_lane_takes_the_pace_the_crm_tells() -> None:
    clock = StillClock()
    budget = Budget(connection="eu", clock=clock, lanes={"burst": Lane(calls=100, seconds=10)})
    budget.pace(lane="burst", calls=2, seconds=10)

    for _ in range(3):
        budget.spend(purpose=Purpose.READ, lanes=("burst",))

    assert 10.0 <= sum(clock.slept) <= 10.1


def test_at_nine_tenths_of_the_day_only_essential_calls_go() -> None:
    clock = StillClock(datetime(2026, 11, 2, 9, 0, tzinfo=UTC))
    budget = Budget(connection="eu", clock=clock)
    budget.saw(day_used=900, day_limit=1000)

    budget.spend(purpose=Purpose.WRITE, essential=True)
    with pytest.raises(CrmLimit) as refusal:
        budget.spend(purpose=Purpose.READ)

    assert refusal.value.action is Action.WAIT
    assert refusal.value.until == datetime(2026, 11, 2, 9, 15, tzinfo=UTC)
    assert "900 of 1000" in str(refusal.value)
    assert budget.usage().calls == {"write": 1}


def test_below_nine_tenths_everything_goes() -> None:
    budget = Budget(connection="eu", clock=StillClock())
    budget.saw(day_used=899, day_limit=1000)

    budget.spend(purpose=Purpose.READ)

    assert budget.usage().calls == {"read": 1}


@pytest.mark.parametrize("purpose", [Purpose.WRITE, Purpose.REREAD])
def test_what_a_rep_waits_for_goes_on_until_the_last_hundredths_of_the_day(purpose: Purpose) -> None:
    budget = Budget(connection="eu", clock=StillClock())
    budget.saw(day_used=969, day_limit=1000)
    with pytest.raises(CrmLimit):
        budget.spend(purpose=Purpose.READ)

    budget.spend(purpose=purpose)
    with pytest.raises(CrmLimit):
        budget.spend(purpose=Purpose.READ)
    budget.saw(day_used=970)
    with pytest.raises(CrmLimit):
        budget.spend(purpose=purpose)
    budget.spend(purpose=purpose, essential=True)

    assert budget.usage().calls == {purpose.value: 2}


def test_a_quota_that_the_crm_calls_used_up_holds_up_what_a_rep_waits_for_too() -> None:
    clock = StillClock()
    budget = Budget(connection="eu", clock=clock)
    budget.close(until=clock.now() + timedelta(hours=3))

    with pytest.raises(CrmLimit):
        budget.spend(purpose=Purpose.WRITE)


def test_after_the_wait_one_call_looks_whether_the_quota_is_back() -> None:
    clock = StillClock()
    budget = Budget(connection="eu", clock=clock)
    budget.saw(day_used=950, day_limit=1000)
    with pytest.raises(CrmLimit):
        budget.spend(purpose=Purpose.READ)

    clock.advance(15 * 60)
    budget.spend(purpose=Purpose.READ)
    with pytest.raises(CrmLimit):
        budget.spend(purpose=Purpose.READ)
    clock.advance(15 * 60)
    budget.spend(purpose=Purpose.READ)
    budget.saw(day_used=10)
    budget.spend(purpose=Purpose.READ)

    assert budget.usage().calls == {"read": 3}


def test_a_closed_budget_says_until_when() -> None:
    clock = StillClock()
    budget = Budget(connection="eu", clock=clock)
    until = clock.now() + timedelta(hours=3)
    budget.close(until=until)

    with pytest.raises(CrmLimit) as refusal:
        budget.spend(purpose=Purpose.READ)

    assert refusal.value.until == until


def test_usage_tells_how_far_our_clock_was_ahead_at_the_last_answer_that_said_the_time() -> None:
    clock = StillClock()
    budget = Budget(connection="eu", clock=clock)
    assert budget.usage().skew_s is None

    budget.saw(at=clock.now() - timedelta(seconds=90))
    budget.saw(day_used=3, day_limit=100)
    assert budget.usage().skew_s == 90.0

    budget.saw(at=clock.now() + timedelta(seconds=30))
    assert budget.usage().skew_s == -30.0


@pytest.mark.parametrize("essential", [True, False])
def test_while_the_crm_wants_no_call_for_long_none_goes_whatever_it_is_for(essential: bool) -> None:
    clock = StillClock()
    budget = Budget(connection="eu", clock=clock)
    budget.stand_back(seconds=600)

    with pytest.raises(CrmLimit) as refused:
        budget.spend(purpose=Purpose.WRITE, essential=essential)
    clock.advance(599)
    budget.stand_back(seconds=0)
    budget.spend(purpose=Purpose.WRITE, essential=essential)

    assert refused.value.until == datetime(2026, 11, 2, 9, 10, tzinfo=UTC)
    assert (clock.slept, budget.usage().calls) == ([1], {"write": 1})


def test_who_comes_while_the_crm_wants_no_call_for_a_moment_waits_for_its_end() -> None:
    clock = StillClock()
    budget = Budget(connection="eu", clock=clock)
    budget.stand_back(seconds=7)

    budget.spend(purpose=Purpose.READ)
    budget.spend(purpose=Purpose.READ)

    assert clock.slept == [7]


def test_calls_that_have_no_answer_yet_are_taken_as_used() -> None:
    budget = Budget(connection="eu", clock=StillClock())
    budget.saw(day_used=897, day_limit=1000)

    for _ in range(3):
        budget.spend(purpose=Purpose.READ)
    with pytest.raises(CrmLimit):
        budget.spend(purpose=Purpose.READ)

    assert budget.usage().calls == {"read": 3}


def test_a_call_that_never_gets_an_answer_is_not_counted_for_ever() -> None:
    clock = StillClock()
    budget = Budget(connection="eu", clock=clock)
    budget.saw(day_used=899, day_limit=1000)
    budget.spend(purpose=Purpose.READ)

    clock.advance(121)
    budget.spend(purpose=Purpose.READ)

    assert budget.usage().calls == {"read": 2}


def test_a_figure_from_before_a_long_rest_is_looked_at_again_before_it_closes_anything() -> None:
    clock = StillClock()
    budget = Budget(connection="eu", clock=clock, resume_at=lambda now: now + timedelta(days=1))
    budget.saw(day_used=950, day_limit=1000)

    clock.advance(60 * 60)
    budget.spend(purpose=Purpose.READ)
    with pytest.raises(CrmLimit):
        budget.spend(purpose=Purpose.READ)
    budget.saw(day_used=3, day_limit=1000)

    assert budget.usage().calls == {"read": 1}


def pair(clock: StillClock) -> tuple[Budget, Budget]:
    """The budgets of one connection as two processes have them."""
    shared = OwnBudgets()
    return Budget(connection="eu", clock=clock, shared=shared.of("eu")), Budget(connection="eu", clock=clock, shared=shared.of("eu"))


def test_what_one_process_has_used_closes_the_other() -> None:
    one, other = pair(StillClock())
    one.spend(purpose=Purpose.READ)
    one.saw(day_used=899, day_limit=1000)
    one.spend(purpose=Purpose.READ)

    with pytest.raises(CrmLimit, match="899 of 1000"):
        other.spend(purpose=Purpose.READ)
    other.spend(purpose=Purpose.READ, essential=True)

    assert (one.usage().calls, other.usage().calls) == ({"read": 2}, {"read": 1})


def test_when_the_quota_may_be_back_one_of_both_looks_and_the_other_waits_for_what_it_sees() -> None:
    clock = StillClock()
    one, other = pair(clock)
    one.spend(purpose=Purpose.READ)
    one.saw(day_used=950, day_limit=1000)
    for budget in (one, other):
        with pytest.raises(CrmLimit):
            budget.spend(purpose=Purpose.READ)
    clock.advance(15 * 60)

    one.spend(purpose=Purpose.READ)
    with pytest.raises(CrmLimit) as refused:
        other.spend(purpose=Purpose.READ)
    one.saw(day_used=1, day_limit=1000)
    one.spend(purpose=Purpose.READ)
    clock.advance(60)
    other.spend(purpose=Purpose.READ)

    assert refused.value.until == clock.now(), "a minute after it was refused"
    assert (one.usage().calls, other.usage().calls) == ({"read": 3}, {"read": 1})


def test_calls_whose_answers_tell_no_figures_count_until_one_does() -> None:
    clock = StillClock()
    budget = Budget(connection="eu", clock=clock)
    budget.saw(day_used=897, day_limit=1000, at=clock.now())

    for _ in range(3):
        budget.spend(purpose=Purpose.READ)
        budget.saw(at=clock.now())
    with pytest.raises(CrmLimit):
        budget.spend(purpose=Purpose.READ)
    counted = budget.usage().day_used
    budget.saw(day_used=899)

    assert (counted, budget.usage().day_used) == (900, 899)


def test_after_the_last_call_of_the_day_nothing_goes_but_a_login() -> None:
    clock = StillClock()
    budget = Budget(connection="eu", clock=clock)
    budget.saw(day_used=999, day_limit=1000)

    budget.spend(purpose=Purpose.WRITE, essential=True)
    budget.saw(day_used=1000)
    with pytest.raises(CrmLimit):
        budget.spend(purpose=Purpose.WRITE, essential=True)
    budget.spend(purpose=Purpose.AUTH, essential=True)
    clock.advance(15 * 60)
    budget.spend(purpose=Purpose.WRITE, essential=True)

    assert budget.usage().calls == {"write": 2, "auth": 1}


@pytest.mark.parametrize("how", ["by its figures", "by a refusal"])
def test_a_quota_that_begins_anew_is_whole_then_before_any_answer_says_so(how: str) -> None:
    clock = StillClock()
    one, other = (
        Budget(connection="eu", clock=clock, resume_at=lambda now: now + timedelta(hours=1), begins_anew=True, shared=shared)
        for shares in [OwnBudgets()]
        for shared in (shares.of("eu"), shares.of("eu"))
    )
    one.saw(day_used=950, day_limit=1000)
    if how == "by a refusal":
        one.close(until=clock.now() + timedelta(hours=1))

    with pytest.raises(CrmLimit):
        one.spend(purpose=Purpose.READ)
    clock.advance(3600)
    for _ in range(3):
        one.spend(purpose=Purpose.READ)
        one.saw(at=clock.now())
    other.spend(purpose=Purpose.READ)

    assert (one.usage().day_used, other.usage().day_used) == (3, 2)
