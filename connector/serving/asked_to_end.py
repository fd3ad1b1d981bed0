"""How a process hears that it is to end: whenever that comes, however often, and never in vain."""

import asyncio
import signal
import threading
from collections.abc import Callable
from typing import Any


def hear_the_end(loop: asyncio.AbstractEventLoop, *, within_s: int) -> None:
    """Prepares a loop, before the server adds its handlers for the signals to end, for what would keep the process for ever.

    A signal that comes before the loop runs is noted by uvloop, which looks at it only when the next one comes; by then the port may be
    open, so somebody may well ask. So one more is raised at the loop's first turn: SIGURG, unused here, which by default does nothing.

    Where several come at once (a parent that dies sends one for each of its threads), granian (2.8.7) waits at the third one for room that
    is never made, and keeps the interpreter's lock. So it hears the first one only.

    And whatever else may hold the process up: `within_s` after the first one, the kernel ends it.
    """
    add, asked = loop.add_signal_handler, False

    def first_only(callback: Callable[..., object], *args: Any) -> None:
        nonlocal asked
        if not asked:
            asked = True
            signal.alarm(within_s)
            callback(*args)

    def add_signal_handler(sig: int, callback: Callable[..., object], *args: Any) -> None:
        add(sig, first_only, callback, *args)

    loop.add_signal_handler = add_signal_handler  # type: ignore[assignment]  # the server is given this loop and calls it by this name
    add(signal.SIGURG, lambda: None)
    loop.call_soon(signal.raise_signal, signal.SIGURG)


def once_apart(act: Callable[[], object]) -> Callable[..., None]:
    """A handler for signals that has `act` done by a thread of its own when the first one comes, and does nothing when others do.

    Handlers run in the main thread wherever it is; one that wants a lock, such as that of an event, might wait for its own thread.
    """
    asked = False

    def handle(*_: object) -> None:
        nonlocal asked
        if not asked:
            asked = True
            threading.Thread(target=act, name="hotlead-ending", daemon=True).start()

    return handle
