"""What connecting leaves in a store, first and again."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from connector.flows.connect import Connected, connect
from connector.ports.crm import Crm, CrmKind, Identity
from connector.ports.store import Store
from connector.store.vault import make_key_file, open_vault
from tests.support.stores import at


class Door:
    """A kind of CRM that lets everybody in and takes itself for production or not."""

    settings = ()

    def __init__(self, *, production: bool) -> None:
        self._production = production

    def open(self, *, connection: str, settings: Mapping[str, str]) -> Crm:
        del connection, settings
        return cast(Crm, self)

    def identity(self) -> Identity:
        return Identity(account="1", name="Acme", user="api", base_currency=None, zone="UTC", production=self._production)

    def close(self) -> None:
        """Nothing is open."""


def connected(store: Store, folder: Path, *, production: bool, told: bool | None) -> Connected:
    make_key_file(folder)
    return connect(
        store=store,
        vault=open_vault(folder),
        crm_name="hubspot",
        kind=cast(CrmKind, Door(production=production)),
        name="ours",
        settings={},
        write_limit=10,
        clock=at,
        production=told,
    )


def test_new_credentials_leave_a_connection_the_test_or_production_one_it_was(store: Store, tmp_path: Path) -> None:
    first = connected(store, tmp_path, production=True, told=False)
    again = connected(store, tmp_path, production=True, told=None)
    told = connected(store, tmp_path, production=False, told=True)
    after = connected(store, tmp_path, production=False, told=None)

    assert [c.connection.production for c in (first, again, told, after)] == [False, False, True, True]
    with store.read() as tx:
        assert tx.connections.get("ours") == after.connection


def test_a_new_connection_is_what_the_crm_says(store: Store, tmp_path: Path) -> None:
    assert not connected(store, tmp_path, production=False, told=None).connection.production
