"""A worker that is asked to end before its loop runs."""

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest
import uvloop

from connector.serving.early_signals import hear_early_signals


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """As a worker has it; closing it puts back what signals do by default."""
    made = uvloop.new_event_loop()
    yield made
    made.close()


async def _ends(asked: asyncio.Event) -> bool:
    try:
        await asyncio.wait_for(asked.wait(), timeout=2)
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize("early", [True, False], ids=["before the loop runs", "while it runs"])
def test_a_signal_to_end_is_acted_upon_whenever_it_comes(loop: asyncio.AbstractEventLoop, early: bool) -> None:
    asked = asyncio.Event()
    hear_early_signals(loop)
    loop.add_signal_handler(signal.SIGTERM, asked.set)

    if early:
        os.kill(os.getpid(), signal.SIGTERM)
    else:
        loop.call_later(0.05, os.kill, os.getpid(), signal.SIGTERM)

    assert loop.run_until_complete(_ends(asked))
