"""Switching receiving on: what an admin pastes, what is kept beside the credentials, and what the receivers find."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from adapters.finder import crm_kinds
from connector.flows.connect import connect, open_crm
from connector.flows.receive import receive
from connector.flows.receiving import Hook, Receiving, clock_skew, find_hook, start_receiving, stop_receiving
from connector.ports.budgets import SharedBudget
from connector.ports.connections import Connection, Vault
from connector.ports.crm import Crm, CrmKind, Identity
from connector.ports.crm import Setting as CrmSetting
from connector.ports.errors import StoreError, UsageError
from connector.ports.hooks import HookKeys
from connector.ports.inbox import SITE, Arrived, StoredBody, Worker
from connector.ports.store import Store
from connector.ports.tokens import TokenShelf
from connector.store.vault import make_key_file, open_vault
from tests.support.stores import at, connection

PUBLIC = "https://hotlead.example.com/in/"


class Door:
    """A kind of CRM that remembers with which settings it was opened; it pushes as the one it is `like`."""

    def __init__(self, *, like: str) -> None:
        self.settings = (CrmSetting(name="token", label="Token", secret=True), CrmSetting(name="region", label="Region"))
        self.hooks = crm_kinds()[like].hooks
        self.opened: list[Mapping[str, str]] = []

    def open(
        self, *, connection: str, settings: Mapping[str, str], tokens: TokenShelf | None = None, budget: SharedBudget | None = None
    ) -> Crm:
        self.opened.append(settings)
        return cast(Crm, self)

    def identity(self) -> Identity:
        return Identity(account="4711", name="Acme", user="api", base_currency=None, zone="UTC", production=True)

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    make_key_file(tmp_path)
    return open_vault(tmp_path)


class Office:
    """One connection and what is done with it."""

    def __init__(self, store: Store, vault: Vault, *, like: str, name: str = "ours") -> None:
        self.store, self.vault, self.like, self.name = store, vault, like, name
        self.kind = Door(like=like)
        self.kinds = cast(Mapping[str, CrmKind], {like: self.kind})

    def connect(self, token: str = "t1", *, vault: Vault | None = None) -> Connection:
        connected = connect(
            store=self.store,
            vault=vault or self.vault,
            crm_name=self.like,
            kind=cast(CrmKind, self.kind),
            name=self.name,
            settings={"token": token, "region": "eu"},
            write_limit=10,
            clock=at,
        )
        return connected.connection

    def start(self, connection: Connection, **more: Any) -> Receiving:
        settings = {"public_url": PUBLIC, **more}
        return start_receiving(store=self.store, vault=self.vault, kind=cast(CrmKind, self.kind), connection=connection, **settings)

    def find(self, name: str = "") -> Hook | None:
        return find_hook(store=self.store, vault=self.vault, kinds=self.kinds, connection=name or self.name)


def test_a_crm_that_cannot_sign_gets_an_address_with_a_secret_that_stays(store: Store, vault: Vault) -> None:
    office = Office(store, vault, like="salesforce", name="EU org 2")
    connection = office.connect()

    first, again = office.start(connection), office.start(connection)
    renewed = office.start(connection, new_path=True)

    hook = office.find()
    assert first == again and not first.signed
    assert first.url.startswith("https://hotlead.example.com/in/hooks/EU%20org%202/")
    assert len(first.url.rpartition("/")[2]) == 43
    assert renewed.url != first.url
    assert hook is not None
    assert (hook.connection, hook.path, hook.keys.accounts) == ("EU org 2", renewed.url.rpartition("/")[2], ("4711",))


def test_a_crm_that_signs_is_known_by_its_secret_which_stays_until_another_is_given(store: Store, vault: Vault) -> None:
    office = Office(store, vault, like="hubspot")
    connection = office.connect()

    first = office.start(connection, secret="app-secret")
    office.start(connection)
    kept = office.find()
    office.start(connection, secret="another")
    changed = office.find()

    assert first == Receiving(connection="ours", url="https://hotlead.example.com/in/hooks/ours", signed=True)
    assert kept is not None and changed is not None
    assert (kept.keys, kept.path) == (HookKeys(secret="app-secret", accounts=("4711",)), "")
    assert changed.keys.secret == "another"


def test_what_is_missing_is_named(store: Store, vault: Vault) -> None:
    office = Office(store, vault, like="hubspot")
    connection = office.connect()

    with pytest.raises(UsageError, match="public address"):
        office.start(connection, public_url="", secret="s")
    with pytest.raises(UsageError, match="the secret it signs with"):
        office.start(connection)

    with pytest.raises(UsageError, match="slash"):
        office.start(replace(connection, name="EU/2"), secret="s")

    assert office.find() is None


@pytest.mark.parametrize("name", ["site", "EU/2", "", " ", "..", "a?b", "a#b", "a\nb"])
def test_a_name_that_no_address_can_carry_is_refused_before_the_crm_is_asked(store: Store, vault: Vault, name: str) -> None:
    office = Office(store, vault, like="hubspot", name=name)

    with pytest.raises(UsageError):
        office.connect()

    assert office.kind.opened == []


@pytest.mark.parametrize("like", ["salesforce", "hubspot"])
def test_connecting_again_keeps_receiving_and_opening_the_crm_leaves_it_out(store: Store, vault: Vault, like: str) -> None:
    office = Office(store, vault, like=like)
    office.start(office.connect(), secret="s")
    before = office.find()

    connection = office.connect("t2")
    open_crm(store=store, vault=vault, kinds=office.kinds, connection=connection)

    assert before is not None and office.find() == before
    assert office.kind.opened[-1] == {"token": "t2", "region": "eu"}


def test_connecting_again_with_a_new_key_recovers_without_receiving(store: Store, vault: Vault, tmp_path: Path) -> None:
    office = Office(store, vault, like="salesforce")
    office.start(office.connect())
    (tmp_path / "new").mkdir()
    make_key_file(tmp_path / "new")
    office.vault = open_vault(tmp_path / "new")

    connection = office.connect("t2")
    open_crm(store=store, vault=office.vault, kinds=office.kinds, connection=connection)

    assert office.find() is None
    assert office.kind.opened[-1] == {"token": "t2", "region": "eu"}


def test_receiving_that_was_switched_off_is_as_if_never_on_and_the_crm_still_opens(store: Store, vault: Vault) -> None:
    office = Office(store, vault, like="salesforce")
    connection = office.connect()
    old = office.start(connection)

    stop_receiving(store=store, vault=vault, connection=connection)
    off = office.find()
    open_crm(store=store, vault=vault, kinds=office.kinds, connection=connection)

    assert off is None
    assert office.kind.opened[-1]["token"] == "t1"
    assert office.start(connection).url != old.url


def test_nobody_is_found_under_a_name_that_is_not_there(store: Store, vault: Vault) -> None:
    office = Office(store, vault, like="salesforce")
    office.start(office.connect())

    assert office.find("nobody") is None
    assert office.find("crm") is None


def test_what_is_kept_of_receiving_is_nowhere_readable(store: Store, vault: Vault) -> None:
    office = Office(store, vault, like="hubspot")
    office.start(office.connect(), secret="app-secret-4711")

    hook = office.find()

    with store.read() as tx:
        assert b"app-secret" not in (tx.connections.secrets("ours") or b"")
    assert "app-secret" not in repr(hook)


def test_bodies_that_come_together_are_kept_together_in_their_order(store: Store) -> None:
    bodies = [Arrived(lane="crm", body=b"1", at=at(1)), Arrived(lane=SITE, body=b"2", at=at(2)), Arrived(lane="crm", body=b"3", at=at(3))]

    receive(store=store, bodies=bodies)

    with store.read() as tx:
        crm: Sequence[StoredBody] = tx.inbox.next(lane="crm", limit=10)
        assert [(b.body, b.at) for b in crm] == [(b"1", at(1)), (b"3", at(3))]
        assert [b.body for b in tx.inbox.next(lane=SITE, limit=10)] == [b"2"]


def test_a_closed_store_keeps_nothing_and_says_so(store: Store) -> None:
    store.close()

    with pytest.raises(StoreError):
        receive(store=store, bodies=[Arrived(lane="crm", body=b"1", at=at(1))])


def test_the_skew_of_a_connection_is_the_one_measured_last_on_this_machine(store: Store) -> None:
    def worker(name: str, *, days: float, **facts: float) -> Worker:
        return Worker(name=name, role="up", started_at=at(), beat_at=at(days), facts={f"{k} clock skew": v for k, v in facts.items()})

    told = (
        worker("m:1:a", days=2, crm=70.0),
        worker("m:2:b", days=1, crm=-5.0, hub=3.0),
        worker("m:3:c", days=3),
        worker("mm:1:d", days=4, crm=0),
    )

    def beat(one: Worker) -> None:
        store.write(lambda tx: tx.workers.beat(one))

    for one in told:
        beat(one)

    assert [clock_skew(store=store, connection=name, machine="m") for name in ("crm", "hub", "play")] == [70.0, 3.0, None]


def test_an_account_that_is_not_known_lets_no_list_stand(store: Store, vault: Vault) -> None:
    office = Office(store, vault, like="hubspot", name="bare")
    bare = connection("bare")
    store.write(lambda tx: tx.connections.put(replace(bare, crm="hubspot")))
    store.write(lambda tx: tx.connections.put_secrets("bare", vault.seal({"hook_secret": "s"})))

    hook = office.find()

    assert hook is not None and hook.keys == HookKeys(secret="s", accounts=())
