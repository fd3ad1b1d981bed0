"""What the lanes ask of a store beside the lanes themselves: due parked rows, live ids, the newest of the journal, marks above a turn."""

from connector.core.records import RecordKey
from connector.ports.crm import RawRecord, Refusal
from connector.ports.errors import Action
from connector.ports.inbox import Lane
from connector.ports.runs import JournalEntry, Parked
from connector.ports.store import Store
from tests.support.stores import at, contact, key, put_contact

REFUSAL = Refusal(action=Action.SKIP_RECORD, code="X", message="no", cause="a rule", mended_by="nobody")


def entry(id_: str, before: int | None, after: int, *, days: float, field: str = "Score__c", run: int = 1) -> JournalEntry:
    return JournalEntry(
        run=run, key=key(id_), person=1, field=field, name="score", before=before, after=after, at=at(days), model="m", model_version=1
    )


def parked(id_: str, *, due: float, what: str = "fields") -> Parked:
    return Parked(key=key(id_), what=what, person=1, refusal=REFUSAL, at=at(), tries=1, next_try_at=at(due))


def test_parked_rows_are_due_from_their_next_try_on_the_longest_due_first(store: Store) -> None:
    store.write(lambda tx: tx.parked.put([parked("1", due=3), parked("2", due=1), parked("3", due=2)]))

    with store.read() as tx:
        assert [p.key.id for p in tx.parked.due(at=at(2), connections=["crm"], limit=9)] == ["2", "3"]
        assert [p.key.id for p in tx.parked.due(at=at(9), connections=["crm"], limit=2)] == ["2", "3"]
        assert tx.parked.due(at=at(0.5), connections=["crm"], limit=9) == ()
        assert tx.parked.due(at=at(9), connections=["hub"], limit=9) == ()
        assert tx.parked.due(at=at(9), connections=[], limit=9) == ()


def test_due_rows_go_on_after_the_last_one_seen(store: Store) -> None:
    rows = [parked("1", due=2), parked("2", due=1), parked("2", due=1, what="stage"), parked("3", due=1)]
    store.write(lambda tx: tx.parked.put(rows))

    seen, last = [], None
    with store.read() as tx:
        while due := tx.parked.due(at=at(9), connections=["crm"], limit=1, after=last):
            seen.append((due[0].key.id, due[0].what))
            last = due[-1]

    assert seen == [("2", "fields"), ("2", "stage"), ("3", "fields"), ("1", "fields")]


def test_live_ids_leave_out_what_is_deleted_or_taken_over(store: Store) -> None:
    def row(id_: str, *, deleted: bool = False, survivor: RecordKey | None = None, source: str = "Lead") -> RawRecord:
        return RawRecord(key=key(id_, source=source), modified_at=at(), fields={}, deleted=deleted, survivor=survivor)

    rows = [row("5"), row("1"), row("2", deleted=True), row("3", survivor=key("1")), row("4"), row("9", source="Contact")]
    store.write(lambda tx: tx.raw.put(rows, seen_at=at()))

    with store.read() as tx:
        assert tx.raw.live_ids(connection="crm", source="Lead", after="", limit=9) == ("1", "4", "5")
        assert tx.raw.live_ids(connection="crm", source="Lead", after="1", limit=1) == ("4",)
        assert tx.raw.live_ids(connection="crm", source="Task", after="", limit=9) == ()


def test_the_journal_tells_the_newest_of_each_field_and_what_came_since(store: Store) -> None:
    entries = [
        entry("1", None, 10, days=1),
        entry("1", 10, 20, days=2, run=2),
        entry("1", None, 5, days=2, field="Fit__c"),
        entry("2", None, 7, days=3),
    ]
    store.write(lambda tx: tx.journal.put(entries))

    with store.read() as tx:
        last = tx.journal.last([(key("1"), "Score__c"), (key("1"), "Fit__c"), (key("2"), "Fit__c"), (key("3"), "Score__c")])
        since = tx.journal.since([key("1"), key("2")], at=at(2))
    assert {place: one.after for place, one in last.items()} == {(key("1"), "Score__c"): 20, (key("1"), "Fit__c"): 5}
    assert [(one.key.id, one.field, one.after) for one in since] == [("1", "Score__c", 20), ("1", "Fit__c", 5), ("2", "Score__c", 7)]


def test_marks_above_a_turn_are_those_that_came_later(store: Store) -> None:
    first, second = (put_contact(store, contact(id_)) for id_ in ("1", "2"))
    store.write(lambda tx: tx.marks.put([first], lane=Lane.WRITE, since=at(1)))
    with store.read() as tx:
        high = tx.marks.high()
    store.write(lambda tx: tx.marks.put([second], lane=Lane.WRITE, since=at()))

    with store.read() as tx:
        assert [m.person for m in tx.marks.next(lane=Lane.WRITE, limit=9)] == [second, first]
        assert [m.person for m in tx.marks.next(lane=Lane.WRITE, limit=9, above=high)] == [second]
        assert tx.marks.next(lane=Lane.WRITE, limit=9, above=tx.marks.high()) == ()
