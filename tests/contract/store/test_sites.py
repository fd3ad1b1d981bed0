"""Sites whose events are taken."""

from dataclasses import replace

from connector.ports.sites import Site
from connector.ports.store import Store
from tests.support.stores import at

WWW = Site(
    name="www",
    public_key="pk_1",
    origins=("https://www.example.com", "https://example.com"),
    needs_consent=True,
    production=False,
    sealed=b"\x00\xff",
    created_at=at(1),
)
SHOP = replace(WWW, name="shop", public_key="pk_2", origins=(), needs_consent=False, production=True)


def test_a_site_is_kept_whole_and_replaced_whole(store: Store) -> None:
    changed = replace(WWW, origins=("https://new.example.com",), sealed=b"new")
    store.write(lambda tx: tx.sites.put(WWW))
    store.write(lambda tx: tx.sites.put(SHOP))

    with store.read() as tx:
        assert (tx.sites.all(), tx.sites.get("www"), tx.sites.get("nobody")) == ((SHOP, WWW), WWW, None)

    store.write(lambda tx: tx.sites.put(changed))

    with store.read() as tx:
        assert tx.sites.all() == (SHOP, changed)


def test_a_removed_site_is_gone_and_removing_again_does_nothing(store: Store) -> None:
    store.write(lambda tx: tx.sites.put(WWW))

    store.write(lambda tx: tx.sites.remove("www"))
    store.write(lambda tx: tx.sites.remove("www"))

    with store.read() as tx:
        assert tx.sites.all() == ()
