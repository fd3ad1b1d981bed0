"""`hotlead work` on PostgreSQL, once and twice: the CPU of a full rescoring, and the time that pulls of two slow connections take.

Each turn begins with a copy of the same database, made by the server from a template. CPU is that of the workers with their children, and
apart from it the database's; a worker that finds nothing to do tells what starting one costs, which is taken off.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import psutil
import psycopg
import requests

from bench.crm.installed import UNLIMITED
from bench.live.installed import connected, pulled_and_live, settings_of
from bench.live.servers import HOTLEAD, Server, cpu_of, serving
from connector.bootstrap import opened
from connector.cli.sandboxes import RunningSandbox, sandbox_beside
from connector.settings import Settings
from jobs.daily import RANGES, SCORE_SHARDS
from jobs.locks import DAILY
from jobs.nights import MARKS, mark_as_run
from tests.support.postgres import own_postgres

MOST_CPU = 1.15
LEAST_FASTER = 1.7
LATENCY_S = 0.05
PATIENCE_S = 600.0
JUDGED_FROM = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What some workers took from ready to done."""

    wall_s: float
    cpu_s: float
    """Of the workers and their children, their start included."""
    database_cpu_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A running server with a prepared database that is copied for each turn."""

    url: str
    pid: int

    def sql(self, text: str, *, base: str = "postgres") -> list[tuple[int, ...]]:
        with psycopg.connect(self.named(base), autocommit=True) as connection:
            cursor = connection.execute(text.encode())
            return list(cursor.fetchall()) if cursor.description else []

    def named(self, base: str) -> str:
        return self.url.replace("/postgres?", f"/{base}?")

    def cpu_s(self) -> float:
        """Of the server's present processes and of those it has waited for."""
        main = psutil.Process(self.pid)
        times = main.cpu_times()
        return float(times.children_user + times.children_system) + cpu_of([main, *main.children()])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--people", type=int, default=20_000, help="people who are scored anew")
    parser.add_argument("--pulled", type=int, default=4000, help="people in each of the two connections that are pulled")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each number of workers")
    parser.add_argument("--part", choices=tuple(PARTS), action="append", help="only this part; may be given again")


def run(options: argparse.Namespace) -> bool:
    """Whether every bar holds."""
    held = [PARTS[name](options) for name in options.part or PARTS]
    return all(held)


@contextmanager
def _database() -> Iterator[Database]:
    with own_postgres(durable=True) as server:
        (postmaster,) = [
            one.pid
            for one in psutil.process_iter(["name"])
            if one.info["name"] == "postgres" and server.url.split("host=")[1] in " ".join(one.cmdline())
        ]
        yield Database(url=server.url, pid=postmaster)


def rescoring(options: argparse.Namespace) -> bool:
    """Everybody scored anew by the night's jobs."""
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hotlead-bench-")))
        database = stack.enter_context(_database())
        database.sql("CREATE DATABASE ready")
        settings = settings_of(scratch, database_url=database.named("ready"))
        people = _everybody_pulled(settings, people=options.people)
        database.sql("DELETE FROM connections", base="ready")
        turns: dict[str, list[Turn]] = {"start": [], "one": [], "two": []}
        for number in range(options.rounds):
            for name in ("one", "two") if number % 2 else ("two", "one"):
                turns[name].append(_rescored(database, scratch, workers=1 if name == "one" else 2))
            turns["start"].append(_rescored(database, scratch, workers=1, base="turn"))
    start_s = min(turn.cpu_s for turn in turns["start"])
    return _rescoring_report(turns, start_s=start_s, people=people, judged=people >= JUDGED_FROM // 2)


def _everybody_pulled(settings: Settings, *, people: int) -> int:
    with sandbox_beside("hubspot", ["--seed", str(people), "--alone", *UNLIMITED["hubspot"]]) as sandbox:
        connected(settings, [sandbox])
        people = pulled_and_live(settings, live=False)
    with opened(settings, command="bench", writing=True) as here:
        # A new installation does not make up for the night before it: this one has been there for two days.
        here.store.write(partial(mark_as_run, job=DAILY, key="", at=here.clock() - timedelta(days=2)))
    return people


def _rescored(database: Database, folder: Path, *, workers: int, base: str = "ready") -> Turn:
    """`base`: what the turn begins with; `turn` is what the last one left, in which nothing is left to do."""
    if base == "ready":
        _copied(database)
    source = f"s.connection = '{MARKS}' AND s.source LIKE '{SCORE_SHARDS} %'"
    done = f"SELECT count(*) FROM cursors c JOIN sources s ON s.no = c.source WHERE {source}"
    return _turn(database, folder, workers=workers, threads=2, is_done=lambda: database.sql(done, base="turn")[0][0] == len(RANGES))


def _copied(database: Database) -> None:
    database.sql("DROP DATABASE IF EXISTS turn WITH (FORCE)")
    database.sql("CREATE DATABASE turn TEMPLATE ready")


def _turn(database: Database, folder: Path, *, workers: int, threads: int, is_done: Callable[[], bool]) -> Turn:
    """So many workers from their start until it is done; the clock starts when the first is ready."""
    environment = {"HOTLEAD_DATABASE_URL": database.named("turn"), "HOTLEAD_LOG_LEVEL": "error", "HOTLEAD_SCORE_WORKERS": "1"}
    words = (HOTLEAD, "--data-dir", str(folder), "--json", "work", "--threads", str(threads))
    before = database.cpu_s()
    with ExitStack() as stack:
        began = time.monotonic()
        with _started(workers, words, environment, stack) as servers:
            end = time.monotonic() + PATIENCE_S
            while not is_done():
                if time.monotonic() > end:
                    raise TimeoutError(f"not done within {PATIENCE_S} s")
                time.sleep(0.1)
            wall_s = time.monotonic() - began
            cpu_s = sum(server.cpu_s() for server in servers)
    return Turn(wall_s=wall_s, cpu_s=cpu_s, database_cpu_s=database.cpu_s() - before)


@contextmanager
def _started(workers: int, words: Sequence[str], environment: Mapping[str, str], stack: ExitStack) -> Iterator[list[Server]]:
    """All of them, begun at the same time."""
    yield [stack.enter_context(serving(*words, environment=dict(environment), ready="")) for _ in range(workers)]


def _rescoring_report(turns: Mapping[str, Sequence[Turn]], *, start_s: float, people: int, judged: bool) -> bool:
    print(
        f"\nfull rescoring of {people:,} people by the night's jobs, best of {len(turns['one'])} turns;"
        f" starting a worker costs {start_s:.2f} CPU s\n"
    )
    print("| workers | CPU s | without start-up | of the database | wall s |\n|---|---|---|---|---|")
    best = {name: min(many, key=lambda t: t.cpu_s) for name, many in turns.items()}
    net = {name: best[name].cpu_s - start_s * count for name, count in (("one", 1), ("two", 2))}
    for name in ("one", "two"):
        turn = best[name]
        print(f"| {name} | {turn.cpu_s:.2f} | {net[name]:.2f} | {turn.database_cpu_s:.2f} | {turn.wall_s:.1f} |")
    ratio = (net["two"] + best["two"].database_cpu_s) / (net["one"] + best["one"].database_cpu_s)
    if not judged:
        print("start-up weighs too much: the bar is not judged")
        return True
    return _judged([(f"two workers take {ratio:.2f} times the CPU of one, database included, at most {MOST_CPU}", ratio <= MOST_CPU)])


def pulls(options: argparse.Namespace) -> bool:
    """Two connections whose every call takes 50 ms longer, pulled for the first time."""
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hotlead-bench-")))
        database = stack.enter_context(_database())
        database.sql("CREATE DATABASE ready")
        size = ["--seed", str(options.pulled), "--activities-per-person", "3"]
        sandboxes = [stack.enter_context(sandbox_beside(crm, [*size, *UNLIMITED[crm]])) for crm in UNLIMITED]
        connected(settings_of(scratch, database_url=database.named("ready")), sandboxes)
        for sandbox in sandboxes:
            _slow_down(sandbox)
        turns: dict[int, list[Turn]] = {1: [], 2: []}
        for number in range(options.rounds):
            for workers in (1, 2) if number % 2 else (2, 1):
                turns[workers].append(_pulled(database, scratch, workers=workers, connections=len(sandboxes)))
    one, two = (min(turn.wall_s for turn in turns[workers]) for workers in (1, 2))
    print(f"\nfirst pull of two connections at {LATENCY_S * 1000:.0f} ms a call, one job at a time in each worker, best of {len(turns[1])}")
    print(f"one worker {one:.1f} s, two workers {two:.1f} s, start-up included; {os.cpu_count()} cores for all")
    return _judged([(f"{one / two:.2f} times as fast with two, at least {LEAST_FASTER}", one / two >= LEAST_FASTER)])


def _slow_down(sandbox: RunningSandbox) -> None:
    rule = {"path": "*", "fault": "drip", "seconds": LATENCY_S}
    requests.post(f"{sandbox.url}/_sandbox/faults", json=rule, timeout=60).raise_for_status()


def _pulled(database: Database, folder: Path, *, workers: int, connections: int) -> Turn:
    _copied(database)
    done = "SELECT count(*) FROM cursors c JOIN sources s ON s.no = c.source WHERE s.source = '@poll'"
    return _turn(database, folder, workers=workers, threads=1, is_done=lambda: database.sql(done, base="turn")[0][0] == connections)


def _judged(claims: list[tuple[str, bool]]) -> bool:
    for claim, holds in claims:
        print(f"{'holds' if holds else 'FAILS'}: {claim}")
    return all(holds for _, holds in claims)


PARTS: Mapping[str, Callable[[argparse.Namespace], bool]] = {"rescoring": rescoring, "pulls": pulls}
