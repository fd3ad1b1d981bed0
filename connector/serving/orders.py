"""Commands given elsewhere, carried out here: the one process that writes takes them over a local socket, under the locks of the jobs."""

import io
import os
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import structlog

from connector.bootstrap import Installation
from connector.flows.stopping import StoppableStore, Stopping
from connector.ports.store import Store
from connector.serving.wire import Order, Wire, forget_path, order_of, path_to_listen
from jobs.embedded import EmbeddedEngine
from jobs.leased import LeaseKeeper

MOST_AT_ONCE = 8
"""Commands under way; another one waits to be heard."""
ENDS_WITHIN_S = 10.0

log = structlog.get_logger()


class Paper(io.TextIOBase):
    """One of the client's two outputs. Once nobody reads it, the command is asked to stop."""

    def __init__(self, wire: Wire, name: str, stopping: Stopping) -> None:
        self._wire = wire
        self._name = name
        self._stopping = stopping

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        try:
            self._wire.send(**{self._name: text})
        except OSError:
            self._stopping.ask("whoever gave the command has gone")
        return len(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What a command gets that runs in here. It shares the installation with the jobs."""

    here: Installation
    engine: EmbeddedEngine
    changed: Callable[[], None]
    """Called once the command has done its work: what was looked up before it may not hold any more."""
    leases: LeaseKeeper
    stopping: Stopping
    order: Order
    out: Paper
    err: Paper
    asked: Callable[[str, bool, str], str]
    """A question, whether its answer is secret, and what stands for no answer → the answer, given where the command was typed."""

    @contextmanager
    def alone(self, locks: Sequence[str]) -> Iterator[Installation]:
        """The installation with nobody else under these locks; waits for jobs that are. Raises Stopped where the wait is cut short."""
        with self.engine.alone(locks, waiting=self.stopping.check), ExitStack() as stack:
            store: Store = self.here.store
            for name in sorted(set(locks)):
                store = replace(stack.enter_context(self.leases.under(name)).store, store=store)
            guarded = StoppableStore(store=store, stopping=self.stopping)
            yield replace(self.here, store=guarded, closing=stack)
        self.changed()
        self.engine.forgive()


class Carrier(Protocol):
    """Carries a command out and gives its exit code; raises nothing."""

    def __call__(self, inside: Inside) -> int: ...


class OrderDesk:
    """Listens on the socket of the data directory; a thread a command."""

    def __init__(
        self, *, here: Installation, engine: EmbeddedEngine, leases: LeaseKeeper, carry: Carrier, changed: Callable[[], None]
    ) -> None:
        self._here = here
        self._engine = engine
        self._leases = leases
        self._carry = carry
        self._changed = changed
        self._directory = here.settings.data_dir.resolve()
        self._socket = _listening(path_to_listen(self._directory))
        self._under_way: dict[threading.Thread, tuple[Wire, Stopping]] = {}
        self._guard = threading.Lock()
        self._places = threading.Semaphore(MOST_AT_ONCE)
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="hotlead-orders", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Takes no more orders, and has those under way end at their next safe point. Repeatable."""
        self._closed = True
        forget_path(self._directory)
        with suppress(OSError):  # nobody is connected
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        with self._guard:
            under_way = dict(self._under_way)
        for _, stopping in under_way.values():
            stopping.ask("hotlead was stopped")
        for thread in under_way:
            thread.join(timeout=ENDS_WITHIN_S)

    def _serve(self) -> None:
        while not self._closed:
            self._places.acquire()
            try:
                connected, _ = self._socket.accept()
            except OSError:
                return
            wire, stopping = Wire(connected), Stopping()
            thread = threading.Thread(target=self._take, args=(wire, stopping), name="hotlead-order", daemon=True)
            with self._guard:
                self._under_way[thread] = (wire, stopping)
            thread.start()

    def _take(self, wire: Wire, stopping: Stopping) -> None:
        try:
            said = wire.receive()
            if said is not None:
                self._carry_out(wire, stopping, order_of(said))
        except ValueError:
            log.warning("an order was not understood")
        except OSError as err:
            log.info("whoever gave an order has gone", error=type(err).__name__)
        finally:
            wire.close()
            with self._guard:
                self._under_way.pop(threading.current_thread(), None)
            self._places.release()

    def _carry_out(self, wire: Wire, stopping: Stopping, order: Order) -> None:
        hearing = _Hearing(wire, stopping)
        hearing.start()
        inside = Inside(
            here=self._here,
            engine=self._engine,
            changed=self._changed,
            leases=self._leases,
            stopping=stopping,
            order=order,
            out=Paper(wire, "out", stopping),
            err=Paper(wire, "err", stopping),
            asked=hearing.ask,
        )
        wire.send(end=self._carry(inside))


class _Hearing:
    """Hears the client: answers to questions, and that it wants to stop or has gone."""

    def __init__(self, wire: Wire, stopping: Stopping) -> None:
        self._wire = wire
        self._stopping = stopping
        self._answered = threading.Condition()
        self._answers: list[str] = []
        self._thread = threading.Thread(target=self._serve, name="hotlead-order-hearing", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ask(self, question: str, secret: bool, default: str) -> str:
        """The answer given at the client's side. Raises Stopped where none will come."""
        self._wire.send(ask={"question": question, "secret": secret, "default": default})
        with self._answered:
            self._answered.wait_for(lambda: bool(self._answers) or self._stopping.is_asked)
            self._stopping.check()
            return self._answers.pop(0)

    def _serve(self) -> None:
        while (said := self._wire.receive()) is not None:
            with self._answered:
                if "answer" in said:
                    self._answers.append(str(said["answer"]))
                elif "stop" in said:
                    self._stopping.ask("by Ctrl-C")
                self._answered.notify_all()
        with self._answered:
            self._stopping.ask("whoever gave the command has gone")
            self._answered.notify_all()


def _listening(path: Path) -> socket.socket:
    """A socket that only this user may open."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listening.bind(str(path))
    finally:
        os.umask(before)
    listening.listen(MOST_AT_ONCE)
    return listening
