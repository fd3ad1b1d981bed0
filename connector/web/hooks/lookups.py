"""How connections receive, for an event loop, which must not wait for the store."""

import asyncio

from connector.flows.receiving import Hook
from connector.flows.remembered import Remembered
from connector.web.intake import PATIENCE_S, Overloaded

MOST_LOOKUPS = 64
"""Names asked for at once."""


class Lookups:
    """At once where it is remembered, else asked of a thread, once for all who want it."""

    def __init__(self, hook_of: Remembered[Hook | None], *, patience_s: float = PATIENCE_S) -> None:
        self._hook_of = hook_of
        self._patience_s = patience_s
        self._under_way: dict[str, asyncio.Future[Hook | None]] = {}

    async def hook_of(self, connection: str) -> Hook | None:
        """None where there is none. Raises StoreError, or Overloaded where the answer takes too long."""
        try:
            return self._hook_of.at_hand(connection)
        except LookupError:
            asked = self._under_way.get(connection) or self._ask(connection)
        done, _ = await asyncio.wait({asked}, timeout=self._patience_s)
        if not done:
            raise Overloaded
        return asked.result()

    def _ask(self, connection: str) -> "asyncio.Future[Hook | None]":
        if len(self._under_way) >= MOST_LOOKUPS:
            raise Overloaded
        asked = asyncio.get_running_loop().run_in_executor(None, self._hook_of, connection)
        self._under_way[connection] = asked
        asked.add_done_callback(lambda ended: self._ended(connection, ended))
        return asked

    def _ended(self, connection: str, asked: "asyncio.Future[Hook | None]") -> None:
        del self._under_way[connection]
        if not asked.cancelled():
            asked.exception()  # those who waited may all have left; asyncio would say that nobody heard of it
