"""A worker is asked to end: before its loop runs, while it runs, again and again, and in vain."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
import uvloop

from connector.serving.asked_to_end import hear_the_end, once_apart

DEAF = """
import signal, time, uvloop
from connector.serving.asked_to_end import hear_the_end, once_apart

loop = uvloop.new_event_loop()
hear_the_end(loop, within_s=1)
loop.add_signal_handler(signal.SIGTERM, time.sleep, 60)
loop.call_soon(signal.raise_signal, signal.SIGTERM)
loop.run_forever()
"""
"""A worker whose server does not come back from being asked."""


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """As a worker has it; closing it puts back what signals do by default."""
    made = uvloop.new_event_loop()
    yield made
    signal.alarm(0)
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
    hear_the_end(loop, within_s=60)
    loop.add_signal_handler(signal.SIGTERM, asked.set)

    if early:
        os.kill(os.getpid(), signal.SIGTERM)
    else:
        loop.call_later(0.05, os.kill, os.getpid(), signal.SIGTERM)

    assert loop.run_until_complete(_ends(asked))


def test_the_server_hears_the_first_of_many_only(loop: asyncio.AbstractEventLoop) -> None:
    heard: list[int] = []
    hear_the_end(loop, within_s=60)
    for sig in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sig, heard.append, sig)

    for number, sig in enumerate((signal.SIGTERM, signal.SIGINT, signal.SIGTERM)):
        loop.call_later(0.02 * number, signal.raise_signal, sig)
    loop.run_until_complete(asyncio.sleep(0.2))

    assert heard == [signal.SIGTERM]


def test_a_process_that_does_not_end_when_asked_is_ended() -> None:
    deaf = subprocess.run([sys.executable, "-c", DEAF], timeout=20, check=False)

    assert deaf.returncode == -signal.SIGALRM


def test_what_is_to_be_done_once_is_done_where_the_main_thread_holds_the_lock_it_needs() -> None:
    lock, done = threading.Lock(), []

    def act() -> None:
        with lock:
            done.append(threading.current_thread().name)

    handle = once_apart(act)
    with lock:
        for _ in range(3):
            handle(signal.SIGTERM, None)
        assert done == []

    ended = [one for one in threading.enumerate() if one.name == "hotlead-ending"]
    for one in ended:
        one.join(timeout=5)
    assert done == ["hotlead-ending"]
