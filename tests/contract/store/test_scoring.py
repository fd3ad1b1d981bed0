"""What scoring keeps in a store when a model stops or begins to apply to a person."""

import pytest

from connector.core.model import Model
from connector.flows.score import NOT_MEANT, Scored, keep, score_due, score_rows, score_some
from connector.ports.inbox import Lane
from connector.ports.store import Store
from mappings.compile import compile_scoring
from tests.support.stores import at, contact, put_contact

EVERYBODY = """
model: m
label: M
fit:
  groups:
    all: {label: All, rules: [{id: known, label: Known, points: 40, when: {fact: person.name, exists: true}}]}
engagement:
  groups:
    web: {label: Web, rules: [{id: visit, label: Visit, points: 1, kind: page_view}]}
"""
IN_JAPAN = EVERYBODY + "applies_to: {fact: person.country, equals: JP}\n"


def model(text: str, *, version: int) -> Model:
    return compile_scoring(text, file="m", version=version)


def scored(store: Store, text: str, *, version: int, days: float = 1) -> Scored:
    return score_some(store=store, people=[1, 2], models=[model(text, version=version)], now=at(days), clock=lambda: at(days))


def test_who_a_model_no_longer_applies_to_has_no_score_by_it_and_is_on_no_list(store: Store) -> None:
    put_contact(store, contact("1", values={"name": "Ann", "country": "JP"}))
    put_contact(store, contact("2", values={"name": "Bob", "country": "US"}))
    scored(store, EVERYBODY, version=1)

    told = scored(store, IN_JAPAN, version=2)

    assert told == Scored(people=1, changed=2, excluded=0)
    with store.read() as tx:
        current = tx.scores.current([1, 2], model="m")
        assert [line.person for line in tx.scores.hottest(model="m", limit=9)] == [1]
        assert sum(tx.scores.grades(model="m").values()) == 1
    assert {p: (row.excluded, row.total) for p, row in current.items()} == {1: ("", 40), 2: (NOT_MEANT, 0)}


def test_who_a_model_never_applied_to_gets_no_row_and_waits_no_longer(store: Store) -> None:
    put_contact(store, contact("1", values={"name": "Ann", "country": "JP"}))
    put_contact(store, contact("2", values={"name": "Bob", "country": "US"}))
    store.write(lambda tx: tx.marks.put([1, 2], lane=Lane.SCORE, since=at()))

    scored(store, IN_JAPAN, version=1)

    with store.read() as tx:
        assert list(tx.scores.current([1, 2], model="m")) == [1]
        assert tx.marks.next(lane=Lane.SCORE, limit=9) == ()
        assert [mark.person for mark in tx.marks.next(lane=Lane.WRITE, limit=9)] == [1, 2]


def test_a_model_that_applies_again_scores_again(store: Store) -> None:
    put_contact(store, contact("1", values={"name": "Ann", "country": "US"}))
    for version, text in enumerate((EVERYBODY, IN_JAPAN, EVERYBODY), start=1):
        scored(store, text, version=version, days=version)

    with store.read() as tx:
        row = tx.scores.current([1], model="m")[1]
    assert (row.excluded, row.total, row.model_version) == ("", 40, 3)


@pytest.mark.parametrize("had_a_score", [True, False])
def test_scores_that_were_read_before_an_event_do_not_replace_the_score_that_knows_it(store: Store, had_a_score: bool) -> None:
    put_contact(store, contact("1", values={"name": "Ann", "country": "JP"}))
    put_contact(store, contact("2", values={"name": "Bob", "country": "JP"}))
    if had_a_score:
        scored(store, EVERYBODY, version=1)
    models = [model(IN_JAPAN, version=2)]
    with store.read() as tx:
        high = tx.marks.high()
    stale = score_rows(*store.load_people([1, 2], facts=("person.name", "person.country"), since=at()), models=models, now=at(2))
    put_contact(store, contact("1", values={"name": "Ann", "country": "US"}), person=1)
    store.write(lambda tx: tx.marks.put([1], lane=Lane.SCORE, since=at(2)))
    score_due(store=store, models=models, clock=lambda: at(2))

    keep(store=store, rows=stale, high=high, started=at(2))

    with store.read() as tx:
        current = tx.scores.current([1, 2], model="m")
        assert tx.marks.next(lane=Lane.SCORE, limit=9) == ()
    assert {p: row.total for p, row in current.items()} == ({1: 0, 2: 40} if had_a_score else {2: 40})


def test_who_got_an_event_after_the_scores_were_read_keeps_waiting_to_be_scored(store: Store) -> None:
    put_contact(store, contact("1", values={"name": "Ann", "country": "JP"}))
    with store.read() as tx:
        high = tx.marks.high()
    stale = score_rows(*store.load_people([1], facts=("person.name",), since=at()), models=[model(EVERYBODY, version=1)], now=at(2))
    store.write(lambda tx: tx.marks.put([1], lane=Lane.SCORE, since=at(2)))

    keep(store=store, rows=stale, high=high, started=at(2))

    with store.read() as tx:
        assert tx.scores.current([1], model="m")[1].total == 40
        assert [mark.person for mark in tx.marks.next(lane=Lane.SCORE, limit=9)] == [1]
