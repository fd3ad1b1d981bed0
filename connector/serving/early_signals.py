"""A worker that is asked to end before its loop runs ends all the same.

A signal that comes between the setting of its handler and the loop's first turn is noted by uvloop, which looks at it only when the next
one comes. By then the port may be open already, so somebody may well ask.
"""

import asyncio
import signal


def hear_early_signals(loop: asyncio.AbstractEventLoop) -> None:
    """Has one more signal raised as soon as the loop runs, after which it acts on those of before.

    The signal is SIGURG: nobody else uses it here, and by default it does nothing.
    """
    loop.add_signal_handler(signal.SIGURG, lambda: None)
    loop.call_soon(signal.raise_signal, signal.SIGURG)
