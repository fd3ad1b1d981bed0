"""A full disk: said so, nothing half-written, and on it goes once there is space."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from connector.ports.errors import Action, StoreFull
from connector.store.lock import HOLDER, WriterLock
from connector.store.store import create
from tests.support.stores import sqlite_store, url_of

FILL_UP = """
import json, resource, signal, sys
from pathlib import Path
from connector.ports.crm import RawRecord
from connector.ports.errors import StoreFull
from connector.store.store import open_store
from tests.support.stores import at, key

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = open_store(url=sys.argv[1], directory=Path(sys.argv[2]), command="test")
told = []

def put(number):
    def unit(tx):
        rows = [RawRecord(key=key(f"{number} {n}"), modified_at=at(), fields={"text": "x" * 2000}) for n in range(100)]
        tx.raw.put(rows, seen_at=at())
        tx.cursors.put(connection="crm", source="Lead", cursor=str(number), at=at())
    store.write(unit)

def stands():
    with store.read() as tx:
        return tx.cursors.get(connection="crm", source="Lead"), sum(1 for _ in tx.raw.rows(connection="crm", source="Lead"))

resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, resource.RLIM_INFINITY))
errors = []
number = 0
while len(errors) < 3:
    number += 1
    try:
        put(number)
        last = number
    except StoreFull as error:
        errors.append(str(error))
full = stands()
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
put(last + 1)
print(json.dumps({"errors": errors, "last": last, "full": full, "after": stands()}))
store.close()
"""


def test_a_full_disk_is_told_and_left_behind(tmp_path: Path) -> None:
    directory = tmp_path / "hotlead"
    create(directory)

    done = subprocess.run([sys.executable, "-c", FILL_UP, url_of(directory), str(directory)], capture_output=True, text=True, timeout=120)

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    last = told["last"]
    assert all("nothing was half-written" in error for error in told["errors"])
    assert told["full"] == [str(last), 100 * last]
    assert told["after"] == [str(last + 1), 100 * (last + 1)]
    with sqlite_store(directory) as store, store.read() as tx:
        assert tx.cursors.get(connection="crm", source="Lead") == str(last + 1)


def test_a_full_disk_is_worth_another_try() -> None:
    assert StoreFull.action is Action.RETRY


def test_who_cannot_note_that_it_writes_says_so_and_lets_go(tmp_path: Path) -> None:
    note = tmp_path / HOLDER
    note.mkdir()

    with pytest.raises(StoreFull, match="cannot be written to"):
        WriterLock(directory=tmp_path, command="hotlead up")
    note.rmdir()

    WriterLock(directory=tmp_path, command="hotlead up").release()
