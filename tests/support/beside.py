"""The store of an installation, read beside whoever works on it, in whichever database it is."""

from collections.abc import Iterator
from contextlib import contextmanager

from connector.ports.connections import Connection
from connector.ports.store import Tx
from connector.store.store import open_reader
from tests.support.journeys import Desk
from tests.support.stores import url_of


@contextmanager
def beside(desk: Desk) -> Iterator[Tx]:
    """One snapshot of the desk's store."""
    store = open_reader(url=desk.environment.get("HOTLEAD_DATABASE_URL") or url_of(desk.data), directory=desk.data)
    try:
        with store.read() as tx:
            yield tx
    finally:
        store.close()


def connection_of(desk: Desk, name: str) -> Connection:
    """A connection that is known to be there."""
    with beside(desk) as tx:
        found = tx.connections.get(name)
    assert found is not None, name
    return found
