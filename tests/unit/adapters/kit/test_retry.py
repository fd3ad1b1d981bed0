"""Retries are bounded, jittered, and do as the server asks."""

import random
from datetime import UTC, datetime

import pytest

from adapters.kit.retry import RetryPolicy, Transient, call_with_retries, retry_after_s
from tests.support.clocks import StillClock


class Flaky:
    """Fails so many times, then answers."""

    def __init__(self, failures: int, *, asked_s: float | None = None) -> None:
        self.left = failures
        self.asked_s = asked_s
        self.tries = 0

    def __call__(self) -> str:
        self.tries += 1
        if self.left > 0:
            self.left -= 1
            raise Transient(ConnectionError(f"failure {self.tries}"), retry_after_s=self.asked_s)
        return "answer"


def test_a_call_that_recovers_gives_its_answer() -> None:
    flaky = Flaky(2)

    answer = call_with_retries(flaky, policy=RetryPolicy(), clock=StillClock())

    assert (answer, flaky.tries) == ("answer", 3)


def test_after_the_last_try_its_error_is_raised() -> None:
    flaky = Flaky(99)

    with pytest.raises(ConnectionError, match="failure 4"):
        call_with_retries(flaky, policy=RetryPolicy(tries=4), clock=StillClock())

    assert flaky.tries == 4


def test_waits_lie_between_nothing_and_a_doubling_ceiling() -> None:
    clock = StillClock()
    policy = RetryPolicy(tries=6, first_wait_s=1, longest_wait_s=4, patience_s=1000)

    for seed in range(50):
        with pytest.raises(ConnectionError):
            call_with_retries(Flaky(99), policy=policy, clock=clock, chance=random.Random(seed))

    by_try = [clock.slept[n::5] for n in range(5)]
    for waits, ceiling in zip(by_try, (1, 2, 4, 4, 4), strict=True):
        assert all(0 <= wait <= ceiling for wait in waits)
        assert min(waits) < ceiling * 0.2
        assert max(waits) > ceiling * 0.8


def test_a_wait_the_server_asks_for_is_kept() -> None:
    clock = StillClock()

    call_with_retries(Flaky(1, asked_s=7), policy=RetryPolicy(first_wait_s=0.5), clock=clock)

    assert 7 <= clock.slept[0] <= 7.5


def test_a_wait_longer_than_our_patience_is_not_waited() -> None:
    clock = StillClock()

    with pytest.raises(ConnectionError):
        call_with_retries(Flaky(1, asked_s=3600), policy=RetryPolicy(patience_s=60), clock=clock)

    assert clock.slept == []


def test_another_exception_is_not_retried() -> None:
    tries = []

    def refuse() -> None:
        tries.append(1)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        call_with_retries(refuse, policy=RetryPolicy(), clock=StillClock())

    assert len(tries) == 1


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("12", 12.0), ("0", 0.0), ("-3", 0.0), ("Mon, 02 Nov 2026 09:01:30 GMT", 90.0), ("soon", None), ("", None)],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(text: str, seconds: float | None) -> None:
    assert retry_after_s({"Retry-After": text}, now=datetime(2026, 11, 2, 9, 0, tzinfo=UTC)) == seconds
