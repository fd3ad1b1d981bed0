"""The token of one connection, and what happens once when HubSpot calls it invalid.

Station: HubSpot adapter, under the client. A service key has nothing to refresh, and HubSpot itself says that a 401 is no proof that a
token is over ("OAuth tokens", 2026-11): so one caller confirms the token, the others wait for its finding, and each tries once more.
"""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from adapters.kit.clock import Clock
from adapters.kit.redaction import Secret
from connector.ports.errors import CrmAuth

REMEMBERED_S = 30.0
"""How long a refusal of the token is believed without asking again."""


@dataclass(frozen=True, slots=True)
class Held:
    """The token as it was at one time; `generation` tells a later one from it."""

    token: Secret
    generation: int = 0


class TokenKeeper:
    """Thread-safe. `renew` is called by one thread at a time with the token in doubt, and gives the one to go on with."""

    def __init__(self, *, token: Secret, renew: Callable[[Secret], Secret], clock: Clock) -> None:
        self._held = Held(token)
        self._renew = renew
        self._clock = clock
        self._refused: tuple[float, CrmAuth] | None = None
        self._lock = Lock()

    def current(self) -> Held:
        """The token to call with now."""
        return self._held

    def after_refusal(self, used: Held) -> Held:
        """The token to try once more with, after HubSpot refused `used`. Raises CrmAuth when there is none.

        However many threads come with the same `used`, HubSpot is asked once.
        """
        with self._lock:
            if self._held.generation != used.generation:
                return self._held
            if self._refused and self._clock.monotonic() - self._refused[0] < REMEMBERED_S:
                raise self._refused[1]
            try:
                token = self._renew(used.token)
            except CrmAuth as refused:
                self._refused = (self._clock.monotonic(), refused)
                raise
            self._refused = None
            self._held = Held(token, used.generation + 1)
            return self._held
