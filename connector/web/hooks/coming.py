"""Reads the bodies of pushes on the event loop, and lets go whoever does not send all of one in time.

Station: used by the door. One timer serves all bodies that are on their way: one for each would cost more than reading it.
"""

import asyncio
from typing import TYPE_CHECKING, Any

from connector.ports.hooks import HookFault, HookRefused

if TYPE_CHECKING:
    from a2wsgi.asgi_typing import Receive

BODY_S = 10.0
"""A body comes with its head or soon after; who has not sent all of it by then has left, and keeps no connection from others."""


class Coming:
    """The bodies that are on their way."""

    def __init__(self) -> None:
        self._since: dict[asyncio.Task[Any], float] = {}
        """By the clock of the loop, the oldest first."""
        self._timer: asyncio.TimerHandle | None = None

    async def read(self, receive: "Receive", *, announced: int, most_bytes: int) -> bytes:
        """The body. Raises HookRefused where it is larger than may be, before anything is read, or did not come whole and in time."""
        if announced > most_bytes:
            raise HookRefused(HookFault.TOO_LARGE, status=413)
        task = asyncio.current_task()
        assert task is not None
        self._begin(task)
        try:
            body = await _whole(receive, announced=announced)
        except asyncio.CancelledError:
            if task in self._since:
                raise
            task.uncancel()
            body = b""
        finally:
            self._end(task)
        if len(body) != announced:
            raise HookRefused(HookFault.MALFORMED, status=400)
        return body

    def _begin(self, task: asyncio.Task[Any]) -> None:
        loop = asyncio.get_running_loop()
        self._since[task] = loop.time()
        if self._timer is None:
            self._timer = loop.call_later(BODY_S, self._let_go, loop)

    def _end(self, task: asyncio.Task[Any]) -> None:
        self._since.pop(task, None)
        if not self._since and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _let_go(self, loop: asyncio.AbstractEventLoop) -> None:
        late = [task for task, since in self._since.items() if since + BODY_S <= loop.time()]
        for task in late:
            del self._since[task]
            task.cancel()
        oldest = next(iter(self._since.values()), None)
        self._timer = None if oldest is None else loop.call_at(oldest + BODY_S, self._let_go, loop)


async def _whole(receive: "Receive", *, announced: int) -> bytes:
    parts, length, more = [], 0, True
    while more and length <= announced:
        message: Any = await receive()
        parts.append(message.get("body", b""))
        length += len(parts[-1])
        more = message.get("more_body", False)
    return b"".join(parts)
