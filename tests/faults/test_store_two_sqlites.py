"""ADBC carries a SQLite of its own. Two copies on one file in one process drop each other's locks; ours never meet."""

import json
import subprocess
import sys
from pathlib import Path

from connector.store.store import create
from tests.support.stores import sqlite_store, url_of

WRITE_WHILE_SHARDS_ARE_READ = """
import json, subprocess, sys
from functools import partial
from pathlib import Path
from connector.store.pool import ProcessShardPool
from connector.store.shards import AdbcShards
from connector.store.store import open_store
from tests.support import shard_work
from tests.support.stores import contact, put_contact

PASS_BY = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT count(*) FROM persons').fetchall(); c.close()"

url, directory = sys.argv[1], Path(sys.argv[2])
store = open_store(url=url, directory=directory, command="test")
for number in range(2):
    put_contact(store, contact(f"before {number}"))
    pool = ProcessShardPool(AdbcShards(url), workers=2)
    list(pool.each_shard(shard_work.read, shards=range(4)))
    pool.close()
    subprocess.run([sys.executable, "-c", PASS_BY, str(directory / "hotlead.db")], check=True)
    put_contact(store, contact(f"after {number}"))
COUNT = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('SELECT count(*) FROM contacts').fetchone()[0])"
seen = subprocess.run([sys.executable, "-c", COUNT, str(directory / "hotlead.db")], check=True, capture_output=True, text=True)
print(json.dumps(int(seen.stdout)))
"""

MEET_IN_ONE_PROCESS = """
import sqlite3, subprocess, sys
from adbc_driver_sqlite import dbapi

PASS_BY = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT count(*) FROM t').fetchall(); c.close()"

path = sys.argv[1]
ours = sqlite3.connect(path, isolation_level=None)
ours.execute("PRAGMA journal_mode=WAL")
ours.execute("CREATE TABLE t (n)")
ours.execute("INSERT INTO t VALUES (1)")
theirs = dbapi.connect(path)
with theirs.cursor() as cursor:
    cursor.execute("SELECT n FROM t")
    cursor.fetchall()
theirs.close()
subprocess.run([sys.executable, "-c", PASS_BY, path], check=True)
ours.execute("INSERT INTO t VALUES (2)")
COUNT = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('SELECT count(*) FROM t').fetchone()[0])"
print(subprocess.run([sys.executable, "-c", COUNT, path], check=True, capture_output=True, text=True).stdout)
"""


def test_no_committed_row_vanishes_while_children_read_shards(tmp_path: Path) -> None:
    directory = tmp_path / "hotlead"
    create(directory)

    done = subprocess.run(
        [sys.executable, "-c", WRITE_WHILE_SHARDS_ARE_READ, url_of(directory), str(directory)], capture_output=True, text=True, timeout=120
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == 4
    with sqlite_store(directory) as store, store.read() as tx:
        assert tx.people.count() == 4


def test_the_danger_is_real(tmp_path: Path) -> None:
    """The same steps with both copies in one process lose the row committed last. When this fails, the guard may go."""
    done = subprocess.run([sys.executable, "-c", MEET_IN_ONE_PROCESS, str(tmp_path / "t.db")], capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == 1
