"""SIGKILL while units are written: after opening again each unit stands whole or not at all, and none that was told is missing."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from connector.store.store import create
from tests.support.stores import sqlite_store, url_of

WRITE_ON = """
import os, sys, threading
from pathlib import Path
from connector.store.store import open_store
from tests.support.stores import activity, at, attached, connection, contact, key

store = open_store(url=sys.argv[1], directory=Path(sys.argv[2]), command="test")

def unit(tx, number):
    rows = [contact(f"{number} {n}", values={"name": f"Ann {n}"}) for n in range(20)]
    placed = tx.people.attach([attached(row.key, -1 - n) for n, row in enumerate(rows)], at=at())
    tx.records.put_contacts(rows, seen_at=at())
    tx.activities.put([(placed[row.key], activity(row.key.id, row.key, days=1)) for row in rows], seen_at=at())
    tx.cursors.put(connection="crm", source=f"Lead {number}", cursor=str(number), at=at())

def write_on(first):
    for number in range(first, 10**6, 3):
        store.write(lambda tx: unit(tx, number))
        os.write(1, f"{number}\\n".encode())

for first in range(3):
    threading.Thread(target=write_on, args=[first]).start()
"""


@pytest.mark.parametrize("after_s", [0.15, 0.3, 0.55])
def test_units_are_whole_or_not_at_all_after_a_kill(tmp_path: Path, after_s: float) -> None:
    directory = tmp_path / "hotlead"
    create(directory)
    writing = subprocess.Popen([sys.executable, "-c", WRITE_ON, url_of(directory), str(directory)], stdout=subprocess.PIPE, text=True)
    assert writing.stdout is not None
    told = [int(writing.stdout.readline())]
    time.sleep(after_s)
    writing.send_signal(signal.SIGKILL)
    told += [int(line) for line in writing.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    writing.wait()
    writing.stdout.close()

    with sqlite_store(directory) as store, store.read() as tx:
        stand = {n for n in range(max(told) + 10) if tx.cursors.get(connection="crm", source=f"Lead {n}") is not None}
        counts = tx.records.counts()
        assert (counts["crm Lead"], counts["crm Visit"], tx.people.count()) == (20 * len(stand),) * 3
        assert len(tx.people.ids(after=0, limit=10**6)) == 20 * len(stand)
        for number in sorted(stand)[-3:]:
            (line,) = tx.people.find(f"{number} 7")
            assert len(tx.activities.of(line.person)) == 1
    assert set(told) <= stand
    assert len(told) > 1
