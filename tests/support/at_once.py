"""One of several processes that open one installation, wait for the same moment, and then do the same: `python -m tests.support.at_once`.

Arguments: the deed, the connection, how often (0: until a file beside the other one says `over`), and the file whose appearing is the
moment. Prints `ready`, then what came of it as JSON.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

from connector.bootstrap import Installation, opened
from connector.flows.sites import known_sites, renew_secret
from connector.ports.crm import Ask, Crm
from connector.ports.errors import HotleadError
from connector.settings import load_settings

PATIENCE_S = 120
OVER = ".over"


def main(deed: str, connection: str, times: int, moment: Path) -> None:
    came_of_it: Counter[str] = Counter()
    with opened(load_settings(), command="at once", writing=True) as here:
        turn = DEEDS[deed](here, connection)
        _say("ready")
        until = time.monotonic() + PATIENCE_S
        while not moment.exists() and time.monotonic() < until:
            time.sleep(0.005)
        over = moment.with_suffix(OVER)
        for _ in range(times) if times else iter(over.exists, True):
            try:
                turn()
                came_of_it["done"] += 1
            except HotleadError as error:
                came_of_it[f"{type(error).__name__}: {error}"] += 1
    _say(json.dumps(came_of_it))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _ask_who(here: Installation, connection: str) -> Callable[[], object]:
    """Who the users are: calls that go also when the day's quota is nearly used."""
    crm = _crm(here, connection)
    return crm.users


def _page(here: Installation, connection: str) -> Callable[[], object]:
    """The first page of everybody, as a pull reads it."""
    crm = _crm(here, connection)
    return lambda: next(iter(crm.read(Ask(source="contacts", fields=("email",)))), None)


def _search(here: Installation, connection: str) -> Callable[[], object]:
    """A page of what changed lately."""
    crm, since = _crm(here, connection), here.clock() - timedelta(minutes=5)
    return lambda: next(iter(crm.read(Ask(source="contacts", fields=("email",), since=since, since_field="lastmodifieddate"))), None)


def _open_secrets(here: Installation, connection: str) -> Callable[[], object]:
    """Every secret that the store holds is opened, and one is sealed anew, as jobs and commands do."""
    return partial(_open_all, here, connection)


def _open_all(here: Installation, connection: str) -> None:
    if not known_sites(store=here.store, vault=here.vault):
        raise HotleadError("There is no site.")
    _crm(here, connection).close()
    if here.tokens is None or here.tokens.get(connection) is None:
        raise HotleadError("The token was not opened.")
    renew_secret(store=here.store, vault=here.vault, name="www")


def _crm(here: Installation, connection: str) -> Crm:
    (found,) = here.connections([connection])
    return here.open(found)


DEEDS = {"ask": _ask_who, "page": _page, "search": _search, "open": _open_secrets}

if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
