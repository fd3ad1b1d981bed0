"""The one writer: which units share a commit."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, text

from connector.store.engine import open_engine
from connector.store.transaction import Transaction
from connector.store.writer import GROUP_ROWS, GROUP_S, Writer


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


def rows(many: int) -> Callable[[Transaction], None]:
    def unit(t: Transaction) -> None:
        t.run(text("INSERT INTO t VALUES (:n)"), [{"n": n} for n in range(many)])

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
        counting.writer.write(lambda t, n=n: t.run(text("INSERT INTO t VALUES (:n)"), [{"n": n}]))  # type: ignore[misc]  # mypy infers no lambda with a default

    assert counting.writer.write(lambda t: [row[0] for row in t.rows(text("SELECT n FROM t ORDER BY rowid"))]) == list(range(50))
