"""What the write lanes may still change, and what they have asked a person: kept by itself until it is answered."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from connector.flows.asking import Question, Standing, allowance, ask, open_questions, settle, spend, standing
from connector.ports.connections import Connection
from connector.ports.inbox import Lane
from connector.ports.store import Store, Tx
from tests.support.stores import at

LANES = (Lane.WRITE, Lane.NIGHT)


def connections(store: Store) -> tuple[Connection, ...]:
    with store.read() as tx:
        return tx.connections.all()


def stands(store: Store, *, lane: Lane = Lane.WRITE, days: float) -> Standing:
    with store.read() as tx:
        return standing(tx, lane=lane, connections=tx.connections.all(), now=at(days))


def question(name: str = "crm", *, lane: Lane = Lane.WRITE, until: int = 7) -> Question:
    return Question(connection=name, lane=lane, asked_at=at(1), limit=2000, records=2050, until=until)


@pytest.mark.parametrize(
    ("lane", "hours", "left"), [(Lane.WRITE, 23, 60), (Lane.WRITE, 26, 20), (Lane.NIGHT, 19, 60), (Lane.NIGHT, 22, 20)]
)
def test_portions_of_a_day_count_together_and_a_night_by_itself(store: Store, lane: Lane, hours: int, left: int) -> None:
    for rows in ({"crm": 10, "hub": 1}, {"crm": 30}):
        store.write(partial(spend, lane=lane, rows=rows, now=at(1)))
    later = at(1) + timedelta(hours=hours)

    store.write(partial(spend, lane=lane, rows={"crm": 20}, now=later))

    with store.read() as tx:
        spent = {one: standing(tx, lane=one, connections=tx.connections.all(), now=later).spent["crm"] for one in LANES}
    assert spent == {one: left if one is lane else 0 for one in LANES}


def test_what_was_written_before_the_clock_was_set_back_still_counts(store: Store) -> None:
    store.write(partial(spend, lane=Lane.WRITE, rows={"crm": 10}, now=at(3)))

    assert stands(store, days=1).spent["crm"] == 10


def test_a_question_outlives_any_number_of_runs_and_holds_for_its_connection_only(store: Store) -> None:
    store.write(partial(ask, questions=[question(), question("hub", lane=Lane.NIGHT, until=0)]))

    def busy(tx: Tx) -> None:
        for _ in range(5):
            tx.runs.finish(tx.runs.start(verb="write-back", at=at(2)), at=at(2), state="done", counts={})

    store.write(busy)

    assert stands(store, days=30).questions == {"crm": question()}
    assert stands(store, days=30).until == 7
    with store.read() as tx:
        assert {q.connection for q in open_questions(tx, connections=tx.connections.all())} == {"crm", "hub"}
    assert "at least 2,050 changed or new records in 'crm' within a day, more than its limit of 2,000" in question().what


def test_an_answer_settles_what_was_asked_there_and_the_count_begins_anew(store: Store) -> None:
    for name in ("crm", "hub"):
        store.write(partial(spend, lane=Lane.WRITE, rows={name: 1990}, now=at(1)))
    store.write(partial(ask, questions=[question(), question("hub")]))

    store.write(partial(settle, connections=["crm", "play"], now=at(2)))

    after = stands(store, days=1.1)
    assert after.questions.keys() == {"hub"}
    assert (after.spent["crm"], after.spent["hub"]) == (0, 1990)


def test_without_a_question_there_is_nothing_to_answer_and_the_count_goes_on(store: Store) -> None:
    store.write(partial(spend, lane=Lane.WRITE, rows={"crm": 1990}, now=at(1)))

    store.write(partial(settle, connections=["crm"], now=at(1)))

    assert stands(store, days=1).spent["crm"] == 1990


@pytest.mark.parametrize("why", ["limit", "document"])
def test_another_limit_or_document_makes_a_question_void_but_keeps_the_count(store: Store, why: str) -> None:
    store.write(partial(spend, lane=Lane.WRITE, rows={"crm": 2000}, now=at(1)))
    store.write(partial(ask, questions=[question()]))
    crm = next(c for c in connections(store) if c.name == "crm")

    def unit(tx: Tx) -> None:
        if why == "limit":
            tx.connections.put(replace(crm, write_limit=3000))
        else:
            tx.documents.publish(kind="scoring", name="new", text="x", at=at(1.5))

    store.write(unit)

    assert stands(store, days=1.6).questions == {}
    assert stands(store, days=1.6).spent["crm"] == 2000
    with store.read() as tx:
        assert allowance(tx, connection="crm", lane=Lane.WRITE).question is not None, "only a person's answer takes it away"
