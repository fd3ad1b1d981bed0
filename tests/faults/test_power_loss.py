"""Power loss: whatever a caller was told is stored is stored, wherever in the stream of writes the power goes.

The receiver's own units run on the store's own engine, over a file system that is written down; the tape is then cut at many points. The
same replay must find losses when the engine is told to sync less, else it proves nothing.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import event

from connector.ports.inbox import Arrived
from connector.store.engine import open_engine
from connector.store.person_rows import refresh
from connector.store.store import DATABASE, create, database_url
from connector.store.transaction import Transaction
from connector.store.tx import SqlTx
from connector.store.writer import Writer
from tests.support.fault_tally import as_many, tally
from tests.support.power_loss import Crash, Loss, crashes
from tests.support.recording_vfs import Tape, record
from tests.support.stores import at

POINTS = as_many(quick=1_000, full=12_000)
SENDERS = 8
BODIES = 400


def _stored(database: sqlite3.Connection) -> frozenset[int]:
    """Numbers of the bodies that wait, and of those that were split since."""
    waiting = {int(bytes(body)) for (body,) in database.execute("SELECT body FROM inbox")}
    return frozenset(waiting | {int(name) for (name,) in database.execute("SELECT id FROM hints")})


@pytest.fixture(scope="module")
def tape() -> Iterator[Tape]:
    """One file system for this process; a tape is cut out of its steps."""
    tape = Tape()
    yield tape
    tape.unregister()


def _replayed(tape: Tape, folder: Path, *, synchronous: str = "") -> tuple[Crash, ...]:
    """The receivers' load recorded in a fresh data directory, and what many lost powers leave of it."""
    home, room = folder / "home", folder / "room"
    create(home)
    room.mkdir()
    before = {path.name: path.read_bytes() for path in home.iterdir() if path.name.startswith(DATABASE)}
    start = len(tape.steps)
    _receive(tape, home, synchronous=synchronous)
    steps = tape.steps[start:]
    return tuple(crashes(steps, before=before, many=POINTS, seed=20_261_121, room=room, stored=_stored))


def _receive(tape: Tape, home: Path, *, synchronous: str) -> None:
    engine = open_engine(database_url(home), writable=True)
    record(engine, path=home / DATABASE)
    # Small checkpoints, so that the tape holds many of them and the main file is written too.
    more = ["wal_autocheckpoint=40", *([f"synchronous={synchronous}"] if synchronous else [])]
    event.listen(engine, "connect", lambda connection, _record: [connection.execute(f"PRAGMA {pragma}") for pragma in more])
    writer = Writer(engine=engine, finish=refresh)
    numbers = count(1)

    def send(_sender: int) -> None:
        for number in (next(numbers) for _ in range(BODIES // SENDERS)):
            writer.write(partial(_put, number=number))
            tape.acknowledge(number)

    try:
        with ThreadPoolExecutor(SENDERS) as pool:
            list(pool.map(send, range(SENDERS)))
    finally:
        writer.close()
        engine.dispose()


def _put(t: Transaction, *, number: int) -> None:
    SqlTx(t).inbox.put([Arrived(lane="crm", body=b"%d" % number, at=at())])


def _lossy(seen: Sequence[Crash]) -> list[Crash]:
    return [crash for crash in seen if crash.lost or crash.fault]


def test_what_was_acknowledged_is_stored_wherever_the_power_goes(tape: Tape, tmp_path: Path) -> None:
    seen = _replayed(tape, tmp_path)

    assert len(seen) == POINTS
    assert {crash.loss for crash in seen} == set(Loss)
    assert sum(1 for crash in seen if crash.acknowledged) > POINTS / 2
    tally("P1", "power lost under load, SQLite", injected=len(seen), violations=_lossy(seen))


def test_the_same_replay_catches_a_store_that_syncs_less(tape: Tape, tmp_path: Path) -> None:
    lossy = _lossy(_replayed(tape, tmp_path, synchronous="NORMAL"))

    by_way = Counter(crash.loss for crash in lossy)
    assert by_way[Loss.DROP] > POINTS / 16, by_way
