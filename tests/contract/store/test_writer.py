"""The one writer: which units share a commit."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event, text

from connector.ports.errors import StoreUnreachable
from connector.store import writer
from connector.store.engine import open_engine
from connector.store.transaction import Transaction
from connector.store.writer import GROUP_ROWS, GROUP_S, PATIENCE_S, Writer
from tests.support.processes import free_port


class Counting:
    """A writer on a database with one table, and how many commits it has made."""

    def __init__(self, path: Path) -> None:
        self.commits = 0
        engine = open_engine(f"sqlite:///{path}", writable=True)
        event.listen(engine, "commit", self._count)
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE t (n INTEGER)"))
        self.commits = 0
        self.writer = Writer(engine=engine, finish=lambda _: None)

    def _count(self, _connection: object) -> None:
        self.commits += 1

    def together(self, units: list[Callable[[Transaction], None]]) -> int:
        """Commits for units that all wait while another one runs."""
        running, go = threading.Event(), threading.Event()

        def hold(_: Transaction) -> None:
            running.set()
            go.wait(5)
            time.sleep(GROUP_S)  # so that the waiting ones begin a commit of their own

        threads = [threading.Thread(target=self.writer.write, args=[unit]) for unit in (hold, *units)]
        threads[0].start()
        running.wait(5)
        for thread in threads[1:]:
            thread.start()
        time.sleep(0.1)
        go.set()
        for thread in threads:
            thread.join()
        return self.commits - 1


@pytest.fixture
def counting(tmp_path: Path) -> Iterator[Counting]:
    made = Counting(tmp_path / "t.db")
    yield made
    made.writer.close()


def row(n: int) -> Callable[[Transaction], None]:
    def unit(t: Transaction) -> None:
        t.run(text("INSERT INTO t VALUES (:n)"), [{"n": n}])

    return unit


def rows(many: int) -> Callable[[Transaction], None]:
    def unit(t: Transaction) -> None:
        t.run(text("INSERT INTO t VALUES (:n)"), [{"n": n} for n in range(many)])

    return unit


def holding(running: threading.Event, go: threading.Event) -> Callable[[Transaction], None]:
    def unit(_: Transaction) -> None:
        running.set()
        go.wait(5)

    return unit


def test_units_that_wait_share_a_commit(counting: Counting) -> None:
    assert counting.together([rows(1)] * 20) <= 3


def test_a_commit_takes_no_further_unit_after_its_rows(counting: Counting) -> None:
    assert counting.together([rows(GROUP_ROWS // 2)] * 6) >= 3


def test_a_commit_takes_no_further_unit_after_its_time(counting: Counting) -> None:
    assert counting.together([lambda _: time.sleep(GROUP_S * 1.2)] * 3) == 3


def test_a_unit_alone_is_committed_at_once(counting: Counting) -> None:
    began = time.monotonic()

    counting.writer.write(rows(1))

    assert counting.commits == 1
    assert time.monotonic() - began < 2


def test_units_of_one_thread_keep_their_order(counting: Counting) -> None:
    for n in range(50):
        counting.writer.write(row(n))

    assert counting.writer.write(lambda t: [row[0] for row in t.rows(text("SELECT n FROM t ORDER BY rowid"))]) == list(range(50))


def test_a_unit_that_fails_takes_nothing_of_those_it_waited_with(counting: Counting) -> None:
    told: list[BaseException] = []

    def fails(t: Transaction) -> None:
        t.run(text("INSERT INTO t VALUES (99)"))
        raise ZeroDivisionError

    def write(unit: Callable[[Transaction], None]) -> None:
        try:
            counting.writer.write(unit)
        except ZeroDivisionError as error:
            told.append(error)

    hold, go = threading.Event(), threading.Event()
    threads = [threading.Thread(target=write, args=[unit]) for unit in (holding(hold, go), rows(2), fails, rows(3))]
    threads[0].start()
    hold.wait(5)
    for thread in threads[1:]:
        thread.start()
    time.sleep(0.1)
    go.set()
    for thread in threads:
        thread.join()

    assert len(told) == 1
    assert counting.writer.write(lambda t: sorted(row[0] for row in t.rows(text("SELECT n FROM t")))) == [0, 0, 1, 1, 2]


class Listening:
    """A writer whose wakes are written down, with what of the table was there to be seen then."""

    def __init__(self, path: Path) -> None:
        self.heard: list[tuple[list[tuple[str, str]], int]] = []
        self.engine = open_engine(f"sqlite:///{path}", writable=True)
        with self.engine.begin() as connection:
            connection.execute(text("CREATE TABLE t (n INTEGER)"))
        self._path = path
        self.writer = Writer(engine=self.engine, finish=lambda _: None, on_wake=self._hear)

    def _hear(self, wakes: frozenset[tuple[str, str]]) -> None:
        with closing(sqlite3.connect(self._path)) as other:
            self.heard.append((sorted(wakes), other.execute("SELECT count(*) FROM t").fetchone()[0]))


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Listening]:
    made = Listening(tmp_path / "t.db")
    yield made
    made.writer.close()


def waking(*keys: str, fails: bool = False) -> Callable[[Transaction], None]:
    def unit(t: Transaction) -> None:
        t.run(text("INSERT INTO t VALUES (1)"))
        t.wakes.update(("drain", key) for key in keys)
        if fails:
            raise ZeroDivisionError

    return unit


def test_jobs_are_woken_once_what_they_are_to_see_is_durable(listening: Listening) -> None:
    listening.writer.write(waking("crm", "crm", "hub"))
    listening.writer.write(rows(1))
    listening.writer.write(waking("crm"))
    listening.writer.close()

    assert listening.heard == [([("drain", "crm"), ("drain", "hub")], 1), ([("drain", "crm")], 3)]


def test_a_unit_that_fails_wakes_nobody(listening: Listening) -> None:
    with pytest.raises(ZeroDivisionError):
        listening.writer.write(waking("crm", fails=True))
    listening.writer.close()

    assert listening.heard == []


def test_a_listener_that_fails_does_not_stop_the_writer(tmp_path: Path) -> None:
    heard: list[object] = []

    def hear(wakes: object) -> None:
        heard.append(wakes)
        raise ZeroDivisionError

    engine = open_engine(f"sqlite:///{tmp_path / 't.db'}", writable=True)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (n INTEGER)"))
    writer = Writer(engine=engine, finish=lambda _: None, on_wake=hear)

    writer.write(waking("a"))
    writer.write(waking("b"))
    writer.close()

    assert len(heard) == 2


def test_who_has_no_patience_is_told_so_and_nothing_is_stored(counting: Counting) -> None:
    hold, go = threading.Event(), threading.Event()
    thread = threading.Thread(target=counting.writer.write, args=[holding(hold, go)])
    thread.start()
    hold.wait(5)
    waiting = threading.Thread(target=counting.writer.write, args=[rows(1)])
    waiting.start()
    time.sleep(0.05)

    assert counting.writer.backlog() == 1
    with pytest.raises(StoreUnreachable) as told:
        counting.writer.write(rows(7), patience_s=0.1)

    assert not told.value.in_doubt
    go.set()
    thread.join()
    waiting.join()
    assert counting.writer.write(lambda t: t.value(text("SELECT count(*) FROM t"))) == 1
    assert counting.writer.backlog() == 0


def test_a_process_that_ends_waits_little_for_a_database_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "ENDING_PATIENCE_S", 0.2)
    away = Writer(engine=open_engine(f"postgresql://127.0.0.1:{free_port()}/none", writable=True), finish=lambda _: None)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(away.write, row(1))

        away.end_soon()

        with pytest.raises(StoreUnreachable):
            waiting.result(timeout=PATIENCE_S / 2)
    away.close()


def test_a_process_that_ends_keeps_whatever_a_database_that_answers_takes(counting: Counting) -> None:
    counting.writer.end_soon()

    counting.writer.write(row(1))

    assert counting.writer.write(lambda t: t.value(text("SELECT count(*) FROM t"))) == 1


def test_a_time_out_of_the_unit_itself_is_the_units_own(counting: Counting) -> None:
    def unit(_: Transaction) -> None:
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        counting.writer.write(unit, patience_s=5)
