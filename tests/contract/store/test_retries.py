"""Parked rows are tried again when their time has come, however many others are due that cannot be tried."""

from dataclasses import replace
from datetime import timedelta

from connector.flows.retries import AT_ONCE, retry_parked
from connector.ports.connections import LiveStep
from connector.ports.crm import Refusal
from connector.ports.errors import Action
from connector.ports.inbox import Lane
from connector.ports.runs import Parked
from connector.ports.store import Store, Tx
from tests.support.stores import at, connection, contact, key, put_contact

REFUSAL = Refusal(action=Action.SKIP_RECORD, code="X", message="no", cause="a rule", mended_by="nobody")


def parked(id_: str, *, due: float, of: str = "crm", what: str = "fields") -> Parked:
    return Parked(key=key(id_, connection=of), what=what, person=1, refusal=REFUSAL, at=at(), tries=1, next_try_at=at(due))


def go_live(store: Store) -> None:
    store.write(lambda tx: tx.connections.put(replace(connection("crm"), live=LiveStep.FIELDS)))


def waiting(store: Store) -> list[int]:
    with store.read() as tx:
        return [one.person for one in tx.marks.next(lane=Lane.WRITE, limit=99)]


def test_rows_of_a_connection_that_is_off_and_rows_that_are_gone_hold_up_nobody(store: Store) -> None:
    go_live(store)
    person = put_contact(store, contact("live"))

    def unit(tx: Tx) -> None:
        tx.parked.put([parked(str(n), due=1, of="hub") for n in range(AT_ONCE)])
        tx.parked.put([parked(str(n), due=1) for n in range(AT_ONCE)])
        tx.parked.put([parked("live", due=2)])

    store.write(unit)

    assert retry_parked(store=store, clock=lambda: at(3)) == AT_ONCE + 1
    assert waiting(store) == [person]


def test_rows_that_are_not_due_yet_wait(store: Store) -> None:
    go_live(store)
    put_contact(store, contact("live"))
    store.write(lambda tx: tx.parked.put([parked("live", due=2)]))

    assert retry_parked(store=store, clock=lambda: at(1)) == 0
    assert waiting(store) == []


def test_rows_parked_before_the_clock_was_set_back_do_not_wait_until_it_is_there_again(store: Store) -> None:
    go_live(store)
    person = put_contact(store, contact("live"))
    store.write(lambda tx: tx.marks.done([person], lane=Lane.WRITE, until=tx.marks.high()))
    store.write(lambda tx: tx.parked.put([parked("live", due=0.1), parked("other", due=0.1, of="hub")]))

    early = retry_parked(store=store, clock=lambda: at() - timedelta(seconds=50))
    set_back = retry_parked(store=store, clock=lambda: at(-0.5))

    assert (early, set_back) == (0, 1), "another machine's clock may be a little behind"
    assert waiting(store) == [person]
    assert [parked("live", due=0.1).is_due(now) for now in (at(-0.5), at(), at(0.1))] == [True, False, True]
