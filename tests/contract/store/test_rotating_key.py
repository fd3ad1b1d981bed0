"""A new key in the place of the old one: what is sealed with which, who can open it meanwhile, and what a cut-off rotation leaves."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from connector.flows.rotate_key import Rotated, rotate_key
from connector.flows.sealing import seal
from connector.flows.sites import known_sites, make_site, renew_secret
from connector.flows.tokens import StoredTokens, sealed_token
from connector.ports.connections import KeyFile, Vault
from connector.ports.errors import SecretsError
from connector.ports.store import Store, Tx
from connector.ports.tokens import SharedToken
from connector.store.vault import KEY_FILE, FernetVault, OwnKeyFile, key_id, make_key_file, open_vault
from tests.support.jobs import Standing
from tests.support.stores import at

SECRETS = {"client_secret": "s3cret"}
TOKEN = SharedToken(text="access", until=None)


def nobody_else(key: str) -> None:
    """Every process knows it."""


class Office:
    """A store with a connection, a site and a token, whose key is in a file."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.folder = store, folder
        make_key_file(folder)
        self.clock = Standing(at())
        self.tokens = StoredTokens(store=store, vault=self.vault, clock=self.clock)
        store.write(self.seal_crm)
        make_site(store=store, vault=self.vault(), name="www", origins=[], at=at())
        self.tokens.renew("crm", instead_of=None, login=lambda: TOKEN)

    def vault(self) -> Vault:
        return open_vault(self.folder)

    def seal_crm(self, tx: Tx) -> None:
        tx.connections.put_secrets("crm", seal(tx, vault=self.vault(), secrets=SECRETS))

    def keys(self) -> list[str]:
        return [key_id(line) for line in (self.folder / KEY_FILE).read_text().split()]

    def sealed_with(self) -> dict[str, str]:
        with self.store.read() as tx:
            site = tx.sites.get("www")
            assert site is not None
            held = {"crm": tx.connections.secrets("crm") or b"", "www": site.sealed, "token": sealed_token(tx, connection="crm")}
        return {name: sealed.partition(b":")[0].decode() for name, sealed in held.items()}

    def opens_with(self, vault: Vault) -> None:
        """Fails where this vault does not open everything."""
        with self.store.read() as tx:
            assert vault.open(tx.connections.secrets("crm") or b"") == SECRETS
        assert len(known_sites(store=self.store, vault=vault)) == 1
        assert StoredTokens(store=self.store, vault=lambda: vault, clock=self.clock).get("crm") == TOKEN

    def rotate(
        self,
        *,
        known: Callable[[str], None] = nobody_else,
        file: KeyFile | None = None,
        vault: Callable[[], Vault] | None = None,
        by_file: bool = True,
    ) -> Rotated:
        file = file or (OwnKeyFile(self.folder) if by_file else None)
        return rotate_key(store=self.store, vault=vault or self.vault, file=file, clock=self.clock, known=known)


@pytest.fixture
def office(store: Store, tmp_path: Path) -> Iterator[Office]:
    folder = tmp_path / "keys"
    folder.mkdir()
    yield Office(store, folder)


def test_everything_is_sealed_with_a_new_key_and_the_old_one_is_gone(office: Office) -> None:
    (old,) = office.keys()
    old_vault = FernetVault((office.folder / KEY_FILE).read_text())

    rotated = office.rotate()

    (new,) = office.keys()
    assert new != old
    assert (rotated.key, rotated.others, rotated.went_on) == (new, (old,), False)
    assert (rotated.resealed.connections, rotated.resealed.sites, rotated.resealed.tokens) == (1, 1, 1)
    assert office.sealed_with() == {"crm": new, "www": new, "token": new}
    assert (office.folder / KEY_FILE).stat().st_mode & 0o777 == 0o600
    office.opens_with(office.vault())
    with pytest.raises(SecretsError, match=f"another key \\({new}\\) than is here \\({old}\\)"):
        office.opens_with(old_vault)


def test_nothing_is_sealed_with_the_new_key_before_every_process_knows_it(office: Office) -> None:
    (old,) = office.keys()
    seen: list[tuple[list[str], dict[str, str]]] = []

    def known(key: str) -> None:
        office.store.write(office.seal_crm)  # as another process does meanwhile, which reads the same file
        renew_secret(store=office.store, vault=office.vault(), name="www")
        seen.append((office.keys(), office.sealed_with()))

    rotated = office.rotate(known=known)

    assert seen == [([rotated.key, old], {"crm": old, "www": old, "token": old})]
    assert set(office.sealed_with().values()) == {rotated.key}


def test_where_a_process_does_not_know_it_nothing_changes_and_the_next_try_goes_on_with_the_same_key(office: Office) -> None:
    (old,) = office.keys()

    def lacks(key: str) -> None:
        raise SecretsError("not every process knows it")

    for _ in range(2):
        with pytest.raises(SecretsError, match="not every process"):
            office.rotate(known=lacks)
    new, kept = office.keys()
    assert (kept, office.sealed_with()) == (old, {"crm": old, "www": old, "token": old})

    rotated = office.rotate()

    assert (rotated.key, rotated.others, rotated.went_on) == (new, (old,), True)
    assert office.keys() == [new]


class Cut(Exception):
    """The process is gone."""


class CutFile:
    """A key file that is never reached again once everything is sealed."""

    def __init__(self, folder: Path) -> None:
        self._file = OwnKeyFile(folder)

    def add(self) -> str:
        return self._file.add()

    def keep(self, key: str) -> tuple[str, ...]:
        raise Cut


def test_cut_off_before_the_old_key_is_gone_it_only_goes_the_next_time(office: Office) -> None:
    (old,) = office.keys()
    with pytest.raises(Cut):
        office.rotate(file=CutFile(office.folder))
    new, kept = office.keys()
    assert (kept, set(office.sealed_with().values())) == (old, {new})

    rotated = office.rotate(known=lambda key: pytest.fail("everybody knew it before"))

    assert (rotated.key, rotated.others, office.keys()) == (new, (old,), [new])
    office.opens_with(office.vault())


def test_who_opened_the_key_before_still_opens_and_seals_after_two_rotations(office: Office) -> None:
    early = office.vault()
    office.rotate()
    office.opens_with(early)
    office.rotate()

    office.opens_with(early)
    office.store.write(lambda tx: tx.connections.put_secrets("hub", seal(tx, vault=early, secrets=SECRETS)))

    with office.store.read() as tx:
        assert office.vault().open(tx.connections.secrets("hub") or b"") == SECRETS


def test_keys_given_by_the_settings_are_gone_over_to_in_whatever_order_processes_have_them(office: Office) -> None:
    (old,) = office.keys()
    old_text, new_text = (office.folder / KEY_FILE).read_text().strip(), Fernet.generate_key().decode()
    new = key_id(new_text)
    here, elsewhere = FernetVault(f"{new_text}\n{old_text}"), FernetVault(f"{old_text}\n{new_text}")
    office.store.write(lambda tx: tx.connections.put_secrets("hub", seal(tx, vault=here, secrets=SECRETS)))
    with office.store.read() as tx:
        assert (tx.connections.secrets("hub") or b"").startswith(f"{old}:".encode()), "the new key is first here, but not yet in use"

    rotated = office.rotate(vault=lambda: here, by_file=False)

    assert (rotated.key, rotated.others) == (new, (old,))
    office.opens_with(FernetVault(new_text))
    office.store.write(lambda tx: tx.connections.put_secrets("hub", seal(tx, vault=elsewhere, secrets=SECRETS)))
    with office.store.read() as tx:
        assert FernetVault(new_text).open(tx.connections.secrets("hub") or b"") == SECRETS
    with pytest.raises(SecretsError, match="no new key"):
        office.rotate(vault=lambda: FernetVault(new_text), by_file=False)


def test_what_no_key_opens_is_named_and_stops_nothing_else(office: Office) -> None:
    stranger = FernetVault(Fernet.generate_key().decode())
    office.store.write(lambda tx: tx.connections.put_secrets("hub", stranger.seal(SECRETS)))

    rotated = office.rotate()

    assert rotated.resealed.unreadable == ("connection hub",)
    assert set(office.sealed_with().values()) == {rotated.key}


def test_a_lost_key_is_no_obstacle_to_beginning_anew(office: Office) -> None:
    (office.folder / KEY_FILE).unlink()
    make_key_file(office.folder)

    rotated = office.rotate()

    assert set(rotated.resealed.unreadable) == {"connection crm", "site www"}
    assert office.tokens.get("crm") is None
    assert office.tokens.renew("crm", instead_of=None, login=lambda: TOKEN) == TOKEN
    assert office.sealed_with()["token"] == rotated.key


def test_a_process_that_does_not_know_the_key_in_use_stores_nothing(office: Office) -> None:
    stranger = FernetVault(Fernet.generate_key().decode())

    with pytest.raises(SecretsError, match="another key"):
        office.store.write(partial(seal, vault=stranger, secrets=SECRETS))

    office.clock.move(timedelta(days=1))
    office.opens_with(office.vault())
