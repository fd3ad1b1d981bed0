"""Who can listen where, what is told where nobody can, and whether somebody does."""

import errno
import socket

import pytest

from connector.ports.errors import UsageError
from connector.serving.listening import FIGURES, require_free, takes_calls


def refusal(host: str, port: int) -> UsageError:
    with pytest.raises(UsageError) as refused:
        require_free(host, port)
    return refused.value


def test_a_port_that_is_taken_is_told_with_who_must_make_room() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)

        told = refusal("127.0.0.1", taken.getsockname()[1])

    assert "Address already in use" in str(told)
    assert told.hint.startswith("Stop the program that listens there") and "--port, HOTLEAD_PORT" in told.hint


def test_an_address_of_another_machine_is_told_to_be_none_of_ours() -> None:
    told = refusal("192.0.2.1", 0)  # an address for examples, which no machine has (RFC 5737)

    assert "Stop the program" not in told.hint
    assert told.hint.startswith("Name an address of this machine (--host, HOTLEAD_HOST)")


def test_a_name_that_nobody_knows_is_told_as_an_address_to_correct(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    told = refusal("bogus.invalid", 8686)

    assert str(told) == "Nobody can listen on bogus.invalid:8686: Name or service not known."
    assert told.hint.startswith("Name an address of this machine")


def test_options_are_named_as_the_command_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket, "getaddrinfo", forbidden)

    with pytest.raises(UsageError) as refused:
        require_free("127.0.0.1", 80, named=FIGURES)

    assert refused.value.hint.startswith("Name a port from 1024 on (--metrics-port)")


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_who_listens_takes_calls_and_who_has_ended_does_not(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        while_open = takes_calls(host, port)

    assert (while_open, takes_calls(host, port)) == (True, False)
