"""Everybody waits for the night, and what nobody plans any more is forgotten."""

from connector.flows.mark_everybody import mark_everybody
from connector.ports.crm import Refusal
from connector.ports.errors import Action
from connector.ports.inbox import Lane
from connector.ports.runs import Parked
from connector.ports.store import Store
from tests.support.stores import at, contact, key, put_contact

REFUSAL = Refusal(action=Action.SKIP_RECORD, code="NO", message="no", cause="a rule", mended_by="admin of the CRM")


def parked(id_: str) -> Parked:
    return Parked(key=key(id_), what="fields", person=1, refusal=REFUSAL, at=at(), tries=1, next_try_at=at(1))


def test_everybody_with_a_live_row_waits_for_the_night_and_parked_rows_of_nobody_go(store: Store) -> None:
    put_contact(store, contact("1", values={"name": "Ann"}))
    put_contact(store, contact("2", values={"name": "Bob"}, deleted=True))
    put_contact(store, contact("3", values={"name": "Cleo"}))
    store.write(lambda tx: tx.parked.put([parked("1"), parked("2"), parked("never-read")]))

    came_to_the_end = mark_everybody(store=store, now=at(1), going=lambda: True)

    assert came_to_the_end
    with store.read() as tx:
        assert [(m.person, m.since) for m in tx.marks.in_turn(lane=Lane.NIGHT, limit=9)] == [(1, at(1)), (3, at(1))]
        assert tx.marks.next(lane=Lane.WRITE, limit=9) == ()
        assert [one.key for one in tx.parked.all(limit=9)] == [key("1")]


def test_one_that_is_to_stop_says_that_it_did_not_come_to_the_end(store: Store) -> None:
    put_contact(store, contact("1", values={"name": "Ann"}))

    assert not mark_everybody(store=store, now=at(1), going=lambda: False)
