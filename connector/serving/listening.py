"""Where a process may listen: asked for before it begins, so that what is in the way is told as an error, with what to do about it."""

import errno
import socket
from contextlib import suppress
from dataclasses import dataclass

from connector.ports.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """How a person names the address and the port to listen on."""

    host: str
    port: str


SERVED = Named(host="--host, HOTLEAD_HOST", port="--port, HOTLEAD_PORT")
ANSWERS_WITHIN_S = 5.0
FIGURES = Named(host="--metrics-host", port="--metrics-port")


def require_free(host: str, port: int, *, named: Named = SERVED) -> int:
    """The port, or a free one for 0. Raises UsageError where nobody may listen there: the server itself would share a port silently."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
            found: int = probe.getsockname()[1]
            return found
    except OSError as err:
        raise UsageError(f"Nobody can listen on {host}:{port}: {err.strerror or err}.", hint=_what_to_do(err, named=named)) from err


def takes_calls(host: str, port: int) -> bool:
    """Whether somebody answers at this address of this machine."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - asks there, and does not listen
    with suppress(OSError), socket.create_connection((reached, port), timeout=ANSWERS_WITHIN_S):
        return True
    return False


def _what_to_do(err: OSError, *, named: Named) -> str:
    if isinstance(err, socket.gaierror) or err.errno == errno.EADDRNOTAVAIL:
        return (
            f"Name an address of this machine ({named.host}): 127.0.0.1 is reached from this machine alone, "
            "0.0.0.0 stands for every address that it has."
        )
    if err.errno == errno.EACCES:
        return f"Name a port from 1024 on ({named.port}); those below are for the system's own services."
    return f"Stop the program that listens there, or name another port ({named.port}) or address ({named.host})."
