"""PostgreSQL: several processes write to it at once, start at once, and lose it."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import Connection, make_url, text

from connector.ports.crm import RawRecord
from connector.ports.errors import Action, StoreUnreachable
from connector.ports.inbox import Arrived, Lane
from connector.ports.store import Store, Tx
from connector.store.sql_store import SqlStore
from connector.store.store import create, open_store
from tests.support.postgres import PostgresServer, own_postgres
from tests.support.stores import activity, at, attached, contact, key, postgres_database

STARTED_AT_ONCE = 8

START = """
import sys
from pathlib import Path
from connector.store.store import create, open_store
from tests.support.stores import at, contact, put_contact
url, directory, name = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
sys.stdin.readline()
create(directory, url=url)
store = open_store(url=url, directory=directory, command=name)
for n in range(5):
    put_contact(store, contact(f"{name} {n}", values={"name": f"{name} {n % 5}", "city": f"city {n}"}))
    store.write(lambda tx: tx.runs.start(verb=name, at=at()))
store.close()
"""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with own_postgres() as server:
        yield server


@pytest.fixture
def url(server: PostgresServer, tmp_path: Path) -> str:
    return postgres_database(server.url, tmp_path / "hotlead", durable=True)


@pytest.fixture
def two(url: str, tmp_path: Path) -> Iterator[tuple[SqlStore, SqlStore]]:
    """The same database, opened twice for writing, as by two processes."""
    with ExitStack() as closing:
        stores = [open_store(url=url, directory=tmp_path / "hotlead", command=name) for name in ("one", "two")]
        for store in stores:
            closing.callback(store.close)
        yield stores[0], stores[1]


def put_visits(store: Store, name: str, many: int) -> None:
    """Persons with visits to pages that others visit too, a unit each."""
    for n in range(many):

        def unit(tx: Tx, n: int = n) -> None:
            row = key(f"{name}{n}")
            person = tx.people.attach([attached(row)], at=at())[row]
            tx.raw.put([RawRecord(key=row, modified_at=at(), fields={})], seen_at=at())
            tx.records.put_contacts([contact(row.id, values={"name": f"Ann {n}"})], seen_at=at())
            tx.activities.put([(person, activity(f"{name} {n}", row, days=1, path=f"/{n % 7}"))], seen_at=at())
            tx.marks.put([person], lane=Lane.SCORE, since=at())
            tx.inbox.put([Arrived(lane="crm", body=row.id.encode(), at=at())])

        store.write(unit)


def test_two_processes_give_out_every_number_word_and_turn_once(two: tuple[SqlStore, SqlStore]) -> None:
    threads = [threading.Thread(target=put_visits, args=(store, name, 40)) for store, name in zip(two, "ab", strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with two[0].read() as tx:
        marks = tx.marks.next(lane=Lane.SCORE, limit=99)
        assert (tx.people.count(), tx.activities.count(), tx.inbox.waiting()["crm"].waiting) == (80, 80, 80)
        assert (len({m.turn for m in marks}), max(m.turn for m in marks)) == (80, tx.marks.high())
        for name in "ab":
            rows = [key(f"{name}{n}") for n in range(40)]
            people = tx.people.of(rows)
            assert [tx.activities.of(people[row])[0].path for row in rows] == [f"/{n % 7}" for n in range(40)]
            assert [p.facts["person.name"] for p in tx.people.load([people[row] for row in rows])] == [f"Ann {n}" for n in range(40)]


def test_who_wrote_while_another_did_not_look_forgets_what_it_remembers(two: tuple[SqlStore, SqlStore]) -> None:
    one, other = two
    for n, store in enumerate((one, other, one, other, other, one)):
        put_visits(store, f"{n} ", 3)

    with one.read() as tx:
        assert tx.people.count() == 18


def test_eight_processes_that_start_at_once_make_one_database(server: PostgresServer, tmp_path: Path) -> None:
    name = f"hotlead_{uuid4().hex}"
    with psycopg.connect(server.url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
    url = make_url(server.url).set(drivername="postgresql+psycopg", database=name).render_as_string(hide_password=False)
    directory = tmp_path / "hotlead"
    children = [
        subprocess.Popen(
            [sys.executable, "-c", START, url, str(directory), f"w{n}"], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for n in range(STARTED_AT_ONCE)
    ]
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()

    told = [child.communicate(timeout=120)[1] for child in children]

    assert [child.returncode for child in children] == [0] * STARTED_AT_ONCE, told
    store = open_store(url=url, directory=directory, command="after")
    with store.read() as tx:
        assert tx.people.count() == STARTED_AT_ONCE * 5
        assert len({run.id for run in tx.runs.recent(limit=999)}) == STARTED_AT_ONCE * 5
        (found,) = tx.people.find("w3 4", limit=1)
        assert found.name == "w3 4"
    store.close()


def put_body(store: SqlStore, body: bytes, *, patience_s: float | None = None) -> None:
    store.write(lambda tx: tx.inbox.put([Arrived(lane="crm", body=body, at=at())]), patience_s=patience_s)


def bodies(store: SqlStore) -> list[bytes]:
    with store.read() as tx:
        return [body.body for body in tx.inbox.next(lane="crm", limit=9999)]


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_unit_waits_for_a_database_that_comes_back(server: PostgresServer, two: tuple[SqlStore, SqlStore], mode: str) -> None:
    store = two[0]
    put_body(store, b"before")
    server.stop(mode=mode)
    writing = threading.Thread(target=put_body, args=(store, b"meanwhile"))
    writing.start()
    time.sleep(1)
    assert writing.is_alive()

    server.start()
    writing.join(30)

    assert bodies(store) == [b"before", b"meanwhile"]
    put_body(two[1], b"after")
    assert bodies(two[1]) == [b"before", b"meanwhile", b"after"]


def test_a_receiver_is_told_in_time_that_the_database_is_away(server: PostgresServer, two: tuple[SqlStore, SqlStore]) -> None:
    store = two[0]
    put_body(store, b"before")
    server.stop()
    try:
        job = threading.Thread(target=put_body, args=(store, b"a job's"))
        job.start()
        time.sleep(0.2)
        began = time.monotonic()

        with pytest.raises(StoreUnreachable) as told:
            put_body(store, b"a receiver's", patience_s=1)

        assert 0.9 < time.monotonic() - began < 3
        assert (told.value.action, told.value.in_doubt) == (Action.RETRY, False)
        with pytest.raises(StoreUnreachable), store.read() as tx:
            tx.inbox.waiting()
    finally:
        server.start()
    job.join(30)
    assert bodies(store) == [b"before", b"a job's"]


def test_what_was_acknowledged_while_the_database_fell_again_and_again_is_there_once(
    server: PostgresServer, two: tuple[SqlStore, SqlStore]
) -> None:
    acknowledged: list[bytes] = []
    doubtful: list[bytes] = []
    stopping = threading.Event()

    def send(store: SqlStore, name: int) -> None:
        for n in range(100_000):
            if stopping.is_set():
                return
            body = b"%d %d" % (name, n)
            try:
                put_body(store, body)
            except StoreUnreachable as error:
                assert error.in_doubt
                doubtful.append(body)
            else:
                acknowledged.append(body)

    senders = [threading.Thread(target=send, args=(two[n % 2], n)) for n in range(4)]
    for sender in senders:
        sender.start()
    for mode in ("immediate", "fast", "immediate"):
        time.sleep(0.3)
        server.stop(mode=mode)
        server.start()
    time.sleep(0.3)
    stopping.set()
    for sender in senders:
        sender.join(30)

    found = bodies(two[0])
    assert len(acknowledged) > 100
    assert len(found) == len(set(found))
    assert set(acknowledged) <= set(found) <= set(acknowledged) | set(doubtful)


def test_a_writer_that_stops_in_the_middle_of_a_unit_does_not_stop_the_others(url: str, tmp_path: Path) -> None:
    hasty = f"{url}&options=-c%20idle_in_transaction_session_timeout%3D500"
    one = open_store(url=hasty, directory=tmp_path / "hotlead", command="one")
    two = open_store(url=url, directory=tmp_path / "hotlead", command="two")
    go_on = threading.Event()
    tries: list[int] = []

    def stuck(tx: Tx) -> None:
        tx.inbox.put([Arrived(lane="crm", body=b"stuck", at=at())])
        tries.append(len(tries))
        if len(tries) == 1:
            go_on.wait(20)

    thread = threading.Thread(target=one.write, args=[stuck])
    thread.start()
    time.sleep(0.2)

    put_body(two, b"other")
    go_on.set()
    thread.join(20)

    assert (bodies(two), tries) == ([b"other", b"stuck"], [0, 1])
    one.close()
    two.close()


def test_setting_up_again_beside_writers_changes_nothing(two: tuple[SqlStore, SqlStore], url: str, tmp_path: Path) -> None:
    put_body(two[0], b"kept")

    create(tmp_path / "hotlead", url=url)

    assert bodies(two[1]) == [b"kept"]


class Broken(Exception):
    """What an engine of jobs may raise."""


def test_wakes_are_enqueued_in_the_transaction_of_the_units_that_stand(url: str, tmp_path: Path) -> None:
    hiccups: list[str] = []

    def enqueue(connection: Connection, wakes: frozenset[tuple[str, str]]) -> None:
        for job, name in sorted(wakes):
            connection.execute(text("INSERT INTO asked VALUES (:job, :name)"), {"job": job, "name": name})
            if name == "broken" or (name == "hiccup" and not hiccups):
                hiccups.append(name)
                raise Broken

    def unit(tx: Tx, *names: str, cut: bool = False) -> None:
        tx.inbox.put([Arrived(lane="crm", body=names[0].encode(), at=at())])
        for name in names:
            tx.wake("drain", key=name)
        if cut:
            raise Broken

    plain = url.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(plain, autocommit=True) as admin:
        admin.execute("CREATE TABLE asked (job TEXT, name TEXT)")
    store = open_store(url=url, directory=tmp_path / "hotlead", command="test", enqueue=enqueue)

    store.write(lambda tx: unit(tx, "crm", "hub", "crm"))
    with pytest.raises(Broken):
        store.write(lambda tx: unit(tx, "never", cut=True))
    store.write(lambda tx: unit(tx, "hiccup"))
    store.write(lambda tx: unit(tx, "broken"))
    store.write(lambda tx: unit(tx, "last"))

    with psycopg.connect(plain) as admin:
        asked = admin.execute("SELECT name FROM asked ORDER BY name").fetchall()
    assert asked == [("crm",), ("hiccup",), ("hub",), ("last",)]
    assert bodies(store) == [b"crm", b"hiccup", b"broken", b"last"], "a unit stands even where nobody could be woken"
    store.close()
