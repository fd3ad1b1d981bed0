"""First-party events that wait for their person."""

from connector.ports.inbox import HeldEvent
from connector.ports.store import Store
from tests.support.stores import at


def event(id_: str, *, visitor: str = "", email: str = "", days: float = 0) -> HeldEvent:
    return HeldEvent(id=id_, visitor=visitor, email=email, at=at(days), text=f'{{"id":"{id_}"}}')


def test_an_event_is_new_once(store: Store) -> None:
    store.write(lambda tx: tx.held_events.seen(["a", "a", "b"], at=at()))

    assert store.write(lambda tx: tx.held_events.is_new(["a", "c", "c", "x" * 5000])) == {"c", "x" * 5000}


def test_events_are_found_by_visitor_or_address_oldest_first(store: Store) -> None:
    held = [event("1", visitor="v", days=3), event("2", email="a@x.com", days=1), event("3", visitor="v", email="a@x.com", days=2)]
    store.write(lambda tx: tx.held_events.put([*held, event("4", email="b@x.com"), event("5")]))

    with store.read() as tx:
        found = tx.held_events.of(visitors=["v", ""], emails=["a@x.com", ""])
        assert (found, tx.held_events.count()) == ((held[1], held[2], held[0]), 5)

    store.write(lambda tx: tx.held_events.release(["1", "2"]))

    with store.read() as tx:
        assert tx.held_events.of(visitors=["v"], emails=["a@x.com"]) == (held[2],)


def test_a_visitor_is_who_they_said_last(store: Store) -> None:
    store.write(lambda tx: tx.held_events.name({"v": "a@x.com", "w": "w@x.com"}, at=at(2)))
    store.write(lambda tx: tx.held_events.name({"v": "b@x.com"}, at=at(3)))
    store.write(lambda tx: tx.held_events.name({"w": "late@x.com"}, at=at(1)))

    with store.read() as tx:
        assert tx.held_events.names(["v", "w", "nobody"]) == {"v": "b@x.com", "w": "w@x.com"}


def test_addresses_come_page_by_page(store: Store) -> None:
    store.write(lambda tx: tx.held_events.put([event(str(n), email=f"{'cab'[n % 3]}@x.com") for n in range(6)] + [event("9", visitor="v")]))

    with store.read() as tx:
        assert tx.held_events.addresses(after="", limit=2) == ("a@x.com", "b@x.com")
        assert tx.held_events.addresses(after="b@x.com", limit=2) == ("c@x.com",)


def test_old_events_and_the_memory_of_them_go(store: Store) -> None:
    store.write(lambda tx: tx.held_events.put([event("1", visitor="v", days=1), event("2", visitor="v", days=3)]))
    store.write(lambda tx: tx.held_events.seen(["1"], at=at(1)))
    store.write(lambda tx: tx.held_events.seen(["2"], at=at(3)))
    store.write(lambda tx: tx.held_events.name({"v": "a@x.com"}, at=at(1)))

    assert store.write(lambda tx: tx.held_events.forget(before=at(2))) == 2

    with store.read() as tx:
        assert [one.id for one in tx.held_events.of(visitors=["v"], emails=[])] == ["2"]
        assert tx.held_events.is_new(["1", "2"]) == {"1"}
        assert tx.held_events.names(["v"]) == {"v": "a@x.com"}
