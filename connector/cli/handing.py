"""A command given while `hotlead up` holds the data directory: it is carried out there, and seen, asked for and stopped here."""

import signal
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from connector.cli.typed import ask_here
from connector.ports.errors import StoreError
from connector.serving.wire import Order, Wire, as_line, path_to_ask


def hand_over(directory: Path, argv: Sequence[str], *, out: Console, err: Console) -> int | None:
    """The command's exit code, once `hotlead up` has carried it out; None where no `hotlead up` listens in this data directory."""
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connected.connect(str(path_to_ask(directory.resolve())))
    except OSError:
        connected.close()
        return None
    wire = Wire(connected)
    try:
        wire.send(**as_line(_order(argv, out=out, err=err)))
        with _stopping_there(wire):
            return _seen(wire)
    finally:
        wire.close()


def _order(argv: Sequence[str], *, out: Console, err: Console) -> Order:
    return Order(
        argv=tuple(argv),
        folder=str(Path.cwd()),
        columns=out.width,
        out_is_terminal=out.is_terminal,
        err_is_terminal=err.is_terminal,
        colors=out.color_system or "",
        can_ask=sys.stdin.isatty(),
    )


def _seen(wire: Wire) -> int:
    """Passes on what the command says until it ends; its exit code."""
    while (said := wire.receive()) is not None:
        match said:
            case {"out": str(text)}:
                sys.stdout.write(text)
                sys.stdout.flush()
            case {"err": str(text)}:
                sys.stderr.write(text)
                sys.stderr.flush()
            case {"ask": dict() as question}:
                wire.send(answer=_answer(question))
            case {"end": int(code)}:
                return code
    raise StoreError(
        "`hotlead up` ended before the command did.", hint="What it had done stands. Start it again and give the command again."
    )


def _answer(question: Mapping[str, Any]) -> str:
    return ask_here(str(question["question"]), secret=bool(question["secret"]), default=str(question["default"]))


@contextmanager
def _stopping_there(wire: Wire) -> Iterator[None]:
    """A first Ctrl-C stops the command at its next safe point, a second one leaves it at once (it then stops there by itself)."""

    def once(_number: int, _frame: object) -> None:
        signal.signal(signal.SIGINT, before)
        wire.send(stop=True)

    before = signal.signal(signal.SIGINT, once)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
