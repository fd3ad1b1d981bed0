"""How a command and `hotlead up` talk over the local socket: one JSON object a line, in both directions.

Station: shared by `connector.serving.orders`, which serves, and the command line, which asks. The socket lies in the data directory and
only its owner may open it; where that path is too long for a socket, a note beside the database says where it lies instead.
"""

import json
import os
import socket
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SOCKET = "up.sock"
ELSEWHERE = "up.sock.path"
LONGEST_PATH = 100
"""Bytes that the path of a socket may have on every system we know (sun_path)."""
MOST_BYTES = 16 * 1024 * 1024
"""Of one line; a client's lines are small, an answer may hold a whole plan as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One command as it was typed, and where."""

    argv: tuple[str, ...]
    folder: str
    columns: int
    out_is_terminal: bool
    err_is_terminal: bool
    colors: str
    """As rich names a colour system; empty: none."""
    can_ask: bool


class Wire:
    """One connection. Sending is safe from several threads; `receive` from one."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._reader = connected.makefile("rb")
        self._guard = threading.Lock()

    def send(self, **said: Any) -> None:
        """Raises OSError where nobody listens any more."""
        line = json.dumps(said, ensure_ascii=False).encode() + b"\n"
        with self._guard:
            self._socket.sendall(line)

    def receive(self) -> Mapping[str, Any] | None:
        """The next line; None once the other side has gone."""
        try:
            line = self._reader.readline(MOST_BYTES)
        except OSError:
            return None
        if not line.endswith(b"\n"):
            return None
        said = json.loads(line)
        return said if isinstance(said, dict) else None

    def close(self) -> None:
        """Repeatable; wakes whoever receives."""
        with suppress(OSError):  # the other side has gone
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def as_line(order: Order) -> Mapping[str, Any]:
    return {"order": asdict(order)}


def order_of(said: Mapping[str, Any]) -> Order:
    """Raises ValueError where it is none."""
    try:
        order = Order(**said["order"])
    except (KeyError, TypeError) as err:
        raise ValueError("not an order") from err
    return Order(**{**asdict(order), "argv": tuple(order.argv)})


def path_to_listen(directory: Path) -> Path:
    """Where the socket of this data directory is to lie. Where a path in it would be too long, it lies in a folder that a note names."""
    forget_path(directory)
    path = directory / SOCKET
    if len(os.fsencode(path)) <= LONGEST_PATH:
        return path
    path = Path(tempfile.mkdtemp(prefix="hotlead-")) / SOCKET
    (directory / ELSEWHERE).write_text(str(path), encoding="utf-8")
    return path


def forget_path(directory: Path) -> None:
    """Nobody listens any more: the socket goes, and its folder and note where it has them. Also after one that was killed."""
    path = path_to_ask(directory)
    path.unlink(missing_ok=True)
    if path.parent != directory:
        with suppress(OSError):  # somebody cleaned up before us
            path.parent.rmdir()
    (directory / ELSEWHERE).unlink(missing_ok=True)


def path_to_ask(directory: Path) -> Path:
    """Where the socket of this data directory lies, if anybody listens."""
    try:
        noted = Path((directory / ELSEWHERE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return directory / SOCKET
    return noted if noted.name == SOCKET else directory / SOCKET
