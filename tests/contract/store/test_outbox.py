"""Scores, ladder states, follow-ups, plans, the journal and parked rows."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from connector.core.qualification import LadderState
from connector.ports.crm import Json, Refusal
from connector.ports.errors import Action, UsageError
from connector.ports.people import FollowUp, ScoreRow
from connector.ports.plans import PlannedChange, PlannedField, PlannedTask, PlanState
from connector.ports.runs import JournalEntry, Parked
from connector.ports.store import Store, Tx
from connector.store.sql_store import SqlStore
from tests.support.stores import at, contact, follow_up, key, move, put_contact, score, state, task


def history(store: SqlStore) -> list[tuple[str, int]]:
    """Grades kept, with the day, oldest first."""
    with store._snapshot() as t:
        rows = t.rows(text("SELECT grade, as_of FROM score_history ORDER BY as_of"))
    return [(row.grade, (row.as_of - 1793610000000000) // 86_400_000_000) for row in rows]


def put_score(store: Store, row: ScoreRow) -> None:
    store.write(lambda tx: tx.scores.put([row]))


def put_follow_up(store: Store, one: FollowUp) -> None:
    store.write(lambda tx: tx.follow_ups.put(one))


def test_a_score_goes_to_history_when_its_grade_changes(store: SqlStore) -> None:
    person = put_contact(store, contact("1"))

    for day, grade in enumerate(["B2", "B2", "A1", "A1", "B2"]):
        put_score(store, score(person, grade=grade, days=day))

    assert history(store) == [("B2", 0), ("A1", 2), ("B2", 4)]
    with store.read() as tx:
        assert tx.scores.current([person, 9], model="default") == {person: score(person, grade="B2", days=4)}
        assert tx.scores.current([person], model="other") == {}


def test_a_kept_score_is_kept_once(store: SqlStore) -> None:
    person = put_contact(store, contact("1"))
    store.write(lambda tx: tx.scores.put([score(person)]))

    store.write(lambda tx: tx.scores.keep([score(person), score(person, days=1)]))
    store.write(lambda tx: tx.scores.keep([score(person, days=1)]))

    assert history(store) == [("B2", 0), ("B2", 1)]


def test_the_hottest_come_by_temperature_grade_and_rank(store: Store) -> None:
    people = [put_contact(store, contact(str(n))) for n in range(7)]
    rows = [
        score(people[0], temperature="cold", grade="A1", rank=99),
        score(people[1], temperature="hot", grade="B1", rank=70),
        score(people[2], temperature="hot", grade="A2", rank=60),
        score(people[3], temperature="hot", grade="B1", rank=80),
        score(people[4], temperature="hot", grade="A1", rank=100, excluded="competitor"),
        score(people[5], temperature="warm", grade="A3", rank=55),
        score(people[6], temperature="hot", grade="B1", rank=70),
    ]
    store.write(lambda tx: tx.scores.put(rows))
    store.write(lambda tx: tx.ladder.put([state(people[2], stage="mql")], moves=[], run=1))

    with store.read() as tx:
        lines = tx.scores.hottest(model="default", limit=6)
        grades = tx.scores.grades(model="default")
    assert [line.person for line in lines] == [people[n] for n in (2, 3, 1, 6, 5, 0)]
    assert (lines[0].stage, lines[0].score, lines[0].name) == ("mql", rows[2], f"Person {people[2]}")
    assert grades == {"A1": 1, "A2": 1, "A3": 1, "B1": 3}


FULL_STATE = LadderState(
    person=1,
    stage="mql",
    stage_since=at(1),
    temperature="hot",
    origin="marketing",
    cycle=2,
    first_mql_at=at(0),
    last_mql_at=at(1),
    disposition="recycled",
    disposition_reason="not now",
    hold_until=at(90),
    cooler_since=at(2),
    muted=("hot", "warm"),
    answered={"demo": at(1)},
    followed_up={"call-hot": at(1)},
    next_action="Call today",
)


def test_a_ladder_state_comes_back_as_it_was_put(store: Store) -> None:
    store.write(lambda tx: tx.ladder.put([FULL_STATE, state(2)], moves=[move(1, days=2), move(1, days=1)], run=7))

    with store.read() as tx:
        assert tx.ladder.get([1, 2, 3]) == {1: FULL_STATE, 2: state(2)}
        assert tx.ladder.moves(1) == (move(1, days=1), move(1, days=2))
        assert tx.ladder.counts() == {"lead": 1, "mql": 1}


def test_a_follow_up_is_open_until_it_is_closed_or_refused(store: Store) -> None:
    planned, made = follow_up(1, "a", state="planned"), follow_up(1, "b")
    for one in (planned, made, follow_up(1, "c", state="closed"), follow_up(2, "d")):
        put_follow_up(store, one)
    refused = replace(follow_up(2, "d"), state="refused", record="", made_at=None)

    store.write(lambda tx: tx.follow_ups.put(refused))

    with store.read() as tx:
        assert tx.follow_ups.open_of([1, 2]) == {1: (planned, made)}
        assert tx.follow_ups.get("d") == refused
        assert tx.follow_ups.get("nix") is None


def test_open_follow_ups_of_a_connection_come_in_batches_and_end_when_they_are_closed(store: Store) -> None:
    elsewhere = replace(follow_up(2, "e"), connection="other")
    states = {"a": "open", "b": "planned", "c": "open", "d": "refused"}
    for one in (elsewhere, *(follow_up(1, name, state=state_) for name, state_ in states.items())):
        put_follow_up(store, one)
    with store.read() as tx:
        assert tx.follow_ups.open_in("crm", after="", limit=1) == ("a",)
        assert tx.follow_ups.open_in("crm", after="a", limit=9) == ("c",)

    store.write(lambda tx: tx.follow_ups.close(["a", "b", "d"]))

    with store.read() as tx:
        assert tx.follow_ups.open_in("crm", after="", limit=9) == ("c",)
        assert tx.follow_ups.open_in("other", after="", limit=9) == ("e",)
        assert tx.follow_ups.get("a") == follow_up(1, "a", state="closed")
        assert tx.follow_ups.get("b") == follow_up(1, "b", state="planned")
        assert tx.follow_ups.get("d") == follow_up(1, "d", state="refused")


def change(seq: int, *, of: str = "1", source: str = "Lead", connection: str = "crm") -> PlannedChange:
    fields = (
        PlannedField(field="Score__c", name="score", before=None, after=70, ours=True),
        PlannedField(field="Tags__c", name="tags", before=["a"], after=["a", "b"], ours=False),
    )
    return PlannedChange(seq=seq, key=key(of, source=source, connection=connection), person=1, person_name="Ann", fields=fields)


def planned_task(seq: int, *, key_: str = "task-1") -> PlannedTask:
    return PlannedTask(seq=seq, task=task(key_), person=1, person_name="Ann", rule="call-hot", trigger="hot")


def make_plan(store: Store) -> int:
    def unit(tx: Tx) -> int:
        plan = tx.plans.create(run=3, at=at())
        hub = change(4, of="7", source="contacts", connection="hub")
        tx.plans.add(plan, changes=[change(1), change(2, of="2")], tasks=[planned_task(1)], states=[FULL_STATE], moves=[move(1)])
        tx.plans.add(plan, changes=[change(3, of="3"), hub], tasks=[planned_task(2, key_="task-2")], states=[state(2)], moves=[])
        tx.plans.close(plan, calls={"crm fields": 1, "hub fields": 1})
        return plan

    return store.write(unit)


def test_a_plan_comes_back_as_it_was_made(store: Store) -> None:
    plan = make_plan(store)

    with store.read() as tx:
        found = tx.plans.get(plan)
        assert found is not None
        assert (found.run, found.created_at, found.closed, found.calls, found.begun_at, found.executed_at) == (
            3,
            at(),
            True,
            {"crm fields": 1, "hub fields": 1},
            None,
            None,
        )
        assert tx.plans.targets(plan) == (("crm", "Lead"), ("hub", "contacts"))
        pending = [PlanState.PENDING]
        assert tx.plans.changes(plan, connection="crm", source="Lead", states=pending, after=1, limit=9) == (
            change(2, of="2"),
            change(3, of="3"),
        )
        assert tx.plans.changes(plan, connection="crm", source="Lead", states=pending, after=0, limit=1) == (change(1),)
        assert tx.plans.changes(plan, connection="nix", source="Lead", states=pending, after=0, limit=9) == ()
        assert tx.plans.tasks(plan, connection="crm", states=pending, after=0, limit=9) == (
            planned_task(1),
            planned_task(2, key_="task-2"),
        )
        assert tx.plans.ladder(plan) == ((FULL_STATE, state(2)), (move(1),))
        assert tx.plans.get(99) is None


def test_a_plans_rows_tell_what_became_of_them(store: Store) -> None:
    plan = make_plan(store)

    def unit(tx: Tx) -> None:
        tx.plans.set_changes(plan, [1, 2], state=PlanState.SENDING)
        tx.plans.set_changes(plan, [2], state=PlanState.LEFT_OUT, note="changed since")
        tx.plans.set_tasks(plan, [1], state=PlanState.DONE)

    store.write(unit)

    with store.read() as tx:
        left = tx.plans.changes(plan, connection="crm", source="Lead", states=[PlanState.LEFT_OUT], after=0, limit=9)
        assert left == (replace(change(2, of="2"), state=PlanState.LEFT_OUT, note="changed since"),)
        assert tx.plans.tally(plan) == {
            "crm fields left_out": 1,
            "crm fields pending": 1,
            "crm fields sending": 1,
            "crm tasks done": 1,
            "crm tasks pending": 1,
            "hub fields pending": 1,
        }


def test_a_plan_that_began_and_did_not_end_is_unfinished(store: Store) -> None:
    plan, other = make_plan(store), make_plan(store)
    store.write(lambda tx: tx.plans.begin(plan, run=4, at=at(1)))

    with store.read() as tx:
        assert [(p.id, p.begun_at) for p in tx.plans.unfinished()] == [(plan, at(1))]
    store.write(lambda tx: tx.plans.begin(plan, run=5, at=at(2)))
    store.write(lambda tx: tx.plans.end(plan, at=at(3)))
    with store.read() as tx:
        assert tx.plans.unfinished() == ()
        found = tx.plans.get(plan)
    assert found is not None
    assert found.executed_at == at(3)
    assert other != plan


def begin(store: Store, plan: int) -> None:
    store.write(lambda tx: tx.plans.begin(plan, run=6, at=at(4)))


def test_a_plan_runs_once_and_only_when_it_is_whole(store: Store) -> None:
    plan = make_plan(store)
    store.write(lambda tx: tx.plans.begin(plan, run=4, at=at(1)))
    store.write(lambda tx: tx.plans.end(plan, at=at(2)))
    open_plan = store.write(lambda tx: tx.plans.create(run=5, at=at(3)))

    for wrong in (plan, open_plan, 99):
        with pytest.raises(UsageError, match=str(wrong)):
            begin(store, wrong)
    with pytest.raises(UsageError, match="closed"):
        store.write(lambda tx: tx.plans.add(plan, changes=[change(9)], tasks=[], states=[], moves=[]))


def entry(run: int, of: str, field: str, before: Json, after: Json) -> JournalEntry:
    return JournalEntry(
        run=run,
        key=key(of),
        person=1,
        field=field,
        name="score",
        before=before,
        after=after,
        at=at(run),
        model="default",
        model_version=2,
    )


def test_the_journal_keeps_before_and_after_and_knows_the_last(store: Store) -> None:
    entries = [entry(1, "1", "Score__c", None, 50), entry(1, "1", "Tags__c", ["a"], ["b"]), entry(1, "2", "Score__c", 1, 2)]
    store.write(lambda tx: tx.journal.put(entries))
    store.write(lambda tx: tx.journal.put([entry(2, "1", "Score__c", 50, None)]))

    with store.read() as tx:
        assert tx.journal.of_run(1) == tuple(entries)
        assert tx.journal.of_run(9) == ()
        assert tx.journal.last_written([key("1"), key("3")], fields=("Score__c", "Tags__c")) == {
            (key("1"), "Score__c"): None,
            (key("1"), "Tags__c"): ["b"],
        }


def parked(of: str, what: str, *, tries: int = 1, days: float = 0) -> Parked:
    refusal = Refusal(
        action=Action.FIX_MAPPING,
        code="INVALID",
        message="bad value",
        cause="the picklist",
        mended_by="admin of the mapping",
        field="Score__c",
        survivor=key("9"),
    )
    return Parked(key=key(of), what=what, person=1, refusal=refusal, at=at(days), tries=tries, next_try_at=at(days + 1))


def test_a_parked_row_stays_until_it_is_cleared(store: Store) -> None:
    rows = [parked("1", "fields"), parked("1", "task-1", days=1), parked("2", "fields", days=2)]
    store.write(lambda tx: tx.parked.put(rows))
    store.write(lambda tx: tx.parked.put([parked("1", "fields", tries=2, days=3)]))

    with store.read() as tx:
        assert tx.parked.all(limit=2) == (parked("1", "fields", tries=2, days=3), parked("2", "fields", days=2))
        assert tx.parked.get([key("1")]) == {
            (key("1"), "fields"): parked("1", "fields", tries=2, days=3),
            (key("1"), "task-1"): parked("1", "task-1", days=1),
        }
    store.write(lambda tx: tx.parked.clear([(key("1"), "fields"), (key("8"), "fields")]))
    with store.read() as tx:
        assert tx.parked.count() == 2
        assert list(tx.parked.get([key("1")])) == [(key("1"), "task-1")]


def test_a_row_is_busy_by_the_runs_that_wrote_it_lately(store: Store) -> None:
    entries = [
        entry(1, "1", "Score__c", 1, 2),
        entry(3, "1", "Score__c", 2, 3),
        entry(3, "1", "Tags__c", 1, 2),
        entry(4, "1", "Score__c", 3, 4),
    ]
    store.write(lambda tx: tx.journal.put([*entries, entry(1, "2", "Score__c", 1, 2), entry(4, "3", "Score__c", 1, 2)]))

    with store.read() as tx:
        assert tx.journal.busy([key("1"), key("2"), key("9")], since=at(2)) == {key("1"): 2}
        assert tx.journal.busy([key("1"), key("2"), key("3")], since=at(0)) == {key("1"): 3, key("2"): 1, key("3"): 1}
