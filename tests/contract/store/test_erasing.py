"""Erasing rows: nothing of them is left, nothing brings them back, and nobody else is touched."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from connector.core.records import DealState, RecordKey
from connector.ports.crm import Json, RawRecord, Refusal
from connector.ports.errors import Action
from connector.ports.hooks import Hint
from connector.ports.inbox import HeldEvent, Lane
from connector.ports.plans import PlannedChange, PlannedField, PlannedTask
from connector.ports.rows import UnknownValue
from connector.ports.runs import JournalEntry, Parked
from connector.ports.store import Store, Tx
from connector.store.schema import METADATA
from connector.store.sql_store import SqlStore
from connector.store.store import DATABASE
from tests.support.stores import (
    activity,
    at,
    attached,
    contact,
    deal,
    follow_up,
    join,
    key,
    move,
    put_contact,
    score,
    sqlite_store,
    state,
    task,
)

ANN, OLD_ANN, BOB = key("ann-row-1"), key("ann-row-0"), key("bob-row-2")
TRACES = ("Zephyrine", "Quillfeather", "zq@", "ann-row", "Oldnamington", "Vexillologist", "call-zephyrine", "visitor-of-z")
"""Texts that occur nowhere but in what is known of her."""


def fill(tx: Tx) -> None:
    """Ann, with a row that was merged into hers, beside Bob, who has the same title; everything that can be known of both."""
    rows = {ANN: "zq@example.com", OLD_ANN: "zq@old.example.com", BOB: "bob@example.com"}
    placed = tx.people.attach([attached(k, -1 if "ann" in k.id else -2, emails=[email]) for k, email in rows.items()], at=at())
    ann, bob = placed[ANN], placed[BOB]
    fields = {"Name": "Zephyrine Quillfeather", "Title": "Vexillologist"}
    tx.raw.put([RawRecord(key=k, modified_at=at(), fields=fields if k != BOB else {"Name": "Bob"}) for k in rows], seen_at=at())
    tx.raw.put([RawRecord(key=key("task-7", source="Task"), modified_at=at(), fields={"Subject": "Call Zephyrine"})], seen_at=at())
    unmapped: dict[str, Json] = {"WhoId": ANN.id, "Subject": "Ask Quillfeather"}
    tx.raw.put([RawRecord(key=key("task-8", source="Task"), modified_at=at(), fields=unmapped)], seen_at=at())
    tx.raw.put([RawRecord(key=key("task-9", source="Task"), modified_at=at(), fields={"WhoId": BOB.id})], seen_at=at())
    for day, name in enumerate(("Oldnamington", "Zephyrine Quillfeather")):
        values = {"name": name, "title": "CEO", "phone": f"+1 {name}", "company.name": f"{name} Ltd"}
        tx.records.put_contacts([contact(ANN.id, values=values, emails=[rows[ANN]], modified=day)], seen_at=at(day))
        tx.records.put_contacts([contact(OLD_ANN.id, values=values, emails=[rows[OLD_ANN]], modified=day)], seen_at=at(day))
    tx.records.put_contacts([contact(OLD_ANN.id, values=values, emails=[rows[OLD_ANN]], modified=2, deleted=True)], seen_at=at(2))
    tx.records.put_contacts([contact(BOB.id, values={"name": "Bob", "title": "CEO"}, emails=[rows[BOB]])], seen_at=at())
    tx.records.put_deals([deal("d1", DealState.OPEN, on_it=[ANN, BOB])], seen_at=at())
    tx.activities.put(
        [(ann, activity("v1", ANN, days=1, path="/hello/zq@example.com")), (bob, activity("v2", BOB, days=1, path="/p"))], seen_at=at(1)
    )
    called = replace(activity("task-7", ANN, days=1, kind="call"), source="Task")
    tx.activities.put([(ann, called)], seen_at=at(1))
    for person, row, name in ((ann, ANN, "zephyrine"), (bob, BOB, "bob")):
        _outcome(tx, person, row, name)
    tx.unknowns.put([UnknownValue(connection="crm", source="Lead", field="Title", value="Vexillologist", rows=2)])
    tx.unknowns.put([UnknownValue(connection="crm", source="Lead", field="Title", value="Tinker", rows=1)])


def _outcome(tx: Tx, person: int, row: RecordKey, name: str) -> None:
    """What came of a person: scores, stage, tasks, plans, journal, parked, marks, hints, held events."""
    shown = "Zephyrine Quillfeather" if name == "zephyrine" else "Bob"
    mail = "zq@example.com" if name == "zephyrine" else "bob@example.com"
    tx.scores.put([score(person)])
    tx.ladder.put([state(person)], moves=[move(person)], run=1)
    told = follow_up(person, f"call-{name}", of=row)
    tx.follow_ups.put(replace(told, task=replace(told.task, subject=f"Call {shown}")))
    tx.journal.put(
        [
            JournalEntry(
                run=1, key=row, person=person, field="Note", name="note", before=None, after=shown, at=at(), model="m", model_version=1
            )
        ]
    )
    refusal = Refusal(code="X", cause="locked", mended_by="an admin", message=f"{shown} is locked", action=Action.SKIP_RECORD)
    tx.parked.put([Parked(key=row, what="fields", person=person, refusal=refusal, at=at(), tries=1, next_try_at=at(1))])
    plan = tx.plans.create(run=1, at=at())
    field = PlannedField(field="Note", name="note", before=None, after=shown, ours=True)
    tx.plans.add(
        plan,
        changes=[PlannedChange(seq=1, key=row, person=person, person_name=shown, fields=(field,))],
        tasks=[PlannedTask(seq=1, task=task(f"call-{name}", of=row), person=person, person_name=shown, rule="r", trigger="t")],
        states=[state(person)],
        moves=[move(person)],
    )
    tx.marks.put([person], lane=Lane.SCORE, since=at())
    tx.marks.put([person], lane=Lane.WRITE, since=at())
    tx.hints.put([Hint(event=f"e-{name}", source="Lead", record=row.id)], connection="crm", arrived_at=at())
    letter = name[0]
    tx.held_events.put([HeldEvent(id=f"h-{letter}", visitor=f"visitor-of-{letter}", email="", at=at(), text=json.dumps({"who": shown}))])
    tx.held_events.put([HeldEvent(id=f"i-{letter}", visitor="", email=mail, at=at(), text=json.dumps({"who": shown}))])
    tx.held_events.name({f"visitor-of-{letter}": mail}, at=at())


def everything(store: SqlStore) -> dict[str, list[str]]:
    """Every row of every table, as text."""
    with store._snapshot() as t:
        return {table.name: sorted(str(tuple(row)) for row in t.rows(table.select())) for table in METADATA.sorted_tables}


def test_nothing_of_an_erased_person_is_left_and_nobody_else_is_touched(store: SqlStore) -> None:
    store.write(fill)
    with store.read() as tx:
        ann, bob = tx.people.of([ANN])[ANN], tx.people.of([BOB])[BOB]
    before = everything(store)
    assert all(any(trace in row for rows in before.values() for row in rows) for trace in TRACES), "the test would prove nothing"

    assert store.write(lambda tx: tx.erase([ANN])) == ()

    after = everything(store)
    assert [(name, row) for name, rows in after.items() for row in rows for trace in TRACES if trace in row] == []
    with store.read() as tx:
        assert (tx.people.count(), tx.people.ids(after=0, limit=9)) == (1, (bob,))
        assert tx.people.load([ann, bob])[0].facts["person.title"] == "CEO", "a word that somebody else has stays"
        assert [a.path for a in tx.activities.of(bob)] == ["/p"]
        assert len(tx.follow_ups.open_of([ann, bob])[bob]) == 1
        assert [(u.value, u.rows) for u in tx.unknowns.all()] == [("Tinker", 1)]
        assert [m.person for m in tx.marks.next(lane=Lane.SCORE, limit=9)] == [bob]
        assert [h.key for h in tx.hints.next(connection="crm", at=at(9), limit=9)] == [BOB]
        assert tx.held_events.count() == 2
        assert {d.key.id for d in tx.people.load([bob])[0].deals} == {"d1"}
    gone = {name: len(before[name]) - len(after[name]) for name in before}
    for name in (
        "scores",
        "score_history",
        "ladder_states",
        "stage_moves",
        "follow_ups",
        "journal",
        "parked",
        "plan_changes",
        "plan_tasks",
    ):
        assert gone[name] == 1, name
    assert gone["plan_ladder"] == 2
    assert gone["raw"] == 4
    assert after["persons"] != before["persons"]
    assert len(after["persons"]) == len(before["persons"]), "no number of a person is used twice"


def test_who_has_another_row_stays_with_what_that_row_says(store: SqlStore) -> None:
    one = put_contact(store, contact("1", values={"name": "Zephyrine"}, emails=["a@x.com"], modified=2))
    other = contact("2", values={"name": "Z. Quill", "title": "CEO"}, emails=["b@x.com"], connection="hub")
    two = put_contact(store, other)
    store.write(lambda tx: tx.people.join([join(one, two)], at=at(1)))
    store.write(lambda tx: tx.scores.put([score(one)]))
    store.write(lambda tx: tx.follow_ups.put(follow_up(one, "t1", of=key("1"))))
    store.write(lambda tx: tx.follow_ups.put(follow_up(one, "t2", of=other.key)))

    assert store.write(lambda tx: tx.erase([key("1")])) == (one,)

    with store.read() as tx:
        (person,) = tx.people.load([one])
        assert (person.facts["person.name"], person.facts["person.email"]) == ("Z. Quill", "b@x.com")
        assert [f.task.key for f in tx.follow_ups.open_of([one])[one]] == ["t2"]
        assert list(tx.scores.current([one], model="default")) == [one]
        assert tx.people.holders(["a@x.com", "b@x.com"], production=True) == {"b@x.com": (one,)}
    assert not any("Zephyrine" in row or "a@x.com" in row for rows in everything(store).values() for row in rows)


def test_erased_rows_are_known_by_a_hash_and_are_not_hinted_at_again(store: SqlStore) -> None:
    put_contact(store, contact("1", values={"name": "Ann"}))
    put_contact(store, contact("2", values={"name": "Bob"}))

    store.write(lambda tx: tx.erase([key("1"), key("never-read")]))

    keys = [key("1"), key("2"), key("never-read"), key("1", connection="hub")]
    with store.read() as tx:
        assert tx.raw.erased(keys) == {key("1"), key("never-read")}
    hints = [Hint(event=f"e{n}", source="Lead", record=row.id) for n, row in enumerate(keys[:3])]
    store.write(lambda tx: tx.hints.put(hints, connection="crm", arrived_at=at()))
    with store.read() as tx:
        assert [h.key for h in tx.hints.next(connection="crm", at=at(9), limit=9)] == [key("2")]
    assert not any("never-read" in row for rows in everything(store).values() for row in rows)


def test_erasing_again_changes_nothing(store: SqlStore) -> None:
    store.write(fill)
    store.write(lambda tx: tx.erase([ANN]))
    before = everything(store)

    assert store.write(lambda tx: tx.erase([ANN])) == ()

    assert everything(store) == before


def test_words_of_erased_people_do_not_move_the_words_of_others(store: SqlStore) -> None:
    people = [put_contact(store, contact(str(n), values={"name": f"Name {n}"})) for n in range(5)]

    store.write(lambda tx: tx.erase([key("1"), key("3")]))
    late = put_contact(store, contact("9", values={"name": "Name 1"}))

    with store.read() as tx:
        names = {p.id: p.facts["person.name"] for p in tx.people.load([*people, late])}
    assert names == {people[0]: "Name 0", people[2]: "Name 2", people[4]: "Name 4", late: "Name 1"}
    found, _ = store.load_people([people[4], late], facts=["person.name"], since=at())
    column = found.facts["person.name"]
    assert [column.words[code] for code in column.codes] == ["Name 4", "Name 1"]


def test_a_company_or_a_deal_can_be_erased_too(store: Store) -> None:
    person = put_contact(store, contact("1", values={"name": "Ann"}))
    store.write(lambda tx: tx.records.put_deals([deal("d1", DealState.OPEN, on_it=[key("1")])], seen_at=at()))

    store.write(lambda tx: tx.erase([key("d1", source="Opportunity")]))

    with store.read() as tx:
        (found,) = tx.people.load([person])
        assert (found.deals, found.facts["deal.open"]) == ((), False)


@pytest.fixture
def many(tmp_path: Path) -> Callable[[], bytes]:
    """A database on disk with others around her; gives all its bytes."""
    directory = tmp_path / "hotlead"
    with sqlite_store(directory) as store:
        for n in range(300):
            if n == 150:
                store.write(fill)
            put_contact(store, contact(f"o{n}", values={"name": f"Somebody {n}", "bio": "x" * (n % 90)}, emails=[f"o{n}@example.com"]))
    return lambda: b"".join((directory / name).read_bytes() for name in (DATABASE, f"{DATABASE}-wal") if (directory / name).exists())


def test_no_byte_of_an_erased_person_is_left_on_the_disk(many: Callable[[], bytes], tmp_path: Path) -> None:
    assert all(trace.encode() in many() for trace in TRACES)

    with sqlite_store(tmp_path / "hotlead") as store:
        store.write(lambda tx: tx.erase([ANN]))
    with sqlite_store(tmp_path / "hotlead") as store, store._snapshot() as t:
        assert t.value(text("PRAGMA integrity_check")) == "ok"

    assert [trace for trace in TRACES if trace.encode() in many()] == []
    assert b"Somebody 299" in many()
    shutil.rmtree(tmp_path / "hotlead")
