"""The main process of `hotlead up`: it listens for the end, keeps one worker alive, and holds nothing itself.

granian gives the socket and the worker's process; when to begin one anew, and how to end, is said here.
"""

import asyncio
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.util import Finalize
from typing import Any

import structlog
from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.server.mp import MPServer

from connector.ports.errors import Action, HotleadError
from connector.serving.asked_to_end import hear_the_end
from connector.serving.listening import require_free, takes_calls
from connector.serving.parents import end_with
from connector.settings import Settings

ENDS_WITHIN_S = 25
"""A worker that has not ended by then is killed: its work is state, and the next one finds it."""
ALONE_ENDS_WITHIN_S = ENDS_WITHIN_S + 5
"""The same for a worker whose supervisor is gone, so that it cannot hold the data directory for ever."""
CALM_S = 10.0
"""A worker that lived so long is begun anew at once; one that did not, after a pause."""
LONGEST_PAUSE_S = 30.0
LISTENS_SOON_S = 0.02
LISTENS_WITHIN_S = 10.0
BACKPRESSURE = 512
"""Connections served at once, those among them that proxies keep open; more wait outside the process, so that they cost nothing here."""

HEAD_S = 10.0
"""A connection that sends no whole head of a request for so long is closed, so that it keeps none of these places."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker has opened; what it says is printed."""

    said: Any


@dataclass(frozen=True, slots=True)
class Refused:
    """A worker cannot open, and the next one could not either."""

    message: str
    hint: str
    action: str


FAULTY = Refused(
    message="The worker process ended before it was ready.", hint="The lines above say why; please report them.", action=Action.STOP.value
)
_PASSING = {Action.RETRY.value, Action.WAIT.value}
"""What may be over when the next worker tries."""


class Supervisor(MPServer):
    """granian's supervisor with one worker that is begun anew as often as it dies, unless it says that this is in vain."""

    def __init__(self, *, host: str, port: int) -> None:
        super().__init__(
            target="hotlead",
            address=host,
            port=port,
            interface=Interfaces.ASGINL,
            workers=1,
            loop=Loops.uvloop,
            backpressure=BACKPRESSURE,
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(header_read_timeout=round(HEAD_S * 1000)),
            websockets=False,
            log_enabled=False,
            log_access=False,
            respawn_failed_workers=True,
            workers_kill_timeout=ENDS_WITHIN_S,
        )
        self.refused: Refused | None = None
        self.was_ready = False
        self.ends_with_terminal = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
        """Not under `nohup`."""

    def refuse(self, refused: Refused) -> None:
        """Ends in order, because of this; a worker that comes after another one may find what keeps it from opening gone soon."""
        if self.was_ready and refused.action in _PASSING:
            log.warning("the new worker cannot open yet", message=refused.message)
            return
        self.refused = refused
        self.interrupt_signal = True
        self.main_loop_interrupt.set()

    def signal_handler_interrupt(self, *_: Any, **__: Any) -> None:
        """Asks for the end, once. By a thread: the main one, which is here now, may hold the lock of the very event that is to be set."""
        if not self.interrupt_signal:
            self.interrupt_signal = True
            threading.Thread(target=self.main_loop_interrupt.set, name="hotlead-ending", daemon=True).start()

    def signal_handler_reload(self, *_: Any, **__: Any) -> None:
        """The terminal is gone: there is nothing to load anew here."""
        if self.ends_with_terminal:
            self.signal_handler_interrupt()

    def _serve_loop(self, spawn_target: Callable[..., None], target_loader: Callable[..., Callable[..., Any]]) -> None:
        """Until somebody asks for the end."""
        pause, born = 0.0, time.monotonic()
        while not self.interrupt_signal:
            self.main_loop_interrupt.wait()
            self.main_loop_interrupt.clear()
            if self.interrupt_signal or not self.interrupt_children:
                continue
            if not self.was_ready:
                self.refuse(self.refused or FAULTY)
                continue
            self.interrupt_children.clear()
            log.warning(f"the worker {ended_by(self.wrks[0].inner.exitcode)}; another begins")
            pause = 0.0 if time.monotonic() - born > CALM_S else min(max(0.25, pause * 2), LONGEST_PAUSE_S)
            if pause and self.main_loop_interrupt.wait(pause):
                continue
            born = time.monotonic()
            self._respawn_workers([0], spawn_target, target_loader)

    def shutdown(self, exit_code: int = 0) -> None:
        """A worker that ended by the same signal as this process is no failure."""
        self.interrupt_children.clear()
        super().shutdown(exit_code)  # type: ignore[no-untyped-call]  # granian types some of its methods only


def ended_by(code: int | None) -> str:
    """How a process ended, by its exit code as Python has it: negative for a signal."""
    if code is None:
        return "ended"
    return f"ended by signal {-code}" if code < 0 else f"ended with exit code {code}"


def supervise(settings: Settings, *, opening: Callable[[], Any], told: Callable[[Any], None]) -> None:
    """Serves until SIGTERM or SIGINT. `opening` runs in each worker and gives its parts; `told` hears what a worker says once it is ready.

    Raises UsageError where the address cannot be had, and what a worker raised that cannot open.
    """
    port = require_free(settings.host, settings.port)
    listening, telling = multiprocessing.Pipe(duplex=False)
    server = Supervisor(host=settings.host, port=port)
    hearing = threading.Thread(target=_hear, args=(listening, server, told, settings.host, port), name="hotlead-hearing", daemon=True)
    hearing.start()
    load = partial(_worker, opening, parent=os.getpid(), port=port, telling=telling)
    server.serve(target_loader=load, wrap_loader=False)
    if server.refused is not None:
        error = HotleadError(server.refused.message, hint=server.refused.hint)
        error.action = Action(server.refused.action)
        raise error


def _hear(listening: "Connection[Any, Any]", server: Supervisor, told: Callable[[Any], None], host: str, port: int) -> None:
    while True:
        try:
            said = listening.recv()
        except (EOFError, OSError):
            return
        if isinstance(said, Refused):
            server.refuse(said)
        elif isinstance(said, Ready):
            server.was_ready = True
            # A worker is ready some moments before it listens; whoever is told so should be able to call at once. Not for ever: an address
            # may be closed to this machine itself.
            until = time.monotonic() + LISTENS_WITHIN_S
            while time.monotonic() < until and not takes_calls(host, port) and not listening.poll(LISTENS_SOON_S):
                pass
            told(said.said)


def _worker(opening: Callable[[], Any], *, parent: int, port: int, telling: "Connection[Any, Any]") -> Any:
    """Runs in the worker: its ASGI app. What was opened is closed when the process ends, before it is gone."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a terminal sends it to each; the supervisor decides
    hear_the_end(asyncio.get_event_loop(), within_s=ALONE_ENDS_WITHIN_S)
    end_with(parent)
    try:
        serving = opening()
    except HotleadError as err:
        telling.send(Refused(message=str(err), hint=err.hint, action=err.action.value))
        sys.exit(1)
    Finalize(None, serving.close, exitpriority=100)
    telling.send(Ready(said=serving.said(port)))
    return serving.app
