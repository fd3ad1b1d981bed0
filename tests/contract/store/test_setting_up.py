"""Connections, documents, cursors, raw rows, runs and unknown values."""

from dataclasses import replace

import pytest

from connector.core.records import RecordKey
from connector.ports.connections import LiveStep
from connector.ports.crm import RawRecord
from connector.ports.errors import StoreError, UsageError
from connector.ports.rows import StoredRaw, UnknownValue
from connector.ports.store import Store, Tx
from tests.support.stores import at, connection, key


def test_a_connection_comes_back_as_it_was_put(store: Store) -> None:
    full = replace(
        connection("eu", production=False, account="00D1"),
        settings={"host": "https://eu.example"},
        zone="Asia/Tokyo",
        live=LiveStep.STAGES,
        live_people=("ann@x.com",),
        write_limit=7,
    )

    store.write(lambda tx: tx.connections.put(full))

    with store.read() as tx:
        assert tx.connections.get("eu") == full
        assert [c.name for c in tx.connections.all()] == ["crm", "eu", "hub", "play"]
        assert tx.connections.get("nix") is None


def test_putting_a_connection_again_keeps_its_secrets(store: Store) -> None:
    store.write(lambda tx: tx.connections.put_secrets("crm", b"sealed"))

    store.write(lambda tx: tx.connections.put(replace(connection("crm"), live=LiveStep.FIELDS)))

    with store.read() as tx:
        assert tx.connections.secrets("crm") == b"sealed"
        assert tx.connections.secrets("hub") is None


def test_a_connection_never_becomes_another_accounts(store: Store) -> None:
    store.write(lambda tx: tx.connections.put(connection("crm", account="00D1")))

    with pytest.raises(UsageError, match="00D1"):
        store.write(lambda tx: tx.connections.put(connection("crm", account="00D2")))


def test_secrets_need_their_connection(store: Store) -> None:
    with pytest.raises(UsageError, match="nix"):
        store.write(lambda tx: tx.connections.put_secrets("nix", b"sealed"))


def test_publishing_the_same_text_publishes_nothing(store: Store) -> None:
    def publish(text: str) -> int:
        return store.write(lambda tx: tx.documents.publish(kind="scoring", name="default", text=text, at=at(), note="n"))

    assert [publish("a"), publish("a"), publish("b"), publish("a")] == [1, 1, 2, 3]
    with store.read() as tx:
        versions = tx.documents.versions(kind="scoring", name="default")
        assert [(d.version, d.text, d.current) for d in versions] == [(3, "a", True), (2, "b", False), (1, "a", False)]
        assert tx.documents.version(kind="scoring", name="default", version=2) == versions[1]
        assert tx.documents.current(kind="scoring", name="default") == versions[0]


def test_a_withdrawn_document_is_current_no_longer_and_can_be_published_again(store: Store) -> None:
    def publish(name: str, *, days: float = 0) -> int:
        return store.write(lambda tx: tx.documents.publish(kind="scoring", name=name, text=name, at=at(days)))

    publish("stays")
    publish("goes")
    withdrawal = store.write(lambda tx: tx.documents.withdraw(kind="scoring", name="goes", at=at(1)))

    with store.read() as tx:
        assert tx.documents.current(kind="scoring", name="goes") is None
        assert [d.name for d in tx.documents.all_current(kind="scoring")] == ["stays"]
        assert [(d.version, d.current, d.withdrawn) for d in tx.documents.versions(kind="scoring", name="goes")] == [
            (withdrawal, False, True),
            (1, False, False),
        ]
    assert publish("goes", days=2) == withdrawal + 1
    with store.read() as tx:
        assert [d.name for d in tx.documents.all_current(kind="scoring")] == ["goes", "stays"]


def test_current_documents_are_those_of_one_kind(store: Store) -> None:
    def publish(tx: Tx) -> None:
        for kind, name, text in (("scoring", "b", "1"), ("scoring", "a", "2"), ("fields", "a", "3"), ("scoring", "b", "4")):
            tx.documents.publish(kind=kind, name=name, text=text, at=at())

    store.write(publish)

    with store.read() as tx:
        assert [(d.name, d.version, d.text) for d in tx.documents.all_current(kind="scoring")] == [("a", 1, "2"), ("b", 2, "4")]
        assert tx.documents.current(kind="lifecycle", name="a") is None


def test_a_cursor_is_kept_for_each_source_and_forgotten_by_connection(store: Store) -> None:
    def put(tx: Tx) -> None:
        for name, source in (("crm", "Lead"), ("crm", "Contact"), ("hub", "contacts")):
            tx.cursors.put(connection=name, source=source, cursor=f"{source} 1", at=at())

    store.write(put)
    store.write(lambda tx: tx.cursors.put(connection="crm", source="Lead", cursor="Lead 2", at=at(1)))

    store.write(lambda tx: tx.cursors.clear(connection="hub"))

    with store.read() as tx:
        assert tx.cursors.get(connection="crm", source="Lead") == "Lead 2"
        assert tx.cursors.get(connection="crm", source="Contact") == "Contact 1"
        assert tx.cursors.get(connection="hub", source="contacts") is None
        assert tx.cursors.get(connection="crm", source="nix") is None


def test_a_unit_that_fails_leaves_neither_rows_nor_cursor(store: Store) -> None:
    def unit(tx: Tx) -> None:
        tx.raw.put([RawRecord(key=key("1"), modified_at=at(), fields={"Name": "Ann"})], seen_at=at())
        tx.cursors.put(connection="crm", source="Lead", cursor="1", at=at())
        raise ValueError("the mapping broke")

    with pytest.raises(ValueError, match="the mapping broke"):
        store.write(unit)

    with store.read() as tx:
        assert tx.raw.get([key("1")]) == {}
        assert tx.cursors.get(connection="crm", source="Lead") is None


def test_a_raw_row_is_replaced_whole_and_amended_by_field(store: Store) -> None:
    row = RawRecord(key=key("1"), modified_at=at(), fields={"Name": "Ann", "Score": None, "Tags": ["a", {"b": 1.5}]})
    store.write(lambda tx: tx.raw.put([row], seen_at=at(2)))

    store.write(lambda tx: tx.raw.amend({key("1"): {"Score": 70}}))

    with store.read() as tx:
        assert tx.raw.get([key("1"), key("2")]) == {
            key("1"): StoredRaw(
                fields={"Name": "Ann", "Score": 70, "Tags": ["a", {"b": 1.5}]},
                modified_at=at(),
                deleted=False,
                survivor=None,
                seen_at=at(2),
            )
        }
    merged = RawRecord(key=key("1"), modified_at=at(1), fields={}, deleted=True, survivor=key("2"))
    store.write(lambda tx: tx.raw.put([merged], seen_at=at()))
    with store.read() as tx:
        assert tx.raw.get([key("1")])[key("1")] == StoredRaw(fields={}, modified_at=at(1), deleted=True, survivor=key("2"), seen_at=at())


def test_amending_a_row_that_is_not_stored_makes_none(store: Store) -> None:
    store.write(lambda tx: tx.raw.amend({key("1"): {"Score": 70}}))

    with store.read() as tx:
        assert tx.raw.get([key("1")]) == {}


def test_all_raw_rows_of_a_source_come_once(store: Store) -> None:
    rows = [RawRecord(key=key(f"{n:04}"), modified_at=at(n), fields={"n": n}) for n in range(1203)]
    other = RawRecord(key=key("x", source="Contact"), modified_at=at(), fields={})
    store.write(lambda tx: tx.raw.put([*rows[600:], *rows[:700], other], seen_at=at()))

    with store.read() as tx:
        assert list(tx.raw.rows(connection="crm", source="Lead")) == rows
        assert list(tx.raw.rows(connection="crm", source="nix")) == []


def test_a_run_that_never_ended_is_marked_killed_by_the_next(store: Store) -> None:
    first = store.write(lambda tx: tx.runs.start(verb="pull", at=at()))
    store.write(lambda tx: tx.runs.finish(first, at=at(1), state="done", counts={"rows": 3}, message="ok"))
    killed = store.write(lambda tx: tx.runs.start(verb="score", at=at(2)))
    last = store.write(lambda tx: tx.runs.start(verb="score", at=at(3)))

    with store.read() as tx:
        runs = tx.runs.recent(limit=10)
    assert [(r.id, r.verb, r.state, r.ended_at) for r in runs] == [
        (last, "score", "running", None),
        (killed, "score", "killed", None),
        (first, "pull", "done", at(1)),
    ]
    assert (runs[2].counts, runs[2].message) == ({"rows": 3}, "ok")


def test_unknown_values_are_counted_up(store: Store) -> None:
    def seen(value: str, rows: int) -> UnknownValue:
        return UnknownValue(connection="crm", source="Lead", field="Industry", value=value, rows=rows)

    store.write(lambda tx: tx.unknowns.put([seen("Mining", 2), seen("Whaling", 1)]))
    store.write(lambda tx: tx.unknowns.put([seen("Whaling", 4)]))

    with store.read() as tx:
        assert tx.unknowns.all() == (seen("Whaling", 5), seen("Mining", 2))


def test_unknown_values_of_one_source_are_forgotten_before_its_rows_are_mapped_anew(store: Store) -> None:
    def seen(source: str) -> UnknownValue:
        return UnknownValue(connection="crm", source=source, field="Industry", value="Mining", rows=1)

    store.write(lambda tx: tx.unknowns.put([seen("Lead"), seen("Account")]))

    store.write(lambda tx: tx.unknowns.clear(connection="crm", source="Lead"))
    store.write(lambda tx: tx.unknowns.clear(connection="crm", source="Never seen"))

    with store.read() as tx:
        assert tx.unknowns.all() == (seen("Account"),)


def test_reading_takes_no_writes(store: Store) -> None:
    with pytest.raises(StoreError), store.read() as tx:
        tx.cursors.put(connection="crm", source="Lead", cursor="1", at=at())


def test_a_snapshot_does_not_move(store: Store) -> None:
    with store.read() as tx:
        assert tx.cursors.get(connection="crm", source="Lead") is None
        store.write(lambda inner: inner.cursors.put(connection="crm", source="Lead", cursor="1", at=at()))

        assert tx.cursors.get(connection="crm", source="Lead") is None
    with store.read() as tx:
        assert tx.cursors.get(connection="crm", source="Lead") == "1"


def test_ids_with_any_character_come_back(store: Store) -> None:
    odd = RecordKey("crm", 'Odd "kind"', "id'; -- %_\\ 日本")
    store.write(lambda tx: tx.raw.put([RawRecord(key=odd, modified_at=at(), fields={"日本": "'"})], seen_at=at()))

    with store.read() as tx:
        assert tx.raw.get([odd])[odd].fields == {"日本": "'"}
