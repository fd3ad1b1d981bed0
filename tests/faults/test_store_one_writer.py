"""One process writes: the second is refused, and what would go wrong otherwise cannot be reached."""

import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from connector.ports.errors import StoreBusy, StoreError
from connector.ports.store import Tx
from connector.store.lock import HOLDER
from connector.store.store import create, open_reader, open_store
from tests.support.stores import at, connection, sqlite_store, url_of

HOLD = """
import sys
from pathlib import Path
from connector.store.store import open_store
store = open_store(url=sys.argv[1], directory=Path(sys.argv[2]), command="hotlead pull --all")
print("holding", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    create(tmp_path / "hotlead")
    return tmp_path / "hotlead"


@pytest.fixture
def holder(directory: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the store until it is killed or its standard input ends."""
    command = [sys.executable, "-c", HOLD, url_of(directory), str(directory)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "holding\n"
        yield holder
        holder.kill()


def test_a_second_writing_process_is_told_who_holds_the_store(directory: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(StoreBusy) as told:
        open_store(url=url_of(directory), directory=directory, command="hotlead score")

    assert "hotlead pull --all" in str(told.value)
    assert str(holder.pid) in str(told.value)
    holder.kill()
    holder.wait()
    open_store(url=url_of(directory), directory=directory, command="hotlead score").close()


def test_what_one_that_was_killed_left_behind_is_waited_for(directory: Path, holder: subprocess.Popen[str]) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (directory / HOLDER).write_text(json.dumps({"pid": gone.pid, "command": "hotlead up"}), encoding="utf-8")
    assert holder.stdin is not None
    threading.Timer(1.0, holder.stdin.close).start()

    open_store(url=url_of(directory), directory=directory, command="hotlead up").close()

    assert holder.wait(timeout=20) == 0


def test_a_second_writer_in_the_same_process_is_refused_too(directory: Path) -> None:
    store = open_store(url=url_of(directory), directory=directory, command="first")

    with pytest.raises(StoreBusy, match="first"):
        open_store(url=url_of(directory), directory=directory, command="second")

    store.close()
    open_store(url=url_of(directory), directory=directory, command="third").close()


def test_setting_up_again_beside_a_writer_is_refused(directory: Path) -> None:
    with sqlite_store(directory), pytest.raises(StoreBusy):
        create(directory)


def test_readers_need_no_lock_and_cannot_write(directory: Path) -> None:
    with sqlite_store(directory) as store:
        reader = open_reader(url=url_of(directory), directory=directory)
        store.write(lambda tx: tx.connections.put(connection("crm")))

        with reader.read() as tx:
            assert [c.name for c in tx.connections.all()] == ["crm"]
        with pytest.raises(StoreError, match="reading only"):
            reader.write(lambda tx: tx.connections.put(connection("hub")))
        reader.close()


def test_a_unit_that_reads_first_already_holds_the_write_lock(directory: Path) -> None:
    """Begun deferred, such a unit fails at once when another process commits between its read and its write, whatever the time-out."""

    def unit(tx: Tx) -> str:
        assert tx.connections.all() == ()
        with closing(sqlite3.connect(directory / "hotlead.db", timeout=0, isolation_level=None)) as other:
            try:
                other.execute("INSERT INTO runs VALUES (9, 'pull', 0, NULL, 'running', '{}', '', '')")
                answer = "the other got in between"
            except sqlite3.OperationalError as refused:
                answer = str(refused)
        tx.connections.put(connection("crm"))
        return answer

    with sqlite_store(directory) as store:
        assert store.write(unit) == "database is locked"

        with store.read() as tx:
            assert [c.name for c in tx.connections.all()] == ["crm"]


def test_a_unit_waits_for_a_stranger_that_writes_and_then_goes_on(directory: Path) -> None:
    with sqlite_store(directory) as store:
        stranger = sqlite3.connect(directory / "hotlead.db", isolation_level=None, check_same_thread=False)
        stranger.execute("BEGIN IMMEDIATE")
        release = threading.Timer(0.3, stranger.execute, ["COMMIT"])
        release.start()

        store.write(lambda tx: tx.connections.put(connection("crm")))

        release.join()
        stranger.close()
        with store.read() as tx:
            assert tx.connections.get("crm") is not None


def test_units_of_many_threads_all_stand_each_once(directory: Path) -> None:
    with sqlite_store(directory) as store:
        given: list[int] = []

        def many() -> None:
            for _ in range(25):
                given.append(store.write(lambda tx: tx.runs.start(verb="pull", at=at())))

        threads = [threading.Thread(target=many) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(given) == list(range(1, 201))
        with store.read() as tx:
            assert len(tx.runs.recent(limit=999)) == 200


def test_a_failing_unit_takes_nothing_of_the_others_in_its_commit(directory: Path) -> None:
    """Units that wait while one runs are committed together; each has its savepoint."""
    with sqlite_store(directory) as store:
        running, waiting = threading.Event(), threading.Event()
        told: dict[int, object] = {}

        def slow(tx: Tx) -> None:
            running.set()
            waiting.wait(5)
            tx.cursors.put(connection="crm", source="slow", cursor="1", at=at())

        def one(number: int) -> None:
            def unit(tx: Tx) -> int:
                tx.cursors.put(connection="crm", source=f"source {number}", cursor=str(number), at=at())
                if number % 2:
                    raise ValueError(number)
                return number

            try:
                told[number] = store.write(unit)
            except ValueError as error:
                told[number] = error.args

        threads = [threading.Thread(target=store.write, args=[slow]), *(threading.Thread(target=one, args=[n]) for n in range(6))]
        threads[0].start()
        running.wait(5)
        for thread in threads[1:]:
            thread.start()
        waiting.set()
        for thread in threads:
            thread.join()

        assert told == {0: 0, 1: (1,), 2: 2, 3: (3,), 4: 4, 5: (5,)}
        with store.read() as tx:
            stand = [n for n in range(6) if tx.cursors.get(connection="crm", source=f"source {n}") == str(n)]
            assert tx.cursors.get(connection="crm", source="slow") == "1"
        assert stand == [0, 2, 4]


def test_a_unit_inside_a_unit_is_refused_instead_of_waiting_for_itself(directory: Path) -> None:
    with sqlite_store(directory) as store, pytest.raises(StoreError, match="another unit"):
        store.write(lambda _: store.write(lambda tx: tx.connections.all()))


def test_a_closed_store_takes_no_units(directory: Path) -> None:
    with sqlite_store(directory) as store:
        store.close()

        with pytest.raises(StoreError, match="closed"):
            store.write(lambda tx: tx.connections.all())
