"""Processes that share a shelf log in once between them, also after the org has ended their token."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock

import pytest

from adapters.kit.redaction import Secret
from adapters.salesforce.auth import SharedLogin, Token
from adapters.salesforce.settings import read_settings
from connector.ports.errors import CrmAuth
from connector.ports.tokens import SharedToken
from tests.unit.adapters.salesforce.orgs import SETTINGS


class Shelf:
    """Fulfils `TokenShelf` among threads; opaque texts only."""

    def __init__(self) -> None:
        self.held: dict[str, SharedToken] = {}
        self._lock = Lock()

    def get(self, connection: str) -> SharedToken | None:
        return self.held.get(connection)

    def renew(self, connection: str, *, instead_of: SharedToken | None, login: Callable[[], SharedToken]) -> SharedToken:
        with self._lock:
            held = self.held.get(connection)
            if held is None or held == instead_of:
                held = self.held[connection] = login()
            return held


class Door:
    """Gives a new token a login, and counts them."""

    def __init__(self) -> None:
        self.logins = 0

    def __call__(self) -> Token:
        self.logins += 1
        return Token(access=Secret(f"00Dxx!token-{self.logins}"), host="acme.my.salesforce.com", user_id="005x", org_id="00Dx")


def _process(shelf: Shelf, door: Callable[[], Token], **changed: str) -> SharedLogin:
    return SharedLogin(login=door, tokens=shelf, connection="acme", settings=read_settings({**SETTINGS, **changed}))


def test_the_second_process_uses_the_firsts_token() -> None:
    shelf, door = Shelf(), Door()

    first = _process(shelf, door)(instead_of=None)
    second = _process(shelf, door)(instead_of=None)

    assert first == second
    assert second.access.reveal() == "00Dxx!token-1"
    assert (second.host, second.user_id, second.org_id) == ("acme.my.salesforce.com", "005x", "00Dx")
    assert door.logins == 1


def test_of_many_processes_with_an_ended_token_one_logs_in() -> None:
    shelf, door = Shelf(), Door()
    ended = _process(shelf, door)(instead_of=None)
    gate = Barrier(8)

    def again(_: int) -> Token:
        gate.wait()
        return _process(shelf, door)(instead_of=ended)

    with ThreadPoolExecutor(8) as threads:
        renewed = list(threads.map(again, range(8)))

    assert {token.access.reveal() for token in renewed} == {"00Dxx!token-2"}
    assert door.logins == 2


def test_a_token_of_other_settings_is_not_used() -> None:
    shelf, door = Shelf(), Door()
    _process(shelf, door)(instead_of=None)

    other = _process(shelf, door, client_id="another-app")(instead_of=None)

    assert other.access.reveal() == "00Dxx!token-2"
    assert _process(shelf, door, client_id="another-app")(instead_of=None) == other


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", "{", '{"whose": 1, "access": "x"}'])
def test_a_shelf_that_holds_something_else_is_passed_over(text: str) -> None:
    shelf, door = Shelf(), Door()
    shelf.held["acme"] = SharedToken(text=text, until=None)

    assert _process(shelf, door)(instead_of=None).access.reveal() == "00Dxx!token-1"


def test_a_refused_login_leaves_nothing_behind() -> None:
    shelf = Shelf()

    def closed() -> Token:
        raise CrmAuth("no", connection="acme", code="invalid_client")

    with pytest.raises(CrmAuth):
        _process(shelf, closed)(instead_of=None)

    assert shelf.held == {}


def test_a_shelved_token_does_not_show() -> None:
    shelf = Shelf()
    _process(shelf, Door())(instead_of=None)

    assert "token-1" not in repr(shelf.held)
