"""A PostgreSQL server of one's own, and `hotlead work` processes on a database of it, ready before anything is timed."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg

from bench.live.installed import settings_of
from bench.live.servers import HOTLEAD, Server, cpu_of, serving
from connector.bootstrap import opened
from jobs.leased import LeaseKeeper
from jobs.queueing import Queue
from jobs.registry import REGISTRY
from tests.support.postgres import own_postgres

PATIENCE_S = 900.0
SETTLED_S = 5.0
"""What a worker does by itself when it starts is over by then."""
LOOKED_EVERY_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A running server and the name of one database on it."""

    server_url: str
    pid: int
    name: str = "postgres"

    @property
    def url(self) -> str:
        return self.server_url.replace("/postgres?", f"/{self.name}?")

    def made(self, name: str, *, template: str = "template1") -> "Database":
        """Another database, made anew."""
        with psycopg.connect(self.server_url, autocommit=True) as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
            admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        return Database(server_url=self.server_url, pid=self.pid, name=name)

    def run(self, sql: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.encode())

    def count(self, sql: str, *given: object) -> int:
        with self.asked() as count:
            return count(sql, *given)

    @contextmanager
    def asked(self) -> Iterator[Callable[..., int]]:
        """Counts over one connection: each that is opened costs the server some 5 ms, and they would be told as those of the work."""
        with psycopg.connect(self.url, autocommit=True) as connection:

            def count(sql: str, *given: object) -> int:
                row = connection.execute(sql.encode(), given).fetchone()
                return int(row[0]) if row else 0

            yield count

    def wake(self, *lanes: tuple[str, str]) -> None:
        """Puts a job for each lane into the queue, as a unit of the store does."""
        queue = Queue(REGISTRY)
        with psycopg.connect(self.url) as connection:
            for job, key in lanes:
                queue.put(connection, job=job, key=key)

    def cpu_s(self) -> float:
        """Of the server's present processes and of those it has waited for."""
        main = psutil.Process(self.pid)
        times = main.cpu_times()
        return float(times.children_user + times.children_system) + cpu_of([main, *main.children()])


@contextmanager
def database_server() -> Iterator[Database]:
    """One that waits for the disk, as an installation's does."""
    with own_postgres(durable=True) as server:
        note = Path(server.url.split("host=")[1]) / "data" / "postmaster.pid"
        postmaster = int(note.read_text(encoding="utf-8").splitlines()[0])
        yield Database(server_url=server.url, pid=postmaster)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What some work took from its wake to its end. Start-up is in none of it."""

    wall_s: float
    cpu_s: float
    """Of the workers and their children."""
    database_cpu_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """Workers that are ready, on one database."""

    database: Database
    servers: Sequence[Server]

    def work(self, *lanes: tuple[str, str], until: Callable[[], bool]) -> Spent:
        """Wakes the lanes and waits until it is so."""
        began, before = time.monotonic(), self._cpu_s()
        self.database.wake(*lanes)
        while not until():
            if time.monotonic() - began > PATIENCE_S:
                raise TimeoutError(f"not done within {PATIENCE_S} s")
            time.sleep(LOOKED_EVERY_S)
        wall_s, after = time.monotonic() - began, self._cpu_s()
        return Spent(wall_s=wall_s, cpu_s=after[0] - before[0], database_cpu_s=after[1] - before[1])

    def _cpu_s(self) -> tuple[float, float]:
        return sum(server.cpu_s() for server in self.servers), self.database.cpu_s()


@contextmanager
def crew(
    database: Database,
    *,
    folder: Path,
    workers: int,
    threads: int,
    held: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Iterator[Crew]:
    """So many `hotlead work` processes at rest, with the key that lies in `folder`. `held`: leases that nobody else gets meanwhile."""
    with ExitStack() as stack:
        here = stack.enter_context(opened(settings_of(folder, database_url=database.url), command="bench", writing=True))
        keeper = LeaseKeeper(store=here.store, clock=here.clock, worker="bench")
        stack.callback(keeper.close)
        for lease in held:
            stack.enter_context(keeper.under(lease))
        set_ = {"HOTLEAD_DATABASE_URL": database.url, "HOTLEAD_LOG_LEVEL": "error", **(environment or {})}
        words = (HOTLEAD, "--data-dir", str(folder), "--json", "work", "--threads", str(threads))
        servers = [stack.enter_context(serving(*words, environment={**os.environ, **set_}, ready="")) for _ in range(workers)]
        time.sleep(SETTLED_S)
        yield Crew(database=database, servers=servers)
