"""Bounded retries with full jitter for one call to a CRM.

Station: adapters' common ground, between an adapter's client and its transport. Which failures are worth another try is the adapter's
table; here is how often and after how long.
"""

import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type

from adapters.kit.clock import Clock

T = TypeVar("T")

RETRY_STATUSES = frozenset({408, 423, 425, 429, 477, 500, 502, 503, 504, 521, 522, 523, 524})
"""HTTP answers that a later try may not give again. 423 and 477 are HubSpot's (locked, migrating), 52x Cloudflare's."""


WELCOME_LATER = frozenset({429, 477, 503})
"""Answers whose `Retry-After` speaks of every call, not of the record or the try alone."""


class Transient(Exception):
    """A try failed in a way that the next may not. `error` is what is raised when no try is left."""

    def __init__(self, error: Exception, *, retry_after_s: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and how long. Waits are drawn evenly from 0 to a ceiling that doubles ("full jitter"), at most `longest_wait_s`."""

    tries: int = 5
    first_wait_s: float = 0.5
    longest_wait_s: float = 20.0
    patience_s: float = 60.0
    """No further try begins after so long, and a CRM that asks for a longer wait than this is not waited for."""


def call_with_retries(call: Callable[[], T], *, policy: RetryPolicy, clock: Clock, chance: random.Random | None = None) -> T:
    """What `call` gives; tried again while it raises `Transient`, then the `error` of the last one is raised.

    Any other exception passes through at once.
    """
    chance = chance or random.Random()
    started = clock.monotonic()

    def wait(state: RetryCallState) -> float:
        ceiling = min(policy.longest_wait_s, policy.first_wait_s * 2 ** (state.attempt_number - 1))
        drawn = chance.uniform(0, ceiling)
        asked = _transient(state).retry_after_s
        return drawn if asked is None else asked + drawn

    def is_enough(state: RetryCallState) -> bool:
        asked = _transient(state).retry_after_s or 0.0
        return state.attempt_number >= policy.tries or clock.monotonic() - started + asked > policy.patience_s

    retrying = Retrying(
        sleep=clock.sleep,
        wait=wait,
        stop=is_enough,
        retry=retry_if_exception_type(Transient),
        reraise=True,
    )
    try:
        return retrying(call)
    except Transient as last:
        raise last.error from last.error.__cause__


def _transient(state: RetryCallState) -> Transient:
    failure = state.outcome.exception() if state.outcome else None
    if not isinstance(failure, Transient):
        raise TypeError("only a Transient is retried")
    return failure


def retry_after_s(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Seconds the server asks to wait (`Retry-After`, as seconds or as a date), never below 0; None where it does not say."""
    text = (headers.get("Retry-After") or "").strip()
    if not text:
        return None
    with suppress(ValueError):  # no number: then it is a date
        return max(0.0, float(text))
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
