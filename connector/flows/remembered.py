"""What a receiver looks up for every request, remembered for a few seconds: the lookup would cost more than the request."""

from collections.abc import Callable
from threading import Lock
from time import monotonic
from typing import Generic, TypeVar

from connector.ports.errors import StoreError

V = TypeVar("V")

REMEMBERED_S = 5.0
"""How long a receiver may take to see that something was switched on, off or changed."""
MOST_REMEMBERED = 1000
"""Names remembered, those that do not exist among them; beyond that the memory begins anew."""


class Remembered(Generic[V]):
    """Calls `find` at most every few seconds for one name. Safe for several threads.

    While the store cannot be read, what was found last still stands; a name that was never found then raises the StoreError.
    """

    def __init__(self, find: Callable[[str], V], *, tick: Callable[[], float] = monotonic) -> None:
        self._find = find
        self._tick = tick
        self._found: dict[str, tuple[float, V]] = {}
        self._guard = Lock()

    def __call__(self, name: str = "") -> V:
        now = self._tick()
        known = self._found.get(name)
        if known is not None and now - known[0] < REMEMBERED_S:
            return known[1]
        try:
            found = self._find(name)
        except StoreError:
            if known is None:
                raise
            found = known[1]
        with self._guard:
            if len(self._found) >= MOST_REMEMBERED:
                self._found.clear()
            self._found[name] = (now, found)
        return found

    def at_hand(self, name: str = "") -> V:
        """The same where nothing has to be looked up; raises LookupError where something has. For callers that must not wait."""
        known = self._found[name]
        if self._tick() - known[0] >= REMEMBERED_S:
            raise LookupError(name)
        return known[1]

    def forget(self) -> None:
        """Looks everything up anew: it is known that something was changed. While the store cannot be read, nothing is remembered then."""
        with self._guard:
            self._found.clear()
